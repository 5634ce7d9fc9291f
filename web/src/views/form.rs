//! Forms: each field as it was typed, and what is wrong with it.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use http::StatusCode;
use serde::Serialize;

use super::assets::fingerprint;
use super::fields::Fields;

/// The field that holds the token of a form that creates something.
pub const TOKEN: &str = "token";
/// The longest text that is kept, in characters.
pub const MAX_TEXT: usize = 255;

/// What is wrong with a field. Its code is the end of its message's id, `problem-…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "Told")]
pub enum Problem {
    /// Nothing but blanks.
    Required,
    /// More than [`MAX_TEXT`] characters.
    TooLong,
    /// Control characters, which no page shows and no keyboard types.
    Characters,
    /// Not ten digits.
    Telephone,
    /// Not a day in the form YYYY-MM-DD.
    Date,
    /// A birth date after today.
    Future,
    /// None of the kinds of pets.
    Type,
    /// Another pet of the owner has that name.
    Duplicate,
    /// No owner has such a name.
    NotFound,
}

impl Problem {
    fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::TooLong => "too-long",
            Self::Characters => "characters",
            Self::Telephone => "telephone",
            Self::Date => "date",
            Self::Future => "future",
            Self::Type => "type",
            Self::Duplicate => "duplicate",
            Self::NotFound => "not-found",
        }
    }
}

/// A problem as templates and JSON have it.
#[derive(Serialize)]
struct Told {
    code: &'static str,
    max: Option<usize>,
}

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        Self { code: problem.code(), max: (problem == Problem::TooLong).then_some(MAX_TEXT) }
    }
}

/// A form as it is shown: every field with its value, and the problems in the order of the fields.
#[derive(Debug, Default, Serialize)]
pub struct Form {
    fields: BTreeMap<&'static str, Field>,
    problems: Vec<Summary>,
    /// Tells a second click on this form from another form.
    token: Option<String>,
    /// Of what is edited, as it was when the form was first shown.
    version: Option<String>,
    /// Whether somebody else has saved since then.
    changed: bool,
    /// Whether it has come from a client.
    #[serde(skip)]
    sent: bool,
}

#[derive(Debug, Serialize)]
struct Field {
    value: String,
    problem: Option<Problem>,
    /// Whether the keyboard starts here: at the first problem.
    focus: bool,
    /// What somebody else has saved meanwhile.
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
        Self { token: hidden(TOKEN), version: hidden("version"), sent: true, ..Self::default() }
    }

    /// Whether the form was made of another version than `current`. One sent without a version overwrites, as with the original.
    pub fn is_outdated(&self, current: &Self) -> bool {
        self.version.is_some() && self.version != current.version
    }

    /// Shows beside each field what somebody else has saved there, and lets the next save be one of the current version.
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

    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// Puts a problem beside a field.
    pub fn refuse(&mut self, name: &'static str, problem: Problem) {
        let field = self.fields.entry(name).or_insert_with(|| Field::new(""));
        field.problem = Some(problem);
        field.focus = self.problems.is_empty();
        self.problems.push(Summary { field: name, problem });
    }

    /// Takes in a field that `check` makes a value of.
    fn read<T>(&mut self, fields: &Fields<'_>, name: &'static str, check: impl FnOnce(&str) -> Result<T, Problem>) -> Option<T> {
        let typed = fields.get(name).unwrap_or_default();
        self.fields.insert(name, Field::new(typed));
        check(typed.trim()).map_err(|problem| self.refuse(name, problem)).ok()
    }

    /// A text that has to be there.
    pub fn text(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<String> {
        self.read(fields, name, text)
    }

    /// A telephone number: ten digits.
    pub fn telephone(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<String> {
        self.read(fields, name, |typed| {
            let number = text(typed)?;
            let ten_digits = number.len() == 10 && number.bytes().all(|b| b.is_ascii_digit());
            if ten_digits { Ok(number) } else { Err(Problem::Telephone) }
        })
    }

    /// A day, not after `latest`.
    pub fn date(&mut self, fields: &Fields<'_>, name: &'static str, latest: NaiveDate) -> Option<NaiveDate> {
        self.read(fields, name, |typed| {
            let date = date(typed)?;
            if date > latest { Err(Problem::Future) } else { Ok(date) }
        })
    }

    /// One of the choices that `find` knows.
    pub fn choice<T>(&mut self, fields: &Fields<'_>, name: &'static str, find: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.read(fields, name, |typed| if typed.is_empty() { Err(Problem::Required) } else { find(typed).ok_or(Problem::Type) })
    }
}

fn text(typed: &str) -> Result<String, Problem> {
    if typed.is_empty() {
        Err(Problem::Required)
    } else if typed.chars().any(char::is_control) {
        Err(Problem::Characters)
    } else if typed.chars().count() > MAX_TEXT {
        Err(Problem::TooLong)
    } else {
        Ok(typed.to_owned())
    }
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

/// Today, where the server is (`TZ`).
pub fn today() -> NaiveDate {
    chrono::Local::now().date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_or_refused() {
        assert_eq!(text("가"), Ok("가".into()));
        let longest = "🐕".repeat(MAX_TEXT);
        assert_eq!(text(&longest), Ok(longest.clone()));
        assert_eq!(text(&(longest + "x")), Err(Problem::TooLong));
        assert_eq!(text(""), Err(Problem::Required));
        assert_eq!(text("a\0b"), Err(Problem::Characters));
    }

    #[test]
    fn dates_have_one_form() {
        assert_eq!(date("2020-02-29"), Ok(NaiveDate::from_ymd_opt(2020, 2, 29).unwrap()));
        for wrong in ["2021-02-29", "2020-2-9", "20-02-2020", "+2020-01-1", "0999-01-01", "２０２０-01-01", "tomorrow"] {
            assert_eq!(date(wrong), Err(Problem::Date), "{wrong}");
        }
    }
}
