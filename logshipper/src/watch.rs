//! inotify as a hint. Network file systems send nothing and queues overflow, so that the daemon's poll stands behind it.

use std::os::fd::AsRawFd;
use std::sync::Arc;

use handoff::{FileName, Form};
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::dir::Dir;
use crate::stop::Signals;

/// Watches `dir` until the watcher is dropped: the rotator is woken by what happens to live files, the worker when a
/// writer closes a segment.
pub fn watch(dir: &Dir, signals: Arc<Signals>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = RecommendedWatcher::new(move |event| tell(event, &signals), Config::default())?;
    // By descriptor: the name may lead elsewhere by now.
    let path = format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd());
    watcher.watch(path.as_ref(), RecursiveMode::NonRecursive)?;
    Ok(watcher)
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
