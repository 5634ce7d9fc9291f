//! The survey of a pod's directory: the facts that plans are made from.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use handoff::{FileName, Form, Rolled, Segment, Stream};

use crate::archive::ArchiveState;
use crate::dir::{Dir, Meta, escaped};
use crate::log_files::LogFiles;

const QUARANTINED: &str = ".bad";
/// Time for which the directory's own time must stand still before its names are remembered: it moves in small steps only.
const STABLE: Duration = Duration::from_secs(1);
/// Time after which names are read again, whatever the directory's own time says.
const REREAD: Duration = Duration::from_mins(1);

/// The contents of a pod's directory.
#[derive(Debug, Default, Clone)]
pub struct Survey {
    /// Live files, empty ones too.
    pub live: Vec<LiveFile>,
    /// Segments in the order of their streams and sequence numbers.
    pub segments: BTreeMap<Segment, Forms>,
    /// Corrupt compressed files that were quarantined, by the segment that they were to be.
    pub quarantined: Vec<(Segment, String)>,
    /// Segments that have to be archived first; none without an archive.
    pub unarchived: BTreeSet<Segment>,
    /// Temporary files of compressions that did not end.
    pub temporary: Vec<String>,
    /// Names of segments that something else has: a link, a directory, a device.
    pub occupied: BTreeSet<Segment>,
    /// Files of programs that rotate by themselves, in no order.
    pub rolled: Vec<RolledFile>,
    /// Bytes of files that match no pattern, by path; links count nothing.
    pub unmanaged: BTreeMap<String, u64>,
    /// The subdirectories.
    pub directories: Vec<OsString>,
    /// The time at which this process first saw each segment.
    pub first_seen: HashMap<Segment, Now>,
}

/// A stream's live file.
#[derive(Debug, Clone)]
pub struct LiveFile {
    /// Its stream.
    pub stream: Stream,
    /// Its bytes on disk: of a file with a hole, less than its length.
    pub bytes: u64,
    /// The time for which it has had lines.
    pub age: Duration,
    /// Its program rotates it by itself.
    pub is_rolling: bool,
}

/// A file that a program which rotates by itself has closed, or is writing.
#[derive(Debug, Clone)]
pub struct RolledFile {
    /// Its path in the pod's directory.
    pub name: String,
    /// The meaning of its name.
    pub rolled: Rolled,
    /// Device and inode: its program may give its name to another file.
    pub identity: (u64, u64),
    /// Its length.
    pub bytes: u64,
    /// Time of the last write.
    pub modified: DateTime<Utc>,
}

impl RolledFile {
    /// The file at this path.
    pub fn new(name: String, rolled: Rolled, meta: &Meta) -> Self {
        Self { name, rolled, identity: meta.identity, bytes: meta.bytes, modified: meta.modified }
    }

    /// Compares two files of a program by the order of their lines. Within one tick of the clock, the higher number is the older
    /// file, and a longer or later name the newer one.
    pub fn cmp_by_lines(&self, other: &Self) -> Ordering {
        let key = |file: &Self| (file.modified, Reverse(file.rolled.number), file.name.len());
        key(self).cmp(&key(other)).then_with(|| self.name.cmp(&other.name))
    }
}

/// The bytes of each form in which a segment is there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Forms {
    /// Bytes of the file as it was written.
    pub plain: Option<u64>,
    /// Bytes of the compressed file.
    pub gz: Option<u64>,
}

impl Survey {
    /// Surveys the directory `dir` of `pod` once.
    pub fn of(pod: &OsStr, dir: &Dir, archive_state: &ArchiveState, log_files: &LogFiles) -> io::Result<Self> {
        let mut surveyor = Surveyor::default();
        surveyor.survey(pod, dir, archive_state, log_files, Now::read())?;
        Ok(surveyor.survey)
    }

    /// Surveys a directory once, whatever is archived and managed.
    pub fn of_files(dir: &Dir) -> io::Result<Self> {
        Self::of(OsStr::new(""), dir, &ArchiveState::default(), &LogFiles::ANY)
    }

    /// Returns the time since the stream was rotated last: the age of its lines, also in a file that was rotated in place.
    fn rotation_age(&self, stream: &Stream, now: Now) -> Duration {
        let newest = self.segments.keys().rev().find(|segment| segment.stream == *stream);
        let Some((newest, seen)) = newest.and_then(|newest| Some((newest, self.first_seen.get(newest)?))) else {
            return Duration::MAX;
        };
        let before = (seen.wall - newest.time).to_std().unwrap_or_default();
        before + now.monotonic.saturating_duration_since(seen.monotonic)
    }

