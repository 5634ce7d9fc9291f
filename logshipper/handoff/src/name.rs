//! Names: a live file is `<stream>.log`, a segment `<stream>.<sequence, 6 digits>.<UTC time>.log`, with `.gz` behind it
//! once it is compressed. The order of segments is their sequence number, never the clock's.
//!
//! Programs that rotate by themselves name the files that they have closed in their own ways, such as `app.log.1` or
//! `app-2026-11-20.log`: these are rolled files of the stream `app`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";
const MAX_STREAM_LENGTH: usize = 128;
const SEQUENCE_DIGITS: usize = 6;
/// Endings of live files other than `.log`; they are part of the stream's name.
const OTHER_ENDINGS: [&str; 5] = ["out", "err", "txt", "json", "jsonl"];

/// Returns true if names of pods and buckets may have this character.
pub fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// The name of a stream, such as `access` or `sub/my.service`: its live file's path without the ending `.log`, or with one of the
/// endings `.out`, `.err`, `.txt`, `.json` and `.jsonl`. 1 to 128 ASCII letters, digits, `_`, `-`, `.` or `/`; no part of the path
/// begins with `.` or `-`, and the name is neither that of a segment nor that of a rolled file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream(String);

/// A text that is no stream's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a stream's name is 1 to {MAX_STREAM_LENGTH} ASCII letters, digits, _, -, . or /, no part of it begins with . or -, and it is not that of a rotated file"
)]
pub struct BadStream;

impl Stream {
    /// The name without the ending `.log`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the stream's live file.
    pub fn live_name(&self) -> String {
        if has_other_ending(&self.0) { self.0.clone() } else { format!("{self}.log") }
    }

    /// The stream of this name, whatever else the name may stand for.
    fn new(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let is_part = |part: &str| !part.is_empty() && !part.starts_with(['-', '.']) && part.bytes().all(allowed);
        (name.len() <= MAX_STREAM_LENGTH && name.split('/').all(is_part)).then(|| Self(name.to_owned()))
    }
}

fn has_other_ending(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && OTHER_ENDINGS.contains(&ending))
}

impl FromStr for Stream {
    type Err = BadStream;

    fn from_str(text: &str) -> Result<Self, BadStream> {
        let stream = Self::new(text).ok_or(BadStream)?;
        if FileName::parse(&stream.live_name()) == Some(FileName::Live(stream.clone())) { Ok(stream) } else { Err(BadStream) }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One closed piece of a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment {
    /// The stream that it is a piece of.
    pub stream: Stream,
    /// Its place in the stream, from 1.
    pub sequence: u64,
    /// The time it was closed, by its node's clock, in whole seconds. For people; decides nothing.
    pub time: DateTime<Utc>,
}

impl Segment {
    /// The segment of `stream` with this place, closed at `time`.
    pub fn new(stream: Stream, sequence: u64, time: DateTime<Utc>) -> Self {
        Self { stream, sequence, time: time.trunc_subsecs(0) }
    }

    /// The name of the segment's file in this form.
    pub fn name(&self, form: Form) -> String {
        let ending = match form {
            Form::Plain => "log",
            Form::Gz => "log.gz",
        };
        format!("{}.{:0SEQUENCE_DIGITS$}.{}.{ending}", self.stream, self.sequence, self.time.format(TIME_FORMAT))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name(Form::Plain))
    }
}

/// The two forms of a segment's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// As it was written.
    Plain,
    /// Compressed.
    Gz,
}

/// Kind of a file in a pod's directory, by its path in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileName {
    /// The file that writers append to.
    Live(Stream),
    /// A closed piece of a stream.
    Segment(Segment, Form),
    /// A file that a program has closed, or is writing, which rotates by itself.
    Rolled(Rolled),
}

/// A file of a program that rotates by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rolled {
    /// Its stream.
    pub stream: Stream,
    /// Its form.
    pub form: Form,
    /// The number in a name without a date: its program renames it again as more files follow.
    pub number: Option<u16>,
}

