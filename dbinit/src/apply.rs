//! Bringing a database to the schema, and the seed data into it, exactly once whoever races and whatever is killed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;
use runtime::milliseconds;
use tracing::info;

use crate::migrations::{self, Migration};
use crate::{lock, seed};
use schema::database::Connection;

use self::record::dbinit_record;

mod record {
    // diesel's macro makes public items without documentation
    #![allow(missing_docs, unreachable_pub)]

    diesel::table! {
        /// What dbinit has done to this database, beside diesel's list of versions: checksums, the seed.
        dbinit_record (name) {
            name -> Text,
            value -> Text,
        }
    }
}

const CREATE_RECORD: &str = "CREATE TABLE IF NOT EXISTS dbinit_record (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    value VARCHAR(255) NOT NULL,
    recorded_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
)";

/// The record of the seed data.
pub(crate) const SEED: &str = "seed";

/// Why the database was not brought to where it should be.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another dbinit, or on SQLite anybody, kept the lock.
    #[error(transparent)]
    Locked(#[from] lock::Locked),
    /// A migration failed; those before it are applied.
    #[error("{advice}{0}", advice = advice(&.0.to_string()))]
    Migration(Box<dyn std::error::Error + Send + Sync>),
    /// Made-up pets need types.
    #[error("there are no pet types; dbinit seed inserts them")]
    NoPetTypes,
    /// A statement failed.
    #[error("{advice}{0}", advice = advice(&.0.to_string()))]
    Database(#[from] diesel::result::Error),
}

impl ApplyError {
    /// Whether the connection was lost on the way: all of it may be done again on another one.
    pub fn is_lost_connection(&self) -> bool {
        let lost =
            ["Lost connection", "gone away", "shutdown in progress", "Connection was killed", "disconnected by the server"];
        matches!(self, Self::Database(_) | Self::Migration(_)) && lost.iter().any(|words| self.to_string().contains(words))
    }
}

/// The server's own words name the right and the table.
fn advice(message: &str) -> &'static str {
    let denied = ["command denied", "Access denied", "access denied"].iter().any(|words| message.contains(words));
    if denied { "the account lacks a right (GRANT gives it): " } else { "" }
}

/// What became of the seed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// Inserted now.
    Inserted,
    /// Dealt with by an earlier run.
    Before,
    /// Left out, now and for good: the tables already had rows.
    NotEmpty,
}

/// Applies all pending migrations and returns their names. Waits up to `lock_wait` for another dbinit to finish.
pub fn migrate(connection: &mut Connection, lock_wait: Duration) -> Result<Vec<&'static str>, ApplyError> {
    let all = migrations::of(connection.backend());
    lock::exclusively(connection, lock_wait, |connection| {
        connection.batch_execute(CREATE_RECORD)?;
        let applied = connection.applied_migrations().map_err(ApplyError::Migration)?;
        let applied: Vec<String> = applied.iter().map(ToString::to_string).collect();
        let pending = all.iter().filter(|migration| !applied.iter().any(|version| version == migration.version()));
        let pending = pending.map(|migration| run(connection, migration).map(|()| migration.name));
        pending.collect()
    })
}

fn run(connection: &mut Connection, migration: &Migration) -> Result<(), ApplyError> {
    let start = Instant::now();
    // the checksum first: where the version is recorded, the checksum is too
    record(connection, &migration.checksum_record(), &migration.checksum())?;
    connection.run_migration(migration).map_err(ApplyError::Migration)?;
    info!(migration = %migration, ms = milliseconds(start.elapsed()), "migration applied");
    Ok(())
}

/// Inserts the seed data, unless that was done before or the tables have rows of their own.
pub fn seed(connection: &mut Connection, lock_wait: Duration) -> Result<Seeded, ApplyError> {
    lock::exclusively(connection, lock_wait, |connection| {
        connection.transaction(|connection| {
            if recorded(connection, SEED)?.is_some() {
                return Ok(Seeded::Before);
            }
            let seeded = if seed::tables_are_empty(connection)? {
                seed::insert(connection)?;
                Seeded::Inserted
            } else {
                Seeded::NotEmpty
            };
            record(connection, SEED, if seeded == Seeded::Inserted { "inserted" } else { "left out" })?;
            Ok(seeded)
        })
    })
}

/// What was recorded under a name.
pub(crate) fn recorded(connection: &mut Connection, name: &str) -> QueryResult<Option<String>> {
    dbinit_record::table.find(name).select(dbinit_record::value).first(connection).optional()
}

