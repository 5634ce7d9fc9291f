//! Work on closed segments: compression, retention and leftovers of earlier runs, one file at a time.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io::{self, BufReader};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use handoff::{Form, Segment, Stream};

use crate::archive::state::ArchiveState;
use crate::compress::{Checkpoint, Compressed, compress};
use crate::dir::Dir;
use crate::error_log::ErrorLog;
use crate::handover::{self, Evidence, Handover, Holder};
use crate::in_place;
use crate::metrics::{Metrics, gauge};
use crate::plan::{self, Policy, Reason, RetentionReason, Rotation, Work};
use crate::pod::Pod;
use crate::rotate::{Numbering, Numbers};
use crate::survey::{Now, RolledFile, Surveyor};

/// The time after which a segment that is still in use is worth a warning.
const LONG_USE: Duration = Duration::from_mins(1);
/// The time after which a program that still has a segment open is signalled again.
const SIGNAL_AGAIN: Duration = Duration::from_secs(1);
/// The longest pause between two passes over an unchanged directory.
const IDLE: Duration = Duration::from_secs(10);

/// Does the pending work in a pod's directory.
#[derive(Debug, Default)]
pub struct Compactor {
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
    /// Streams whose live file is due and can be rotated in no way.
    refused: HashSet<Stream>,
    /// It works on an orphan: the gauges are about the program's own pod.
    orphan: bool,
    /// Knowledge about writers that the kernel doesn't tell.
    evidence: Evidence,
    /// The time of the last signal to the program that opens its files again.
    signalled: Option<Instant>,
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

    /// Sets what is known about writers that the kernel doesn't tell.
    pub fn set_evidence(&mut self, evidence: Evidence) {
        self.evidence = evidence;
    }

    /// Returns true if a pass may find work: the directory has changed, or the last pass was a while ago.
    pub fn is_due(&self, dir: &Dir) -> bool {
        self.last_pass.is_none_or(|last| last.elapsed() >= IDLE) || self.surveyor.is_outdated(dir)
    }

