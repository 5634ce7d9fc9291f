//! Rotation: a live file gets a segment's name, and its writers notice at their next record.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handoff::{Form, Segment, Stream};

use crate::archive::ArchiveState;
use crate::dir::Dir;
use crate::error_log::ErrorLog;
use crate::handover::{self, Evidence, Handover, Holder};
use crate::in_place;
use crate::metrics::Metrics;
use crate::plan::{self, Policy, Rotation};
use crate::pod::Pod;
use crate::survey::{Now, Survey, Surveyor};

/// The file of [`Numbering`].
pub(crate) const NUMBERING: &str = ".logshipper.rotate.lock";
/// The longest record of numbers that is read.
const RECORD: usize = 1 << 20;
/// The time for which the first rotation of a directory waits for the archive's numbers.
const ARCHIVE_WAIT: Duration = Duration::from_secs(30);

/// The highest sequence number of each stream.
pub type Numbers = BTreeMap<Stream, u64>;

/// The right to give out sequence numbers, which the daemon and `logshipper rotate` share, with a record of the highest ones.
///
/// The record is a lower bound: the names in the directory count as well. It outlives the segments, so that numbers never
/// begin again when all of them are gone.
pub struct Numbering(File);

impl Numbering {
    /// Takes the lock; `None` while another process numbers.
    pub fn lock(dir: &Dir) -> io::Result<Option<Self>> {
        Ok(dir.lock(OsStr::new(NUMBERING))?.map(Self))
    }

    /// Returns the recorded numbers.
    pub fn numbers(&self) -> io::Result<Numbers> {
        let mut bytes = vec![0; RECORD.min(usize::try_from(self.0.metadata()?.len()).unwrap_or(RECORD))];
        self.0.read_exact_at(&mut bytes, 0)?;
        let entry = |line: &str| {
            let (stream, number) = line.split_once(' ')?;
            Some((stream.parse().ok()?, number.parse().ok()?))
        };
        Ok(String::from_utf8_lossy(&bytes).lines().filter_map(entry).collect())
    }

    /// Records numbers that were given out. They only grow, and so does the record.
    pub fn record(&self, numbers: &Numbers) {
        let mut lines = String::new();
        for (stream, number) in numbers {
            // Writing to a String doesn't fail.
            let _ = writeln!(lines, "{stream} {number}");
        }
        if let Err(error) = self.0.write_all_at(lines.as_bytes(), 0) {
            tracing::debug!(%error, "sequence numbers not recorded");
        }
    }
}

/// Returns the recorded numbers of a directory; none where there is no record.
pub fn recorded_numbers(dir: &Dir) -> Numbers {
    let file = dir.open_file(OsStr::new(NUMBERING));
    file.and_then(|(file, _)| Numbering(file).numbers()).unwrap_or_default()
}

/// Raises each number to at least the one in `other`.
fn raise(numbers: &mut Numbers, other: Numbers) {
    for (stream, number) in other {
        let highest = numbers.entry(stream).or_default();
        *highest = number.max(*highest);
    }
}

/// Rotates one stream whatever its length and age, without a daemon's help. `None` where there is nothing to rotate.
///
/// # Errors
/// `WouldBlock` while another process rotates.
pub fn rotate_now(dir: &Dir, stream: &Stream, now: Now) -> io::Result<Option<Segment>> {
    let numbering = Numbering::lock(dir)?.ok_or(io::ErrorKind::WouldBlock)?;
    let mut numbers = numbering.numbers()?;
    let mut survey = Survey::of_files(dir)?;
    survey.live.retain(|live| live.stream == *stream);
    let Some(rotation) = plan::rotations(&survey, &Policy::AT_ONCE, &numbers, now.wall).pop() else { return Ok(None) };
    let live = stream.live_name();
    if let Handover::Held(Holder::Writer | Holder::Unknown) = handover::try_acquire(dir, OsStr::new(&live), &Evidence::None)? {
        return Err(io::Error::other("its writer doesn't follow the handoff; the daemon rotates it in place or with a signal"));
    }
    dir.rename(OsStr::new(&live), OsStr::new(&rotation.segment.name(Form::Plain)))?;
    numbers.insert(stream.clone(), rotation.segment.sequence);
    numbering.record(&numbers);
    Ok(Some(rotation.segment))
}

/// The result of a pass of the rotator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pass {
    /// Live files renamed.
    pub rotated: usize,
    /// Live files that are due, but have to be rotated in place.
    pub in_place: usize,
    /// Bytes of all live files, before that.
    pub live_bytes: u64,
}

/// Renames live files that are due.
#[derive(Debug, Default)]
pub struct Rotator {
    surveyor: Surveyor,
    numbers: Numbers,
    archive_state: Arc<ArchiveState>,
    started: Option<Instant>,
    metrics: Arc<Metrics>,
    errors: ErrorLog,
    evidence: Evidence,
}

