//! A pod's directory, and the lock that keeps a second logshipper out of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::dir::Dir;

/// The file whose lock makes a process the one logshipper of the directory.
pub(crate) const LOCK: &str = ".logshipper.lock";

/// Errors of opening a pod's directory.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the lock.
    #[error("another logshipper works on this directory")]
    Taken,
    /// The directory or its lock can't be opened.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A pod's directory, and the right to be its only logshipper.
#[derive(Debug)]
pub struct Pod {
    /// The directory's name.
    pub name: OsString,
    /// The directory itself.
    pub dir: Dir,
    identity: (u64, u64),
    _lock: File,
}

impl Pod {
    /// Opens the directory `name` in `root`, which is made if it is missing, and takes its lock.
    pub fn open(root: &Dir, name: &OsStr) -> Result<Self, OpenError> {
        if root.meta(name)?.is_none() {
            root.make_dir(name)?;
        }
        let dir = root.open_dir(name)?;
        let identity = dir.own_meta()?.identity;
        let lock = dir.lock(OsStr::new(LOCK))?.ok_or(OpenError::Taken)?;
        Ok(Self { name: name.to_owned(), dir, identity, _lock: lock })
    }

    /// Returns true if `name` in `root` is still this directory, and not removed or replaced.
    pub fn is_at(&self, root: &Dir, name: &OsStr) -> io::Result<bool> {
        Ok(root.meta(name)?.is_some_and(|meta| meta.identity == self.identity))
    }
}

/// Returns true if a logshipper holds the directory's lock; `None` where that can't be asked. Takes a shared lock for a moment,
/// which a starting logshipper waits out.
pub fn is_alive(dir: &Dir) -> Option<bool> {
    let file = match dir.open_file(OsStr::new(LOCK)) {
        Ok((file, _)) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(false),
        Err(_) => return None,
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Some(false),
        Err(Errno::WOULDBLOCK) => Some(true),
        Err(_) => None,
    }
}
