//! Time and level of a line: of a JSON object, of `key=value` pairs, or of text that begins with its time. A line that has
//! neither continues the one before it.

mod json;
pub mod level;
pub mod time;

use std::borrow::Cow;

use runtime::logging::LogLevel;

/// The beginning of web's JSON lines.
const JSON: &[u8] = br#"{"timestamp":""#;
/// The part of a text line in which its time is searched.
const PREFIX: usize = 512;

/// The names of the fields that hold time and level, instead of the common ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fields<'a> {
    /// The field with the time.
    pub time: Option<&'a str>,
    /// The field with the level.
    pub level: Option<&'a str>,
}

impl Fields<'_> {
    fn is_time(&self, name: &str) -> bool {
        const COMMON: [&str; 12] = [
            "timestamp",
            "time",
            "@timestamp",
            "ts",
            "t",
            "@t",
            "asctime",
            "datetime",
            "date",
            "eventTime",
            "timeMillis",
            "instant",
        ];
        self.time.map_or_else(|| COMMON.iter().any(|common| name.eq_ignore_ascii_case(common)), |time| name == time)
    }

    fn is_level(&self, name: &str) -> bool {
        const COMMON: [&str; 10] =
            ["level", "severity", "lvl", "levelname", "log.level", "loglevel", "@l", "severity_text", "severityText", "log"];
        self.level.map_or_else(|| COMMON.iter().any(|common| name.eq_ignore_ascii_case(common)), |level| name == level)
    }
}

/// Time and level of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// The time, in microseconds since 1970.
    pub time: Option<i64>,
    /// The level.
    pub level: Option<LogLevel>,
}

/// Time and level of `line`, as far as they are understood.
pub fn head(line: &[u8], fields: &Fields<'_>) -> Head {
    // Most lines that continue another are indented or empty.
    if line.first().is_none_or(u8::is_ascii_whitespace) {
        return Head::default();
    }
    if line.first() == Some(&b'{') {
        let found = json::head(line, fields);
        if found != Head::default() || line.get(1) == Some(&b'"') {
            return found;
        }
    }
    let text = without_colors(&line[..line.len().min(PREFIX)]);
    if has_fields(&text) {
        return pairs(&without_colors(line), fields);
    }
    let mut found = Head::default();
    let mut text = &text[..];
    // Syslog's priority, whose last three bits are the severity, and RFC 5424's version.
    if let Some((priority, rest)) = priority(text) {
        found.level = level::numbered(priority & 7);
        text = rest;
    }
    // klog's first letter is its level.
    let letter = text.first().copied().filter(|_| text.get(1).is_some_and(u8::is_ascii_digit));
    let text = text.strip_prefix(b"[").unwrap_or(text);
    if let Some((time, rest)) = time::at_beginning(text).or_else(|| access_log(text)) {
        let letter = letter.and_then(|letter| match letter {
            b'E' | b'F' => Some(LogLevel::Error),
            b'W' => Some(LogLevel::Warn),
            b'I' => Some(LogLevel::Info),
            _ => None,
        });
        found.time = Some(time);
        let rest = rest.strip_prefix(b"]").unwrap_or(rest);
        found.level = found.level.or(letter).or_else(|| level::in_text(rest));
    } else if let Some(rest) = time::behind_time_of_day(text) {
        found.level = level::in_text(rest);
    } else {
        found.level = found.level.or_else(|| level::at_beginning(text));
    }
    found
}

/// The time of a line, in microseconds since 1970.
pub fn time(line: &[u8]) -> Option<i64> {
    // web's own lines need no parser of JSON.
    match line.strip_prefix(JSON).and_then(time::at_beginning) {
        Some((time, _)) => Some(time),
        None => head(line, &Fields::default()).time,
    }
}

/// `<34>` or `<165>1 `.
fn priority(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.strip_prefix(b"<")?;
    let end = digits.iter().take(4).position(|byte| *byte == b'>')?;
    let priority = std::str::from_utf8(&digits[..end]).ok()?.parse().ok()?;
    let rest = &digits[end + 1..];
    Some((priority, rest.strip_prefix(b"1 ").unwrap_or(rest)))
}

/// The time of an access log's line: in brackets, behind the client and the user.
fn access_log(text: &[u8]) -> Option<(i64, &[u8])> {
    memchr::memchr_iter(b'[', text).find_map(|at| time::at_beginning(&text[at + 1..]).filter(|_| text.get(at + 3) == Some(&b'/')))
}

/// A line as text, without the escape sequences that colour it.
pub fn plain_text(line: &[u8]) -> String {
    String::from_utf8_lossy(&without_colors(line)).into_owned()
}

/// The text without the escape sequences that colour it.
fn without_colors(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(0x1b, text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match behind.strip_prefix(b"[").filter(|_| *byte == 0x1b) {
            Some(sequence) => {
                let end = sequence.iter().position(|byte| (0x40..=0x7e).contains(byte)).map_or(sequence.len(), |end| end + 1);
                rest = &sequence[end..];
            }
            None => plain.push(*byte),
        }
    }
    Cow::Owned(plain)
}

/// Checks whether a line begins with `name=`.
fn has_fields(text: &[u8]) -> bool {
    let name = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'@' | b'-')).count();
    name > 0 && text.get(name) == Some(&b'=')
}

/// Time and level of `key=value` pairs, the values in quotes or not.
fn pairs(line: &[u8], fields: &Fields<'_>) -> Head {
    let mut found = Head::default();
    let mut rest = line;
    while found.time.is_none() || found.level.is_none() {
        rest = rest.trim_ascii_start();
        let Some(at) = rest.iter().position(|byte| matches!(byte, b'=' | b' ')) else { break };
        let (name, behind) = (&rest[..at], &rest[at + 1..]);
        if rest[at] == b' ' {
            rest = behind;
            continue;
        }
        let (value, behind) = match behind.strip_prefix(b"\"") {
            Some(quoted) => quoted.split_at(end_of_quotes(quoted)),
            None => behind.split_at(behind.iter().position(|byte| *byte == b' ').unwrap_or(behind.len())),
        };
        rest = behind.strip_prefix(b"\"").unwrap_or(behind);
        let name = String::from_utf8_lossy(name);
        if fields.is_time(&name) {
            let number = || time::numeric(std::str::from_utf8(value).ok()?.parse().ok()?);
            found.time = found.time.or_else(|| time::at_beginning(value).map(|(time, _)| time).or_else(number));
        } else if fields.is_level(&name) {
            found.level = found.level.or_else(|| level::named(value));
        }
    }
    found
}

/// The position of the quotation mark that ends a value.
fn end_of_quotes(quoted: &[u8]) -> usize {
    let mut escaped = false;
    let ends = |byte: &u8| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    };
    quoted.iter().position(ends).unwrap_or(quoted.len())
}

/// A time in web's form: `2026-07-23T10:11:12.123456Z`.
type Text = [u8; 27];

/// The time of a line in that form.
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
    // Texts in web's form are in the order of time, and comparing them is cheaper than parsing each.
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
    fn span_covers_all_lines() {
        let text = "2026-07-23T10:11:12.000001Z a\n  continued \n\n{\"timestamp\":\"2026-07-23T10:11:12.000009Z\",\"a\":\"2027-07-23T10:11:12Z\"}\n\
                        2026-07-23T10:11:12.000005Z a long line\n2026-07-23 10:11:11,9 another form".as_bytes();
        assert_eq!(span(text).unwrap(), Span { first: 1_784_801_471_900_000, last: 1_784_801_472_000_009 });
        assert_eq!(span(b""), None);
    }
}
