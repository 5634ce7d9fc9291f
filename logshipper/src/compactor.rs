//! Work on closed segments: compression, retention and leftovers of earlier runs, one file at a time.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handoff::{Form, Segment};

use crate::archive::state::ArchiveState;
use crate::compress::{Checkpoint, compress};
use crate::dir::Dir;
use crate::error_log::ErrorLog;
use crate::handover::{Handover, Handovers, Holder};
use crate::metrics::{Metrics, gauge};
use crate::plan::{self, Policy, RetentionReason, Work};
use crate::pod::Pod;
use crate::survey::{Now, Surveyor};

/// The time after which a segment that is still in use is worth a warning.
const LONG_USE: Duration = Duration::from_mins(1);
/// The longest pause between two passes over an unchanged directory.
const IDLE: Duration = Duration::from_secs(10);

/// Does the pending work in a pod's directory.
#[derive(Debug, Default)]
pub struct Compactor {
    handovers: Handovers,
    metrics: Arc<Metrics>,
    errors: ErrorLog,
    archive_state: Arc<ArchiveState>,
    surveyor: Surveyor,
    last_pass: Option<Instant>,
    /// Number of segments, in either form.
    segments: usize,
    /// The time since which each plain segment has waited.
    waiting: HashMap<Segment, Instant>,
    /// Plain segments whose long use was logged.
    warned: HashSet<Segment>,
    /// It works on an orphan: the gauges are about the program's own pod.
    orphan: bool,
}

/// The outcome of a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Held(Holder),
}

/// The work that a pass had to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Segments that a writer still has open.
    pub in_use: usize,
    /// Pieces of work that failed.
    pub failed: usize,
}

impl Compactor {
    /// Creates a compactor that counts in `metrics` and keeps segments until they are archived.
    pub fn new(metrics: &Arc<Metrics>, archive_state: &Arc<ArchiveState>) -> Self {
        let errors = ErrorLog::new(Arc::clone(metrics));
        Self { metrics: Arc::clone(metrics), errors, archive_state: Arc::clone(archive_state), ..Self::default() }
    }

    /// Creates a compactor for a dead pod's directory.
    pub fn for_orphan(metrics: &Arc<Metrics>, archive_state: &Arc<ArchiveState>) -> Self {
        Self { orphan: true, ..Self::new(metrics, archive_state) }
    }

    /// Tells whether a pass may find work: the directory has changed, or the last pass was a while ago.
    pub fn is_due(&self, dir: &Dir) -> bool {
        self.last_pass.is_none_or(|last| last.elapsed() >= IDLE) || self.surveyor.is_outdated(dir)
    }

