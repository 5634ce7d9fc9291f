//! Times at the beginning of a text, in the forms of common loggers, and as numbers. A time without a zone is in UTC.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};

const MONTHS: [&[u8; 3]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// A time in microseconds since 1970, and the text behind it.
type Parsed<'a> = Option<(i64, &'a [u8])>;

/// The time at the beginning of `text`.
pub fn at_beginning(text: &[u8]) -> Parsed<'_> {
    match (text.first()?, text.get(4)?) {
        (b'0'..=b'9', b'-' | b'/') => year_first(text),
        (b'0'..=b'9', _) => day_first(text),
        // klog: I1125 10:11:12.123456
        (b'I' | b'W' | b'E' | b'F', b'0'..=b'9') => {
            let (month, rest) = number(&text[1..], 2)?;
            let (day, rest) = number(rest, 2)?;
            without_year(month, day, rest.strip_prefix(b" ")?)
        }
        _ => month_first(text),
    }
}

/// A number since 1970: in seconds, milliseconds, microseconds or nanoseconds, told apart by its magnitude.
pub fn numeric(number: f64) -> Option<i64> {
    let micros = match number {
        1e8..1e11 => number * 1e6,
        1e11..1e14 => number * 1e3,
        1e14..1e17 => number,
        1e17..1e19 => number / 1e3,
        _ => return None,
    };
    #[allow(clippy::cast_possible_truncation)]
    let whole = micros.round() as i64;
    Some(whole)
}

/// The text behind a time of day without a date, as logback's default has it; the day is unknown.
pub fn behind_time_of_day(text: &[u8]) -> Option<&[u8]> {
    time_of_day(text).map(|(_, rest)| rest).filter(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// `2026-11-25T10:11:12.123Z`, `2026-11-25 10:11:12,123`, `2026/11/25 10:11:12`.
fn year_first(text: &[u8]) -> Parsed<'_> {
    let (year, rest) = number(text, 4)?;
    let (separator, rest) = rest.split_first().filter(|(byte, _)| matches!(byte, b'-' | b'/'))?;
    let (month, rest) = number(rest, 2)?;
    let rest = rest.strip_prefix(&[*separator])?;
    let (day, rest) = number(rest, 2)?;
    let (_, rest) = rest.split_first().filter(|(byte, _)| matches!(byte, b'T' | b't' | b' '))?;
    let (time, rest) = time_of_day(rest)?;
    zoned(NaiveDate::from_ymd_opt(year.cast_signed(), month, day)?, time, rest)
}

/// `25/Nov/2026:10:11:12 +0000`.
fn day_first(text: &[u8]) -> Parsed<'_> {
    let (day, rest) = number(text, 2)?;
    let (month, rest) = month(rest.strip_prefix(b"/")?)?;
    let (year, rest) = number(rest.strip_prefix(b"/")?, 4)?;
    let (time, rest) = time_of_day(rest.strip_prefix(b":")?)?;
    zoned(NaiveDate::from_ymd_opt(year.cast_signed(), month, day)?, time, rest)
}

/// `Nov 25 10:11:12`, `Wed Nov 25 10:11:12.123456 2026`, `Nov 25, 2026 10:11:12 AM`.
fn month_first(text: &[u8]) -> Parsed<'_> {
    let (month, rest) = month(text).or_else(|| month(text.get(3..)?.strip_prefix(b" ")?))?;
    let rest = rest.strip_prefix(b" ")?;
    let (day, rest) = number(rest, 2).or_else(|| number(rest.strip_prefix(b" ").unwrap_or(rest), 1))?;
    if let Some(rest) = rest.strip_prefix(b", ") {
        let (year, rest) = number(rest, 4)?;
        let (mut time, mut rest) = time_of_day(rest.strip_prefix(b" ")?)?;
        let half = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix("\u{202f}".as_bytes()));
        if let Some(behind) = half.and_then(|half| half.strip_prefix(b"AM").or_else(|| half.strip_prefix(b"PM"))) {
            let afternoon = half.is_some_and(|half| half.starts_with(b"PM"));
            let twelve = chrono::Timelike::hour(&time) == 12;
            let hours = i64::from(afternoon) * 12 - i64::from(twelve) * 12;
            time = time.overflowing_add_signed(TimeDelta::hours(hours)).0;
            rest = behind;
        }
        return zoned(NaiveDate::from_ymd_opt(year.cast_signed(), month, day)?, time, rest);
    }
    let rest = rest.strip_prefix(b" ")?;
    let (time, behind) = time_of_day(rest)?;
    if let Some((year, rest)) = behind.strip_prefix(b" ").and_then(|rest| number(rest, 4)) {
        return zoned(NaiveDate::from_ymd_opt(year.cast_signed(), month, day)?, time, rest);
    }
    without_year(month, day, rest)
}

