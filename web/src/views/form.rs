//! Forms: each field as it was typed, and its problem.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, NaiveTime};
use http::StatusCode;
use schema::search::is_ignorable;
use serde::Serialize;
use serde_json::json;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::assets::fingerprint;
use super::error::Error;
use super::fields::Fields;

/// The field that holds the token of a form that creates something.
pub const TOKEN: &str = "token";
/// The longest text that is kept, in characters.
pub const MAX_TEXT: usize = 255;
/// The longest note that is kept, in characters.
pub const MAX_NOTE: usize = 2000;

/// Years from now in which a visit may be booked.
pub const MAX_YEARS_AHEAD: u8 = 5;

/// Problem of a field. Its code is the end of its message's id, `problem-…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "FieldProblem")]
pub enum Problem {
    /// Nothing that can be seen.
    Required,
    /// More than [`MAX_TEXT`] characters.
    TooLong,
    /// Control characters, which no page shows and no keyboard types.
    Characters,
    /// Not 7 to 15 digits.
    Telephone,
    /// Not a day in the form YYYY-MM-DD.
    Date,
    /// A birth date after today.
    Future,
    /// A visit before the pet's birth.
    BeforeBirth,
    /// A birth date after one of the pet's visits.
    AfterVisit,
    /// A visit more than [`MAX_YEARS_AHEAD`] years from now.
    TooFar,
    /// A visit more than a year from now, which has to be confirmed.
    FarDate,
    /// Not a time of day in the form HH:MM.
    Time,
    /// More than [`MAX_NOTE`] characters.
    NoteTooLong,
    /// None of the kinds of pets.
    Type,
    /// Another pet of the owner has that name.
    Duplicate,
    /// The owner has as many pets, or the pet as many visits, as are kept.
    TooMany,
    /// No owner has such a name.
    NotFound,
}

impl Problem {
    fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong | Self::NoteTooLong => "too-long",
            Self::Characters => "characters",
            Self::Telephone => "telephone",
            Self::Date => "date",
            Self::Future => "future",
            Self::BeforeBirth => "before-birth",
            Self::AfterVisit => "after-visit",
            Self::TooFar => "too-far",
            Self::FarDate => "far-date",
            Self::Time => "time",
            Self::Type => "type",
            Self::Duplicate => "duplicate",
            Self::TooMany => "too-many",
            Self::NotFound => "not-found",
        }
    }
}

/// A problem as templates and JSON have it.
#[derive(Serialize)]
struct FieldProblem {
    code: &'static str,
    max: Option<usize>,
}

impl From<Problem> for FieldProblem {
    fn from(problem: Problem) -> Self {
        let max = match problem {
            Problem::TooLong => Some(MAX_TEXT),
            Problem::NoteTooLong => Some(MAX_NOTE),
            Problem::TooFar => Some(MAX_YEARS_AHEAD.into()),
            _ => None,
        };
        Self { code: problem.code(), max }
    }
}

/// A form as it is shown: every field with its value, and the problems in the order of the fields.
#[derive(Debug, Default, Serialize)]
pub struct Form {
    fields: BTreeMap<&'static str, Field>,
    problems: Vec<Summary>,
    /// Idempotency token.
    token: Option<String>,
    /// Version of the edited row when the form was first shown.
    version: Option<String>,
    /// Value that was asked about, and is taken the second time.
    confirmed: Option<String>,
    /// True if somebody else has saved since then.
    changed: bool,
    /// True if it has come from a client.
    #[serde(skip)]
    sent: bool,
}

#[derive(Debug, Serialize)]
struct Field {
    value: String,
    problem: Option<Problem>,
    /// True if the keyboard starts here: at the first problem.
    focus: bool,
    /// The value that another request has saved in the meantime.
    saved: Option<String>,
}

impl Field {
    fn new(value: &str) -> Self {
        Self { value: value.to_owned(), problem: None, focus: false, saved: None }
    }
}

#[derive(Debug, Serialize)]
struct Summary {
    field: &'static str,
    #[serde(flatten)]
    problem: Problem,
}

