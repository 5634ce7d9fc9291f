//! Which lines a reader wants: by time, level and pattern.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use regex::bytes::Regex;
use runtime::logging::LogLevel;

use crate::line::{self, Span};

/// The level of a line: of JSON's `level`, or the word behind the time.
pub fn level(line: &[u8]) -> Option<LogLevel> {
    let head = &line[..line.len().min(256)];
    let word = match memchr::memmem::find(head, br#""level":""#) {
        Some(at) => &head[at + 9..],
        None => head.split_at_checked(head.iter().position(|&byte| byte == b' ')?)?.1.trim_ascii_start(),
    };
    let end = word.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(word.len());
    match &word[..end] {
        b"ERROR" => Some(LogLevel::Error),
        b"WARN" => Some(LogLevel::Warn),
        b"INFO" => Some(LogLevel::Info),
        b"DEBUG" => Some(LogLevel::Debug),
        b"TRACE" => Some(LogLevel::Trace),
        _ => None,
    }
}

/// The lines that a reader wants. A line without a time or level of its own goes with the one before it.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct Filter {
    /// Only lines from this time on: a length of time ago (2h, 30m), or 2026-07-23, 2026-07-23T10:11 or RFC 3339 (UTC)
    #[arg(long, value_parser = time)]
    pub since: Option<DateTime<Utc>>,
    /// Only lines before this time
    #[arg(long, value_parser = time)]
    pub until: Option<DateTime<Utc>>,
    /// Only lines at least this severe
    #[arg(long, value_enum)]
    pub level: Option<LogLevel>,
    /// Only lines that match this regular expression
    #[arg(long, value_parser = pattern)]
    pub grep: Option<Regex>,
}

impl Filter {
    /// Whether lines of these times may be wanted.
    pub fn overlaps(&self, span: Span) -> bool {
        self.since.is_none_or(|since| span.last >= since.timestamp_micros())
            && self.until.is_none_or(|until| span.first < until.timestamp_micros())
    }

    /// Whether `line` is wanted; `context` is what the lines before it said.
    pub fn wants(&self, line: &[u8], context: &mut Context) -> bool {
        context.time = line::time(line).or(context.time);
        context.level = level(line).or(context.level);
        let by_time = (self.since.is_none() && self.until.is_none())
            || context.time.is_some_and(|time| self.overlaps(Span { first: time, last: time }));
        let by_level = self.level.is_none_or(|wanted| context.level.is_some_and(|found| found <= wanted));
        by_time && by_level && self.grep.as_ref().is_none_or(|pattern| pattern.is_match(line))
    }
}

/// What the lines so far said of themselves, for those that say nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// The last time, in microseconds since 1970.
    pub time: Option<i64>,
    level: Option<LogLevel>,
}

fn pattern(text: &str) -> Result<Regex, String> {
    // The parser's explanation is a drawing of several lines that ends with the reason.
    Regex::new(text)
        .map_err(|error| error.to_string().lines().next_back().unwrap_or_default().replace("error: ", "no regular expression: "))
}

fn time(text: &str) -> Result<DateTime<Utc>, &'static str> {
    if let Ok(ago) = runtime::settings::duration(text) {
        return chrono::TimeDelta::from_std(ago).ok().and_then(|ago| Utc::now().checked_sub_signed(ago)).ok_or("too long ago");
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc));
    }
    let text = text.replacen(' ', "T", 1);
    let time = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"].iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    let midnight = || NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    time.or_else(midnight)
        .map(|time| time.and_utc())
        .ok_or("accepted is a length of time ago such as 2h, or a time (UTC) such as 2026-07-23, 2026-07-23T10:11 or 2026-07-23T10:11:12Z")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_in_several_forms() {
        let expected: DateTime<Utc> = "2026-07-23T10:11:00Z".parse().unwrap();
        for text in
            ["2026-07-23T10:11:00Z", "2026-07-23T10:11", "2026-07-23 10:11", "2026-07-23T10:11:00", "2026-07-23T12:11:00+02:00"]
        {
            assert_eq!(time(text), Ok(expected), "{text}");
        }
        assert_eq!(time("2026-07-23"), Ok("2026-07-23T00:00:00Z".parse().unwrap()));
        let ago = time("2h").unwrap();
        assert!((Utc::now() - ago).num_minutes() >= 120);
        assert!(time("yesterday").is_err() && time("").is_err() && time("99999999y").is_err());
    }

    #[test]
    fn levels_of_lines() {
        assert_eq!(level(br#"{"timestamp":"2026-07-23T10:11:12Z","level":"WARN","message":"x"}"#), Some(LogLevel::Warn));
        assert_eq!(level(b"2026-07-23T10:11:12.000000Z  INFO logshipper: started"), Some(LogLevel::Info));
        assert_eq!(level(b"2026-07-23T10:11:12.000000Z ERROR"), Some(LogLevel::Error));
        for line in ["", "x", "  INFORMATION", "a b"] {
            assert_eq!(level(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_line_without_time_or_level_goes_with_the_one_before() {
        let filter =
            Filter { since: Some("2026-07-23T10:00:00Z".parse().unwrap()), level: Some(LogLevel::Warn), ..Filter::default() };
        let mut context = Context::default();
        let wanted = [
            "no time yet",
            "2026-07-23T09:59:59Z ERROR early",
            "  continued",
            "2026-07-23T10:00:00Z  INFO calm",
            "2026-07-23T10:00:01Z  WARN wanted",
            "  continued",
        ]
        .map(|line| filter.wants(line.as_bytes(), &mut context));
        assert_eq!(wanted, [false, false, false, false, true, true]);
    }
}
