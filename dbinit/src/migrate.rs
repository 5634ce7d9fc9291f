//! The numbered migrations, compiled in.
//!
//! There is one list for both backends, with one file for each. A migration that has been released is never changed; its
//! checksum, recorded when it was applied, proves that. MySQL commits every statement of a migration by itself, so each
//! statement must be idempotent. Statements end with a semicolon at the end of a line.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use runtime::milliseconds;
use schema::database::{Backend, Connection, Server};
use tracing::info;

use crate::history::{History, SEED, record};
use crate::{Error, lock};

/// One migration of one backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// The folder's name: 14 digits, which are the version, and words.
    pub name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($backend:literal: $($name:literal),+ $(,)?) => {
        &[$(Migration { name: $name, sql: include_str!(concat!("../migrations/", $backend, "/", $name, "/up.sql")) }),+]
    };
}

const MYSQL: &[Migration] = migrations!("mysql": "00000000000001_schema");

const SQLITE: &[Migration] = migrations!("sqlite": "00000000000001_schema");

/// Returns all migrations of a backend, in order.
#[must_use]
pub fn all(backend: Backend) -> &'static [Migration] {
    match backend {
        Backend::Mysql => MYSQL,
        Backend::Sqlite => SQLITE,
    }
}

impl Migration {
    /// The checksum of the file (CRC-32, in hex), the same for both kinds of line ends.
    #[must_use]
    pub fn checksum(&self) -> String {
        format!("{:08x}", crc32fast::hash(normalized(self.sql).as_bytes()))
    }

    /// The statements, without the comments between them.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        statements(self.sql)
    }
}

/// Splits SQL text into statements.
pub(crate) fn statements(sql: &str) -> Vec<String> {
    let text = normalized(sql);
    text.split(";\n").map(without_comment).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
}

fn normalized(sql: &str) -> String {
    sql.replace("\r\n", "\n")
}

fn without_comment(statement: &str) -> &str {
    let mut rest = statement.trim();
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
    }
    rest
}

/// Returns the migrations that `history` lacks.
#[must_use]
pub fn pending(history: &History, backend: Backend) -> Vec<&'static Migration> {
    all(backend).iter().filter(|migration| history.get(migration.name).is_none()).collect()
}

/// Applies the migrations that `history` lacks, and returns their names. Waits up to `lock_wait` for another dbinit.
pub fn run(connection: &mut Connection, history: &History, lock_wait: Duration) -> Result<Vec<&'static str>, Error> {
    let backend = connection.backend();
    if pending(history, backend).is_empty() {
        return Ok(Vec::new());
    }
    lock::with_lock(connection, lock_wait, |connection| {
        History::create_table(connection)?;
        // another dbinit may have been first
        let pending = pending(&History::read(connection)?, backend);
        pending.into_iter().map(|migration| apply(connection, migration).map(|()| migration.name)).collect()
    })
}

fn apply(connection: &mut Connection, migration: &'static Migration) -> Result<(), Error> {
    let start = Instant::now();
    let server = if connection.backend() == Backend::Mysql { Server::of(connection)? } else { Server::Mysql };
    for (index, statement) in migration.statements().iter().enumerate() {
        let error = |source| Error::Migration { migration: migration.name, number: index + 1, source };
        connection.batch_execute(&server.translate(statement)).map_err(error)?;
    }
    record(connection, migration.name, &migration.checksum())?;
    info!(migration = migration.name, ms = milliseconds(start.elapsed()), "migration applied");
    Ok(())
}