impl FileName {
    /// Reads a file's path; `None` for one that is no file of a stream.
    pub fn parse(name: &str) -> Option<Self> {
        let (plain, form) = name.strip_suffix(".gz").map_or((name, Form::Plain), |plain| (plain, Form::Gz));
        if let Some(segment) = segment(plain) {
            return Some(Self::Segment(segment, form));
        }
        if let Some((stream, number)) = rolled(plain) {
            return Some(Self::Rolled(Rolled { stream, form, number }));
        }
        let stem = plain.strip_suffix(".log").unwrap_or(plain);
        let is_time = |(_, last): (&str, &str)| NaiveDateTime::parse_from_str(last, TIME_FORMAT).is_ok();
        let stream = Stream::new(stem).filter(|_| form == Form::Plain && !stem.rsplit_once('.').is_some_and(is_time))?;
        (stream.live_name() == name).then_some(Self::Live(stream))
    }
}

fn segment(name: &str) -> Option<Segment> {
    let mut parts = name.strip_suffix(".log")?.rsplitn(3, '.');
    let (time, sequence, stream) = (parts.next()?, parts.next()?.parse().ok()?, Stream::new(parts.next()?)?);
    let time = NaiveDateTime::parse_from_str(time, TIME_FORMAT).ok()?.and_utc();
    let segment = Segment { stream, sequence, time };
    // One name a segment: the number parser also takes "+1" and "0000001", the time parser other widths.
    (segment.name(Form::Plain) == name).then_some(segment)
}

/// The stream of a rolled file, and its number if its name has no date.
fn rolled(name: &str) -> Option<(Stream, Option<u16>)> {
    let directory = name.rfind('/').map_or(0, |slash| slash + 1);
    let separators = |text: &str| text.match_indices(['.', '-', '_']).map(|(at, _)| at).collect::<Vec<_>>();
    // app.log.1, app.log.2026-11-20, catalina.out-20261120
    for at in separators(&name[directory..]).into_iter().map(|at| directory + at) {
        let (live, tail) = (&name[..at], &name[at + 1..]);
        let Some(stem) = live.strip_suffix(".log").or_else(|| has_other_ending(live).then_some(live)) else { continue };
        if number(tail).is_some() || is_date(tail) {
            return Stream::new(stem).map(|stream| (stream, number(tail)));
        }
    }
    // app-2026-11-20.log, app.2026-11-20.0.log, app.1.log
    let stem = name.strip_suffix(".log")?;
    for at in separators(&stem[directory..]).into_iter().map(|at| directory + at) {
        let tail = &stem[at + 1..];
        if is_date(tail) || (number(tail).is_some() && stem[at..].starts_with('.')) {
            return Stream::new(&stem[..at]).map(|stream| (stream, number(tail)));
        }
    }
    None
}

/// The number of a rolled file, if a name's end is one.
fn number(tail: &str) -> Option<u16> {
    let is_number = (1..=3).contains(&tail.len()) && tail.bytes().all(|byte| byte.is_ascii_digit());
    tail.parse().ok().filter(|_| is_number)
}

