//! Rotation: a live file gets a segment's name, and its writers notice at their next record.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;

use handoff::{Form, Stream};

use crate::plan::{self, Policy, Rotation};
use crate::pod::{Ages, Now, Pod, list};
use crate::trouble::Troubles;

/// Renames live files that are due.
#[derive(Debug, Default)]
pub struct Rotator {
    ages: Ages,
    floor: BTreeMap<Stream, u64>,
    troubles: Troubles,
}

impl Rotator {
    /// Rotates what is due, and says how many live files that were. A file that can't be renamed is reported and tried
    /// again with the next pass.
    ///
    /// # Errors
    /// The directory can't be read.
    pub fn pass(&mut self, pod: &Pod, policy: &Policy, now: Now) -> io::Result<usize> {
        let listing = list(&pod.dir, &mut self.ages, now)?;
        let due = plan::rotations(&listing, policy, &self.floor, now.wall);
        Ok(due.iter().filter(|rotation| self.rotate(pod, rotation)).count())
    }

    fn rotate(&mut self, pod: &Pod, Rotation { segment, reason }: &Rotation) -> bool {
        let (live, name) = (segment.stream.live_name(), segment.name(Form::Plain));
        let renamed = pod.dir.rename(OsStr::new(&live), OsStr::new(&name));
        // A number is used up even where the name turned out to be taken by a file that isn't ours.
        self.floor.insert(segment.stream.clone(), segment.sequence);
        if self.troubles.settle("rotate", &live, &renamed) {
            tracing::info!(segment = %name, reason = %reason, "live file rotated");
        }
        renamed.is_ok()
    }
}
