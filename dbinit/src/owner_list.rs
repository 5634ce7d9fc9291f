//! The list of owners by last name: how many there are, and where a page of them begins, without counting or skipping more
//! than some hundreds.
//!
//! Milestones stand in the list, one about every 1000 owners; each knows how many owners come before it. How many begin
//! with a prefix is the difference of two milestones, corrected by what lies between them and the prefix' two ends. A page
//! is reached from the last milestone before it.
//!
//! Whoever adds, removes or renames an owner calls [`changed`] in the same transaction. Who doesn't, such as a web of before
//! this table or a person, leaves the pages' numbers off by that much, until dbinit's next start: [`check`] looks at all of
//! it and repairs.
//!
//! Writers take turns: the first milestone is their lock, taken last of all, and gone with the commit. So none waits for
//! another in a circle. A new milestone is placed by what is committed, which wants READ COMMITTED on MySQL
//! ([`connect`](schema::database::connect) sets it).

mod plan;
#[cfg(test)]
mod tests;

use std::ops::Range;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

pub use self::plan::{Change, Entry};
use self::plan::{Milestone, gaps, shifts};
use schema::database::{Backend, Connection, Statement};
use schema::search;

/// Owners between two milestones, at first; where there are more than twice as many, there is a new one. A page reads as
/// many rows, at most, as there are milestones and as lie between two of them: at a million owners the root is best.
const SPACING: i32 = 1000;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A part of the list with the page in it.
    pub range: Range<Entry>,
    /// Owners of that part who come before the page.
    pub skip: i64,
    /// How many owners there are on all pages.
    pub total: i64,
}

/// Finds the page that begins `skip` owners after the first one with `prefix`; none where the list has ended before.
pub fn find(connection: &mut Connection, prefix: &str, skip: i64) -> QueryResult<Option<Place>> {
    let (from, below) = search::prefix(prefix);
    let found: Option<Found> = find_query("", &from, &below, skip).get_result(connection).optional()?;
    let Some(found) = found.filter(|found| skip < found.total) else { return Ok(None) };
    let milestone = Entry { key: found.last_name_key, id: found.owner_id };
    let begin = Entry { key: from, id: 0 };
    // never from before the prefix: whatever is added meanwhile, no other name gets onto the page
    let (first, skip) = if milestone < begin { (begin, skip) } else { (milestone, found.after) };
    Ok(Some(Place { range: first..Entry { key: below, id: 0 }, skip, total: found.total }))
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    last_name_key: String,
    #[diesel(sql_type = Integer)]
    owner_id: i32,
    #[diesel(sql_type = BigInt)]
    after: i64,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// The query of [`find`], for keys from `from` and below `below`.
fn find_query(explain: &str, from: &str, below: &str, skip: i64) -> Statement {
    if from.is_empty() {
        return whole_query(explain, skip);
    }
    // how many owners come before a key: those before the next milestone, less those between the two
    let before = "(SELECT next.owners_before
        - (SELECT COUNT(*) FROM owner WHERE last_name_key >= ? AND last_name_key < next.last_name_key)
        - (SELECT COUNT(*) FROM owner WHERE last_name_key = next.last_name_key AND id < next.owner_id) AS owners
      FROM (SELECT * FROM owner_milestone WHERE last_name_key >= ? ORDER BY last_name_key, owner_id LIMIT 1) AS next LIMIT 1)";
    // each LIMIT 1 keeps an inner query in one piece and CROSS JOIN keeps their order (SQLite), so that all is counted once
    let query = format!(
        "{explain} SELECT last_name_key, owner_id, page.place - owners_before AS after, page.total
         FROM (SELECT first.owners + ? AS place, below.owners - first.owners AS total
               FROM {before} AS first, {before} AS below LIMIT 1) AS page
         CROSS JOIN owner_milestone ON owners_before <= page.place
         ORDER BY last_name_key DESC, owner_id DESC LIMIT 1"
    );
    let query = Statement::new(query).bind(skip);
    [from, from, below, below].into_iter().fold(query, Statement::bind)
}

/// The same for the whole list: its ends are milestones, so that there is nothing to count, and a third of the work.
fn whole_query(explain: &str, skip: i64) -> Statement {
    let query = format!(
        "{explain} SELECT last_name_key, owner_id, ? - owners_before AS after,
         (SELECT owners_before FROM owner_milestone WHERE last_name_key = ? AND owner_id = 0) AS total
         FROM owner_milestone WHERE owners_before <= ? ORDER BY last_name_key DESC, owner_id DESC LIMIT 1"
    );
    Statement::new(query).bind(skip).bind(&*Entry::end().key).bind(skip)
}

/// A query of a part of the list. `statement` puts it around the part, which is a SELECT of `last_name_key` and `id` that may be
/// followed by `ORDER BY last_name_key, id` and a limit; there may be no values before it, and those after it are still to be
/// bound.
pub fn query(connection: &Connection, range: Range<Entry>, statement: impl FnOnce(&str) -> String) -> Statement {
    let (start, end) = (&range.start, &range.end);
    let (from, below) = (&*start.key, &*end.key);
    // each backend walks its index from the very first row by one of several ways to say the same
    match connection.backend() {
        Backend::Mysql => {
            let part = "SELECT last_name_key, id FROM owner
                 WHERE (last_name_key > ? OR last_name_key = ? AND id >= ?) AND (last_name_key < ? OR last_name_key = ? AND id < ?)";
            Statement::new(statement(part)).bind(from).bind(from).bind(start.id).bind(below).bind(below).bind(end.id)
        }
        Backend::Sqlite if from == below => {
            let part = "SELECT last_name_key, id FROM owner WHERE last_name_key = ? AND id >= ? AND id < ?";
            Statement::new(statement(part)).bind(from).bind(start.id).bind(end.id)
        }
        Backend::Sqlite => {
            let part = "SELECT last_name_key, id FROM owner WHERE last_name_key = ? AND id >= ?
                 UNION ALL SELECT last_name_key, id FROM owner WHERE last_name_key > ? AND last_name_key < ?
                 UNION ALL SELECT last_name_key, id FROM owner WHERE last_name_key = ? AND id < ?";
            Statement::new(statement(part)).bind(from).bind(start.id).bind(from).bind(below).bind(below).bind(end.id)
        }
    }
}

