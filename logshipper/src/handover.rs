//! Handover: the check that every writer has let go of a file.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::time::Duration;

use chrono::Utc;
use runtime::descriptor::set_lease;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::Serialize;

use crate::dir::{Dir, Meta};

/// The answer to a request for a file.
#[derive(Debug)]
pub enum Handover {
    /// The segment has no writer left. The file holds the lock that keeps it so.
    Granted(File, Meta),
    /// Somebody may still write to it.
    Held(Holder),
}

/// The reason against a handover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A writer's lock: it follows the contract, and lets go after a rename.
    Lock,
    /// A writer without a lock.
    Writer,
    /// The kernel doesn't tell: the file has another owner, or the file system knows no leases. Unknown means held.
    Unknown,
}

/// The way in which a file is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// By a rename: its writers follow the contract, or it has none.
    Handoff,
    /// In place: its writers don't let go of it.
    InPlace,
    /// In no way: its writers don't let go of it, and this process may not change it.
    Refused,
    /// In no way: its name is no stream's.
    Unmanaged,
}

impl Mode {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handoff => "handoff",
            Self::InPlace => "in-place",
            Self::Refused => "refused",
            Self::Unmanaged => "unmanaged",
        }
    }
}

/// Returns the way in which the live file `name` would be rotated now.
pub fn mode(dir: &Dir, name: &OsStr) -> io::Result<Mode> {
    Ok(match ask(dir, name)? {
        Handover::Granted(..) | Handover::Held(Holder::Lock) => Mode::Handoff,
        Handover::Held(Holder::Writer | Holder::Unknown) => match dir.open_update(name) {
            Ok(_) => Mode::InPlace,
            Err(_) => Mode::Refused,
        },
    })
}

/// Asks for the file `name`.
pub fn ask(dir: &Dir, name: &OsStr) -> io::Result<Handover> {
    ask_orphan(dir, name, None)
}

/// Asks for the file `name` of a dead pod. Where the kernel doesn't tell its writers, it has none if it hasn't changed for the
/// time `quiet`.
pub fn ask_orphan(dir: &Dir, name: &OsStr, quiet: Option<Duration>) -> io::Result<Handover> {
    let (file, meta) = dir.open_file(name)?;
    let is_quiet = |quiet| (Utc::now() - meta.changed.max(meta.modified)).to_std().is_ok_and(|age| age >= quiet);
    let locked = match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => false,
        Err(Errno::WOULDBLOCK) => true,
        Err(error) => return Err(error.into()),
    };
    Ok(match writers(&file) {
        Writers::Unknown if locked || !quiet.is_some_and(is_quiet) => Handover::Held(Holder::Unknown),
        _ if locked => Handover::Held(Holder::Lock),
        Writers::Some => Handover::Held(Holder::Writer),
        // The length is read again: a record may have come in before the lock was ours.
        Writers::None | Writers::Unknown => {
            let meta = crate::dir::meta_of(&file)?;
            Handover::Granted(file, meta)
        }
    })
}

/// The kernel's answer about a file's writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writers {
    None,
    Some,
    Unknown,
}

/// Tells whether anyone has `file`, which is open for reading only, open for writing: a read lease is granted only if no
/// process has. It is given back at once. SIGIO, which announces a broken lease, must not end this process.
fn writers(file: &File) -> Writers {
    match set_lease(file, libc::F_RDLCK) {
        Ok(()) => {
            // A lease that can't be given back ends with the descriptor.
            let _ = set_lease(file, libc::F_UNLCK);
            Writers::None
        }
        Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => Writers::Some,
        Err(_) => Writers::Unknown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn file_is_held_by_lock_then_by_writer_then_by_none() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let ask = || match ask(&dir, OsStr::new("segment")).unwrap() {
            Handover::Held(holder) => Some(holder),
            Handover::Granted(..) => None,
        };
        let file = File::create(temp.path().join("segment")).unwrap();
        flock(&file, FlockOperation::LockShared).unwrap();
        assert_eq!(ask(), Some(Holder::Lock));
        flock(&file, FlockOperation::Unlock).unwrap();
        assert_eq!(ask(), Some(Holder::Writer));
        drop(file);
        assert_eq!(ask(), None);
    }
}
