//! The daemon: one thread rotates; others, of low priority, work on what is closed, upload it, and look after dead pods.
//! Rotator and worker poll at least once a second. A directory that is removed or replaced is opened anew.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::setpriority_process;

use crate::archive::ledger::Ledger;
use crate::archive::upload::Uploader;
use crate::dir::Dir;
use crate::metrics::Metrics;
use crate::plan::Policy;
use crate::pod::{Now, OpenError, Pod};
use crate::reap::{Limits, Reaper};
use crate::rotate::{Rotator, Seen};
use crate::stop::Signals;
use crate::trouble::Troubles;
use crate::watch::Watch;
use crate::worker::{Rest, Worker};

const POLL: Duration = Duration::from_secs(1);
/// Between two passes of the rotator, however busy the writers are.
const PAUSE: Duration = Duration::from_millis(20);
/// Until a segment that a writer holds is asked for again.
const HELD: Duration = Duration::from_millis(100);
/// Between two passes of the reaper, at most.
const REAP: Duration = Duration::from_mins(1);
/// The niceness of all threads but the rotator: writers come first.
const NICE: i32 = 19;

/// Where the daemon works, and by which rules.
#[derive(Debug)]
pub struct Place<'a> {
    /// The directory of all pods' directories.
    pub root: &'a Dir,
    /// The name of its own pod.
    pub pod: &'a OsStr,
    /// The rules for a pod's directory.
    pub policy: Policy,
    /// The rules for the node.
    pub limits: Limits,
    /// What is archived.
    pub ledger: Arc<Ledger>,
}

/// Works at a place until [`Signals::stop`].
///
/// # Errors
/// [`OpenError::Taken`] where another logshipper works on it already. Whatever else stands against it is logged and
/// tried again.
pub fn run(place: &Place<'_>, signals: &Arc<Signals>, metrics: &Arc<Metrics>) -> Result<(), OpenError> {
    let mut troubles = Troubles::new(Arc::clone(metrics));
    let start = Instant::now();
    while !signals.stopping() {
        let opened = Pod::open(place.root, place.pod);
        if !matches!(opened, Err(OpenError::Taken)) {
            troubles.settle("open", &crate::dir::shown(place.pod), &opened);
        }
        match opened {
            Ok(opened) => session(place, &opened, signals, metrics),
            Err(OpenError::Taken) if start.elapsed() > POLL => return Err(OpenError::Taken),
            // Perhaps somebody only looked whether it is taken.
            Err(OpenError::Taken) => signals.rotate.wait(HELD),
            Err(OpenError::Io(_)) => {
                metrics.worker_alive();
                metrics.rotator_alive(false);
                signals.rotate.wait(POLL);
            }
        }
    }
    Ok(())
}

/// Works on one directory as long as it is the pod's.
fn session(place: &Place<'_>, pod: &Pod, signals: &Arc<Signals>, metrics: &Arc<Metrics>) {
    let watch = Watch::new(&pod.dir, Arc::clone(signals));
    let (over, worked) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            work(pod, place, signals, metrics, &over);
            worked.store(true, Ordering::Release);
            signals.archive.ring();
        });
        scope.spawn(|| archive(pod, place, signals, metrics, (&over, &worked)));
        scope.spawn(|| reap(place, signals, metrics, &over));
        rotate(place, pod, watch, signals, metrics);
        over.store(true, Ordering::Release);
        signals.work.ring();
        signals.reap.ring();
    });
}

/// Rotates until the end is asked for or the directory is another one.
fn rotate(place: &Place<'_>, pod: &Pod, mut watch: Watch, signals: &Signals, metrics: &Arc<Metrics>) {
    let mut rotator = Rotator::new(metrics);
    let mut troubles = Troubles::new(Arc::clone(metrics));
    loop {
        let last = signals.stopping();
        let rotated = rotator.pass(pod, &place.policy, Now::read());
        metrics.rotator_alive(troubles.settle("list", "directory", &rotated));
        let Seen { rotated, live_bytes } = rotated.unwrap_or_default();
        if rotated > 0 {
            signals.work.ring();
        }
        if last {
            troubles.settle("list", "directory", &rotator.end(pod, Now::read()));
            return;
        }
        if !matches!(pod.is_at(place.root, place.pod), Ok(true)) {
            tracing::warn!("the pod's directory was removed or replaced");
            return;
        }
        if watch.is_on(live_bytes) {
            signals.rotate.wait(POLL);
        }
        thread::sleep(PAUSE);
    }
}

/// Compresses and removes until the rotator has ended and nothing is left that can be done in time.
fn work(pod: &Pod, place: &Place<'_>, signals: &Signals, metrics: &Arc<Metrics>, over: &AtomicBool) {
    // For this thread alone: on Linux it is the thread's. One that stays as it is only costs the writers some time.
    let _ = setpriority_process(None, NICE);
    let mut worker = Worker::new(metrics, &place.ledger);
    let mut troubles = Troubles::new(Arc::clone(metrics));
    loop {
        let last = over.load(Ordering::Acquire);
        metrics.worker_alive();
        let rest = worker.pass(pod, &place.policy, &mut || {
            metrics.worker_alive();
            signals.check()
        });
        if signals.is_late() {
            tracing::warn!("stopped before all segments were compressed; the next start goes on");
            return;
        }
        troubles.settle("list", "directory", &rest);
        signals.archive.ring();
        let held = matches!(rest, Ok(Rest { held: 1.., .. }));
        if last && !(held && signals.stopping()) {
            return;
        }
        signals.work.wait(if held { HELD } else { POLL });
    }
}

/// Uploads until the worker has ended and nothing is left that can be done in time.
fn archive(pod: &Pod, place: &Place<'_>, signals: &Signals, metrics: &Arc<Metrics>, (over, worked): (&AtomicBool, &AtomicBool)) {
    let _ = setpriority_process(None, NICE);
    let Some(mut uploader) = Uploader::new(&place.ledger, metrics) else { return };
    // Another directory in the place of the pod's doesn't wait for a slow store.
    let ended = || signals.is_late() || (over.load(Ordering::Acquire) && !signals.stopping());
    loop {
        let last = worked.load(Ordering::Acquire);
        let (left, pause) = uploader.pass(place.root, (&pod.name, &pod.dir), &ended);
        if last || ended() {
            if left.segments > 0 {
                tracing::warn!(segments = left.segments, "stopped before all segments were archived; the next start goes on");
            }
            return;
        }
        let start = Instant::now();
        signals.archive.wait(pause.unwrap_or(POLL));
        while pause.is_some_and(|pause| start.elapsed() < pause) && !over.load(Ordering::Acquire) {
            signals.archive.wait(POLL);
        }
    }
}

/// Looks after dead pods until the session is over.
fn reap(place: &Place<'_>, signals: &Signals, metrics: &Arc<Metrics>, over: &AtomicBool) {
    let _ = setpriority_process(None, NICE);
    let mut reaper = Reaper::new(metrics, &place.ledger);
    let pause = (place.limits.grace() / 4).clamp(POLL, REAP);
    while !over.load(Ordering::Acquire) && !signals.stopping() {
        let mut tick = || if signals.stopping() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) };
        reaper.pass(place.root, place.pod, &place.policy, &place.limits, Now::read(), &mut tick);
        signals.reap.wait(pause);
    }
}
