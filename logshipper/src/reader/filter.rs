//! Selection of lines by time, level and pattern.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use regex::bytes::Regex;
use runtime::logging::LogLevel;

use crate::line::{self, Fields, Span};

/// The lines to print
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct Filter {
    /// Only lines from this time on: 2h, '5 minutes ago', today, 'yesterday 10:00', 10:00, 2026-07-23, 2026-07-23T10:11, or as a log line has it (UTC)
    #[arg(long, value_parser = time, allow_hyphen_values = true)]
    pub since: Option<DateTime<Utc>>,
    /// Only lines before this time
    #[arg(long, value_parser = time, allow_hyphen_values = true)]
    pub until: Option<DateTime<Utc>>,
    /// Only lines at least this severe: error, warn, info, debug or trace
    #[arg(long, value_parser = level, ignore_case = true)]
    pub level: Option<LogLevel>,
    /// Only lines that match this regular expression
    #[arg(long, value_parser = pattern)]
    pub grep: Option<Regex>,
    /// Field that holds the time of a JSON or logfmt line, instead of the common ones
    #[arg(long)]
    pub time_field: Option<String>,
    /// Field that holds the level of a JSON or logfmt line, instead of the common ones
    #[arg(long)]
    pub level_field: Option<String>,
    /// The difference between clocks that the names of archived segments are trusted with; a day without it.
    #[arg(skip)]
    pub clock: Option<TimeDelta>,
}

impl Filter {
    /// Returns true if a part of the lines may be left out by their times.
    pub fn has_range(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Returns true if the times that logshipper indexes are the ones to select by.
    pub fn uses_index(&self) -> bool {
        self.has_range() && self.time_field.is_none()
    }

    /// Returns true if lines of these times are wanted.
    pub fn overlaps(&self, span: Span) -> bool {
        self.since.is_none_or(|since| span.last >= since.timestamp_micros())
            && self.until.is_none_or(|until| span.first < until.timestamp_micros())
    }

    /// The names of the fields with time and level.
    pub fn fields(&self) -> Fields<'_> {
        Fields { time: self.time_field.as_deref(), level: self.level_field.as_deref() }
    }

    /// Checks whether `line` with this context is wanted. One whose time or level isn't understood is, and is counted.
    pub fn wants(&self, line: &[u8], context: &mut Context) -> bool {
        if self.has_range() && context.time.is_some_and(|time| !self.overlaps(Span { first: time, last: time })) {
            return false;
        }
        if self.level.zip(context.level).is_some_and(|(wanted, found)| found > wanted) {
            return false;
        }
        if self.grep.as_ref().is_some_and(|pattern| !pattern.is_match(line.strip_suffix(b"\r").unwrap_or(line))) {
            return false;
        }
        context.without_time += u64::from(self.has_range() && context.time.is_none());
        context.without_level += u64::from(self.level.is_some() && context.level.is_none());
        true
    }
}

/// Time and level of the event that a line belongs to: of its own, or of the line that it continues.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// The time, in microseconds since 1970.
    pub time: Option<i64>,
    /// The level.
    pub level: Option<LogLevel>,
    /// Lines that were wanted although a time range was given and their time isn't known.
    pub without_time: u64,
    /// Lines that were wanted although a level was given and theirs isn't known.
    pub without_level: u64,
    /// Lines too long to be searched for the pattern as a whole.
    pub searched_partly: u64,
}

impl Context {
    /// Takes in a line's own time and level.
    pub fn read(&mut self, line: &[u8], fields: &Fields<'_>) {
        let head = line::head(line, fields);
        if head.time.is_some() || head.level.is_some() {
            self.time = head.time.or(self.time);
            self.level = head.level;
        }
    }
}

fn level(text: &str) -> Result<LogLevel, &'static str> {
    line::level::named(text.as_bytes()).ok_or("must be error, warn, info, debug or trace")
}

fn pattern(text: &str) -> Result<Regex, String> {
    // The parser's explanation is a drawing of several lines that ends with the reason.
    Regex::new(text).map_err(|error| {
        error.to_string().lines().next_back().unwrap_or_default().replace("error: ", "invalid regular expression: ")
    })
}

