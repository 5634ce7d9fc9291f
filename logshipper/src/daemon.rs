//! The daemon: one thread rotates; others, of low priority, compress what is closed, upload it, and collect dead pods.
//!
//! Rotator and compactor poll at least once a second. A directory that is removed or replaced is opened again.
//!
//! Each thread waits on a channel of its own. A message is a wake-up; a closed channel says that the thread before it has
//! ended, so that nothing more will come: the rotator ends first, then the compactor, then the uploader.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::setpriority_process;

use crate::archive::ArchiveState;
use crate::archive::upload::Uploader;
use crate::compactor::{Backlog, Compactor};
use crate::dir::{Dir, escaped};
use crate::error_log::ErrorLog;
use crate::gc::Collector;
use crate::handover::Evidence;
use crate::metrics::Metrics;
use crate::plan::{Limits, Policy};
use crate::pod::{OpenError, Pod};
use crate::rotate::{Rotator, recorded_numbers};
use crate::shutdown::Shutdown;
use crate::survey::Now;
use crate::wakeup::{Wakeup, notify, wakeup};
use crate::watch::Watch;

/// Time for the last pass, from the signal on.
pub const GRACE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_secs(1);
/// Longest pause of the uploader: the compactor wakes it, but for orphans.
const IDLE: Duration = Duration::from_secs(10);
/// Pause between two passes of the rotator, however busy the writers are.
const PAUSE: Duration = Duration::from_millis(20);
/// Pause until a segment in use is tried again.
const IN_USE: Duration = Duration::from_millis(100);
/// Longest pause between two passes of the collector.
const COLLECT: Duration = Duration::from_mins(1);
/// The niceness of all threads but the rotator: writers come first.
const NICE: i32 = 19;

/// The directory that the daemon works in, and the rules.
#[derive(Debug)]
pub struct Context<'a> {
    /// The directory of all pods' directories.
    pub root: &'a Dir,
    /// The name of its own pod.
    pub pod: &'a OsStr,
    /// The rules for a pod's directory.
    pub policy: Policy,
    /// Knowledge about the pod's writers.
    pub evidence: Evidence,
    /// The rules for the node.
    pub limits: Limits,
    /// The archive and what it holds.
    pub archive_state: Arc<ArchiveState>,
    /// The counters.
    pub metrics: Arc<Metrics>,
}

/// Runs until `shutdown` is requested; the requester sends to `wake` as well, the other end of `woken`.
///
/// # Errors
/// [`OpenError::Taken`] where another logshipper works on the directory. Any other error is logged and tried again.
pub fn run(context: &Context<'_>, shutdown: &Shutdown, wake: &Wakeup, woken: &Receiver<()>) -> Result<(), OpenError> {
    let metrics = &context.metrics;
    let mut errors = ErrorLog::new(Arc::clone(metrics));
    let start = Instant::now();
    while !shutdown.is_requested() {
        let opened = Pod::open(context.root, context.pod);
        if !matches!(opened, Err(OpenError::Taken)) {
            errors.record("open", &escaped(context.pod), &opened);
        }
        match opened {
            Ok(opened) => session(context, &opened, &shutdown.child(GRACE), wake, woken),
            Err(OpenError::Taken) if start.elapsed() > POLL => return Err(OpenError::Taken),
            // A reader takes the lock for a moment to see whether it is free.
            Err(OpenError::Taken) => drop(woken.recv_timeout(IN_USE)),
            Err(OpenError::Io(_)) => {
                metrics.compactor_alive();
                metrics.rotator_alive(false);
                let _ = woken.recv_timeout(POLL);
            }
        }
    }
    Ok(())
}

/// Works on one directory as long as it is the pod's.
fn session(context: &Context<'_>, pod: &Pod, shutdown: &Shutdown, wake: &Wakeup, woken: &Receiver<()>) {
    let (compactor, compact) = wakeup();
    let (uploader, upload) = wakeup();
    let (collector, collect) = wakeup();
    let watch = Watch::new(&pod.dir, wake.clone(), compactor.clone());
    thread::scope(|scope| {
        scope.spawn(move || compact_segments(context, pod, shutdown, &compact, &uploader));
        scope.spawn(move || upload_segments(context, pod, shutdown, &upload));
        scope.spawn(move || collect_orphans(context, &shutdown.child(Duration::ZERO), &collect));
        rotate(context, pod, watch, shutdown, woken, &compactor);
        // The directory may have been replaced: then the request is for this session alone.
        shutdown.request();
        drop((compactor, collector));
    });
}