    /// Does all the work that waits, and says what it had to leave. What fails is reported and left for the next pass.
    ///
    /// # Errors
    /// The directory can't be read, or `checkpoint` ended the work.
    pub fn pass(&mut self, pod: &Pod, policy: &Policy, checkpoint: Checkpoint<'_>) -> io::Result<Backlog> {
        let now = Now::read();
        let mut failed = self.take_over(pod, policy, now, checkpoint)?;
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &self.archive_state, &policy.log_files, now)?;
        let planned = plan::work(survey, policy, now);
        self.segments = survey.segments.len();
        let plain = survey.segments.iter().filter(|(_, forms)| forms.plain.is_some());
        let since = |segment| self.waiting.get(segment).copied().unwrap_or(now.monotonic);
        self.waiting = plain.map(|(segment, _)| (segment.clone(), since(segment))).collect();
        self.warned.retain(|segment| self.waiting.contains_key(segment));
        self.report_gauges();
        self.last_pass = Some(now.monotonic);
        let (mut backlog, mut unverified) = (Backlog::default(), 0);
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
                    unverified += i64::from(holder == Holder::Unknown);
                }
                Err(_) => backlog.failed += 1,
            }
        }
        if !self.orphan {
            failed += self.rotate_in_place(pod, policy, now, checkpoint)?;
            self.metrics.in_use.set(gauge(backlog.in_use));
            self.metrics.unverified.set(unverified);
            self.metrics.refused.set(gauge(self.refused.len()));
            self.report_gauges();
        }
        backlog.failed += failed;
        Ok(backlog)
    }

    /// Takes over the files that programs which rotate by themselves have closed, in their order. Returns the number of failures.
    fn take_over(&mut self, pod: &Pod, policy: &Policy, now: Now, checkpoint: Checkpoint<'_>) -> io::Result<usize> {
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &self.archive_state, &policy.log_files, now)?;
        let (rolled, mut failed, mut held) = (plan::rolled(survey), 0, HashSet::new());
        for file in rolled {
            checkpoint()?;
            let stream = &file.rolled.stream;
            if held.contains(stream) {
                continue;
            }
            let done = self.try_take_over(pod, policy, &file, checkpoint);
            checkpoint()?;
            if !matches!(done, Ok(true)) {
                // The next one waits for it, so that the order is kept.
                held.insert(stream.clone());
            }
            failed += self.count_failure("take over", stream, &file.name, &done);
        }
        Ok(failed)
    }

    /// Makes one closed file a segment. Returns `false` while a process has it open.
    fn try_take_over(&mut self, pod: &Pod, policy: &Policy, file: &RolledFile, checkpoint: Checkpoint<'_>) -> io::Result<bool> {
        let started = Instant::now();
        let (name, stream) = (OsStr::new(&file.name), &file.rolled.stream);
        let Some(numbering) = Numbering::lock(&pod.dir)? else { return Ok(false) };
        let _locked = match handover::try_acquire(&pod.dir, name, &self.evidence) {
            Ok(Handover::Granted(found, meta)) if meta.identity == file.identity => found,
            // Or its program has given its name to another file.
            Ok(_) => return Ok(false),
            // Renamed or removed by its program.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let now = Now::read();
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &self.archive_state, &policy.log_files, now)?;
        let mut numbers = numbering.numbers()?;
        let segment = plan::next_segment(survey, stream, &numbers, now.wall);
        if (file.rolled.form, file.rolled.number.is_some()) == (Form::Plain, true) {
            let (found, meta) = pod.dir.open_update(name)?;
            if meta.identity != file.identity {
                return Ok(false);
            }
            let segments = self.surveyor.compressed(stream);
            let done = in_place::ship_closed(&pod.dir, segments, &segment, (&found, &meta), policy.compress_level, checkpoint)?;
            // A kill came after it was compressed: it is empty now.
            let Some(done) = done else { return Ok(true) };
            self.count_compressed(&segment, done, started);
        } else {
            if file.rolled.form == Form::Gz {
                io::copy(&mut MultiGzDecoder::new(BufReader::new(pod.dir.open_file(name)?.0)), &mut io::sink())?;
            }
            pod.dir.rename(name, OsStr::new(&segment.name(file.rolled.form)))?;
        }
        numbers.insert(stream.clone(), segment.sequence);
        numbering.record(&numbers);
        self.metrics.rotated(Reason::Program);
        tracing::info!(segment = %segment, file = %file.name, "file of a program that rotates by itself taken over");
        self.refused.remove(stream);
        Ok(true)
    }

    /// Counts and logs a failure to rotate a stream's file, unless it is refused: that is logged once, and counts as its state.
    fn count_failure(&mut self, operation: &'static str, stream: &Stream, file: &str, done: &io::Result<bool>) -> usize {
        match done {
            Err(error) if is_refusal(error) => {
                if self.refused.insert(stream.clone()) {
                    tracing::warn!(file, %error, "live file can't be rotated: its writer doesn't follow the handoff, and the file can't be changed; left alone");
                }
                0
            }
            _ => usize::from(!self.errors.record(operation, file, done)),
        }
    }

    /// Rotates in place the live files that are due and can't be handed over. Returns the number of failures.
    fn rotate_in_place(&mut self, pod: &Pod, policy: &Policy, now: Now, checkpoint: Checkpoint<'_>) -> io::Result<usize> {
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &self.archive_state, &policy.log_files, now)?;
        let mut failed = 0;
        let streams: HashSet<_> =
            survey.live.iter().map(|live| &live.stream).chain(survey.rolled.iter().map(|file| &file.rolled.stream)).collect();
        self.refused.retain(|stream| streams.contains(stream));
        for rotation in plan::rotations(survey, policy, &Numbers::new(), now.wall) {
            checkpoint()?;
            let stream = &rotation.segment.stream;
            let live = stream.live_name();
            // Part by part, as long as the file is due.
            let mut done = Ok(true);
            while matches!(done, Ok(true)) {
                done = self.try_in_place(pod, policy, &rotation, checkpoint);
                checkpoint()?;
            }
            failed += self.count_failure("rotate in place", stream, &live, &done);
        }
        Ok(failed)
    }

    /// Rotates one part of a live file in place, and tells whether there was one.
    fn try_in_place(
        &mut self,
        pod: &Pod,
        policy: &Policy,
        Rotation { segment: Segment { stream, .. }, reason }: &Rotation,
        checkpoint: Checkpoint<'_>,
    ) -> io::Result<bool> {
        let started = Instant::now();
        let live = stream.live_name();
        let live = OsStr::new(&live);
        // While the numbers are ours, no other thread or process renames the file.
        let Some(numbering) = Numbering::lock(&pod.dir)? else { return Ok(false) };
        match handover::try_acquire(&pod.dir, live, &self.evidence) {
            Ok(Handover::Held(Holder::Writer)) if handover::can_reopen(&pod.dir, live, &self.evidence)? => return Ok(false),
            Ok(Handover::Held(Holder::Writer | Holder::Unknown)) => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return Ok(false),
        }
        let (file, _) = pod.dir.open_update(live)?;
        let now = Now::read();
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &self.archive_state, &policy.log_files, now)?;
        let mut numbers = numbering.numbers()?;
        let Some(rotation) =
            plan::rotations(survey, policy, &numbers, now.wall).into_iter().find(|due| due.segment.stream == *stream)
        else {
            return Ok(false);
        };
        let least = if *reason == Reason::Size { policy.rotate_bytes } else { 1 };
        let segment = &rotation.segment;
        let shipped = in_place::ship(
            &pod.dir,
            self.surveyor.compressed(stream),
            segment,
            &file,
            (least, policy.rotate_bytes),
            policy.compress_level,
            checkpoint,
        )?;
        let is_shipped = shipped.is_some();
        self.refused.remove(stream);
        if let Some(done) = shipped {
            numbers.insert(stream.clone(), segment.sequence);
            numbering.record(&numbers);
            self.metrics.rotated(*reason);
            self.count_compressed(segment, done, started);
        }
        Ok(is_shipped)
    }

    fn count_compressed(&self, segment: &Segment, done: Compressed, started: Instant) {
        self.metrics.compressed.inc();
        self.metrics.uncompressed_bytes.inc_by(done.plain);
        self.metrics.compressed_bytes.inc_by(done.gz);
        let milliseconds = runtime::milliseconds(started.elapsed());
        tracing::info!(segment = %segment, bytes = done.plain, compressed_bytes = done.gz, milliseconds, "segment compressed");
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
        let (file, meta) = match handover::try_acquire(&pod.dir, OsStr::new(&name), &self.evidence)? {
            Handover::Granted(file, meta) => (file, meta),
            Handover::Held(holder) => {
                self.signal_writer(pod, &name);
                return Ok(Outcome::Held(holder));
            }
        };
        // A file that was rotated in place before has its first lines in other segments.
        let before = self.surveyor.compressed(&segment.stream).filter(|other| other.sequence < segment.sequence);
        let start = in_place::position(&pod.dir, before, &file, &meta)?;
        let done = compress(&pod.dir, segment, (&file, &meta), start, policy.compress_level, checkpoint)?;
        self.waiting.remove(segment);
        self.report_gauges();
        self.count_compressed(segment, done, started);
        Ok(Outcome::Done)
    }

    /// Signals the program that has a segment open to open its files again: now and then, since a signal may come to nothing.
    fn signal_writer(&mut self, pod: &Pod, segment: &str) {
        let Some(reopen) = self.evidence.reopen() else { return };
        let is_due = self.signalled.is_none_or(|last| last.elapsed() >= SIGNAL_AGAIN);
        let meta = pod.dir.meta(OsStr::new(segment)).ok().flatten();
        let Some(meta) = meta.filter(|meta| is_due && reopen.has_open(meta.identity)) else { return };
        self.signalled = Some(Instant::now());
        if self.errors.record("signal", "REOPEN_SIGNAL", &reopen.send(meta.identity)) {
            tracing::info!(segment, "program signalled to open its log files again");
        }
    }

    /// Removes both forms, the uncompressed one only once it has no writer: lines that are still coming in are not old.
    fn remove(&mut self, pod: &Pod, segment: &Segment, reason: RetentionReason) -> io::Result<Outcome> {
        let (plain, gz) = (segment.name(Form::Plain), segment.name(Form::Gz));
        if pod.dir.meta(OsStr::new(&plain))?.is_some() {
            let _locked = match handover::try_acquire(&pod.dir, OsStr::new(&plain), &self.evidence)? {
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

/// Returns true if a file can't be rotated in place at all: no right to change it, or a file system that frees no parts.
fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, Unsupported};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | Unsupported)
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
