//! The history of a database: the migrations that were applied to it, and the outcome of seeding.

use chrono::{SecondsFormat, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use schema::database::{Backend, Connection};

/// The name of the seed data's entry.
pub const SEED: &str = "seed";

/// One row of the history: a migration, or the seed data.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Entry {
    /// The name of the migration, or [`SEED`].
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The checksum of a migration, or the outcome of seeding.
    #[diesel(sql_type = Text)]
    pub value: String,
    /// The time of installation (UTC).
    #[diesel(sql_type = Text)]
    pub installed_at: String,
}

/// The names that were applied to a database, in alphabetical order.
#[derive(Debug, Default)]
pub struct History(pub Vec<Entry>);

impl History {
    const CREATE_MYSQL: &str = "CREATE TABLE IF NOT EXISTS dbinit_history (
        name VARCHAR(128) NOT NULL PRIMARY KEY,
        value VARCHAR(64) NOT NULL,
        installed_at VARCHAR(32) NOT NULL
    ) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = ascii COLLATE = ascii_bin";
    const CREATE_SQLITE: &str = "CREATE TABLE IF NOT EXISTS dbinit_history (
        name TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL,
        installed_at TEXT NOT NULL
    ) WITHOUT ROWID";

    /// Reads the history, which is empty if there is no table yet.
    pub fn read(connection: &mut Connection) -> QueryResult<Self> {
        let rows = diesel::sql_query("SELECT name, value, installed_at FROM dbinit_history ORDER BY name").load(connection);
        match rows {
            Ok(entries) => Ok(Self(entries)),
            Err(error) if is_missing_table(&error) => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Returns the entry of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.name == name)
    }

    pub(crate) fn create_table(connection: &mut Connection) -> QueryResult<()> {
        connection.batch_execute(match connection.backend() {
            Backend::Mysql => Self::CREATE_MYSQL,
            Backend::Sqlite => Self::CREATE_SQLITE,
        })
    }
}

fn is_missing_table(error: &diesel::result::Error) -> bool {
    let diesel::result::Error::DatabaseError(_, information) = error else { return false };
    let message = information.message();
    message.starts_with("no such table") || (message.starts_with("Table '") && message.ends_with("doesn't exist"))
}

/// Records a migration or the seed data; an entry of the same name is replaced.
pub(crate) fn record(connection: &mut Connection, name: &str, value: &str) -> QueryResult<()> {
    diesel::sql_query("REPLACE INTO dbinit_history (name, value, installed_at) VALUES (?, ?, ?)")
        .bind::<Text, _>(name)
        .bind::<Text, _>(value)
        .bind::<Text, _>(Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true))
        .execute(connection)
        .map(|_| ())
}