/// The latest such day that is not in the future.
fn without_year(month: u32, day: u32, rest: &[u8]) -> Parsed<'_> {
    let (time, rest) = time_of_day(rest)?;
    let tomorrow = Utc::now() + TimeDelta::days(1);
    let in_year = |year| Some(NaiveDate::from_ymd_opt(year, month, day)?.and_time(time).and_utc());
    // Eight years back there is a 29th of February.
    let found = (0..=8).find_map(|back| in_year(tomorrow.year() - back).filter(|time| *time <= tomorrow))?;
    Some((found.timestamp_micros(), rest))
}

/// `10:11:12`, with a fraction behind a point or a comma.
fn time_of_day(text: &[u8]) -> Option<(NaiveTime, &[u8])> {
    let (hour, rest) = number(text, 2).or_else(|| number(text, 1))?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (mut nanos, mut rest) = (0, rest);
    if let Some(digits) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count > 0 {
            nanos = digits[..count.min(9)].iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
            nanos *= 10_u32.pow(u32::try_from(9 - count.min(9)).ok()?);
            rest = &digits[count..];
        }
    }
    // A leap second counts as the one before it.
    Some((NaiveTime::from_hms_nano_opt(hour, minute, second.min(59), nanos)?, rest))
}

/// Takes a zone, where one follows: `Z`, `+02:00`, `+0200`, ` +0200`, ` UTC`.
fn zoned(date: NaiveDate, time: NaiveTime, rest: &[u8]) -> Parsed<'_> {
    let time = date.and_time(time).and_utc();
    let near = rest.strip_prefix(b" ").unwrap_or(rest);
    for utc in [&b"Z"[..], b"z", b"UTC", b"GMT"] {
        if let Some(behind) =
            near.strip_prefix(utc).filter(|behind| behind.first().is_none_or(|byte| !byte.is_ascii_alphanumeric()))
        {
            return Some((time.timestamp_micros(), behind));
        }
    }
    let offset = || {
        let (sign, behind) = near.split_first().filter(|(byte, _)| matches!(byte, b'+' | b'-'))?;
        let (hours, behind) = number(behind, 2)?;
        let (minutes, behind) = number(behind.strip_prefix(b":").unwrap_or(behind), 2)?;
        let minutes = i64::from(hours * 60 + minutes) * if *sign == b'-' { -1 } else { 1 };
        Some((minutes, behind)).filter(|_| hours < 24)
    };
    let (minutes, behind) = offset().unwrap_or((0, rest));
    let utc: DateTime<Utc> = time.checked_sub_signed(TimeDelta::minutes(minutes))?;
    Some((utc.timestamp_micros(), behind))
}

fn month(text: &[u8]) -> Option<(u32, &[u8])> {
    let (name, rest) = text.split_first_chunk::<3>()?;
    let at = MONTHS.iter().position(|month| **month == *name)?;
    Some((u32::try_from(at).ok()? + 1, rest))
}

/// The number of the first `digits` digits.
fn number(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (head, rest) = text.split_at_checked(digits)?;
    let digit = |sum: u32, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'));
    Some((head.iter().try_fold(0, digit)?, rest))
}
