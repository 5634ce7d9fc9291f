//! A visit as pages and the API have it.

use chrono::{NaiveDate, NaiveTime};
use diesel::prelude::*;
use serde::{Serialize, Serializer};

use crate::views::people;

/// Characters of a note that a list shows.
pub const SHORT_NOTE: usize = 160;

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Visit {
    /// The id.
    pub id: i32,
    /// The day.
    pub date: NaiveDate,
    /// The time of day.
    #[serde(serialize_with = "hours_and_minutes")]
    pub time: Option<NaiveTime>,
    /// One of [`STATUSES`](schema::tables::STATUSES).
    pub status: String,
    /// Its reason.
    pub description: String,
    /// Whatever else there is to know.
    pub note: Option<String>,
    /// The veterinarian's id.
    pub vet_id: Option<i32>,
    /// The veterinarian's first and last name.
    #[serde(serialize_with = "full_name")]
    pub vet: Option<(String, String)>,
}

impl Visit {
    /// Cuts the note to what a list shows.
    pub fn shorten(&mut self) {
        if let Some(note) = &mut self.note
            && let Some((end, _)) = note.char_indices().nth(SHORT_NOTE)
        {
            note.truncate(end);
            note.push('…');
        }
    }
}

/// A time of day as time fields have it.
pub fn field_value(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

/// Writes a time of day as time fields have it.
pub fn hours_and_minutes<S: Serializer>(time: &Option<NaiveTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(field_value).serialize(serializer)
}

/// Writes first and last name as pages have them.
pub fn full_name<S: Serializer>(name: &Option<(String, String)>, serializer: S) -> Result<S::Ok, S::Error> {
    name.as_ref().map(|(first, last)| people::full_name(first, last)).serialize(serializer)
}
