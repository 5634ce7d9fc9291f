//! A pod's directory, owned: the lock that keeps a second logshipper out, and the listing that plans are made from.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use handoff::{FileName, Form, Segment};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::dir::{Dir, Meta};
use crate::plan::{Listing, LiveFile};

/// Whoever holds this file's lock is the one logshipper of the directory.
pub(crate) const LOCK: &str = ".logshipper.lock";
const QUARANTINED: &str = ".bad";

/// Why a pod's directory can't be worked on.
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

    /// Whether `name` in `root` is still this directory, and not removed or replaced.
    pub fn is_at(&self, root: &Dir, name: &OsStr) -> io::Result<bool> {
        Ok(root.meta(name)?.is_some_and(|meta| meta.identity == self.identity))
    }
}

/// Tells whether a logshipper holds the directory's lock; `None` where that can't be asked. Takes a shared lock for a moment,
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

/// The name under which a segment is compressed, until it is whole.
pub fn temporary_name(segment: &Segment) -> String {
    format!(".{}.tmp", segment.name(Form::Gz))
}

/// The name of a damaged compressed form, the `attempt`th.
pub fn quarantine_name(segment: &Segment, attempt: u32) -> String {
    format!("{}{QUARANTINED}{attempt}", segment.name(Form::Gz))
}

/// The times of now: the calendar's for names, and one that only moves forward for ages.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// By the node's clock, which may stand or jump.
    pub wall: DateTime<Utc>,
    /// Since some moment.
    pub monotonic: Instant,
}

impl Now {
    /// What the clocks say.
    pub fn read() -> Self {
        Self { wall: Utc::now(), monotonic: Instant::now() }
    }
}

/// Since when each live file has had lines. The file system says when a file was made; the monotonic clock goes on from there.
#[derive(Debug, Default)]
pub struct Ages {
    since: HashMap<(u64, u64), (Instant, Duration)>,
}

impl Ages {
    fn age(&mut self, meta: &Meta, now: Now) -> Duration {
        if meta.bytes == 0 {
            self.since.insert(meta.identity, (now.monotonic, Duration::ZERO));
            return Duration::ZERO;
        }
        let at_first = || (now.wall - meta.born.unwrap_or(meta.modified)).to_std().unwrap_or_default();
        let (seen, before) = *self.since.entry(meta.identity).or_insert_with(|| (now.monotonic, at_first()));
        before + now.monotonic.saturating_duration_since(seen)
    }
}

/// Reads what the directory holds. Whatever isn't a regular file of one name, or has another kind of name, is passed over.
pub fn list(dir: &Dir, ages: &mut Ages, now: Now) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let mut seen = HashMap::new();
    for name in dir.names()? {
        let Some(kind) = Kind::of(&name) else { continue };
        let Some(meta) = dir.meta(&name)?.filter(Meta::is_plain_file) else { continue };
        match kind {
            Kind::Named(FileName::Live(stream)) => {
                let age = ages.age(&meta, now);
                seen.extend(ages.since.remove_entry(&meta.identity));
                listing.live.push(LiveFile { stream, bytes: meta.bytes, age });
            }
            Kind::Named(FileName::Segment(segment, form)) => {
                let forms = listing.segments.entry(segment).or_default();
                match form {
                    Form::Plain => forms.plain = Some(meta.bytes),
                    Form::Gz => forms.gz = Some(meta.bytes),
                }
            }
            Kind::Temporary(name) => listing.temporary.push(name),
            Kind::Quarantined(segment, name) => listing.quarantined.push((segment, name)),
        }
    }
    ages.since = seen;
    Ok(listing)
}

enum Kind {
    Named(FileName),
    Temporary(String),
    Quarantined(Segment, String),
}

impl Kind {
    fn of(name: &OsString) -> Option<Self> {
        let text = name.to_str()?;
        let gz = |text: &str| match FileName::parse(text)? {
            FileName::Segment(segment, Form::Gz) => Some(segment),
            _ => None,
        };
        if let Some(inner) = text.strip_prefix('.') {
            return gz(inner.strip_suffix(".tmp")?).map(|_| Self::Temporary(text.to_owned()));
        }
        if let Some((inner, attempt)) = text.rsplit_once(QUARANTINED) {
            attempt.parse::<u32>().ok()?;
            return gz(inner).map(|segment| Self::Quarantined(segment, text.to_owned()));
        }
        FileName::parse(text).map(Self::Named)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    fn live_age(path: &std::path::Path, ages: &mut Ages, now: Now) -> u64 {
        list(&Dir::open(path).unwrap(), ages, now).unwrap().live[0].age.as_secs()
    }

    #[test]
    fn an_age_begins_with_the_first_line_and_survives_a_clock_that_jumps() {
        let temp = tempfile::tempdir().unwrap();
        let live = temp.path().join("access.log");
        fs::write(&live, "").unwrap();
        let start = Now::read();
        let later = |seconds: u64, jump: i64| Now {
            wall: start.wall + chrono::TimeDelta::seconds(seconds.cast_signed() + jump),
            monotonic: start.monotonic + Duration::from_secs(seconds),
        };
        let mut ages = Ages::default();
        assert_eq!(live_age(temp.path(), &mut ages, later(100, 0)), 0);
        fs::write(&live, "a\n").unwrap();
        assert_eq!(live_age(temp.path(), &mut ages, later(101, 0)), 1);
        assert_eq!(live_age(temp.path(), &mut ages, later(110, -31_536_000)), 10);
        assert_eq!(live_age(temp.path(), &mut ages, later(120, 31_536_000)), 20);
        // One that has just started goes by the time at which the file was made.
        let age = live_age(temp.path(), &mut Ages::default(), later(130, 0));
        assert!((129..=131).contains(&age), "{age}");
        assert_eq!(live_age(temp.path(), &mut Ages::default(), later(130, -31_536_000)), 0);
    }

    #[test]
    fn only_plain_files_of_known_names_are_listed() {
        let temp = tempfile::tempdir().unwrap();
        let path = |name: &str| temp.path().join(name);
        let gz = "access.000001.20260723T101112Z.log.gz";
        for name in [
            gz,
            ".access.000001.20260723T101112Z.log.gz.tmp",
            "access.000001.20260723T101112Z.log.gz.bad7",
            "access.log",
            "x",
            ".tmp",
        ] {
            fs::write(path(name), "1").unwrap();
        }
        fs::hard_link(path("x"), path("linked.log")).unwrap();
        fs::create_dir(path("directory.log")).unwrap();
        std::os::unix::fs::symlink(path("x"), path("symlink.log")).unwrap();
        let listing = list(&Dir::open(temp.path()).unwrap(), &mut Ages::default(), Now::read()).unwrap();
        assert_eq!(listing.live.iter().map(|live| live.stream.as_str()).collect::<Vec<_>>(), ["access"]);
        assert_eq!(listing.segments.keys().map(|segment| segment.name(Form::Gz)).collect::<Vec<_>>(), [gz]);
        assert_eq!((listing.temporary.len(), listing.quarantined.len()), (1, 1));
    }
}
