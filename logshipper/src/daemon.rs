//! The daemon: one thread rotates; others, of low priority, work on what is closed, upload it, and look after dead pods.
//! Rotator and worker poll at least once a second. A directory that is removed or replaced is opened anew.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::setpriority_process;

use crate::archive::state::ArchiveState;
use crate::archive::upload::Uploader;
use crate::compactor::{Backlog, Compactor};
use crate::dir::Dir;
use crate::error_log::ErrorLog;
use crate::gc::Collector;
use crate::metrics::Metrics;
use crate::plan::{Limits, Policy};
use crate::pod::{Now, OpenError, Pod};
use crate::rotate::{Rotator, Seen};
use crate::shutdown::Signals;
use crate::watch::Watch;

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
pub struct Context<'a> {
    /// The directory of all pods' directories.
    pub root: &'a Dir,
    /// The name of its own pod.
    pub pod: &'a OsStr,
    /// The rules for a pod's directory.
    pub policy: Policy,
    /// The rules for the node.
    pub limits: Limits,
    /// What is archived.
    pub archive_state: Arc<ArchiveState>,
}

/// Runs until [`Signals::stop`].
///
/// # Errors
/// [`OpenError::Taken`] where another logshipper works on it already. Whatever else stands against it is logged and
/// tried again.
pub fn run(context: &Context<'_>, signals: &Arc<Signals>, metrics: &Arc<Metrics>) -> Result<(), OpenError> {
    let mut errors = ErrorLog::new(Arc::clone(metrics));
    let start = Instant::now();
    while !signals.stopping() {
        let opened = Pod::open(context.root, context.pod);
        if !matches!(opened, Err(OpenError::Taken)) {
            errors.record("open", &crate::dir::escaped(context.pod), &opened);
        }
        match opened {
            Ok(opened) => session(context, &opened, signals, metrics),
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
fn session(context: &Context<'_>, pod: &Pod, signals: &Arc<Signals>, metrics: &Arc<Metrics>) {
    let watch = Watch::new(&pod.dir, Arc::clone(signals));
    let (over, worked) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            work(pod, context, signals, metrics, &over);
            worked.store(true, Ordering::Release);
            signals.archive.ring();
        });
        scope.spawn(|| archive(pod, context, signals, metrics, (&over, &worked)));
        scope.spawn(|| reap(context, signals, metrics, &over));
        rotate(context, pod, watch, signals, metrics);
        over.store(true, Ordering::Release);
        signals.work.ring();
        signals.reap.ring();
    });
}

/// Rotates until the end is asked for or the directory is another one.
fn rotate(context: &Context<'_>, pod: &Pod, mut watch: Watch, signals: &Signals, metrics: &Arc<Metrics>) {
    let mut rotator = Rotator::new(metrics);
    let mut errors = ErrorLog::new(Arc::clone(metrics));
    loop {
        let last = signals.stopping();
        let rotated = rotator.pass(pod, &context.policy, Now::read());
        metrics.rotator_alive(errors.record("list", "directory", &rotated));
        let Seen { rotated, live_bytes } = rotated.unwrap_or_default();
        if rotated > 0 {
            signals.work.ring();
        }
        if last {
            errors.record("list", "directory", &rotator.end(pod, Now::read()));
            return;
        }
        if !matches!(pod.is_at(context.root, context.pod), Ok(true)) {
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
fn work(pod: &Pod, context: &Context<'_>, signals: &Signals, metrics: &Arc<Metrics>, over: &AtomicBool) {
    // For this thread alone: on Linux it is the thread's. One that stays as it is only costs the writers some time.
    let _ = setpriority_process(None, NICE);
    let mut worker = Compactor::new(metrics, &context.archive_state);
    let mut errors = ErrorLog::new(Arc::clone(metrics));
    loop {
        let last = over.load(Ordering::Acquire);
        metrics.worker_alive();
        let rest = worker.pass(pod, &context.policy, &mut || {
            metrics.worker_alive();
            signals.check()
        });
        if signals.is_late() {
            tracing::warn!("stopped before all segments were compressed; the next start goes on");
            return;
        }
        errors.record("list", "directory", &rest);
        signals.archive.ring();
        let held = matches!(rest, Ok(Backlog { held: 1.., .. }));
        if last && !(held && signals.stopping()) {
            return;
        }
        signals.work.wait(if held { HELD } else { POLL });
    }
}

/// Uploads until the worker has ended and nothing is left that can be done in time.
fn archive(
    pod: &Pod,
    context: &Context<'_>,
    signals: &Signals,
    metrics: &Arc<Metrics>,
    (over, worked): (&AtomicBool, &AtomicBool),
) {
    let _ = setpriority_process(None, NICE);
    let Some(mut uploader) = Uploader::new(&context.archive_state, metrics) else { return };
    // Another directory in the place of the pod's doesn't wait for a slow store.
    let ended = || signals.is_late() || (over.load(Ordering::Acquire) && !signals.stopping());
    loop {
        let last = worked.load(Ordering::Acquire);
        let (left, pause) = uploader.pass(context.root, (&pod.name, &pod.dir), &ended);
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
fn reap(context: &Context<'_>, signals: &Signals, metrics: &Arc<Metrics>, over: &AtomicBool) {
    let _ = setpriority_process(None, NICE);
    let mut reaper = Collector::new(metrics, &context.archive_state);
    let pause = (context.limits.grace() / 4).clamp(POLL, REAP);
    while !over.load(Ordering::Acquire) && !signals.stopping() {
        let mut tick = || if signals.stopping() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) };
        reaper.pass(context.root, context.pod, &context.policy, &context.limits, Now::read(), &mut tick);
        signals.reap.wait(pause);
    }
}