/// Keeps the milestones true after owners were added or removed, in the caller's transaction and after its other writes.
pub fn changed(connection: &mut Connection, changes: Vec<Change>) -> QueryResult<()> {
    changed_with(connection, changes, SPACING)
}

fn changed_with(connection: &mut Connection, changes: Vec<Change>, spacing: i32) -> QueryResult<()> {
    let mut milestones = lock(connection)?;
    for shift in shifts(&mut milestones, changes) {
        let [first, last] = [shift.first, shift.last].map(|index| &milestones[index]);
        Statement::new(
            "UPDATE owner_milestone SET owners_before = owners_before + ?
             WHERE (last_name_key > ? OR last_name_key = ? AND owner_id >= ?)
             AND (last_name_key < ? OR last_name_key = ? AND owner_id <= ?)",
        )
        .bind(shift.by)
        .bind(&*first.last_name_key)
        .bind(&*first.last_name_key)
        .bind(first.owner_id)
        .bind(&*last.last_name_key)
        .bind(&*last.last_name_key)
        .bind(last.owner_id)
        .execute(connection)?;
    }
    divide(connection, &milestones, spacing)
}

/// Takes the writers' turn, to the end of the transaction, and gives the milestones in order. On SQLite the transaction has
/// it already, since it has written.
fn lock(connection: &mut Connection) -> QueryResult<Vec<Milestone>> {
    let lock = if connection.backend() == Backend::Mysql { " FOR UPDATE" } else { "" };
    Statement::new(format!("{MILESTONES}{lock}")).load(connection)
}

const MILESTONES: &str = "SELECT last_name_key, owner_id, owners_before FROM owner_milestone ORDER BY last_name_key, owner_id";

/// Sets new milestones where they stand too far apart.
fn divide(connection: &mut Connection, milestones: &[Milestone], spacing: i32) -> QueryResult<()> {
    for (first, end) in gaps(milestones, spacing) {
        let (mut from, mut before) = (first.entry(), first.owners_before);
        while end.owners_before - before > 2 * spacing {
            let next = query(connection, from..end.entry(), |part| format!("{part} ORDER BY last_name_key, id LIMIT 1 OFFSET ?"));
            let next: Option<Entry> = next.bind(i64::from(spacing)).get_result(connection).optional()?;
            // none where somebody has removed owners without a word
            let Some(next) = next else { break };
            before += spacing;
            insert(connection, &next, before)?;
            from = next;
        }
    }
    Ok(())
}

fn insert(connection: &mut Connection, entry: &Entry, before: i32) -> QueryResult<usize> {
    Statement::new("REPLACE INTO owner_milestone (last_name_key, owner_id, owners_before) VALUES (?, ?, ?)")
        .bind(&*entry.key)
        .bind(entry.id)
        .bind(before)
        .execute(connection)
}

/// Counts all owners from milestone to milestone, and sets the milestones anew where one was wrong. Returns whether that was
/// necessary. At a million owners it takes less than a second.
pub fn check(connection: &mut Connection) -> QueryResult<bool> {
    check_with(connection, SPACING)
}

fn check_with(connection: &mut Connection, spacing: i32) -> QueryResult<bool> {
    let milestones = Statement::new(MILESTONES).load(connection)?;
    if are_true(connection, &milestones)? {
        return Ok(false);
    }
    connection.transaction(|connection| {
        // a write first, so that SQLite's lock is taken
        insert(connection, &Entry::first(), 0)?;
        // what was not true a moment ago may have been a writer's doing, who was just about to say so
        let milestones = lock(connection)?;
        if are_true(connection, &milestones)? {
            return Ok(false);
        }
        Statement::new("DELETE FROM owner_milestone WHERE owner_id > 0").execute(connection)?;
        let all = count(connection, Entry::first()..Entry::end())?;
        let all = i32::try_from(all).map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
        insert(connection, &Entry::end(), all)?;
        divide(connection, &[Milestone::new(Entry::first(), 0), Milestone::new(Entry::end(), all)], spacing)?;
        Ok(true)
    })
}

fn are_true(connection: &mut Connection, milestones: &[Milestone]) -> QueryResult<bool> {
    let [first, .., end] = milestones else { return Ok(false) };
    if (first.entry(), first.owners_before) != (Entry::first(), 0) || end.entry() != Entry::end() {
        return Ok(false);
    }
    for pair in milestones.windows(2) {
        let counted = count(connection, pair[0].entry()..pair[1].entry())?;
        if counted != i64::from(pair[1].owners_before - pair[0].owners_before) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn count(connection: &mut Connection, range: Range<Entry>) -> QueryResult<i64> {
    let count = query(connection, range, |part| format!("SELECT COUNT(*) AS owners FROM ({part}) AS part"));
    count.get_result(connection).map(|Count { owners }| owners)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    owners: i64,
}