/// Reads a time as people type it, or as a log line has it.
pub fn time(text: &str) -> Result<DateTime<Utc>, &'static str> {
    time_at(text.trim(), Utc::now())
        .ok_or("must be 2h, '5 minutes ago', today, 'yesterday 10:00', or a time (UTC) such as 10:00, 2026-07-23, 2026-07-23T10:11 or 2026-07-23T10:11:12Z")
}

fn time_at(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(ago) = runtime::settings::duration(text.strip_suffix("ago").unwrap_or(text).trim_start_matches('-').trim()) {
        return now.checked_sub_signed(TimeDelta::from_std(ago).ok()?);
    }
    let of_day = |text: &str| ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok());
    let today = now.date_naive();
    // The latest such time of day that isn't in the future.
    if let Some(time) = of_day(text) {
        let time = today.and_time(time).and_utc();
        return if time <= now { Some(time) } else { time.checked_sub_days(Days::new(1)) };
    }
    let (day, rest) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let day = match day.to_ascii_lowercase().as_str() {
        "now" => return Some(now),
        "today" => Some(today),
        "yesterday" => today.checked_sub_days(Days::new(1)),
        _ => NaiveDate::parse_from_str(day, "%Y-%m-%d").ok(),
    };
    if let Some(time) = day.zip(of_day(rest)) {
        return Some(time.0.and_time(time.1).and_utc());
    }
    let (micros, rest) = line::time::at_beginning(text.as_bytes())?;
    DateTime::from_timestamp_micros(micros).filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_are_read_in_common_forms() {
        let now: DateTime<Utc> = "2026-07-23T12:30:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-07-23T10:11:00Z", "2026-07-23T10:11:00Z"),
            ("2026-07-23T10:11", "2026-07-23T10:11:00Z"),
            ("2026-07-23 10:11", "2026-07-23T10:11:00Z"),
            ("2026-07-23T10:11:00", "2026-07-23T10:11:00Z"),
            ("2026-07-23T12:11:00+02:00", "2026-07-23T10:11:00Z"),
            ("2026-07-23", "2026-07-23T00:00:00Z"),
            ("2h", "2026-07-23T10:30:00Z"),
            ("5 minutes ago", "2026-07-23T12:25:00Z"),
            ("1h 30m ago", "2026-07-23T11:00:00Z"),
            ("today", "2026-07-23T00:00:00Z"),
            ("Yesterday", "2026-07-22T00:00:00Z"),
            ("yesterday 10:00", "2026-07-22T10:00:00Z"),
            ("-5m", "2026-07-23T12:25:00Z"),
            ("2026-07-23T12:11:00.5+02:00", "2026-07-23T10:11:00.5Z"),
            ("2026/07/23 10:11:12", "2026-07-23T10:11:12Z"),
            ("23/Jul/2026:12:11:12 +0200", "2026-07-23T10:11:12Z"),
            ("10:00", "2026-07-23T10:00:00Z"),
            ("23:59:30", "2026-07-22T23:59:30Z"),
        ] {
            assert_eq!(time_at(text, now).unwrap(), expected.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
        for text in
            ["", "ago", "-", "tomorrow", "99999999y", "2026-13-01", "2026-07-23T", "2026-07-23T10:11:12Z x", "today at 10"]
        {
            assert_eq!(time_at(text, now), None, "{text}");
        }
    }

    #[test]
    fn continued_lines_go_with_their_event() {
        let filter =
            Filter { since: Some("2026-07-23T10:00:00Z".parse().unwrap()), level: Some(LogLevel::Warn), ..Filter::default() };
        let mut context = Context::default();
        let wanted = [
            "no time yet",
            "2026-07-23T09:59:59Z ERROR early",
            "  continued",
            "2026-07-23T10:00:00Z  INFO calm",
            "  continued",
            "2026-07-23T10:00:01Z  WARN wanted",
            "  continued",
            "2026-07-23T10:00:02Z unknown level",
        ]
        .map(|line| {
            context.read(line.as_bytes(), &filter.fields());
            filter.wants(line.as_bytes(), &mut context)
        });
        assert_eq!(wanted, [true, false, false, false, false, true, true, true]);
        assert_eq!((context.without_time, context.without_level), (1, 2));
    }
}