    /// Returns the bytes of all files.
    pub fn bytes(&self) -> u64 {
        let segments = self.segments.values().map(|forms| forms.plain.unwrap_or(0) + forms.gz.unwrap_or(0));
        let rolled = self.rolled.iter().map(|rolled| rolled.bytes);
        self.live.iter().map(|live| live.bytes).chain(segments).chain(rolled).chain(self.unmanaged.values().copied()).sum()
    }
}

/// The current time: by the calendar for names, and monotonic for ages.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The node's clock, which may stand or jump.
    pub wall: DateTime<Utc>,
    /// A clock that only moves forward.
    pub monotonic: Instant,
}

impl Now {
    /// Reads the clocks.
    pub fn read() -> Self {
        Self { wall: Utc::now(), monotonic: Instant::now() }
    }
}

/// Surveys one directory again and again. Its names are read only after it has changed; the sizes of live files each time.
#[derive(Debug, Default)]
pub struct Surveyor {
    survey: Survey,
    names: Option<Names>,
    /// The age that each live file had when it was first seen, by identity.
    live: HashMap<(u64, u64), (Instant, Duration)>,
    /// The streams that have had a rolled file.
    rolling: BTreeSet<Stream>,
}

/// The last reading of the directory's names.
#[derive(Debug)]
struct Names {
    /// The times of modification of the directory and of its subdirectories.
    modified: Vec<Option<DateTime<Utc>>>,
    /// The first reading with these times.
    first: Instant,
    last: Instant,
}

impl Surveyor {
    /// Surveys the directory `dir` of `pod`.
    pub fn survey(
        &mut self,
        pod: &OsStr,
        dir: &Dir,
        archive_state: &ArchiveState,
        log_files: &LogFiles,
        now: Now,
    ) -> io::Result<&Survey> {
        let modified = self.modified(dir)?;
        let first = self.names.as_ref().filter(|names| names.modified == modified).map_or(now.monotonic, |names| names.first);
        let fresh = |names: &Names| {
            names.modified == modified
                && names.last.saturating_duration_since(names.first) >= STABLE
                && now.monotonic.saturating_duration_since(names.last) < REREAD
        };
        if self.names.as_ref().is_some_and(fresh) {
            self.refresh(dir, now)?;
        } else {
            self.read(dir, log_files, now)?;
            // Of a new subdirectory, the time is that of a moment after: the names are read once more anyway.
            let modified = if modified.len() == self.survey.directories.len() + 1 { modified } else { self.modified(dir)? };
            self.names = Some(Names { modified, first, last: now.monotonic });
        }
        let segments = self.survey.segments.iter();
        self.survey.unarchived =
            archive_state.unarchived(pod, dir, segments.map(|(segment, forms)| (segment, forms.plain.is_none())));
        Ok(&self.survey)
    }

    /// Returns the compressed segments of a stream in the last survey, the newest first.
    pub fn compressed(&self, stream: &Stream) -> impl Iterator<Item = &Segment> {
        let all = self.survey.segments.iter().rev().filter(|(_, forms)| forms.gz.is_some());
        all.map(|(segment, _)| segment).filter(move |segment| segment.stream == *stream)
    }

    /// Returns true if the directory may have changed since the last survey.
    pub fn is_outdated(&self, dir: &Dir) -> bool {
        let modified = self.modified(dir).ok();
        self.names
            .as_ref()
            .is_none_or(|names| modified.as_ref() != Some(&names.modified) || names.last.duration_since(names.first) < STABLE)
    }

    fn modified(&self, dir: &Dir) -> io::Result<Vec<Option<DateTime<Utc>>>> {
        let time = |path: &OsString| Ok(dir.meta(path)?.map(|meta| meta.modified));
        [Ok(Some(dir.own_meta()?.modified))].into_iter().chain(self.survey.directories.iter().map(time)).collect()
    }

    /// Reads sizes and ages of the live files again.
    fn refresh(&mut self, dir: &Dir, now: Now) -> io::Result<()> {
        for live in std::mem::take(&mut self.survey.live) {
            let meta = dir.meta(OsStr::new(&live.stream.live_name()))?;
            if let Some(meta) = meta.filter(Meta::is_plain_file) {
                let age = self.live_age(&meta, now).min(self.survey.rotation_age(&live.stream, now));
                self.survey.live.push(LiveFile { bytes: meta.disk_bytes(), age, ..live });
            }
        }
        Ok(())
    }

