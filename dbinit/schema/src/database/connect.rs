//! One connection, for either kind of database, with the real cause where there is none.

use std::fs::File;
use std::time::Duration;

use diesel::Connection as _;
use diesel::connection::{CacheSize, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use diesel::{ConnectionError, MysqlConnection, SqliteConnection};

use super::{Backend, Connection, Connector, DatabaseUrl};
use crate::search;

const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

impl Connection {
    /// The kind of database behind it.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self {
            Self::Mysql(_) => Backend::Mysql,
            Self::Sqlite(_) => Backend::Sqlite,
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("{}{message}", .trouble.advice())]
pub struct ConnectError {
    /// What kind of trouble it is.
    pub trouble: Trouble,
    message: String,
}

/// The kinds of trouble that a person has to act on differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing answers: refused, timed out, or no way there.
    Unreachable,
    /// The name has no address.
    UnknownHost,
    /// Wrong password, or no such account.
    AccessDenied,
    /// The account may log in, but not use this database.
    MissingRight,
    /// There is no such database.
    UnknownDatabase,
    /// TLS is required, and the server offers none.
    NoTls,
    /// The TLS handshake came to no end: the server offers TLS, and may have gone away at that moment.
    Handshake,
    /// The server's certificate is from another authority or for another name, or the files for it are unusable.
    Certificate,
    /// The server is older than the schema needs.
    TooOld,
    /// The server has no connection left for us.
    Busy,
    /// Anything else.
    Other,
}

impl Trouble {
    /// Reads the client's error, which diesel hands on as its text only.
    fn of(message: &str) -> Self {
        let has = |part: &str| message.contains(part);
        // first those that name the host, which may be called anything
        if message.starts_with("Unknown MySQL server host") {
            Self::UnknownHost
        } else if message.starts_with("Can't connect") || message.starts_with("Lost connection") {
            Self::Unreachable
        } else if has("to database '") && has("Access denied") {
            Self::MissingRight
        } else if has("Access denied") {
            Self::AccessDenied
        } else if has("Unknown database") {
            Self::UnknownDatabase
        } else if has("certificate") || has("SSL_CTX") || has("Unable to get private key") {
            Self::Certificate
        } else if has("SSL is required") {
            Self::NoTls
        } else if has("SSL connection error") {
            Self::Handshake
        } else if has("Too many connections") || has("max_user_connections") || has("max_connections_per_hour") {
            Self::Busy
        } else if has("gone away") || has("shutdown in progress") {
            Self::Unreachable
        } else {
            Self::Other
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Unreachable => "the database doesn't answer: ",
            Self::UnknownHost => "the database's host has no address: ",
            Self::AccessDenied => "wrong password, or no such account yet: ",
            Self::MissingRight => "the account may not use this database (it needs a GRANT): ",
            Self::UnknownDatabase => "the server has no such database (CREATE DATABASE makes it): ",
            Self::NoTls => "no TLS, which ssl_mode requires: ",
            Self::Handshake => "the TLS handshake failed, as it does while the server restarts: ",
            Self::Certificate => "the server's certificate is not trusted (ssl_ca, ssl_mode): ",
            Self::Busy => "the server has no connection left: ",
            Self::TooOld | Self::Other => "",
        }
    }
}

impl ConnectError {
    /// An error of a server that could not be reached, with its reason.
    pub fn unreachable(message: String) -> Self {
        Self { trouble: Trouble::Unreachable, message }
    }

    pub(super) fn unknown_host(error: &std::io::Error) -> Self {
        Self { trouble: Trouble::UnknownHost, message: error.to_string() }
    }

    /// An error of a server that is older than what is supported.
    pub fn too_old(message: String) -> Self {
        Self { trouble: Trouble::TooOld, message }
    }
}

impl From<ConnectionError> for ConnectError {
    fn from(error: ConnectionError) -> Self {
        let message = error.to_string();
        Self { trouble: Trouble::of(&message), message }
    }
}

impl From<diesel::result::Error> for ConnectError {
    fn from(error: diesel::result::Error) -> Self {
        let message = error.to_string();
        Self { trouble: Trouble::of(&message), message }
    }
}

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects. Blocks for at most 10 s and the time it takes to resolve the host's name.
///
/// A MySQL session is strict, so that a text that is too long is refused and never cut, and reads what is committed
/// (READ COMMITTED), as the list of owners needs it. Where the URL requires TLS, the
/// session is asked for its cipher before anything else is sent.
pub fn connect(url: &DatabaseUrl) -> Result<Connection, ConnectError> {
    Connector::new(url.clone(), String::new()).connect(CONNECT_TIMEOUT).map(|(connection, _)| connection)
}

