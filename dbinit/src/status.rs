//! Applied and pending migrations, and drift: changed files, unknown migrations, and tables that are not as they should be.
//! Only reads.

use std::collections::BTreeSet;
use std::fmt;

use diesel::prelude::*;
use diesel::sql_types::Text;
use schema::database::{Backend, Connection, Server};
use serde::Serialize;

use crate::history::{History, SEED};
use crate::migrate::{self, Migration};

/// The state of a database, or of one migration in it; the worst of all is the database's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Applied.
    Applied,
    /// Not applied yet: `dbinit` would do it.
    Pending,
    /// Applied, but different from this program's files or unknown to it.
    Drift,
}

/// A database compared with what this program would make of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The worst state of all.
    pub state: State,
    /// The migrations, known ones first.
    pub migrations: Vec<Row>,
    /// The outcome of seeding: inserted, skipped (there were rows already), or pending.
    pub seed: String,
    /// Differences of the tables from what the migrations make, such as a missing index.
    pub differences: Vec<String>,
}

/// One migration.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: State,
    /// The time of installation (UTC).
    pub installed_at: Option<String>,
    /// The problem, for drift.
    pub problem: Option<&'static str>,
}

/// Reads the state of a database.
pub fn read(connection: &mut Connection) -> QueryResult<Status> {
    let backend = connection.backend();
    let history = History::read(connection)?;
    let mut status = compare(migrate::all(backend), &history);
    if migrate::pending(&history, backend).is_empty() {
        status.differences = differences(connection)?;
        if !status.differences.is_empty() {
            status.state = State::Drift;
        }
    }
    Ok(status)
}

/// Compares the migrations with the history.
#[must_use]
pub fn compare(known: &[Migration], history: &History) -> Status {
    let mut rows: Vec<Row> = known
        .iter()
        .map(|migration| {
            let entry = history.get(migration.name);
            let (state, problem) = match entry {
                None => (State::Pending, None),
                Some(entry) if entry.value == migration.checksum() => (State::Applied, None),
                Some(_) => (State::Drift, Some("checksum mismatch: migration was modified after it was applied")),
            };
            Row { name: migration.name.to_owned(), state, installed_at: entry.map(|entry| entry.installed_at.clone()), problem }
        })
        .collect();
    let is_unknown = |name: &str| name != SEED && !known.iter().any(|migration| migration.name == name);
    rows.extend(history.0.iter().filter(|entry| is_unknown(&entry.name)).map(|entry| Row {
        name: entry.name.clone(),
        state: State::Drift,
        installed_at: Some(entry.installed_at.clone()),
        problem: Some("unknown migration: applied by another version of dbinit"),
    }));
    let seed = history.get(SEED).map(|entry| entry.value.clone());
    let seeded = if seed.is_some() { State::Applied } else { State::Pending };
    Status {
        state: rows.iter().map(|row| row.state).fold(seeded, State::max),
        migrations: rows,
        seed: seed.unwrap_or_else(|| "pending".to_owned()),
        differences: Vec::new(),
    }
}

/// The definitions that the migrations make, one per line; a test keeps them up to date.
const MYSQL_SHAPE: &str = include_str!("../shape/mysql.txt");
const SQLITE_SHAPE: &str = include_str!("../shape/sqlite.txt");

const MYSQL_QUERY: &str = "
SELECT CONCAT('table ', table_name, ' ', engine) AS line
FROM information_schema.tables WHERE table_schema = DATABASE()
UNION ALL
SELECT CONCAT('column ', table_name, '.', column_name, ' ', column_type, IF(is_nullable = 'NO', ' not null', ''),
    IFNULL(CONCAT(' ', collation_name), ''), IF(extra = '', '', CONCAT(' ', LOWER(extra))))
FROM information_schema.columns WHERE table_schema = DATABASE()
UNION ALL
SELECT CONCAT('index ', table_name, '.', index_name, ' (', GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), ')',
    IF(non_unique = 0, ' unique', ''))
FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name, non_unique
UNION ALL
SELECT CONCAT('foreign key ', table_name, '.', column_name, ' to ', referenced_table_name, '.', referenced_column_name)
FROM information_schema.key_column_usage WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL";

const SQLITE_QUERY: &str = "
WITH tables AS (SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%')
SELECT 'table ' || name AS line FROM tables
UNION ALL
SELECT 'column ' || t.name || '.' || c.name || ' ' || lower(c.type) || iif(c.\"notnull\", ' not null', '')
FROM tables t JOIN pragma_table_info(t.name) c
UNION ALL
SELECT 'index ' || t.name || '.' || i.name || ' (' || (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)) || ')'
    || iif(i.\"unique\", ' unique', '')
FROM tables t JOIN pragma_index_list(t.name) i
UNION ALL
SELECT 'foreign key ' || t.name || '.' || f.\"from\" || ' to ' || f.\"table\" || '.' || f.\"to\"
FROM tables t JOIN pragma_foreign_key_list(t.name) f
UNION ALL
SELECT 'trigger ' || tbl_name || '.' || name FROM sqlite_schema WHERE type = 'trigger'";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Reads the definitions of the tables, sorted.
pub fn shape(connection: &mut Connection) -> QueryResult<BTreeSet<String>> {
    let query = match connection.backend() {
        Backend::Mysql => MYSQL_QUERY,
        Backend::Sqlite => SQLITE_QUERY,
    };
    let lines: Vec<Line> = diesel::sql_query(query).load(connection)?;
    // MariaDB shows a width for integers
    Ok(lines.into_iter().map(|line| line.line.replace(" int(11)", " int").replace(" bigint(20)", " bigint")).collect())
}

/// Returns what is missing, and what is there in its place. Additional tables, indexes and nullable columns do no harm.
fn differences(connection: &mut Connection) -> QueryResult<Vec<String>> {
    let expected = match connection.backend() {
        Backend::Mysql => Server::of(connection)?.translate(MYSQL_SHAPE),
        Backend::Sqlite => SQLITE_SHAPE.to_owned(),
    };
    let expected: BTreeSet<String> = expected.lines().map(str::to_owned).collect();
    let found = shape(connection)?;
    let name = |line: &str| line.split_inclusive(' ').take(2).collect::<String>();
    let missing: Vec<&String> = expected.difference(&found).collect();
    let differences = missing.iter().map(|line| match found.iter().find(|other| name(other) == name(line)) {
        Some(other) => format!("changed: {other}; expected {line}"),
        None => format!("missing: {line}"),
    });
    Ok(differences.collect())
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
            write!(f, "{:8} {}", row.state, row.name)?;
            if let Some(time) = &row.installed_at {
                write!(f, " ({time})")?;
            }
            match row.problem {
                Some(problem) => writeln!(f, ": {problem}")?,
                None => writeln!(f)?,
            }
        }
        let seed = if self.seed == "pending" { State::Pending } else { State::Applied };
        writeln!(f, "{seed:8} seed data ({})", self.seed)?;
        self.differences.iter().try_for_each(|difference| writeln!(f, "{:8} {difference}", State::Drift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Entry;

    fn entry(name: &str, value: &str) -> Entry {
        Entry { name: name.to_owned(), value: value.to_owned(), installed_at: "2026-01-01T00:00:00Z".to_owned() }
    }

    #[test]
    fn database_has_the_worst_state_of_all() {
        let known = &migrate::all(Backend::Mysql)[..1];
        let state = |entries: &[Entry]| compare(known, &History(entries.to_vec())).state;
        let (migration, seed) = (entry(known[0].name, &known[0].checksum()), entry(SEED, "inserted"));
        assert_eq!(state(&[]), State::Pending);
        assert_eq!(state(&[migration.clone(), seed.clone()]), State::Applied);
        assert_eq!(state(std::slice::from_ref(&migration)), State::Pending);
        assert_eq!(state(&[entry(known[0].name, "00000000"), seed.clone()]), State::Drift);
        assert_eq!(state(&[migration, seed, entry("99999999999999_x", "0")]), State::Drift);
    }
}