impl Rotator {
    /// Creates a rotator that counts in `metrics` and goes on from the archive's sequence numbers.
    pub fn new(metrics: &Arc<Metrics>, archive_state: &Arc<ArchiveState>) -> Self {
        let errors = ErrorLog::new(Arc::clone(metrics));
        Self { metrics: Arc::clone(metrics), archive_state: Arc::clone(archive_state), errors, ..Self::default() }
    }

    /// Sets what is known about writers that the kernel doesn't tell.
    pub fn set_evidence(&mut self, evidence: Evidence) {
        self.evidence = evidence;
    }

    /// Rotates what is due. A file that can't be renamed is reported and tried again with the next pass.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn pass(&mut self, pod: &Pod, policy: &Policy, now: Now) -> io::Result<Pass> {
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &ArchiveState::default(), &policy.log_files, now)?;
        let mut pass = Pass { rotated: 0, in_place: 0, live_bytes: survey.live.iter().map(|live| live.bytes).sum() };
        let has_lines = |rotation: &Rotation| {
            let live = rotation.segment.stream.live_name();
            !in_place::is_exhausted(&pod.dir, OsStr::new(&live)).unwrap_or(false)
        };
        if !plan::rotations(survey, policy, &self.numbers, now.wall).iter().any(has_lines) {
            return Ok(pass);
        }
        let Some(numbering) = Numbering::lock(&pod.dir)? else { return Ok(pass) };
        raise(&mut self.numbers, numbering.numbers()?);
        match self.archive_state.numbers() {
            Some(archived) => raise(&mut self.numbers, archived),
            None if self.numbers.is_empty() => {
                let started = *self.started.get_or_insert(now.monotonic);
                if now.monotonic.saturating_duration_since(started) < ARCHIVE_WAIT {
                    return Ok(pass);
                }
            }
            None => {}
        }
        // Again: `rotate_now` may have used the number.
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &ArchiveState::default(), &policy.log_files, now)?;
        let due = plan::rotations(survey, policy, &self.numbers, now.wall);
        for rotation in &due {
            match self.hand_over(&pod.dir, &numbering, rotation) {
                Some(true) => pass.rotated += 1,
                Some(false) => {}
                None => pass.in_place += 1,
            }
        }
        Ok(pass)
    }

    /// Rotates the files that have no writer left, at the end of a pod.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn end(&mut self, pod: &Pod, policy: &Policy, now: Now) -> io::Result<()> {
        let Some(numbering) = Numbering::lock(&pod.dir)? else { return Ok(()) };
        raise(&mut self.numbers, numbering.numbers()?);
        raise(&mut self.numbers, self.archive_state.numbers().unwrap_or_default());
        let survey = self.surveyor.survey(&pod.name, &pod.dir, &ArchiveState::default(), &policy.log_files, now)?;
        for rotation in plan::final_rotations(survey, &self.numbers, now.wall) {
            let live = rotation.segment.stream.live_name();
            let asked = handover::try_acquire(&pod.dir, OsStr::new(&live), &self.evidence);
            // The lock is held over the rename: a writer that opens the file now finds it renamed.
            if matches!(asked, Ok(Handover::Granted(..))) {
                self.rotate(&pod.dir, &numbering, &rotation);
            }
        }
        Ok(())
    }

    /// Renames a live file whose writers follow the contract or open it again on a signal, or that has none. `None` for any other
    /// file.
    fn hand_over(&mut self, dir: &Dir, numbering: &Numbering, rotation: &Rotation) -> Option<bool> {
        let live = rotation.segment.stream.live_name();
        let can_reopen = || handover::can_reopen(dir, OsStr::new(&live), &self.evidence).unwrap_or(false);
        match handover::try_acquire(dir, OsStr::new(&live), &self.evidence) {
            Ok(Handover::Granted(..) | Handover::Held(Holder::Lock)) => Some(self.rotate(dir, numbering, rotation)),
            // The compactor sends the signal: the segment is in use.
            Ok(Handover::Held(Holder::Writer)) if can_reopen() => Some(self.rotate(dir, numbering, rotation)),
            Ok(Handover::Held(Holder::Writer | Holder::Unknown)) => None,
            // Renamed or removed in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
            asked @ Err(_) => Some(self.errors.record("rotate", &live, &asked)),
        }
    }

    fn rotate(&mut self, dir: &Dir, numbering: &Numbering, Rotation { segment, reason }: &Rotation) -> bool {
        let (live, name) = (segment.stream.live_name(), segment.name(Form::Plain));
        let renamed = dir.rename(OsStr::new(&live), OsStr::new(&name));
        // A rename that fails for another reason doesn't use its number up.
        if renamed.as_ref().err().is_none_or(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            self.numbers.insert(segment.stream.clone(), segment.sequence);
            numbering.record(&self.numbers);
        }
        if self.errors.record("rotate", &live, &renamed) {
            self.metrics.rotated(*reason);
            tracing::info!(segment = %name, reason = %reason, "live file rotated");
        }
        renamed.is_ok()
    }
}
