//! What is archived, and what waits for it.
//!
//! The store is the authority: before each upload it is asked for the segment's key, and takes an object only where it has
//! none, so that a kill at any moment uploads nothing twice. The mark, an extended attribute of the segment's own file that
//! says where it went, lets retention decide while the store is away, and is gone with the file; where a file system
//! keeps no such attribute, it is remembered, and asked again after a restart.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::sync::{Mutex, PoisonError};

use handoff::{Form, Segment};
use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};

use crate::archive::Archive;
use crate::dir::Dir;
use crate::plan::Listing;

const MARK: &str = "user.logshipper.archived";
/// A longer mark is none of ours.
const MARK_BYTES: usize = 2048;

/// What of the pods' directories is archived. Without an archive nothing waits for one.
#[derive(Debug, Default)]
pub struct ArchiveState {
    archive: Option<Archive>,
    archived: Mutex<HashMap<OsString, HashSet<Segment>>>,
    dead: Mutex<BTreeSet<OsString>>,
}

impl ArchiveState {
    /// One for this archive.
    pub fn new(archive: Option<Archive>) -> Self {
        Self { archive, ..Self::default() }
    }

    /// The archive, if there is one.
    pub fn archive(&self) -> Option<&Archive> {
        self.archive.as_ref()
    }

    /// Notes in the listing of `pod`'s directory which segments aren't archived yet.
    pub fn annotate(&self, pod: &OsStr, dir: &Dir, listing: &mut Listing) {
        let Some(archive) = &self.archive else { return };
        let mut archived = self.archived.lock().unwrap_or_else(PoisonError::into_inner);
        let before = archived.remove(pod).unwrap_or_default();
        let mut now = HashSet::with_capacity(before.len());
        for (segment, forms) in &listing.segments {
            if forms.plain.is_none() && (before.contains(segment) || is_marked(archive, pod, dir, segment)) {
                now.insert(segment.clone());
            } else {
                listing.waiting.insert(segment.clone());
            }
        }
        archived.insert(pod.to_owned(), now);
    }

    /// A segment's `file` is archived at `address`. What can't be marked is remembered.
    pub fn mark(&self, pod: &OsStr, segment: &Segment, file: &File, address: &str) {
        if let Err(error) = fsetxattr(file, MARK, address.as_bytes(), XattrFlags::empty()) {
            tracing::debug!(segment = %segment, %error, "archived segment can't be marked");
        }
        let mut archived = self.archived.lock().unwrap_or_else(PoisonError::into_inner);
        archived.entry(pod.to_owned()).or_default().insert(segment.clone());
    }

    /// Forgets the pods that are not among these.
    pub fn retain(&self, pods: &[OsString]) {
        let mut archived = self.archived.lock().unwrap_or_else(PoisonError::into_inner);
        archived.retain(|pod, _| pods.contains(pod));
    }

    /// The directory of a dead pod has segments that wait.
    pub fn enqueue(&self, pod: &OsStr) {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner).insert(pod.to_owned());
    }

    /// The directories of dead pods that were take_queue since the last call.
    pub fn take_queue(&self) -> BTreeSet<OsString> {
        std::mem::take(&mut *self.dead.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn is_marked(archive: &Archive, pod: &OsStr, dir: &Dir, segment: &Segment) -> bool {
    let Ok((file, _)) = dir.open_file(OsStr::new(&segment.name(Form::Gz))) else { return false };
    let mut mark = [0; MARK_BYTES];
    // A copy of another pod's directory, or a mark of another archive, says nothing about this one.
    fgetxattr(&file, MARK, &mut mark).is_ok_and(|length| mark[..length].starts_with(archive.address(pod, segment).as_bytes()))
}
