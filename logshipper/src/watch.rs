//! inotify as a hint. Network file systems send nothing and queues overflow, so that the daemon's poll stands behind it.

use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use handoff::{FileName, Form};
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::dir::Dir;
use crate::wakeup::{Wakeup, notify};

/// Growth between two passes from which on a directory is busy: one event per write costs more than it is worth.
const BUSY: u64 = 64 << 10;
/// Time that a directory stays busy.
const CALM: Duration = Duration::from_secs(1);

/// A watch of a directory, suspended while the directory is busy. Changes of live files wake the rotator, closing a segment
/// wakes the compactor.
pub struct Watch {
    /// `None` where the system offers none.
    watcher: Option<RecommendedWatcher>,
    /// Path by descriptor: the name may lead elsewhere by now.
    path: PathBuf,
    on: bool,
    bytes: u64,
    busy: Instant,
}

impl Watch {
    /// Watches `dir`. Where that fails, a warning says so, and polling remains.
    pub fn new(dir: &Dir, rotator: Wakeup, compactor: Wakeup) -> Self {
        let watcher = RecommendedWatcher::new(move |event| handle(event, &rotator, &compactor), Config::default());
        if let Err(error) = &watcher {
            tracing::warn!(%error, "no file notifications: polling alone");
        }
        let path = PathBuf::from(format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd()));
        let mut watch = Self { watcher: watcher.ok(), path, on: false, bytes: 0, busy: Instant::now() };
        watch.set(true);
        watch
    }

    /// Takes the present size of all live files, and tells whether to wait for events: if not, the directory is busy and needs
    /// another pass soon.
    pub fn is_on(&mut self, live_bytes: u64) -> bool {
        let grown = live_bytes.abs_diff(self.bytes);
        self.bytes = live_bytes;
        if grown >= BUSY {
            self.busy = Instant::now();
            self.set(false);
        } else if !self.on && self.busy.elapsed() >= CALM {
            self.set(true);
            // Once more without an event: it may have come before the watch was on.
            return false;
        }
        self.on
    }

    fn set(&mut self, on: bool) {
        let Some(watcher) = &mut self.watcher else {
            self.on = on;
            return;
        };
        if self.on != on {
            let result = if on { watcher.watch(&self.path, RecursiveMode::NonRecursive) } else { watcher.unwatch(&self.path) };
            if let Err(error) = result {
                tracing::warn!(%error, "no file notifications: polling alone");
                self.watcher = None;
            }
            self.on = on;
        }
    }
}

fn handle(event: notify::Result<Event>, rotator: &Wakeup, compactor: &Wakeup) {
    let Ok(event) = event else { return };
    if event.need_rescan() {
        notify(rotator);
        notify(compactor);
        return;
    }
    let names = event.paths.iter().filter_map(|path| FileName::parse(path.file_name()?.to_str()?));
    for name in names {
        match (name, event.kind) {
            (FileName::Live(_), EventKind::Modify(_) | EventKind::Create(_)) => notify(rotator),
            (FileName::Rolled(_), EventKind::Modify(_) | EventKind::Create(_))
            | (FileName::Segment(_, Form::Plain), EventKind::Access(AccessKind::Close(AccessMode::Write))) => notify(compactor),
            _ => {}
        }
    }
}
