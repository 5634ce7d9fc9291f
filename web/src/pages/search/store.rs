//! The search in the database: one statement that reads a few rows of each index, whatever the size of the tables.

use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};
use schema::database::{Backend, Connection, Statement};
use schema::search;
use serde::Serialize;

use crate::db::with_more;
use crate::pages::owners::store::{Listed, Owner, first_pets, lookups};
use crate::views::form;

/// Largest number of owners that are shown.
pub const MOST: i64 = 10;
/// Digits of the end of a telephone number that an index begins with.
const SUFFIXES: std::ops::RangeInclusive<usize> = 4..=11;
/// Digits of a national number from which on its leading 0 may be missing, as in an international one.
const NATIONAL: usize = 8;

/// An owner who was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The owner with the first pets.
    #[serde(flatten)]
    pub listed: Listed,
    /// The pet that was found, if none of the owner's own names or numbers was.
    pub pet_id: Option<i32>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    owner: Owner,
    #[diesel(sql_type = Nullable<Integer>)]
    pet_id: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pets: Option<String>,
}

/// A range of an index.
struct Range {
    table: &'static str,
    column: String,
    from: String,
    below: String,
}

impl Range {
    fn new(column: impl Into<String>, (from, below): (String, String)) -> Self {
        Self { table: "owner", column: column.into(), from, below }
    }
}

/// The ranges in which a text may be found, the most likely ones first.
fn ranges(backend: Backend, typed: &str) -> Vec<Range> {
    let prefix = |text: &str| (text.to_owned(), format!("{text}{}", char::MAX));
    let mut ranges = Vec::new();
    if search::is_initials(typed) {
        let initials: String = typed.chars().take(search::INITIALS).collect();
        ranges.push(Range::new("initials", prefix(&initials)));
    }
    let names = lookups(typed).into_iter();
    ranges.extend(names.map(|lookup| Range::new(lookup.column, search::range(backend, &lookup.prefix))));
    ranges.push(Range { table: "pet", ..Range::new("name_key", search::range(backend, typed)) });
    if let Some(number) = form::digits(typed) {
        let digits = number.trim_start_matches('+');
        let suffixes = |digits: &str| {
            let (range, typed) = (prefix(digits), digits.len());
            let longer = SUFFIXES.filter(move |length| (*SUFFIXES.start()..=*length).contains(&typed));
            longer.map(move |length| Range::new(format!("telephone_{length}"), range.clone()))
        };
        if digits.len() >= *SUFFIXES.start() {
            ranges.push(Range::new("telephone_digits", prefix(digits)));
            ranges.extend(suffixes(digits));
        }
        if let Some(rest) = digits.strip_prefix('0').filter(|_| digits.len() >= NATIONAL) {
            ranges.extend(suffixes(rest));
        }
    }
    ranges
}

/// The owners who are found by a text, at most [`MOST`], and whether there are more.
pub fn search(conn: &mut Connection, typed: &str) -> QueryResult<(Vec<Found>, bool)> {
    if typed.is_empty() {
        return Ok((Vec::new(), false));
    }
    search::fill_keys(conn)?;
    let rows: Vec<Row> = statement(conn.backend(), typed).load(conn)?;
    let (rows, more) = with_more(rows, MOST);
    let found = |row: Row| Ok(Found { listed: Listed::new(row.owner, row.pets)?, pet_id: row.pet_id });
    Ok((rows.into_iter().map(found).collect::<QueryResult<_>>()?, more))
}

/// A statement that reads at most [`MOST`] + 1 rows of each range.
fn statement(backend: Backend, typed: &str) -> Statement {
    let ranges = ranges(backend, typed);
    let limit = MOST + 1;
    let part = |(place, range): (usize, &Range)| {
        let Range { table, column, .. } = range;
        let columns = if *table == "pet" { "owner_id AS id, id AS pet" } else { "id, NULL AS pet" };
        format!(
            "SELECT id, pet, {place} AS place FROM (SELECT {columns} FROM {table} WHERE {column} >= ? AND {column} < ? \
             ORDER BY {column} LIMIT {limit}) AS part_{place}"
        )
    };
    let parts: Vec<String> = ranges.iter().enumerate().map(part).collect();
    let pets = first_pets(backend);
    let sql = format!(
        "SELECT owner.id, first_name, last_name, address, city, telephone, page.pet AS pet_id, {pets} AS pets
         FROM (SELECT id, MIN(place) AS place, MIN(pet) AS pet FROM ({}) AS hits GROUP BY id ORDER BY place, id LIMIT {limit}) AS page
         JOIN owner ON owner.id = page.id ORDER BY page.place, owner.name_key, owner.id",
        parts.join("\nUNION ALL ")
    );
    ranges.iter().fold(Statement::new(sql), |statement, range| statement.bind(&*range.from).bind(&*range.below))
}

#[cfg(test)]
mod tests;