/// Connects, however long it takes.
pub(super) fn open(url: &DatabaseUrl, session: &str) -> Result<Connection, ConnectError> {
    match url.backend() {
        Backend::Mysql => mysql(url, session).map(Connection::Mysql),
        Backend::Sqlite => sqlite(url, session).map(Connection::Sqlite),
    }
}

fn mysql(url: &DatabaseUrl, session: &str) -> Result<MysqlConnection, ConnectError> {
    if let Some(ca) = url.ssl_ca() {
        File::open(&ca).map_err(|error| ConnectError {
            trouble: Trouble::Certificate,
            message: format!("cannot read ssl_ca {}: {error}", ca.display()),
        })?;
    }
    let mut connection = MysqlConnection::establish(&url.for_client())?;
    if url.requires_tls() && cipher(&mut connection)?.is_empty() {
        return Err(ConnectError {
            trouble: Trouble::NoTls,
            message: "the session has no cipher (Ssl_cipher is empty)".to_owned(),
        });
    }
    let comma = if session.is_empty() { "" } else { ", " };
    diesel::sql_query(format!("SET SESSION transaction_isolation = 'READ-COMMITTED', sql_mode = '{SQL_MODE}'{comma}{session}"))
        .execute(&mut connection)?;
    Ok(connection)
}

#[derive(QueryableByName)]
struct Status {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

fn cipher(connection: &mut MysqlConnection) -> QueryResult<String> {
    let status: Status = diesel::sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").get_result(connection)?;
    Ok(status.value)
}

fn sqlite(url: &DatabaseUrl, session: &str) -> Result<SqliteConnection, ConnectError> {
    let mut connection = SqliteConnection::establish(&url.for_client())
        .map_err(|error| ConnectError { trouble: Trouble::Unreachable, message: format!("{url}: {error}") })?;
    let pragmas = ["busy_timeout = 5000", session, "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"];
    for pragma in pragmas.iter().filter(|pragma| !pragma.is_empty()) {
        connection.batch_execute(&format!("PRAGMA {pragma}"))?;
    }
    search::register(&mut connection)?;
    Ok(connection)
}

/// Forgets the prepared statements of a connection. To be called after a statement that failed, before the connection is
/// used again.
///
/// diesel looks for an error after binding the values of a cached statement, and MySQL's client still holds the one of
/// the execution before: without this, a statement that failed once would fail for ever on its connection.
pub fn forget_statements(connection: &mut Connection) {
    connection.set_prepared_statement_cache_size(CacheSize::Disabled);
    connection.set_prepared_statement_cache_size(CacheSize::Unbounded);
}

/// The id that this connection's last INSERT made.
pub fn last_insert_id(connection: &mut Connection) -> QueryResult<i32> {
    use diesel::dsl::sql;
    match connection {
        Connection::Mysql(mysql) => diesel::select(sql::<diesel::sql_types::BigInt>("CAST(LAST_INSERT_ID() AS SIGNED)"))
            .get_result::<i64>(mysql)
            .and_then(|id| i32::try_from(id).map_err(|error| diesel::result::Error::DeserializationError(error.into()))),
        Connection::Sqlite(sqlite) => diesel::select(sql::<Integer>("last_insert_rowid()")).get_result(sqlite),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client's words, of which the number is the same for much that has to do with TLS.
    #[test]
    fn what_may_be_a_restart_is_told_from_what_stays() {
        let ssl = |words: &str| Trouble::of(&format!("SSL connection error: {words}"));
        assert_eq!(ssl("SSL is required but the server doesn't support it"), Trouble::NoTls);
        assert_eq!(ssl("error:0A000126:SSL routines::unexpected eof while reading"), Trouble::Handshake);
        assert_eq!(ssl("error:00000000:lib(0)::reason(0)"), Trouble::Handshake);
        assert_eq!(ssl("error:0A000086:SSL routines::certificate verify failed"), Trouble::Certificate);
        assert_eq!(ssl("Unable to get private key"), Trouble::Certificate);

        assert_eq!(Trouble::of("Can't connect to MySQL server on 'TLS-certificate:3306' (111)"), Trouble::Unreachable);
        let lost = "Lost connection to MySQL server at 'sending connection information to server', system error: 104";
        assert_eq!(Trouble::of(lost), Trouble::Unreachable);
        assert_eq!(Trouble::of("Server shutdown in progress"), Trouble::Unreachable);
    }
}
