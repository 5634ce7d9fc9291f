//! The archive's state: which segments are archived, and which orphans have segments to upload.
//!
//! The store is the authority: before each upload it is asked for the segment's key, and takes an object only where it has
//! none, so that a kill at any moment uploads nothing twice. The mark, an extended attribute of the segment's own file that
//! says where it went, lets retention decide while the store is away, and is gone with the file; where a file system
//! keeps no such attribute, it is remembered, and asked again after a restart.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::sync::{Mutex, PoisonError};

use handoff::{Form, Segment, Stream};
use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};

use crate::archive::Archive;
use crate::dir::Dir;

const MARK: &str = "user.logshipper.archived";
/// The longest mark of ours.
const MARK_BYTES: usize = 2048;

/// The segments known to be archived. Without an archive none has to be.
#[derive(Debug, Default)]
pub struct ArchiveState {
    archive: Option<Archive>,
    archived: Mutex<HashMap<OsString, HashSet<Segment>>>,
    /// The highest archived sequence number of each stream of the own pod, once they are known.
    numbers: Mutex<Option<BTreeMap<Stream, u64>>>,
    queue: Mutex<BTreeSet<OsString>>,
}

impl ArchiveState {
    /// Creates the state of this archive.
    pub fn new(archive: Option<Archive>) -> Self {
        Self { archive, ..Self::default() }
    }

    /// The archive, if there is one.
    pub fn archive(&self) -> Option<&Archive> {
        self.archive.as_ref()
    }

    /// Returns which of `segments` aren't archived yet; each comes with whether it is compressed.
    pub fn unarchived<'a>(
        &self,
        pod: &OsStr,
        dir: &Dir,
        segments: impl Iterator<Item = (&'a Segment, bool)>,
    ) -> BTreeSet<Segment> {
        let Some(archive) = &self.archive else { return BTreeSet::new() };
        let mut archived = self.archived.lock().unwrap_or_else(PoisonError::into_inner);
        let before = archived.remove(pod).unwrap_or_default();
        let is_archived = |segment: &Segment| before.contains(segment) || is_marked(archive, pod, dir, segment);
        let (now, unarchived): (Vec<_>, Vec<_>) = segments.partition(|(segment, compressed)| *compressed && is_archived(segment));
        archived.insert(pod.to_owned(), now.into_iter().map(|(segment, _)| segment.clone()).collect());
        unarchived.into_iter().map(|(segment, _)| segment.clone()).collect()
    }

    /// Notes the highest archived sequence numbers of the own pod.
    pub fn set_numbers(&self, numbers: BTreeMap<Stream, u64>) {
        *self.numbers.lock().unwrap_or_else(PoisonError::into_inner) = Some(numbers);
    }

    /// Returns the highest archived sequence numbers of the own pod; `None` before they are known.
    pub fn numbers(&self) -> Option<BTreeMap<Stream, u64>> {
        if self.archive.is_none() {
            return Some(BTreeMap::new());
        }
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Marks a segment's `file` as archived at `address`, or remembers it where the file can't be marked.
    pub fn mark(&self, pod: &OsStr, segment: &Segment, file: &File, address: &str) {
        if let Err(error) = fsetxattr(file, MARK, address.as_bytes(), XattrFlags::empty()) {
            tracing::debug!(segment = %segment, %error, "archived segment can't be marked");
        }
        let mut archived = self.archived.lock().unwrap_or_else(PoisonError::into_inner);
        archived.entry(pod.to_owned()).or_default().insert(segment.clone());
    }

    /// Forgets all other pods.
    pub fn retain(&self, pods: &[OsString]) {
        let mut archived = self.archived.lock().unwrap_or_else(PoisonError::into_inner);
        archived.retain(|pod, _| pods.contains(pod));
    }

    /// Queues the directory of a dead pod, which has segments to upload.
    pub fn enqueue(&self, pod: &OsStr) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).insert(pod.to_owned());
    }

    /// Takes the directories queued since the last call.
    pub fn take_queue(&self) -> BTreeSet<OsString> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_marked(archive: &Archive, pod: &OsStr, dir: &Dir, segment: &Segment) -> bool {
    let Ok((file, _)) = dir.open_file(OsStr::new(&segment.name(Form::Gz))) else { return false };
    let mut mark = [0; MARK_BYTES];
    // A copy of another pod's directory, or a mark of another archive, says nothing about this one.
    let Ok(length) = fgetxattr(&file, MARK, &mut mark) else { return false };
    std::str::from_utf8(&mark[..length]).is_ok_and(|address| archive.is_address_of(address, pod, segment))
}
