//! The data that every Petclinic begins with (`seed.sql`).

use std::time::Duration;

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use schema::database::Connection;

use crate::history::{History, SEED, record};
use crate::migrate::statements;
use crate::{Error, lock};

const SQL: &str = include_str!("../seed.sql");

/// The outcome of seeding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// Inserted now.
    Inserted,
    /// Decided by an earlier run.
    AlreadyDecided,
    /// Skipped, now and later: the tables are not empty.
    Skipped,
}

/// Inserts the seed data in one transaction, unless `history` has it or the tables have rows of their own.
pub fn run(connection: &mut Connection, history: &History, lock_wait: Duration) -> Result<Seeded, Error> {
    if history.get(SEED).is_some() {
        return Ok(Seeded::AlreadyDecided);
    }
    lock::with_lock(connection, lock_wait, |connection| {
        connection.transaction(|connection| {
            // another dbinit may have been first
            if History::read(connection)?.get(SEED).is_some() {
                return Ok(Seeded::AlreadyDecided);
            }
            if !is_empty(connection)? {
                record(connection, SEED, "skipped")?;
                return Ok(Seeded::Skipped);
            }
            for statement in statements(SQL) {
                connection.batch_execute(&statement)?;
            }
            schema::search::fill_keys(connection)?;
            record(connection, SEED, "inserted")?;
            Ok(Seeded::Inserted)
        })
    })
}

#[derive(QueryableByName)]
struct RowCount {
    #[diesel(sql_type = BigInt)]
    found: i64,
}

fn is_empty(connection: &mut Connection) -> QueryResult<bool> {
    let any = "SELECT EXISTS (SELECT 1 FROM owner) + EXISTS (SELECT 1 FROM vet) + EXISTS (SELECT 1 FROM pet_type)
               + EXISTS (SELECT 1 FROM specialty) AS found";
    diesel::sql_query(any).get_result(connection).map(|RowCount { found }| found == 0)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use diesel::result::{DatabaseErrorKind, Error};

    use super::*;
    use crate::{Prepared, migrate, prepare};
    use schema::database::{connect, last_insert_id};
    use schema::tables::{owner, pet, pet_type, specialty, vet, visit};

    const WAIT: Duration = Duration::from_secs(30);

    fn new_database() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("petclinic.db").display());
        (folder, connect(&url.parse().unwrap()).unwrap())
    }

    fn prepared() -> (tempfile::TempDir, Connection) {
        let (folder, mut connection) = new_database();
        let Prepared { applied, seeded } = prepare(&mut connection, WAIT).unwrap();
        assert_eq!((applied.len(), seeded), (migrate::all(connection.backend()).len(), Seeded::Inserted));
        (folder, connection)
    }

    #[test]
    fn second_run_changes_nothing() {
        let (_folder, mut connection) = prepared();
        diesel::delete(visit::table).execute(&mut connection).unwrap();
        let Prepared { applied, seeded } = prepare(&mut connection, WAIT).unwrap();
        assert_eq!((applied.len(), seeded), (0, Seeded::AlreadyDecided));
        assert_eq!(visit::table.count().get_result(&mut connection), Ok(0));
    }

    #[test]
    fn seed_data_is_complete() {
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
    }

    #[test]
    fn pet_name_is_unique_within_its_owner() {
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
    fn tables_with_rows_are_not_seeded() {
        let (_folder, mut connection) = new_database();
        migrate::run(&mut connection, &History::default(), WAIT).unwrap();
        diesel::insert_into(pet_type::table).values(pet_type::name.eq("fox")).execute(&mut connection).unwrap();
        assert_eq!(prepare(&mut connection, WAIT).unwrap().seeded, Seeded::Skipped);
        assert_eq!(prepare(&mut connection, WAIT).unwrap().seeded, Seeded::AlreadyDecided);
        assert_eq!(owner::table.count().get_result(&mut connection), Ok(0));
    }
}