/// Returns true if a name's end is a date, or seconds since 1970, with or without a time and a number behind it.
fn is_date(tail: &str) -> bool {
    let groups: Vec<_> = tail.split(['-', '_', '.', 'T', ':']).collect();
    let is_year = |group: &str| group.starts_with("19") || group.starts_with("20");
    let begins = match groups[..] {
        [year, month, ..] if year.len() == 4 && month.len() == 2 => is_year(year),
        [day, month, year, ..] if day.len() == 2 && month.len() == 2 && year.len() == 4 => is_year(year),
        [first, ..] if matches!(first.len(), 8 | 12 | 14) => is_year(first),
        // Seconds since 1970, or a date with its hour.
        [first, ..] => first.len() == 10,
        [] => false,
    };
    begins && groups.len() <= 8 && groups.iter().all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn segment() -> impl Strategy<Value = Segment> {
        // Seconds from 1970 to the end of 9999, which is what four digits of a year can hold.
        ("[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", any::<u64>(), 0..253_402_300_800_i64).prop_map(|(stream, sequence, seconds)| {
            Segment::new(stream.parse().unwrap(), sequence, DateTime::from_timestamp(seconds, 5).unwrap())
        })
    }

    proptest! {
        #[test]
        fn formatted_segment_name_parses_back(segment in segment(), gz: bool) {
            let form = if gz { Form::Gz } else { Form::Plain };
            let name = segment.name(form);
            prop_assert_eq!(FileName::parse(&name), Some(FileName::Segment(segment, form)));
        }

        #[test]
        fn live_name_round_trips_and_is_no_segment(stream in "[A-Za-z0-9_][A-Za-z0-9_-]{0,63}") {
            let stream: Stream = stream.parse().unwrap();
            prop_assert_eq!(FileName::parse(&stream.live_name()), Some(FileName::Live(stream)));
        }

        #[test]
        fn parsed_names_round_trip(name in "[a-c.+0-9TZ/-]{0,12}(\\.0{0,5}[0-9]{1,7})?(\\.[0-9]{8}T[0-9]{6}Z)?\\.(log|out)(\\.gz)?") {
            match FileName::parse(&name) {
                Some(FileName::Live(stream)) => {
                    prop_assert_eq!(stream.live_name(), name);
                    prop_assert_eq!(stream.as_str().parse(), Ok(stream));
                }
                Some(FileName::Segment(segment, form)) => prop_assert_eq!(segment.name(form), name),
                Some(FileName::Rolled(rolled)) => prop_assert!(name.starts_with(rolled.stream.as_str())),
                None => {}
            }
        }
    }

    #[test]
    fn live_files_of_other_programs_are_streams() {
        for (name, stream) in [
            ("my.service.log", "my.service"),
            ("catalina.out", "catalina.out"),
            ("sub/app.log", "sub/app"),
            ("a/b/stdout.json", "a/b/stdout.json"),
            ("worker-1.log", "worker-1"),
            ("v2.1-rc.log", "v2.1-rc"),
        ] {
            assert_eq!(FileName::parse(name), Some(FileName::Live(Stream(stream.into()))), "{name}");
        }
    }

    #[test]
    fn rolled_files_belong_to_their_stream() {
        for (name, stream, number) in [
            ("app.log.1", "app", Some(1)),
            ("app.1.log", "app", Some(1)),
            ("sub/my-app.log.12", "sub/my-app", Some(12)),
            ("app.log.2026-11-20", "app", None),
            ("app.log.2026-11-20_10-30", "app", None),
            ("access.log.1732060800", "access", None),
            ("app.log-20261120", "app", None),
            ("app-2026-11-20.log", "app", None),
            ("my-app_20261120.log", "my-app", None),
            ("app.2026-11-20.0.log", "app", None),
            ("app-11-20-2026-3.log", "app", None),
            ("catalina.2026-11-20.log", "catalina", None),
            ("catalina.out.2026-11-20", "catalina.out", None),
            ("access.2026-11-20-10_00.log", "access", None),
        ] {
            let rolled = |form| Some(FileName::Rolled(Rolled { stream: Stream(stream.into()), form, number }));
            assert_eq!(FileName::parse(name), rolled(Form::Plain), "{name}");
            assert_eq!(FileName::parse(&format!("{name}.gz")), rolled(Form::Gz), "{name}");
        }
        assert!("app-2026-11-20".parse::<Stream>().is_err());
    }

    #[test]
    fn file_name_outside_the_contract_is_none() {
        for name in [
            "",
            ".log",
            "access",
            "access.log.gz",
            "x.out.log",
            "-a.log",
            "a b.log",
            "../a.log",
            "a/../b.log",
            "/a.log",
            "a//b.log",
            "a/.b.log",
            "ä.log",
            "a\n.log",
            "access.1.20260723T101112Z.log",
            "access.0000001.20260723T101112Z.log",
            "access.+00001.20260723T101112Z.log",
            "access.000001.20261323T101112Z.log.gz",
            "access.000001.20260723T101112Z.log.gz.gz",
            ".access.000001.20260723T101112Z.log",
            "access.000001.20260723T101112Z.x.log.gz",
        ] {
            assert_eq!(FileName::parse(name), None, "{name:?}");
        }
        assert!("a".repeat(129).parse::<Stream>().is_err());
    }

    #[test]
    fn sequence_grows_past_six_digits() {
        let name = "access.1000000.20260723T101112Z.log.gz";
        assert!(matches!(FileName::parse(name), Some(FileName::Segment(Segment { sequence: 1_000_000, .. }, Form::Gz))));
    }
}
