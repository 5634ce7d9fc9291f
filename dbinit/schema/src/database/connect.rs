//! Opening one connection to either kind of database, with the real cause if it fails.

use std::time::Duration;

use diesel::Connection as _;
use diesel::SqliteConnection;
use diesel::connection::{CacheSize, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use super::error::{ConnectError, ErrorKind};
use super::session::{self, Limits};
use super::{Backend, Connection, Connector, DatabaseUrl};
use crate::search;

impl Connection {
    /// The kind of database.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self {
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => Backend::Mysql,
            Self::Sqlite(_) => Backend::Sqlite,
        }
    }
}

/// Time limit for opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Limits of a connection without settings of its own.
const LIMITS: Limits = Limits { lock_wait: Duration::from_secs(5), query: None };

/// Connects, and creates the file of an SQLite database if it is missing. Blocks for at most 10 s and the time it takes to
/// resolve the host name.
pub fn connect(url: &DatabaseUrl) -> Result<Connection, ConnectError> {
    Connector::creating(url.clone(), LIMITS).connect(CONNECT_TIMEOUT).map(|(connection, _)| connection)
}

/// Connects like [`connect`], but an SQLite file must exist.
pub fn connect_existing(url: &DatabaseUrl) -> Result<Connection, ConnectError> {
    Connector::new(url.clone(), LIMITS).connect(CONNECT_TIMEOUT).map(|(connection, _)| connection)
}

/// Connects, without a time limit.
pub(super) fn open(url: &DatabaseUrl, limits: Limits, create: bool) -> Result<Connection, ConnectError> {
    match url.backend() {
        Backend::Mysql => {
            let mut connection = mysql(url)?;
            session::begin(&mut connection, limits)?;
            Ok(connection)
        }
        Backend::Sqlite => sqlite(url, limits, create).map(Connection::Sqlite),
    }
}

#[cfg(feature = "mysql")]
fn mysql(url: &DatabaseUrl) -> Result<Connection, ConnectError> {
    if let Some(ca) = url.ssl_ca() {
        let message = |error| format!("cannot read ssl_ca {}: {error}", ca.display());
        std::fs::File::open(&ca).map_err(|error| ConnectError::new(ErrorKind::Certificate, message(error)))?;
    }
    // the client itself refuses a session without TLS if the URL requires it
    Ok(Connection::Mysql(diesel::MysqlConnection::establish(&url.for_client())?))
}

#[cfg(not(feature = "mysql"))]
fn mysql(_: &DatabaseUrl) -> Result<Connection, ConnectError> {
    Err(ConnectError::new(ErrorKind::UnsupportedServer, "this build has no MySQL client (cargo feature mysql)".to_owned()))
}

fn sqlite(url: &DatabaseUrl, limits: Limits, create: bool) -> Result<SqliteConnection, ConnectError> {
    let file = url.sqlite_uri(create);
    let mut connection = SqliteConnection::establish(&file)
        .map_err(|error| ConnectError::new(ErrorKind::Unreachable, format!("{url}: {error}")))?;
    let busy_timeout = limits.lock_wait.as_millis();
    connection
        .batch_execute(&format!("PRAGMA busy_timeout = {busy_timeout}; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON"))?;
    if create {
        // kept in the file
        connection.batch_execute("PRAGMA journal_mode = WAL")?;
    }
    search::register(&mut connection)?;
    Ok(connection)
}

/// Clears a connection's cache of prepared statements. Must be called after a statement has failed, before the connection is
/// used again.
///
/// diesel checks for an error after it has bound the values of a cached statement, and MySQL's client still reports the one of
/// the previous execution: without this, a statement that failed once would fail forever on its connection.
pub fn forget_statements(connection: &mut Connection) {
    connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    connection.set_prepared_statement_cache_size(CacheSize::Unbounded);
}

/// Returns the id that this connection's last INSERT generated.
pub fn last_insert_id(connection: &mut Connection) -> QueryResult<i32> {
    use diesel::dsl::sql;
    match connection.backend() {
        Backend::Mysql => diesel::select(sql::<BigInt>("CAST(LAST_INSERT_ID() AS SIGNED)"))
            .get_result::<i64>(connection)
            .and_then(|id| i32::try_from(id).map_err(|error| diesel::result::Error::DeserializationError(error.into()))),
        Backend::Sqlite => diesel::select(sql::<Integer>("last_insert_rowid()")).get_result(connection),
    }
}