    /// Reads all names. Anything but a regular file with one name is no file of ours.
    fn read(&mut self, dir: &Dir, log_files: &LogFiles, now: Now) -> io::Result<()> {
        let mut survey = Survey::default();
        let (mut identities, mut live) = (Vec::new(), Vec::new());
        for name in dir.paths()? {
            let Some(kind) = Kind::of(&name, log_files) else { continue };
            let Some(meta) = dir.meta(&name)? else { continue };
            if !meta.is_plain_file() {
                if let Kind::Named(FileName::Segment(segment, _)) = kind {
                    survey.occupied.insert(segment);
                }
                if meta.is_directory() {
                    survey.directories.push(name);
                }
                continue;
            }
            match kind {
                Kind::Named(FileName::Live(stream)) => {
                    let age = self.live_age(&meta, now);
                    identities.push(meta.identity);
                    live.push((stream, age, meta));
                }
                Kind::Named(FileName::Segment(segment, form)) => {
                    let first_seen = self.survey.first_seen.get(&segment).copied().unwrap_or(now);
                    survey.first_seen.insert(segment.clone(), first_seen);
                    let forms = survey.segments.entry(segment).or_default();
                    match form {
                        Form::Plain => forms.plain = Some(meta.bytes),
                        Form::Gz => forms.gz = Some(meta.bytes),
                    }
                }
                Kind::Named(FileName::Rolled(rolled)) => {
                    self.rolling.insert(rolled.stream.clone());
                    let name = name.to_string_lossy().into_owned();
                    survey.rolled.push(RolledFile::new(name, rolled, &meta));
                }
                Kind::Temporary(name) => survey.temporary.push(name),
                Kind::Quarantined(segment, name) => survey.quarantined.push((segment, name)),
                Kind::Unmanaged => drop(survey.unmanaged.insert(escaped(&name), meta.disk_bytes())),
            }
        }
        for (stream, age, meta) in live {
            let age = age.min(survey.rotation_age(&stream, now));
            let is_rolling = self.rolling.contains(&stream);
            survey.live.push(LiveFile { stream, bytes: meta.disk_bytes(), age, is_rolling });
        }
        self.live.retain(|identity, _| identities.contains(identity));
        self.survey = survey;
        Ok(())
    }

    /// The time for which a file has had lines: by the file system when it is first seen, monotonic from there on.
    fn live_age(&mut self, meta: &Meta, now: Now) -> Duration {
        if meta.bytes == 0 {
            self.live.insert(meta.identity, (now.monotonic, Duration::ZERO));
            return Duration::ZERO;
        }
        let at_first = || (now.wall - meta.born.unwrap_or(meta.modified)).to_std().unwrap_or_default();
        let (seen, before) = *self.live.entry(meta.identity).or_insert_with(|| (now.monotonic, at_first()));
        before + now.monotonic.saturating_duration_since(seen)
    }
}

/// The name under which a segment is compressed, until it is complete.
pub fn temporary_name(segment: &Segment) -> String {
    let name = segment.name(Form::Gz);
    let (directory, name) = split(&name);
    format!("{directory}.{name}.tmp")
}

/// The directories of a path, and its last name.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}

/// The name of a corrupt compressed file, the `attempt`th.
pub fn quarantine_name(segment: &Segment, attempt: u32) -> String {
    format!("{}{QUARANTINED}{attempt}", segment.name(Form::Gz))
}

enum Kind {
    Named(FileName),
    Temporary(String),
    Quarantined(Segment, String),
    Unmanaged,
}