/// Records the checksums of this program's files for the applied migrations, and forgets migrations that it does not know.
/// Returns the changed names.
pub fn repair(connection: &mut Connection, lock_wait: Duration) -> Result<Vec<String>, Error> {
    let known = all(connection.backend());
    lock::with_lock(connection, lock_wait, |connection| {
        let mut changed = Vec::new();
        for entry in History::read(connection)?.0.into_iter().filter(|entry| entry.name != SEED) {
            match known.iter().find(|migration| migration.name == entry.name) {
                Some(migration) if migration.checksum() == entry.value => continue,
                Some(migration) => record(connection, &entry.name, &migration.checksum())?,
                None => {
                    let delete = diesel::sql_query("DELETE FROM dbinit_history WHERE name = ?");
                    delete.bind::<Text, _>(&entry.name).execute(connection)?;
                }
            }
            changed.push(entry.name);
        }
        Ok(changed)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn folders(backend: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(backend);
        let mut names: Vec<_> =
            folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn migrations_are_compiled_in_for_both_backends() {
        for (backend, list) in [("mysql", MYSQL), ("sqlite", SQLITE)] {
            let names: Vec<_> = list.iter().map(|migration| migration.name).collect();
            assert_eq!(names, folders(backend));
            assert!(names.iter().all(|name| name.len() > 15 && name[..14].bytes().all(|b| b.is_ascii_digit())));
        }
        assert_eq!(folders("mysql"), folders("sqlite"));
        let newest = MYSQL.last().unwrap().name;
        assert!(newest.starts_with(schema::VERSION), "schema::VERSION is not that of {newest}");
    }

    #[test]
    fn line_ends_change_neither_statements_nor_checksum() {
        let unix = Migration { name: "1_x", sql: "-- a; comment\n\nCREATE a (\n  b\n);\n\n-- more\nDROP c;\n" };
        let windows =
            Migration { name: "1_x", sql: "-- a; comment\r\n\r\nCREATE a (\r\n  b\r\n);\r\n\r\n-- more\r\nDROP c;\r\n" };
        assert_eq!(unix.statements(), ["CREATE a (\n  b\n)", "DROP c"]);
        assert_eq!(windows.statements(), unix.statements());
        assert_eq!(windows.checksum(), unix.checksum());
    }

    /// Returns why a statement is not allowed in a migration for MySQL: it must be idempotent, and must leave a table of a
    /// million rows usable while it runs.
    fn violation(statement: &str) -> Option<&'static str> {
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
        let online = statement.contains("ALGORITHM=INSTANT")
            || (statement.contains("ALGORITHM=INPLACE") && statement.contains("LOCK=NONE"));
        let harmless = ["CREATE TABLE IF NOT EXISTS ", "PREPARE ", "EXECUTE ", "DEALLOCATE PREPARE "];
        if harmless.iter().any(|begin| statement.starts_with(begin)) {
            None
        } else if !statement.starts_with("SET @") || !statement.contains(" IF(") || !statement.contains("INFORMATION_SCHEMA.") {
            Some("not idempotent: ask information_schema first (SET @s = IF(…), PREPARE, EXECUTE)")
        } else if statement.contains("ALTER TABLE") && !online {
            Some("may lock a big table: ALGORITHM=INSTANT, or ALGORITHM=INPLACE with LOCK=NONE")
        } else {
            None
        }
    }

    #[test]
    fn mysql_migrations_are_idempotent_and_online() {
        for migration in MYSQL {
            for statement in migration.statements() {
                assert_eq!(violation(&statement), None, "{}: {statement}", migration.name);
            }
        }
    }

    #[test]
    fn locking_or_unguarded_statements_are_rejected() {
        let guarded = |change: &str| {
            format!(
                "SET @s = IF((SELECT COUNT(*) FROM information_schema.columns WHERE column_name = 'note') = 0, '{change}', 'DO 0')"
            )
        };
        assert_eq!(violation(&guarded("ALTER TABLE owner ADD COLUMN note TEXT NULL, ALGORITHM=INSTANT")), None);
        assert_eq!(violation(&guarded("ALTER TABLE owner ADD INDEX i (city), ALGORITHM=INPLACE, LOCK=NONE")), None);
        assert!(violation(&guarded("ALTER TABLE owner ADD COLUMN note TEXT NULL")).unwrap().contains("lock"));
        assert!(violation(&guarded("ALTER TABLE owner MODIFY city TEXT, ALGORITHM=INPLACE")).unwrap().contains("lock"));
        for bare in
            ["ALTER TABLE owner ADD COLUMN note TEXT NULL, ALGORITHM=INSTANT", "UPDATE owner SET city = ''", "DROP TABLE visit"]
        {
            assert!(violation(bare).unwrap().contains("information_schema"), "{bare}");
        }
    }
}
