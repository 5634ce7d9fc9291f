//! Names: a live file is `<stream>.log`, a segment `<stream>.<sequence, 6 digits>.<UTC time>.log`, with `.gz` behind it
//! once it is compressed. The order of segments is their sequence number, never the clock's.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";
const MAX_STREAM_LENGTH: usize = 64;
const SEQUENCE_DIGITS: usize = 6;

/// Returns true if names of pods and buckets may have this character.
pub fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

/// The name of a stream, such as `access`: 1 to 64 ASCII letters, digits, `_` or `-`, the first of them no `-`.
/// Having no dot in it is what keeps segments apart from live files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream(String);

/// A text that is no stream's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stream's name is 1 to {MAX_STREAM_LENGTH} ASCII letters, digits, _ or -, and begins with no -")]
pub struct BadStream;

impl Stream {
    /// The name without an ending.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the stream's live file.
    pub fn live_name(&self) -> String {
        format!("{self}.log")
    }
}

impl FromStr for Stream {
    type Err = BadStream;

    fn from_str(text: &str) -> Result<Self, BadStream> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let good = (1..=MAX_STREAM_LENGTH).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(allowed);
        if good { Ok(Self(text.to_owned())) } else { Err(BadStream) }
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

/// Kind of a file in a pod's directory, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileName {
    /// The file that writers append to.
    Live(Stream),
    /// A closed piece of a stream.
    Segment(Segment, Form),
}

impl FileName {
    /// Reads a file's name; `None` for one that is not of this contract.
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, form) = match name.strip_suffix(".gz") {
            Some(plain) => (plain.strip_suffix(".log")?, Form::Gz),
            None => (name.strip_suffix(".log")?, Form::Plain),
        };
        let mut parts = stem.split('.');
        let stream: Stream = parts.next()?.parse().ok()?;
        let parsed = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) if form == Form::Plain => Self::Live(stream),
            (Some(sequence), Some(time), None) => {
                let sequence = sequence.parse().ok()?;
                let time = NaiveDateTime::parse_from_str(time, TIME_FORMAT).ok()?.and_utc();
                Self::Segment(Segment { stream, sequence, time }, form)
            }
            _ => return None,
        };
        // One name a segment: the number parser also takes "+1" and "0000001", the time parser other widths.
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live(stream) => f.write_str(&stream.live_name()),
            Self::Segment(segment, form) => f.write_str(&segment.name(*form)),
        }
    }
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
        fn a_formatted_segment_is_read_back(segment in segment(), gz: bool) {
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
        fn parsed_names_round_trip(name in "[a-c.+0-9TZ-]{0,12}(\\.0{0,5}[0-9]{1,7})?(\\.[0-9]{8}T[0-9]{6}Z)?\\.log(\\.gz)?") {
            if let Some(parsed) = FileName::parse(&name) {
                prop_assert_eq!(parsed.to_string(), name);
            }
        }
    }

    #[test]
    fn file_name_outside_the_contract_is_none() {
        for name in [
            "",
            ".log",
            "access",
            "access.log.gz",
            "access.log.1",
            "-a.log",
            "a b.log",
            "../a.log",
            "a/b.log",
            "ä.log",
            "a\n.log",
            "access.000001.log",
            "access.1.20260723T101112Z.log",
            "access.0000001.20260723T101112Z.log",
            "access.+00001.20260723T101112Z.log",
            "access.000001.20261323T101112Z.log",
            "access.000001.20260723T101112.log",
            "access.000001.20260723T101112Z.log.gz.gz",
            ".access.000001.20260723T101112Z.log",
            "access.000001.20260723T101112Z.x.log",
        ] {
            assert_eq!(FileName::parse(name), None, "{name:?}");
        }
        assert!("a".repeat(65).parse::<Stream>().is_err());
    }

    #[test]
    fn the_sequence_grows_past_six_digits() {
        let name = "access.1000000.20260723T101112Z.log.gz";
        assert_eq!(FileName::parse(name).unwrap().to_string(), name);
    }
}
