//! Made-up data in any amount, for trying out and measuring: two pets and three visits an owner, names of nine scripts.
//!
//! Each batch is a transaction that also records how many owners are done. So it may be killed at any time and started
//! again, several may run at once, and asking for as many as there are does nothing. The lock is taken for each batch
//! anew: a pod that starts meanwhile waits for one batch only.

mod people;

use std::fmt::Write;
use std::time::Duration;

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use self::people::People;
use crate::apply::{self, ApplyError};
use crate::lock;
use schema::database::{Backend, Connection};
use schema::search;
use schema::tables::{owner, pet, pet_type};

/// Owners a transaction: some 12 000 rows.
const BATCH: u64 = 2000;
/// Characters of a statement after which the next one begins; databases take at least 1 MB.
const STATEMENT: usize = 256 << 10;

/// The record of how many owners are done.
const DEMO: &str = "demo";

/// Brings the number of made-up owners to `owners`, and calls `progress` with the number so far after each batch.
pub fn demo(
    connection: &mut Connection,
    owners: u64,
    lock_wait: Duration,
    mut progress: impl FnMut(u64),
) -> Result<(), ApplyError> {
    let people = People::new();
    loop {
        let done = lock::exclusively(connection, lock_wait, |connection| {
            connection.transaction(|connection| batch(connection, &people, owners))
        })?;
        progress(done);
        if done >= owners {
            break;
        }
    }
    // fresh statistics, so that the first queries are planned well
    connection.batch_execute(match connection.backend() {
        Backend::Mysql => "ANALYZE TABLE owner, pet, visit",
        Backend::Sqlite => "ANALYZE",
    })?;
    Ok(())
}

/// Inserts the next batch and returns how many owners there are then.
fn batch(connection: &mut Connection, people: &People, owners: u64) -> Result<u64, ApplyError> {
    let done = apply::recorded(connection, DEMO)?.and_then(|value| value.parse().ok()).unwrap_or(0);
    if done >= owners {
        return Ok(done);
    }
    let end = owners.min(done + BATCH);
    let types: Vec<i32> = pet_type::table.select(pet_type::id).order(pet_type::id).load(connection)?;
    if types.is_empty() {
        return Err(ApplyError::NoPetTypes);
    }
    let last_owner: Option<i32> = owner::table.select(diesel::dsl::max(owner::id)).first(connection)?;
    let last_pet: Option<i32> = pet::table.select(diesel::dsl::max(pet::id)).first(connection)?;

    let mut owner_rows = Rows::of("owner (id, first_name, last_name, address, city, telephone)");
    let mut pet_rows = Rows::of("pet (id, name, birth_date, type_id, owner_id)");
    let mut visit_rows = Rows::of("visit (pet_id, visit_date, description)");
    let mut pet_id = last_pet.unwrap_or(0);
    let first_owner = last_owner.unwrap_or(0) + 1;
    for (owner_id, n) in (first_owner..).zip(done..end) {
        let owner = people.owner(n);
        let texts = [owner.first_name, owner.last_name, &owner.address, owner.city].map(quoted);
        owner_rows.add(format_args!("{owner_id},{},'{}'", texts.join(","), owner.telephone));
        for pet in people.pets(n) {
            pet_id += 1;
            let kind = types[pet.kind % types.len()];
            pet_rows.add(format_args!("{pet_id},{},'{}',{kind},{owner_id}", quoted(pet.name), pet.birth_date));
            for (date, description) in pet.visits {
                visit_rows.add(format_args!("{pet_id},'{date}',{}", quoted(description)));
            }
        }
    }
    for rows in [owner_rows, pet_rows, visit_rows] {
        for statement in rows.statements {
            connection.batch_execute(&statement)?;
        }
    }
    apply::record(connection, DEMO, &end.to_string())?;
    search::fill_keys(connection)?;
    Ok(end)
}

/// A string literal, for either backend: the words have no backslash.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// INSERT statements of many rows each.
struct Rows {
    target: &'static str,
    statements: Vec<String>,
}

impl Rows {
    fn of(target: &'static str) -> Self {
        Self { target, statements: Vec::new() }
    }

    fn add(&mut self, row: std::fmt::Arguments<'_>) {
        if let Some(statement) = self.statements.last_mut().filter(|statement| statement.len() < STATEMENT) {
            // writing to a String doesn't fail
            let _ = write!(statement, ",({row})");
        } else {
            self.statements.push(format!("INSERT INTO {} VALUES ({row})", self.target));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::database::connect;
    use schema::tables::visit;

    const WAIT: Duration = Duration::from_secs(30);

    #[test]
    fn goes_on_where_it_was_and_adds_up() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("petclinic.db").display());
        let connection = &mut connect(&url.parse().unwrap()).unwrap();
        apply::migrate(connection, WAIT).unwrap();
        assert!(matches!(demo(connection, 1, WAIT, |_| ()), Err(ApplyError::NoPetTypes)));
        apply::seed(connection, WAIT).unwrap();

        for (asked, owners) in [(1001, 1001_u32), (1001, 1001), (5000, 5000), (4000, 5000)] {
            let mut last = 0;
            demo(connection, asked, WAIT, |done| last = done).unwrap();
            assert_eq!((owner::table.count().get_result(connection), last), (Ok(i64::from(owners) + 10), owners.into()));
        }
        assert_eq!(pet::table.count().get_result(connection), Ok(10_013));
        assert_eq!(visit::table.count().get_result(connection), Ok(15_004));
        let last_owner: String = owner::table.find(5010).select(owner::last_name).first(connection).unwrap();
        assert_eq!(People::new().owner(4999).last_name, last_owner);
    }
}
