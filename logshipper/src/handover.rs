//! Handover: whether every writer has let go of a segment.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use runtime::descriptor::set_lease;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::dir::{Dir, Meta};

/// For how long a segment must stay as it is, where the kernel can't tell whether somebody has it open for writing.
const QUIET: Duration = Duration::from_secs(2);

/// The answer to a request for a segment.
#[derive(Debug)]
pub enum Handover {
    /// Nobody writes to it any more. The file holds the lock that keeps it so.
    Granted(File, Meta),
    /// Somebody may still write to it.
    Held(Holder),
}

/// What stands against a handover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A writer's lock.
    Lock,
    /// A writer without a lock.
    Writer,
    /// Not long enough unchanged, where a lease can't tell.
    RecentlyModified,
}

/// Asks for segments, and remembers those that have to stay quiet for a while.
#[derive(Debug, Default)]
pub struct Handovers {
    quiet: HashMap<(u64, u64), (u64, DateTime<Utc>, Instant)>,
}

impl Handovers {
    /// Asks for the plain segment `name`.
    pub fn ask(&mut self, dir: &Dir, name: &OsStr, now: Instant) -> io::Result<Handover> {
        let (file, meta) = dir.open_file(name)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(Handover::Held(Holder::Lock)),
            Err(error) => return Err(error.into()),
        }
        match writers(&file) {
            Writers::None => {}
            Writers::Some => return Ok(Handover::Held(Holder::Writer)),
            Writers::Unknown if self.is_quiet(&meta, now) => {}
            Writers::Unknown => return Ok(Handover::Held(Holder::RecentlyModified)),
        }
        self.quiet.remove(&meta.identity);
        // Asked again: a record may have come in while the lock was not ours yet.
        let meta = crate::dir::meta_of(&file)?;
        Ok(Handover::Granted(file, meta))
    }

    fn is_quiet(&mut self, meta: &Meta, now: Instant) -> bool {
        let (bytes, modified, since) = self.quiet.entry(meta.identity).or_insert((meta.bytes, meta.modified, now));
        if (*bytes, *modified) != (meta.bytes, meta.modified) {
            (*bytes, *modified, *since) = (meta.bytes, meta.modified, now);
        }
        now.saturating_duration_since(*since) >= QUIET
    }
}

/// What the kernel says of a file's writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writers {
    /// Nobody has it open for writing.
    None,
    /// Somebody has.
    Some,
    /// This file system or this user can't ask.
    Unknown,
}

/// Asks by taking a read lease on `file`, which must be open for reading only, and giving it back at once. SIGIO, which
/// announces a broken lease, must not end this process.
fn writers(file: &File) -> Writers {
    match set_lease(file, libc::F_RDLCK) {
        Ok(()) => {
            // Failing to give it back leaves a lease that is gone with the descriptor.
            let _ = set_lease(file, libc::F_UNLCK);
            Writers::None
        }
        Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => Writers::Some,
        Err(_) => Writers::Unknown,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::io::Write;

    use super::*;

    #[test]
    fn a_segment_is_held_by_a_lock_then_by_a_writer_without_one_then_by_nobody() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let mut handovers = Handovers::default();
        let mut ask = || match handovers.ask(&dir, OsStr::new("segment"), Instant::now()).unwrap() {
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

    #[test]
    fn quiet_is_two_seconds_without_a_change() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("segment");
        let mut file = File::create(&path).unwrap();
        let mut handovers = Handovers::default();
        let start = Instant::now();
        let mut quiet = |seconds: u64| {
            let meta = Dir::open(temp.path()).unwrap().meta(OsStr::new("segment")).unwrap().unwrap();
            handovers.is_quiet(&meta, start + Duration::from_secs(seconds))
        };
        assert!(!quiet(0));
        assert!(!quiet(1));
        file.write_all(b"late").unwrap();
        assert!(!quiet(2));
        assert!(!quiet(3));
        assert!(quiet(4));
    }
}
