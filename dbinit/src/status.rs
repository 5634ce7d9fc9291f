//! What is applied, what is pending, and what is not as it should be. Reads only.

use std::collections::BTreeMap;
use std::fmt;

use diesel::prelude::*;
use serde::Serialize;

use crate::apply::{self, SEED};
use crate::migrations::{self, Migration};
use schema::database::{Backend, Connection};

mod diesel_record {
    // diesel's macro makes public items without documentation
    #![allow(missing_docs, unreachable_pub)]

    diesel::table! {
        /// The versions that diesel's harness has recorded.
        __diesel_schema_migrations (version) {
            version -> Text,
        }
    }
}

use self::diesel_record::__diesel_schema_migrations;

/// The state of a database, or of one migration in it; the worst of all is the database's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Done.
    Applied,
    /// Not done yet: `dbinit` would do it.
    Pending,
    /// Applied, but not by this program's files: changed since, or unknown to it.
    Drift,
}

/// A database compared with what this program would make of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The worst state of all.
    pub state: State,
    /// The migrations, known ones first.
    pub migrations: Vec<Row>,
    /// What became of the seed data: inserted, left out (there were rows already), or pending.
    pub seed: String,
}

/// One migration.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its number.
    pub version: String,
    /// Its name, where this program knows it.
    pub name: Option<&'static str>,
    /// Where it stands.
    pub state: State,
    /// What is wrong, for drift.
    pub problem: Option<&'static str>,
}

/// Reads a database's state.
pub fn read(connection: &mut Connection) -> QueryResult<Status> {
    let known = migrations::of(connection.backend());
    let versions = if has_table(connection, "__diesel_schema_migrations")? {
        __diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load(connection)?
    } else {
        Vec::new()
    };
    let records = if has_table(connection, "dbinit_record")? { apply::records(connection)? } else { BTreeMap::new() };
    Ok(compare(known, &versions, &records))
}

/// The comparison itself.
fn compare(known: &[Migration], versions: &[String], records: &BTreeMap<String, String>) -> Status {
    let mut rows: Vec<Row> = known
        .iter()
        .map(|migration| {
            let applied = versions.iter().any(|version| version == migration.version());
            let changed = records.get(&migration.checksum_record()) != Some(&migration.checksum());
            let (state, problem) = match (applied, changed) {
                (false, _) => (State::Pending, None),
                (true, false) => (State::Applied, None),
                (true, true) => (State::Drift, Some("the file is not the one that was applied")),
            };
            Row { version: migration.version().to_owned(), name: Some(migration.name), state, problem }
        })
        .collect();
    let unknown = versions.iter().filter(|version| !known.iter().any(|migration| migration.version() == *version));
    rows.extend(unknown.map(|version| Row {
        version: version.clone(),
        name: None,
        state: State::Drift,
        problem: Some("applied by another version of dbinit, which this one doesn't know"),
    }));
    let seed = records.get(SEED).cloned();
    let seeded = if seed.is_some() { State::Applied } else { State::Pending };
    Status {
        state: rows.iter().map(|row| row.state).fold(seeded, State::max),
        migrations: rows,
        seed: seed.unwrap_or_else(|| "pending".to_owned()),
    }
}

fn has_table(connection: &mut Connection, table: &str) -> QueryResult<bool> {
    let tables = match connection.backend() {
        Backend::Mysql => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
        }
        Backend::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?",
    };
    let found: Option<Table> =
        diesel::sql_query(tables).bind::<diesel::sql_types::Text, _>(table).get_result(connection).optional()?;
    Ok(found.is_some())
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = diesel::sql_types::Text)]
    #[allow(dead_code)]
    name: String,
}

impl State {
    /// The exit status of `dbinit status`.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Applied => 0,
            Self::Pending => 1,
            Self::Drift => 2,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Drift => "drift",
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.migrations {
            write!(f, "{:8} {}", row.state, row.name.unwrap_or(&row.version))?;
            match row.problem {
                Some(problem) => writeln!(f, ": {problem}")?,
                None => writeln!(f)?,
            }
        }
        let seed = if self.seed == "pending" { State::Pending } else { State::Applied };
        writeln!(f, "{seed:8} seed data ({})", self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(known: &[Migration]) -> BTreeMap<String, String> {
        let checksums = known.iter().map(|migration| (migration.checksum_record(), migration.checksum()));
        checksums.chain([(SEED.to_owned(), "inserted".to_owned())]).collect()
    }

    #[test]
    fn the_worst_state_is_the_databases() {
        let known = &migrations::of(Backend::Mysql)[..1];
        let version = known[0].version().to_owned();
        let all = records(known);
        let state = |versions: &[String], records: &BTreeMap<String, String>| compare(known, versions, records).state;

        assert_eq!(state(&[], &BTreeMap::new()), State::Pending);
        assert_eq!(state(std::slice::from_ref(&version), &all), State::Applied);

        let mut without_seed = all.clone();
        without_seed.remove(SEED);
        assert_eq!(state(std::slice::from_ref(&version), &without_seed), State::Pending);

        let mut changed = all.clone();
        changed.insert(known[0].checksum_record(), "00000000".to_owned());
        assert_eq!(state(std::slice::from_ref(&version), &changed), State::Drift);
        assert_eq!(state(&[version, "99999999999999".to_owned()], &all), State::Drift);
    }
}