/// All that was recorded.
pub(crate) fn records(connection: &mut Connection) -> QueryResult<BTreeMap<String, String>> {
    let rows: Vec<(String, String)> = dbinit_record::table.load(connection)?;
    Ok(rows.into_iter().collect())
}

/// Records a value, in place of the one before.
pub(crate) fn record(connection: &mut Connection, name: &str, value: &str) -> QueryResult<()> {
    diesel::sql_query("REPLACE INTO dbinit_record (name, value) VALUES (?, ?)")
        .bind::<Text, _>(name)
        .bind::<Text, _>(value)
        .execute(connection)
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use diesel::result::{DatabaseErrorKind, Error};

    use super::*;
    use schema::database::{connect, last_insert_id};
    use schema::search;
    use schema::tables::{owner, pet, pet_type, specialty, vet, visit};

    const MIGRATIONS: [&str; 1] = ["00000000000001_schema"];
    const WAIT: Duration = Duration::from_secs(30);

    fn prepared() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("petclinic.db").display());
        let mut connection = connect(&url.parse().unwrap()).unwrap();
        assert_eq!(migrate(&mut connection, WAIT).unwrap(), MIGRATIONS);
        assert_eq!(seed(&mut connection, WAIT).unwrap(), Seeded::Inserted);
        (folder, connection)
    }

    #[test]
    fn the_second_time_changes_nothing() {
        let (_folder, mut connection) = prepared();
        assert!(migrate(&mut connection, WAIT).unwrap().is_empty());
        diesel::delete(visit::table).execute(&mut connection).unwrap();
        assert_eq!(seed(&mut connection, WAIT).unwrap(), Seeded::Before);
        assert_eq!(visit::table.count().get_result(&mut connection), Ok(0));
    }

    #[test]
    fn the_well_known_data_is_there() {
        let (_folder, mut connection) = prepared();
        let c = &mut connection;
        assert_eq!(vet::table.count().get_result(c), Ok(6));
        assert_eq!(specialty::table.count().get_result(c), Ok(3));
        assert_eq!(owner::table.count().get_result(c), Ok(10));
        assert_eq!(visit::table.count().get_result(c), Ok(4));
        let leo: (String, NaiveDate, String, String) = pet::table
            .inner_join(pet_type::table)
            .inner_join(owner::table)
            .filter(owner::id.eq(1))
            .select((pet::name, pet::birth_date, pet_type::name, owner::last_name))
            .first(c)
            .unwrap();
        assert_eq!(leo, ("Leo".into(), NaiveDate::from_ymd_opt(2010, 9, 7).unwrap(), "cat".into(), "Franklin".into()));
        search::fill_keys(c).unwrap();
        let (from, below) = search::range(c.backend(), "DAV");
        let davises = owner::table.filter(owner::name_key.ge(from).and(owner::name_key.lt(below)));
        assert_eq!(davises.count().get_result(c), Ok(2));
    }

    #[test]
    fn a_name_is_unique_within_its_owner_and_the_violation_is_told() {
        let (_folder, mut connection) = prepared();
        let c = &mut connection;
        let insert = |c: &mut Connection, name: &str, owner: i32| {
            let row = (
                pet::name.eq(name.to_owned()),
                pet::birth_date.eq(NaiveDate::default()),
                pet::type_id.eq(1),
                pet::owner_id.eq(owner),
            );
            diesel::insert_into(pet::table).values(row).execute(c)
        };
        assert_eq!(insert(c, "Leo", 2), Ok(1));
        assert_eq!(last_insert_id(c), Ok(14));
        let again = insert(c, "LEO", 1).unwrap_err();
        assert!(matches!(again, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)), "{again:?}");
        assert!(insert(c, &"x".repeat(256), 1).is_err(), "too long");
        assert_eq!(insert(c, &"각".repeat(255), 1), Ok(1));
        assert!(insert(c, "Rex", 99).is_err(), "no such owner");
    }

    #[test]
    fn tables_with_rows_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("petclinic.db").display());
        let mut connection = connect(&url.parse().unwrap()).unwrap();
        migrate(&mut connection, WAIT).unwrap();
        diesel::insert_into(pet_type::table).values(pet_type::name.eq("fox")).execute(&mut connection).unwrap();
        assert_eq!(seed(&mut connection, WAIT).unwrap(), Seeded::NotEmpty);
        assert_eq!(seed(&mut connection, WAIT).unwrap(), Seeded::Before);
        assert_eq!(owner::table.count().get_result(&mut connection), Ok(0));
    }
}