    /// Does all the work that waits, and says what it had to leave. What fails is reported and left for the next pass.
    ///
    /// # Errors
    /// The directory can't be read, or `checkpoint` ended the work.
    pub fn pass(&mut self, pod: &Pod, policy: &Policy, checkpoint: Checkpoint<'_>) -> io::Result<Backlog> {
        let now = Now::read();
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &self.archive_state, now)?;
        let planned = plan::work(survey, policy, now);
        self.segments = survey.segments.len();
        let plain = survey.segments.iter().filter(|(_, forms)| forms.plain.is_some());
        let since = |segment| self.waiting.get(segment).copied().unwrap_or(now.monotonic);
        self.waiting = plain.map(|(segment, _)| (segment.clone(), since(segment))).collect();
        self.warned.retain(|segment| self.waiting.contains_key(segment));
        self.report_gauges();
        self.last_pass = Some(now.monotonic);
        let (mut backlog, mut settling) = (Backlog::default(), 0);
        for work in planned {
            checkpoint()?;
            let done = self.work(pod, policy, &work, checkpoint);
            // Ended by the checkpoint: nothing went wrong.
            checkpoint()?;
            self.errors.record(work.operation(), &work.subject(), &done);
            match done {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Held(holder)) => {
                    backlog.in_use += 1;
                    self.warn_in_use(&work.subject(), holder);
                    settling += i64::from(holder == Holder::RecentlyModified);
                }
                Err(_) => backlog.failed += 1,
            }
        }
        if !self.orphan {
            self.metrics.in_use.set(gauge(backlog.in_use));
            self.metrics.settling.set(settling);
            self.report_gauges();
        }
        Ok(backlog)
    }

    /// Warns once of a segment that has been open for a while: its writer may never let go.
    fn warn_in_use(&mut self, name: &str, holder: Holder) {
        let is_new = |segment: &Segment| segment.to_string() == name && !self.warned.contains(segment);
        let late = self.waiting.iter().find(|(segment, since)| since.elapsed() >= LONG_USE && is_new(segment));
        if let Some((segment, since)) = late {
            let seconds = since.elapsed().as_secs();
            tracing::warn!(
                segment = name,
                ?holder,
                seconds,
                "segment still in use: it is kept as it is until its writer closes it"
            );
            self.warned.insert(segment.clone());
        }
    }

    fn report_gauges(&self) {
        if !self.orphan {
            let oldest = self.waiting.values().min().map_or(0, |since| since.elapsed().as_secs());
            self.metrics.pending_age.set(gauge(oldest));
            self.metrics.pending.set(gauge(self.waiting.len()));
            self.metrics.segments.set(gauge(self.segments));
        }
    }

    fn work(&mut self, pod: &Pod, policy: &Policy, work: &Work, checkpoint: Checkpoint<'_>) -> io::Result<Outcome> {
        match work {
            Work::RemoveTemp(name) | Work::RemoveQuarantined(name) => {
                pod.dir.remove(OsStr::new(name))?;
                tracing::info!(file = %name, "leftover removed");
                Ok(Outcome::Done)
            }
            Work::Remove(segment, reason) => self.remove(pod, segment, *reason),
            Work::Compress(segment) => self.compress(pod, policy, segment, checkpoint),
        }
    }

    fn compress(&mut self, pod: &Pod, policy: &Policy, segment: &Segment, checkpoint: Checkpoint<'_>) -> io::Result<Outcome> {
        let started = Instant::now();
        let name = segment.name(Form::Plain);
        let (file, meta) = match self.handovers.ask(&pod.dir, OsStr::new(&name), started)? {
            Handover::Granted(file, meta) => (file, meta),
            Handover::Held(holder) => return Ok(Outcome::Held(holder)),
        };
        let done = compress(&pod.dir, segment, &file, &meta, policy.compress_level, checkpoint)?;
        self.waiting.remove(segment);
        self.report_gauges();
        self.metrics.compressed.inc();
        self.metrics.uncompressed_bytes.inc_by(done.plain);
        self.metrics.compressed_bytes.inc_by(done.gz);
        let milliseconds = runtime::milliseconds(started.elapsed());
        tracing::info!(segment = %name, bytes = done.plain, compressed_bytes = done.gz, milliseconds, "segment compressed");
        Ok(Outcome::Done)
    }

    /// Removes both forms, the plain one only once nobody writes to it: lines that are still coming in are not old.
    fn remove(&mut self, pod: &Pod, segment: &Segment, reason: RetentionReason) -> io::Result<Outcome> {
        let (plain, gz) = (segment.name(Form::Plain), segment.name(Form::Gz));
        if pod.dir.meta(OsStr::new(&plain))?.is_some() {
            let _locked = match self.handovers.ask(&pod.dir, OsStr::new(&plain), Instant::now())? {
                Handover::Granted(file, _) => file,
                Handover::Held(holder) => return Ok(Outcome::Held(holder)),
            };
            pod.dir.remove(OsStr::new(&plain))?;
        }
        pod.dir.remove(OsStr::new(&gz))?;
        self.segments = self.segments.saturating_sub(1);
        self.metrics.removed(&reason.to_string());
        tracing::info!(segment = %plain, reason = %reason, "segment removed");
        Ok(Outcome::Done)
    }
}

impl Work {
    fn operation(&self) -> &'static str {
        match self {
            Self::RemoveTemp(_) | Self::RemoveQuarantined(_) | Self::Remove(..) => "remove",
            Self::Compress(_) => "compress",
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::RemoveTemp(name) | Self::RemoveQuarantined(name) => name.clone(),
            Self::Remove(segment, _) | Self::Compress(segment) => segment.to_string(),
        }
    }
}