impl Form {
    /// A form whose fields have these values.
    pub fn filled<const N: usize>(values: [(&'static str, &str); N]) -> Self {
        Self { fields: values.into_iter().map(|(name, value)| (name, Field::new(value))).collect(), ..Self::default() }
    }

    /// A form that creates something.
    pub fn creating<const N: usize>(values: [(&'static str, &str); N]) -> Self {
        Self { token: Some(token()), ..Self::filled(values) }
    }

    /// A form that edits what has these values: they make its version.
    pub fn editing<const N: usize>(values: [(&'static str, &str); N]) -> Self {
        let text: Vec<u8> = values.iter().flat_map(|(_, value)| value.bytes().chain([0])).collect();
        Self { version: Some(format!("{:016x}", fingerprint(&text))), ..Self::filled(values) }
    }

    /// The form that was sent, still without its fields.
    pub fn sent(fields: &Fields<'_>) -> Self {
        let hidden = |name| fields.get(name).map(str::to_owned);
        Self { token: hidden(TOKEN), version: hidden("version"), confirmed: hidden("confirmed"), sent: true, ..Self::default() }
    }

    /// The same form, in which `value` counts as confirmed.
    #[must_use]
    pub fn confirming(self, value: String) -> Self {
        Self { confirmed: Some(value), ..self }
    }

    /// Returns true if `value` was confirmed, or comes from a client that can't be asked; the form asks for it otherwise.
    pub fn confirms(&mut self, value: &impl ToString) -> bool {
        let value = Some(value.to_string());
        let confirmed = (self.token.is_none() && self.version.is_none()) || self.confirmed == value;
        self.confirmed = value;
        confirmed
    }

    /// Returns true if the form names the version that it was made of. One without overwrites, as with the original.
    pub fn has_version(&self) -> bool {
        self.version.is_some()
    }

    /// Returns true if the form was made of another version than `current`.
    pub fn is_outdated(&self, current: &Self) -> bool {
        self.version.is_some() && self.version != current.version
    }

    /// Shows at each field the value that another user has saved, and lets the next save be one of the current version.
    pub fn show_changes(&mut self, current: Self) {
        self.changed = true;
        self.version = current.version;
        for (name, now) in current.fields {
            if let Some(field) = self.fields.get_mut(name)
                && field.value.trim() != now.value
            {
                field.saved = Some(now.value);
            }
        }
    }

    /// The status that says why what was sent is not saved.
    pub fn refused(&self) -> Option<StatusCode> {
        let why = if self.changed { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
        (self.sent && (self.changed || !self.problems.is_empty())).then_some(why)
    }

    /// The version of the edited row.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The problems of all fields, as an error of the API.
    pub fn into_error(self) -> Error {
        Error::Invalid(json!(self.problems))
    }

    /// The value of a field as it is shown.
    pub fn value(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |field| &field.value)
    }

    /// Returns true if nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// Adds a problem to a field.
    pub fn add_error(&mut self, name: &'static str, problem: Problem) {
        let field = self.fields.entry(name).or_insert_with(|| Field::new(""));
        field.problem = Some(problem);
        field.focus = self.problems.is_empty();
        self.problems.push(Summary { field: name, problem });
    }

    /// Takes in a field that `check` makes a value of.
    fn read<T>(&mut self, fields: &Fields<'_>, name: &'static str, check: impl FnOnce(&str) -> Result<T, Problem>) -> Option<T> {
        let typed = fields.get(name).unwrap_or_default();
        self.fields.insert(name, Field::new(typed));
        check(typed.trim()).map_err(|problem| self.add_error(name, problem)).ok()
    }

    /// A text that has to be there.
    pub fn text(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<String> {
        self.read(fields, name, text)
    }

    /// A telephone number: 7 to 15 digits with an optional `+`, without the separators between them.
    pub fn telephone(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<String> {
        self.read(fields, name, |typed| telephone(&text(typed)?).ok_or(Problem::Telephone))
    }

    /// A day that `check` accepts.
    pub fn date(
        &mut self,
        fields: &Fields<'_>,
        name: &'static str,
        check: impl FnOnce(NaiveDate) -> Result<NaiveDate, Problem>,
    ) -> Option<NaiveDate> {
        self.read(fields, name, |typed| date(typed).and_then(check))
    }

    /// A value that may be missing; the inner `None` if it is.
    pub fn optional<T>(
        &mut self,
        fields: &Fields<'_>,
        name: &'static str,
        check: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<Option<T>> {
        self.read(fields, name, |typed| if typed.is_empty() { Ok(None) } else { check(typed).map(Some) })
    }

    /// A time of day that may be missing.
    pub fn time(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<Option<NaiveTime>> {
        let formats = ["%H:%M", "%H:%M:%S"];
        let parse = |typed: &str| formats.iter().find_map(|format| NaiveTime::parse_from_str(typed, format).ok());
        self.optional(fields, name, |typed| parse(typed).ok_or(Problem::Time))
    }

    /// A text of several lines that may be missing.
    pub fn note(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<Option<String>> {
        self.optional(fields, name, |typed| {
            let text = typed.replace("\r\n", "\n");
            if text.chars().any(|c| c.is_control() && c != '\n') {
                Err(Problem::Characters)
            } else if text.chars().count() > MAX_NOTE {
                Err(Problem::NoteTooLong)
            } else {
                Ok(text)
            }
        })
    }

    /// One of the choices that `find` knows.
    pub fn choice<T>(&mut self, fields: &Fields<'_>, name: &'static str, find: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.read(fields, name, |typed| if typed.is_empty() { Err(Problem::Required) } else { find(typed).ok_or(Problem::Type) })
    }
}

fn text(typed: &str) -> Result<String, Problem> {
    if typed.chars().any(char::is_control) {
        Err(Problem::Characters)
    } else if !typed.chars().any(is_visible) {
        Err(Problem::Required)
    } else if typed.chars().count() > MAX_TEXT {
        Err(Problem::TooLong)
    } else {
        Ok(typed.to_owned())
    }
}

/// Returns true if a character shows by itself.
fn is_visible(c: char) -> bool {
    !(c.is_whitespace() || is_ignorable(c) || is_combining_mark(c))
}

/// The digits of a telephone number, in ASCII, behind the `+` of one with a country's code.
fn telephone(typed: &str) -> Option<String> {
    digits(typed).filter(|number| (7..=15).contains(&number.trim_start_matches('+').len()))
}

/// The digits of a part of a telephone number.
pub fn digits(typed: &str) -> Option<String> {
    let plain: String = typed.nfkc().collect();
    let mut number = String::new();
    for c in plain.chars() {
        match c {
            '0'..='9' => number.push(c),
            // Arabic and Persian digits
            '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => number.extend(char::from_digit(u32::from(c) & 0xf, 10)),
            '+' if number.is_empty() => number.push(c),
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{200e}' | '\u{200f}' | '\u{2010}'..='\u{2015}' => {}
            _ => return None,
        }
    }
    Some(number)
}

/// Exactly `YYYY-MM-DD`, in the years that MySQL's DATE has (1000 to 9999).
fn date(typed: &str) -> Result<NaiveDate, Problem> {
    if typed.is_empty() {
        return Err(Problem::Required);
    }
    let shaped = typed.len() == 10 && typed.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = if shaped { NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok() } else { None };
    date.filter(|date| (1000..=9999).contains(&date.year())).ok_or(Problem::Date)
}

/// A token for a new form.
fn token() -> String {
    format!("{:032x}", fastrand::u128(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kept_or_refused() {
        assert_eq!(text("가"), Ok("가".into()));
        let longest = "🐕".repeat(MAX_TEXT);
        assert_eq!(text(&longest), Ok(longest.clone()));
        assert_eq!(text(&(longest + "x")), Err(Problem::TooLong));
        assert_eq!(text(""), Err(Problem::Required));
        assert_eq!(text("a\0b"), Err(Problem::Characters));
        for invisible in [
            "\u{200b}",
            "\u{3164}",
            "\u{301}\u{302}",
            "\u{202e}\u{2066}",
            "\u{feff} \u{2060}",
            "\u{2800}",
            "\u{fff9}\u{fffb}",
            "\u{1d173}",
        ] {
            assert_eq!(text(invisible), Err(Problem::Required), "{invisible:?}");
        }
    }

    #[test]
    fn telephone_strips_separators() {
        for (typed, number) in [
            ("6085551023", "6085551023"),
            ("010-1234-5678", "01012345678"),
            ("+49 (0)30/12 34-567", "+490301234567"),
            ("０９０−１２３４−５６７８".replace('−', "-").as_str(), "09012345678"),
            ("۰۹۱۲ ۳۴۵ ۶۷۸۹", "09123456789"),
            ("1234567", "1234567"),
        ] {
            assert_eq!(telephone(typed).as_deref(), Some(number), "{typed}");
        }
        for wrong in ["123456", "1234567890123456", "abcdefghij", "12+3456789", "+", "1234567x", "++1234567"] {
            assert_eq!(telephone(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn date_has_one_form() {
        assert_eq!(date("2020-02-29"), Ok(NaiveDate::from_ymd_opt(2020, 2, 29).unwrap()));
        for wrong in ["2021-02-29", "2020-2-9", "20-02-2020", "+2020-01-1", "0999-01-01", "２０２０-01-01", "tomorrow"] {
            assert_eq!(date(wrong), Err(Problem::Date), "{wrong}");
        }
    }
}
