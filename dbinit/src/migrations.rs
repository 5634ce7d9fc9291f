//! The numbered migrations, compiled in: one list, a file for each backend.
//!
//! A migration that has been released is never changed; its checksum, recorded when it was applied, tells.
//! MySQL commits every statement of a migration by itself, so each one must be able to meet its own result. Statements
//! end with a semicolon at the end of a line.

use diesel::connection::BoxableConnection;
use diesel::migration::{Migration as DieselMigration, MigrationMetadata, MigrationName, MigrationVersion, Result};

use schema::database::Backend;

/// One migration of one backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its folder's name: 14 digits, which are the version, and words.
    pub name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($backend:literal: $($name:literal),+ $(,)?) => {
        &[$(Migration { name: $name, sql: include_str!(concat!("../migrations/", $backend, "/", $name, "/up.sql")) }),+]
    };
}

/// All migrations of a backend, in order.
#[must_use]
pub fn of(backend: Backend) -> &'static [Migration] {
    match backend {
        Backend::Mysql => MYSQL,
        Backend::Sqlite => SQLITE,
    }
}

const MYSQL: &[Migration] = migrations!("mysql": "00000000000001_schema");

const SQLITE: &[Migration] = migrations!("sqlite": "00000000000001_schema");

impl Migration {
    /// The number by which diesel records it.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.name.split('_').next().unwrap_or(self.name)
    }

    /// Changes when the file does (CRC-32, in hex).
    #[must_use]
    pub fn checksum(&self) -> String {
        format!("{:08x}", crc32fast::hash(self.sql.as_bytes()))
    }

    /// The name under which dbinit records the checksum.
    pub(crate) fn checksum_record(&self) -> String {
        format!("checksum {}", self.version())
    }

    /// Its statements, one by one, without the comments between them.
    pub fn statements(&self) -> impl Iterator<Item = &'static str> {
        self.sql.split(";\n").map(without_comment).filter(|statement| !statement.is_empty())
    }
}

fn without_comment(statement: &str) -> &str {
    let mut rest = statement.trim();
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
    }
    rest
}

impl<DB: diesel::backend::Backend> DieselMigration<DB> for Migration {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> Result<()> {
        for (number, statement) in self.statements().enumerate() {
            connection.batch_execute(statement).map_err(|source| StatementError {
                migration: self.name,
                number: number + 1,
                source,
            })?;
        }
        Ok(())
    }

    fn revert(&self, _: &mut dyn BoxableConnection<DB>) -> Result<()> {
        Err(format!("{}: migrations go forward only", self.name).into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Migration {}

impl MigrationName for Migration {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(Self::version(self))
    }
}

impl std::fmt::Display for Migration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A statement of a migration that the database refused.
#[derive(Debug, thiserror::Error)]
#[error("migration {migration}, statement {number}: {source}")]
pub struct StatementError {
    migration: &'static str,
    number: usize,
    source: diesel::result::Error,
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
    fn every_folder_is_compiled_in_and_both_backends_have_the_same() {
        for (backend, list) in [("mysql", MYSQL), ("sqlite", SQLITE)] {
            let names: Vec<_> = list.iter().map(|migration| migration.name).collect();
            assert_eq!(names, folders(backend));
            assert!(names.iter().all(|name| name.len() > 15 && name[..14].bytes().all(|b| b.is_ascii_digit())));
        }
        assert_eq!(folders("mysql"), folders("sqlite"));
    }

    #[test]
    fn statements_are_taken_apart() {
        let migration = Migration { name: "1_x", sql: "-- a; comment\n\nCREATE a (\n  b\n);\n\n-- more\nDROP c;\n" };
        assert_eq!(migration.statements().collect::<Vec<_>>(), ["CREATE a (\n  b\n)", "DROP c"]);
    }

    /// Why a statement must not stand in a migration for MySQL, if so: it has to be able to meet its own result, and to
    /// leave a table of a million rows usable while it runs.
    fn objection(statement: &str) -> Option<&'static str> {
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
        let online = statement.contains("ALGORITHM=INSTANT")
            || (statement.contains("ALGORITHM=INPLACE") && statement.contains("LOCK=NONE"));
        let harmless = ["CREATE TABLE IF NOT EXISTS ", "PREPARE ", "EXECUTE ", "DEALLOCATE PREPARE "];
        if harmless.iter().any(|begin| statement.starts_with(begin)) {
            None
        } else if !statement.starts_with("SET @") || !statement.contains(" IF(") || !statement.contains("INFORMATION_SCHEMA.") {
            Some("may meet its own result: ask information_schema first (SET @s = IF(…), PREPARE, EXECUTE)")
        } else if statement.contains("ALTER TABLE") && !online {
            Some("may lock a big table: ALGORITHM=INSTANT, or ALGORITHM=INPLACE with LOCK=NONE")
        } else {
            None
        }
    }

    #[test]
    fn a_mysql_migration_can_meet_its_own_result_and_locks_no_table() {
        for migration in MYSQL {
            for statement in migration.statements() {
                assert_eq!(objection(statement), None, "{}: {statement}", migration.name);
            }
        }
    }

    #[test]
    fn what_would_lock_or_fail_the_second_time_is_objected_to() {
        let guarded = |change: &str| {
            format!(
                "SET @s = IF((SELECT COUNT(*) FROM information_schema.columns WHERE column_name = 'note') = 0, '{change}', 'DO 0')"
            )
        };
        assert_eq!(objection(&guarded("ALTER TABLE owner ADD COLUMN note TEXT NULL, ALGORITHM=INSTANT")), None);
        assert_eq!(objection(&guarded("ALTER TABLE owner ADD INDEX i (city), ALGORITHM=INPLACE, LOCK=NONE")), None);
        assert!(objection(&guarded("ALTER TABLE owner ADD COLUMN note TEXT NULL")).unwrap().contains("lock"));
        assert!(objection(&guarded("ALTER TABLE owner MODIFY city TEXT, ALGORITHM=INPLACE")).unwrap().contains("lock"));
        for bare in
            ["ALTER TABLE owner ADD COLUMN note TEXT NULL, ALGORITHM=INSTANT", "UPDATE owner SET city = ''", "DROP TABLE visit"]
        {
            assert!(objection(bare).unwrap().contains("information_schema"), "{bare}");
        }
    }
}
