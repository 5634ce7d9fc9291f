//! Rotation: a live file gets a segment's name, and its writers notice at their next record.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::sync::Arc;

use handoff::{Form, Segment, Stream};

use crate::dir::Dir;
use crate::error_log::ErrorLog;
use crate::handover::{Handover, Handovers};
use crate::metrics::Metrics;
use crate::plan::{self, Policy, Rotation};
use crate::pod::{Ages, Now, Pod, list};

/// Whoever gives out a segment's number holds this file's lock: the daemon, or `logshipper rotate`.
pub(crate) const NUMBERING: &str = ".logshipper.rotate.lock";

/// Rotates one stream whatever its length and age, without a daemon's help. `None` where there is nothing to rotate.
///
/// # Errors
/// `WouldBlock` while somebody else rotates.
pub fn rotate_now(dir: &Dir, stream: &Stream, now: Now) -> io::Result<Option<Segment>> {
    let _numbering = dir.lock(OsStr::new(NUMBERING))?.ok_or(io::ErrorKind::WouldBlock)?;
    let mut listing = list(dir, &mut Ages::default(), now)?;
    listing.live.retain(|live| live.stream == *stream);
    let Some(rotation) = plan::rotations(&listing, &Policy::AT_ONCE, &BTreeMap::new(), now.wall).pop() else { return Ok(None) };
    dir.rename(OsStr::new(&stream.live_name()), OsStr::new(&rotation.segment.name(Form::Plain)))?;
    Ok(Some(rotation.segment))
}

/// What a pass of the rotator saw and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Live files rotated.
    pub rotated: usize,
    /// Bytes of all live files, before that.
    pub live_bytes: u64,
}

/// Renames live files that are due.
#[derive(Debug, Default)]
pub struct Rotator {
    ages: Ages,
    last_sequence: BTreeMap<Stream, u64>,
    handovers: Handovers,
    metrics: Arc<Metrics>,
    errors: ErrorLog,
}

impl Rotator {
    /// One that counts in `metrics`.
    pub fn new(metrics: &Arc<Metrics>) -> Self {
        Self { metrics: Arc::clone(metrics), errors: ErrorLog::new(Arc::clone(metrics)), ..Self::default() }
    }

    /// Rotates what is due. A file that can't be renamed is reported and tried
    /// again with the next pass.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn pass(&mut self, pod: &Pod, policy: &Policy, now: Now) -> io::Result<Seen> {
        let (due, mut seen) = self.due(pod, policy, now)?;
        if due.is_empty() {
            return Ok(seen);
        }
        let Some(_numbering) = pod.dir.lock(OsStr::new(NUMBERING))? else { return Ok(seen) };
        // Again: `rotate_now` may have used the number.
        let (due, _) = self.due(pod, policy, now)?;
        seen.rotated = due.iter().filter(|rotation| self.rotate(&pod.dir, rotation)).count();
        Ok(seen)
    }

    fn due(&mut self, pod: &Pod, policy: &Policy, now: Now) -> io::Result<(Vec<Rotation>, Seen)> {
        let listing = list(&pod.dir, &mut self.ages, now)?;
        let live_bytes = listing.live.iter().map(|live| live.bytes).sum();
        Ok((plan::rotations(&listing, policy, &self.last_sequence, now.wall), Seen { rotated: 0, live_bytes }))
    }

    /// Rotates what nobody writes to any more, at the end of a pod.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn end(&mut self, pod: &Pod, now: Now) -> io::Result<()> {
        let Some(_numbering) = pod.dir.lock(OsStr::new(NUMBERING))? else { return Ok(()) };
        let listing = list(&pod.dir, &mut self.ages, now)?;
        for rotation in plan::final_rotations(&listing, &self.last_sequence, now.wall) {
            let live = rotation.segment.stream.live_name();
            let asked = self.handovers.ask(&pod.dir, OsStr::new(&live), now.monotonic);
            // The lock is held over the rename: a writer that opens the file now finds it renamed.
            if matches!(asked, Ok(Handover::Granted(..))) {
                self.rotate(&pod.dir, &rotation);
            }
        }
        Ok(())
    }

    fn rotate(&mut self, dir: &Dir, Rotation { segment, reason }: &Rotation) -> bool {
        let (live, name) = (segment.stream.live_name(), segment.name(Form::Plain));
        let renamed = dir.rename(OsStr::new(&live), OsStr::new(&name));
        // A number is used up even where the name turned out to be taken by a file that isn't ours.
        self.last_sequence.insert(segment.stream.clone(), segment.sequence);
        if self.errors.record("rotate", &live, &renamed) {
            self.metrics.rotated(*reason);
            tracing::info!(segment = %name, reason = %reason, "live file rotated");
        }
        renamed.is_ok()
    }
}