impl Kind {
    /// Reads a path; `None` for the locks and other hidden files of this program.
    fn of(path: &OsStr, log_files: &LogFiles) -> Option<Self> {
        let Some(text) = path.to_str() else { return Some(Self::Unmanaged) };
        let gz = |text: &str| match FileName::parse(text)? {
            FileName::Segment(segment, Form::Gz) => Some(segment),
            _ => None,
        };
        let (directory, name) = split(text);
        let temporary = |name: &str| gz(&format!("{directory}{}", name.strip_prefix('.')?.strip_suffix(".tmp")?));
        if temporary(name).is_some() {
            return Some(Self::Temporary(text.to_owned()));
        }
        if text.starts_with(".logshipper.") {
            return None;
        }
        if let Some((inner, attempt)) = text.rsplit_once(QUARANTINED)
            && attempt.parse::<u32>().is_ok()
            && let Some(segment) = gz(inner)
        {
            return Some(Self::Quarantined(segment, text.to_owned()));
        }
        let is_managed = |name: &FileName| match name {
            FileName::Segment(..) => true,
            FileName::Live(stream) | FileName::Rolled(Rolled { stream, .. }) => log_files.contains(&stream.live_name()),
        };
        Some(FileName::parse(text).filter(is_managed).map_or(Self::Unmanaged, Self::Named))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    fn survey(path: &std::path::Path, surveyor: &mut Surveyor, now: Now) -> Survey {
        let dir = Dir::open(path).unwrap();
        surveyor.survey(OsStr::new("pod"), &dir, &ArchiveState::default(), &"*.log".parse().unwrap(), now).unwrap().clone()
    }

    fn live_age(path: &std::path::Path, surveyor: &mut Surveyor, now: Now) -> u64 {
        survey(path, surveyor, now).live[0].age.as_secs()
    }

    #[test]
    fn live_age_begins_with_first_line_and_is_monotonic() {
        let temp = tempfile::tempdir().unwrap();
        let live = temp.path().join("access.log");
        fs::write(&live, "").unwrap();
        let start = Now::read();
        let later = |seconds: u64, jump: i64| Now {
            wall: start.wall + chrono::TimeDelta::seconds(seconds.cast_signed() + jump),
            monotonic: start.monotonic + Duration::from_secs(seconds),
        };
        let mut ages = Surveyor::default();
        assert_eq!(live_age(temp.path(), &mut ages, later(100, 0)), 0);
        fs::write(&live, "a\n").unwrap();
        assert_eq!(live_age(temp.path(), &mut ages, later(101, 0)), 1);
        assert_eq!(live_age(temp.path(), &mut ages, later(110, -31_536_000)), 10);
        assert_eq!(live_age(temp.path(), &mut ages, later(120, 31_536_000)), 20);
        // A new surveyor goes by the time at which the file was made.
        let age = live_age(temp.path(), &mut Surveyor::default(), later(130, 0));
        assert!((129..=131).contains(&age), "{age}");
        assert_eq!(live_age(temp.path(), &mut Surveyor::default(), later(130, -31_536_000)), 0);
    }

    #[test]
    fn survey_lists_known_files_and_counts_others() {
        let temp = tempfile::tempdir().unwrap();
        let path = |name: &str| temp.path().join(name);
        let gz = "access.000001.20260723T101112Z.log.gz";
        for name in [
            gz,
            ".access.000001.20260723T101112Z.log.gz.tmp",
            "access.000001.20260723T101112Z.log.gz.bad7",
            ".logshipper.lock",
            "access.log",
            "app.log.1",
            "catalina.out",
            "x",
        ] {
            fs::write(path(name), "1").unwrap();
        }
        fs::hard_link(path("x"), path("linked.log")).unwrap();
        fs::create_dir(path("directory.log")).unwrap();
        fs::create_dir_all(path("sub/sub")).unwrap();
        fs::write(path("sub/sub/app.log"), "123").unwrap();
        std::os::unix::fs::symlink(path("x"), path("symlink.log")).unwrap();
        std::os::unix::fs::symlink(path("x"), path("access.000007.20260723T101112Z.log")).unwrap();
        let survey = survey(temp.path(), &mut Surveyor::default(), Now::read());
        let mut live: Vec<_> = survey.live.iter().map(|live| (live.stream.as_str(), live.bytes, live.is_rolling)).collect();
        live.sort_unstable();
        assert_eq!(live, [("access", 1, false), ("sub/sub/app", 3, false)]);
        assert_eq!(survey.rolled.iter().map(|rolled| rolled.name.as_str()).collect::<Vec<_>>(), ["app.log.1"]);
        assert_eq!(survey.segments.keys().map(|segment| segment.name(Form::Gz)).collect::<Vec<_>>(), [gz]);
        assert_eq!((survey.temporary.len(), survey.quarantined.len(), survey.occupied.len()), (1, 1, 1));
        let unmanaged: Vec<_> = survey.unmanaged.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
        assert_eq!(unmanaged, [("catalina.out", 1)]);
        assert_eq!(survey.bytes(), 1 + 1 + 3 + 1 + 1);
    }

    #[test]
    fn names_are_read_again_after_a_change_only() {
        let temp = tempfile::tempdir().unwrap();
        let path = |name: &str| temp.path().join(name);
        fs::write(path("access.log"), "1").unwrap();
        let start = Now::read();
        let later = |seconds| Now { monotonic: start.monotonic + Duration::from_secs(seconds), ..start };
        let mut surveyor = Surveyor::default();
        survey(temp.path(), &mut surveyor, later(0));
        let dir = Dir::open(temp.path()).unwrap();
        assert!(surveyor.is_outdated(&dir), "a change within the same tick may have been missed");
        survey(temp.path(), &mut surveyor, later(1));
        assert!(!surveyor.is_outdated(&dir));
        fs::write(path("access.log"), "12").unwrap();
        assert_eq!(survey(temp.path(), &mut surveyor, later(2)).live[0].bytes, 2);
        fs::write(path("err.log"), "1").unwrap();
        assert!(surveyor.is_outdated(&dir));
        assert_eq!(survey(temp.path(), &mut surveyor, later(3)).live.len(), 2);
        fs::create_dir(path("sub")).unwrap();
        survey(temp.path(), &mut surveyor, later(4));
        survey(temp.path(), &mut surveyor, later(5));
        assert!(!surveyor.is_outdated(&dir));
        fs::write(path("sub/app.log"), "1").unwrap();
        assert_eq!(survey(temp.path(), &mut surveyor, later(6)).live.len(), 3);
    }
}
