//! inotify as a hint. Network file systems send nothing and queues overflow, so that the daemon's poll stands behind it.

use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handoff::{FileName, Form};
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::dir::Dir;
use crate::shutdown::Signals;

/// Growth between two passes from which on a directory is busy: an event for each write costs more than it tells.
const BUSY: u64 = 64 << 10;
/// How long a directory stays busy.
const CALM: Duration = Duration::from_secs(1);

/// A watch of a directory that rests while the directory is busy: the rotator is woken by what happens to live files, the
/// worker when a writer closes a segment.
pub struct Watch {
    /// None where the system gives none.
    watcher: Option<RecommendedWatcher>,
    /// By descriptor: the name may lead elsewhere by now.
    path: PathBuf,
    on: bool,
    bytes: u64,
    busy: Instant,
}

impl Watch {
    /// Watches `dir`. Where that can't be, a line says so, and the poll stands alone.
    pub fn new(dir: &Dir, signals: Arc<Signals>) -> Self {
        let watcher = RecommendedWatcher::new(move |event| tell(event, &signals), Config::default());
        if let Err(error) = &watcher {
            tracing::warn!(%error, "no file notifications: polling alone");
        }
        let path = PathBuf::from(format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd()));
        let mut watch = Self { watcher: watcher.ok(), path, on: false, bytes: 0, busy: Instant::now() };
        watch.turn(true);
        watch
    }

    /// Takes in how many bytes the live files have now, and says whether events can be waited for: if not, the directory
    /// is busy, and is to be looked at again soon.
    pub fn is_on(&mut self, live_bytes: u64) -> bool {
        let grown = live_bytes.abs_diff(self.bytes);
        self.bytes = live_bytes;
        if grown >= BUSY {
            self.busy = Instant::now();
            self.turn(false);
        } else if !self.on && self.busy.elapsed() >= CALM {
            self.turn(true);
            // Once more without an event: it may have come before the watch was on.
            return false;
        }
        self.on
    }

    fn turn(&mut self, on: bool) {
        let Some(watcher) = &mut self.watcher else {
            self.on = on;
            return;
        };
        if self.on != on {
            let turned = if on { watcher.watch(&self.path, RecursiveMode::NonRecursive) } else { watcher.unwatch(&self.path) };
            if let Err(error) = turned {
                tracing::warn!(%error, "no file notifications: polling alone");
                self.watcher = None;
            }
            self.on = on;
        }
    }
}

fn tell(event: notify::Result<Event>, signals: &Signals) {
    let Ok(event) = event else { return };
    if event.need_rescan() {
        signals.rotate.ring();
        signals.work.ring();
        return;
    }
    let names = event.paths.iter().filter_map(|path| FileName::parse(path.file_name()?.to_str()?));
    for name in names {
        match (name, event.kind) {
            (FileName::Live(_), EventKind::Modify(_) | EventKind::Create(_)) => signals.rotate.ring(),
            (FileName::Segment(_, Form::Plain), EventKind::Access(AccessKind::Close(AccessMode::Write))) => signals.work.ring(),
            _ => {}
        }
    }
}
