//! `find`: all lines of one request.

use std::io::{self, Write};

use anyhow::{Context, bail};
use chrono::{DateTime, TimeDelta, Utc};
use regex::bytes::Regex;

use crate::archive::Archive;
use crate::dir::Dir;
use crate::reader::filter::{Filter, time};
use crate::reader::merge::{Request, read};
use crate::reader::pods::Selection;
use crate::reader::print::Style;

/// The time that clocks may differ by.
const BEFORE: TimeDelta = TimeDelta::seconds(10);
/// The time that a request and what it starts may take.
const AFTER: TimeDelta = TimeDelta::minutes(5);

/// Arguments of `find`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Find {
    /// The id: of a request, trace or span, or another text in the lines
    id: String,
    /// Beginning of the time range, as of `cat`; needed if the id doesn't hold its time
    #[arg(long, value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// End of the time range
    #[arg(long, value_parser = time, requires = "since")]
    until: Option<DateTime<Utc>>,
    /// Form of the lines
    #[command(flatten)]
    style: Style,
}

impl Find {
    /// Prints the lines, and returns `false` if there are none or some can't be read.
    pub fn run(&self, root: &Dir, archive: Option<&Archive>, out: &mut impl Write) -> anyhow::Result<bool> {
        let (since, until, clock) = match (self.since, time_of_id(&self.id)) {
            (Some(since), _) => (since, self.until, None),
            (None, Some(time)) => (time - BEFORE, Some(time + AFTER), Some(AFTER)),
            (None, None) => bail!("{}: this id doesn't hold its time; --since says where to begin", self.id),
        };
        let grep = Regex::new(&regex::escape(&self.id)).context("invalid id")?;
        let filter = Filter { since: Some(since), until, grep: Some(grep), clock, ..Filter::default() };
        let selection = Selection { archive, since: Some(since), until, ..Selection::default() };
        let request = Request { selection, filter: &filter, last: None, follow: false };
        let mut out = EmptyCheck { out, is_empty: true };
        let complete = read(root, &request, &self.style.printer(filter.fields()), &mut out)?;
        if out.is_empty {
            let until = until.map_or_else(|| "now".to_owned(), |until| until.to_rfc3339());
            writeln!(io::stderr(), "{}: no line from {} to {until}", self.id, since.to_rfc3339())?;
        }
        Ok(complete && !out.is_empty)
    }
}

/// A writer that knows whether anything was written.
struct EmptyCheck<'a, W> {
    out: &'a mut W,
    is_empty: bool,
}

impl<W: Write> Write for EmptyCheck<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_empty &= bytes.is_empty();
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The time in the first 48 bits of an id of 32 hexadecimal digits, hyphens aside: milliseconds since 1970, as in a UUID of
/// version 7. Another id has a time that was never near.
fn time_of_id(id: &str) -> Option<DateTime<Utc>> {
    let digits: String = id.chars().filter(|digit| *digit != '-').collect();
    let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let millis = i64::from_str_radix(digits.get(..12).filter(|_| is_id)?, 16).ok()?;
    let earliest = DateTime::from_timestamp(1_735_689_600, 0)?;
    DateTime::from_timestamp_millis(millis).filter(|time| (earliest..Utc::now() + TimeDelta::days(1)).contains(time))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ids_of_version_7_hold_their_time() {
        let time = "2026-07-23T10:11:12.123Z".parse::<DateTime<Utc>>().unwrap();
        let id = format!("{:012x}7abc8def0123456789ab", time.timestamp_millis());
        assert_eq!(time_of_id(&id), Some(time));
        assert_eq!(time_of_id(&format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..])), Some(time));
        for id in ["", "7", "0af7651916cd43dd8448eb211c80319c", "ffffffffffffffffffffffffffffffff", &id[..31]] {
            assert_eq!(time_of_id(id), None, "{id}");
        }
    }
}
