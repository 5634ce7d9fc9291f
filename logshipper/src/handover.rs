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
use crate::reopen::Reopen;

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
    /// By a rename and a signal, on which its writer opens its files again.
    Reopen,
    /// In place: its writers don't let go of it.
    InPlace,
    /// In no way: its writers don't let go of it, and this process may not change it.
    Refused,
    /// By its program.
    Program,
    /// In no way: its name isn't one of `LOG_FILES`.
    Unmanaged,
}

impl Mode {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handoff => "handoff",
            Self::Reopen => "reopen",
            Self::InPlace => "in-place",
            Self::Refused => "refused",
            Self::Program => "program",
            Self::Unmanaged => "unmanaged",
        }
    }
}

/// Returns the way in which the live file `name` would be rotated now.
pub fn mode(dir: &Dir, name: &OsStr, evidence: &Evidence) -> io::Result<Mode> {
    Ok(match try_acquire(dir, name, evidence)? {
        Handover::Granted(..) | Handover::Held(Holder::Lock) => Mode::Handoff,
        Handover::Held(Holder::Writer) if can_reopen(dir, name, evidence)? => Mode::Reopen,
        Handover::Held(Holder::Writer | Holder::Unknown) => match dir.open_update(name) {
            Ok(_) => Mode::InPlace,
            Err(_) => Mode::Refused,
        },
    })
}

/// Returns true if the file's writer opens it again on a signal.
pub fn can_reopen(dir: &Dir, name: &OsStr, evidence: &Evidence) -> io::Result<bool> {
    let Some(reopen) = evidence.reopen() else { return Ok(false) };
    Ok(dir.meta(name)?.is_some_and(|meta| reopen.has_open(meta.identity)))
}

/// The knowledge about a file's writers where the kernel refuses to tell them.
#[derive(Debug, Clone, Default)]
pub enum Evidence {
    /// There is none.
    #[default]
    None,
    /// The pod is dead: a file that hasn't changed for this time has no writer.
    Quiet(Duration),
    /// The pod's processes can be seen, and one of them opens its files again on a signal.
    Processes(Reopen),
}

impl Evidence {
    /// The program to signal so that it lets go of its file.
    pub fn reopen(&self) -> Option<&Reopen> {
        match self {
            Self::Processes(reopen) => Some(reopen),
            Self::None | Self::Quiet(_) => None,
        }
    }

    fn writers(&self, meta: &Meta) -> Writers {
        let is_older = |limit: Duration| (Utc::now() - meta.changed.max(meta.modified)).to_std().is_ok_and(|age| age >= limit);
        match self {
            Self::Quiet(limit) if is_older(*limit) => Writers::None,
            Self::None | Self::Quiet(_) => Writers::Unknown,
            Self::Processes(reopen) => match reopen.any_has_open(meta.identity) {
                Some(true) => Writers::Some,
                Some(false) => Writers::None,
                None => Writers::Unknown,
            },
        }
    }
}

/// Acquires the file `name`, unless somebody still has it.
pub fn try_acquire(dir: &Dir, name: &OsStr, evidence: &Evidence) -> io::Result<Handover> {
    let (file, meta) = dir.open_file(name)?;
    let locked = match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => false,
        Err(Errno::WOULDBLOCK) => true,
        Err(error) => return Err(error.into()),
    };
    let writers = match writers(&file) {
        Writers::Unknown => evidence.writers(&meta),
        known => known,
    };
    Ok(match writers {
        Writers::Unknown => Handover::Held(Holder::Unknown),
        _ if locked => Handover::Held(Holder::Lock),
        Writers::Some => Handover::Held(Holder::Writer),
        // The length is read again: a record may have come in before the lock was ours.
        Writers::None => {
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

/// Returns true if anyone has `file`, which is open for reading only, open for writing: a read lease is granted only if no
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
        let ask = || match try_acquire(&dir, OsStr::new("segment"), &Evidence::None).unwrap() {
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
