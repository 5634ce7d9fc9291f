//! What logshipper reads of a line: when it was written. Lines are JSON objects with `timestamp` first, or text that
//! begins with the time; any other line goes with the one before it.

use chrono::{DateTime, Utc};

/// What a JSON line has before its time.
const JSON: &[u8] = br#"{"timestamp":""#;

/// As much of a line's beginning as can hold its time.
pub const HEAD: usize = 64;

/// When a line was written, in microseconds since 1970, read from its first [`HEAD`] bytes.
pub fn time(head: &[u8]) -> Option<i64> {
    let text = head.strip_prefix(JSON).unwrap_or(head);
    let length = text.iter().take(HEAD).position(|&byte| byte == b'"' || byte == b' ').unwrap_or(text.len().min(HEAD));
    let text = std::str::from_utf8(&text[..length]).ok()?;
    // Most lines that have no time are told from this one byte, before the parser sees them.
    if text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    Some(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc).timestamp_micros())
}

/// A time as web writes it: `2026-07-23T10:11:12.123456Z`.
type Text = [u8; 27];

/// The time of a line, if it is one of such texts.
fn text(line: &[u8]) -> Option<Text> {
    let text = line.strip_prefix(JSON).unwrap_or(line);
    let (text, rest) = text.split_first_chunk::<27>()?;
    let shape = |at: usize, byte: u8| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        19 => byte == b'.',
        26 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    let ended = rest.first().is_none_or(|byte| matches!(byte, b'"' | b' '));
    (ended && text.iter().enumerate().all(|(at, byte)| shape(at, *byte))).then_some(*text)
}

/// The span of the times seen, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The earliest.
    pub first: i64,
    /// The latest.
    pub last: i64,
}

impl Span {
    /// The smallest span that holds both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// The smallest span that holds both, where there are any.
    pub fn around(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.into_iter().chain(other).reduce(Self::join)
    }

    /// The smallest span that holds `span`, if any, and `time`.
    pub fn with(span: Option<Self>, time: i64) -> Self {
        span.map_or(Self { first: time, last: time }, |span| Self { first: span.first.min(time), last: span.last.max(time) })
    }
}

/// Finds the times of lines in bytes that come in pieces.
#[derive(Debug, Default)]
pub struct Times {
    /// The earliest and latest time in the form in which web writes it, whose text is in the order of time: reading each
    /// as a number would cost more than looking for the ends of lines.
    texts: Option<(Text, Text)>,
    /// The beginning of a line whose time isn't known yet.
    head: Vec<u8>,
    /// That beginning has been read; what follows up to the next newline says nothing more.
    read: bool,
    span: Option<Span>,
}

impl Times {
    /// Looks at the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let line = &bytes[..end.unwrap_or(bytes.len())];
            if !self.read {
                self.look(line, end.is_some());
            }
            if end.is_some() {
                self.head.clear();
                self.read = false;
            }
            bytes = end.map_or(&[], |end| &bytes[end + 1..]);
        }
    }

    /// The span of what came since the last call.
    pub fn take_span(&mut self) -> Option<Span> {
        let mut span = self.span.take();
        if let Some((first, last)) = self.texts.take() {
            for found in [first, last].iter().filter_map(|text| time(text)) {
                span = Some(Span::with(span, found));
            }
        }
        span
    }

    fn look(&mut self, line: &[u8], complete: bool) {
        if self.head.is_empty() && (complete || line.len() >= HEAD) {
            self.note(line);
        } else {
            self.head.extend_from_slice(&line[..line.len().min(HEAD - self.head.len())]);
            if !complete && self.head.len() < HEAD {
                return;
            }
            let head = std::mem::take(&mut self.head);
            self.note(&head);
        }
        self.read = true;
    }

    fn note(&mut self, line: &[u8]) {
        if let Some(text) = text(line) {
            let (first, last) = self.texts.unwrap_or((text, text));
            self.texts = Some((first.min(text), last.max(text)));
        } else if let Some(found) = time(line) {
            self.span = Some(Span::with(self.span, found));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_of_lines() {
        let expected = Some(1_784_801_472_123_456);
        assert_eq!(time(br#"{"timestamp":"2026-07-23T10:11:12.123456Z","level":"INFO"}"#), expected);
        assert_eq!(time(b"2026-07-23T10:11:12.123456Z  INFO started"), expected);
        assert_eq!(time(b"2026-07-23T10:11:12.123456Z"), expected);
        assert_eq!(time(b"2026-07-23T12:11:12.123456+02:00 x"), expected);
        for line in [
            "",
            "x",
            "2026-07-23",
            "2026-99-23T10:11:12Z",
            r#"{"level":"INFO","timestamp":"2026-07-23T10:11:12Z"}"#,
            "\u{fe0f}…T",
        ] {
            assert_eq!(time(line.as_bytes()), None, "{line}");
        }
        assert_eq!(time(&[0xff; 100]), None);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(cuts in prop::collection::vec(0_usize..400, 0..12)) {
            let text = "2026-07-23T10:11:12.000001Z a\n  continued \n\n{\"timestamp\":\"2026-07-23T10:11:12.000009Z\",\"a\":\"2027-07-23T10:11:12Z\"}\n\
                        2026-07-23T10:11:12.000005Z a very long line of which only the beginning is looked at, at least in pieces\n2026-07-23T10:11:11.9999".as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let mut times = Times::default();
            for pair in cuts.windows(2) {
                times.feed(&text[pair[0]..pair[1]]);
            }
            prop_assert_eq!(times.take_span().unwrap(), Span { first: 1_784_801_472_000_001, last: 1_784_801_472_000_009 });
        }
    }
}