/// Rotates until shutdown or until the directory is another one.
fn rotate(context: &Context<'_>, pod: &Pod, mut watch: Watch, shutdown: &Shutdown, woken: &Receiver<()>, compactor: &Wakeup) {
    let mut rotator = Rotator::new(&context.metrics, &context.archive_state);
    rotator.set_evidence(context.evidence.clone());
    let mut errors = ErrorLog::new(Arc::clone(&context.metrics));
    loop {
        let last = shutdown.is_requested();
        let pass = rotator.pass(pod, &context.policy, Now::read());
        context.metrics.rotator_alive(errors.record("list", "directory", &pass));
        let pass = pass.unwrap_or_default();
        if pass.rotated + pass.in_place > 0 {
            notify(compactor);
        }
        if last {
            errors.record("list", "directory", &rotator.end(pod, &context.policy, Now::read()));
            return;
        }
        if !matches!(pod.is_at(context.root, context.pod), Ok(true)) {
            tracing::warn!("the pod's directory was removed or replaced");
            return;
        }
        if watch.is_on(pass.live_bytes) {
            let _ = woken.recv_timeout(POLL);
        }
        thread::sleep(PAUSE);
    }
}

/// Compresses and removes until the rotator has ended and nothing is left that can be done in time.
fn compact_segments(context: &Context<'_>, pod: &Pod, shutdown: &Shutdown, woken: &Receiver<()>, uploader: &Wakeup) {
    lower_priority();
    let metrics = &context.metrics;
    let mut compactor = Compactor::new(metrics, &context.archive_state);
    compactor.set_evidence(context.evidence.clone());
    let mut errors = ErrorLog::new(Arc::clone(metrics));
    let mut last = false;
    loop {
        // the pod's end may be the end of its volume: what a program still has open is rotated in place as well
        let policy = if last { Cow::Owned(context.policy.clone().without_age()) } else { Cow::Borrowed(&context.policy) };
        let backlog = compactor.pass(pod, &policy, &mut || {
            metrics.compactor_alive();
            shutdown.check()
        });
        if shutdown.is_expired() {
            tracing::warn!("stopped before all segments were compressed; the next start continues");
            return;
        }
        errors.record("list", "directory", &backlog);
        notify(uploader);
        let in_use = matches!(backlog, Ok(Backlog { in_use: 1.., .. }));
        let done = matches!(backlog, Ok(Backlog { in_use: 0, failed: 0 }));
        if last && !in_use {
            return;
        }
        if last {
            thread::sleep(IN_USE);
        }
        while !last {
            metrics.compactor_alive();
            match woken.recv_timeout(if in_use { IN_USE } else { POLL }) {
                Err(RecvTimeoutError::Disconnected) => last = true,
                Err(RecvTimeoutError::Timeout) if done && !compactor.is_due(&pod.dir) => {}
                _ => break,
            }
        }
    }
}

/// Uploads until the compactor has ended and nothing is left that can be done in time.
fn upload_segments(context: &Context<'_>, pod: &Pod, shutdown: &Shutdown, woken: &Receiver<()>) {
    lower_priority();
    let Some(mut uploader) = Uploader::new(&context.archive_state, &context.metrics) else { return };
    if recorded_numbers(&pod.dir).is_empty() {
        uploader.fetch_numbers(&pod.name);
    }
    let mut last = false;
    loop {
        let (left, backoff) = uploader.pass(context.root, (&pod.name, &pod.dir), shutdown);
        if last || shutdown.is_expired() {
            if left.segments > 0 {
                tracing::warn!(segments = left.segments, "stopped before all segments were archived; the next start continues");
            }
            return;
        }
        let start = Instant::now();
        last = loop {
            // A wake-up doesn't cut the backoff short, the end does.
            let pause = backoff.unwrap_or(if left.segments > 0 { POLL } else { IDLE }).saturating_sub(start.elapsed());
            match woken.recv_timeout(pause) {
                Ok(()) if backoff.is_some() => {}
                result => break result == Err(RecvTimeoutError::Disconnected),
            }
        };
    }
}

/// Collects dead pods until the session is over.
fn collect_orphans(context: &Context<'_>, shutdown: &Shutdown, woken: &Receiver<()>) {
    lower_priority();
    let mut collector = Collector::new(&context.metrics, &context.archive_state);
    let pause = (context.limits.grace() / 4).clamp(POLL, COLLECT);
    while !shutdown.is_requested() {
        collector.pass(context.root, context.pod, &context.policy, &context.limits, Now::read(), &mut || shutdown.check());
        let _ = woken.recv_timeout(pause);
    }
}

/// Lowers the priority of this thread alone, as Linux does. One that keeps its priority only costs the writers some time.
fn lower_priority() {
    let _ = setpriority_process(None, NICE);
}
