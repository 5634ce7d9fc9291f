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
        let at = Self { first: time, last: time };
        span.map_or(at, |span| span.join(at))
    }
}

/// The span of the times of these lines.
pub fn span(lines: &[u8]) -> Option<Span> {
    // The earliest and latest time in the form in which web writes it, whose text is in the order of time: reading each as a
    // number would cost more than looking for the ends of lines.
    let mut texts: Option<(Text, Text)> = None;
    let (mut span, mut from) = (None, 0);
    for end in memchr::memchr_iter(b'\n', lines).chain([lines.len()]) {
        let line = &lines[from..end];
        from = end + 1;
        if let Some(text) = text(line) {
            let (first, last) = texts.unwrap_or((text, text));
            texts = Some((first.min(text), last.max(text)));
        } else if let Some(found) = time(line) {
            span = Some(Span::with(span, found));
        }
    }
    let ends = texts.into_iter().flat_map(|(first, last)| [first, last]);
    ends.filter_map(|text| time(&text)).fold(span, |span, time| Some(Span::with(span, time)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

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

    #[test]
    fn the_span_of_lines() {
        let text = "2026-07-23T10:11:12.000001Z a\n  continued \n\n{\"timestamp\":\"2026-07-23T10:11:12.000009Z\",\"a\":\"2027-07-23T10:11:12Z\"}\n\
                        2026-07-23T10:11:12.000005Z a very long line of which only the beginning is looked at, at least in pieces\n2026-07-23T10:11:11.9999".as_bytes();
        assert_eq!(span(text).unwrap(), Span { first: 1_784_801_472_000_001, last: 1_784_801_472_000_009 });
        assert_eq!(span(b""), None);
    }
}
