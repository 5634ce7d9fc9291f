//! Errors of connections and statements, by what has to be done about them.

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorKind, Error};

/// The reason why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("{}{message}", .kind.advice())]
pub struct ConnectError {
    /// The kind of error.
    pub kind: ErrorKind,
    message: String,
}

/// The kinds of connection errors that call for different actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing answers: connection refused, timed out, or no route.
    Unreachable,
    /// The host name does not resolve.
    UnknownHost,
    /// Wrong password, or no such account.
    AccessDenied,
    /// The account is locked.
    AccountLocked,
    /// The account's password has expired.
    PasswordExpired,
    /// The account may log in, but not use this database.
    MissingPrivilege,
    /// There is no such database.
    UnknownDatabase,
    /// TLS is required, and the server offers none.
    NoTls,
    /// The account's password may be sent over TLS only, and TLS is disabled.
    InsecurePassword,
    /// The TLS handshake failed: the server offers TLS, and may have been shut down at that moment.
    Handshake,
    /// The server's certificate is issued by another authority or for another name, or the files for it are unusable.
    Certificate,
    /// The server is not one that the schema works with.
    UnsupportedServer,
    /// The server has too many connections.
    Busy,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Returns true if waiting does not help. A wrong password may be temporary: on a first start the account is created later.
    #[must_use]
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::NoTls | Self::InsecurePassword | Self::Certificate | Self::UnsupportedServer)
    }

    /// Parses the client's error, which diesel passes on as text only.
    fn of(message: &str) -> Self {
        let has = |part: &str| message.contains(part);
        // those that contain the host name, which may be anything, come first
        if message.starts_with("Unknown MySQL server host") {
            Self::UnknownHost
        } else if message.starts_with("Can't connect") || message.starts_with("Lost connection") {
            Self::Unreachable
        } else if has("ccount is locked") || has("is blocked") {
            Self::AccountLocked
        } else if has("password has expired") || has("must reset your password") || has("must SET PASSWORD") {
            Self::PasswordExpired
        } else if has("to database '") && has("Access denied") {
            Self::MissingPrivilege
        } else if has("Access denied") {
            Self::AccessDenied
        } else if has("Unknown database") {
            Self::UnknownDatabase
        } else if has("requires secure connection") {
            Self::InsecurePassword
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
            Self::Unreachable => "failed to reach the database (check host, port and that the server is running): ",
            Self::UnknownHost => "the database's host name does not resolve (check DATABASE_URL and DNS): ",
            Self::AccessDenied => "wrong password or unknown account (check the Secret, or CREATE USER): ",
            Self::AccountLocked => "the account is locked (ALTER USER … ACCOUNT UNLOCK): ",
            Self::PasswordExpired => "the account's password has expired (ALTER USER … PASSWORD EXPIRE NEVER, or a new one): ",
            Self::MissingPrivilege => "the account has no privilege on this database (GRANT one): ",
            Self::UnknownDatabase => "the server has no such database (CREATE DATABASE makes it): ",
            Self::NoTls => "the server offers no TLS (enable it, or set ssl_mode=preferred): ",
            Self::InsecurePassword => "the account's password needs TLS, which ssl_mode=disabled forbids (use required): ",
            Self::Handshake => "the TLS handshake failed, as it does while the server restarts: ",
            Self::Certificate => "the server's certificate is not trusted (ssl_ca, ssl_mode): ",
            Self::Busy => "the server has too many connections (raise max_connections, or lower DATABASE_MAX_CONNECTIONS): ",
            Self::UnsupportedServer | Self::Other => "",
        }
    }
}

impl ConnectError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<ConnectionError> for ConnectError {
    fn from(error: ConnectionError) -> Self {
        let message = error.to_string();
        Self { kind: ErrorKind::of(&message), message }
    }
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        Self { kind: ErrorKind::of(&message), message }
    }
}

/// A failed statement that may succeed at another time, on another connection, or on another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transient {
    /// A conflict with another transaction (deadlock, lock wait timeout): the same transaction may succeed at once.
    Conflict,
    /// The server or file takes no writes, such as a primary that was demoted: a new connection may lead to another one.
    ReadOnly,
    /// The server has no room: for another prepared statement, which closing connections makes, or on its disk.
    Exhausted,
    /// The database is busy or shutting down, or has interrupted the statement.
    Unavailable,
    /// The connection is lost.
    ConnectionLost,
}

/// Parts of messages, since diesel passes on an error's text but not its number.
const TRANSIENT: [(&str, Transient); 25] = [
    // 1213 and 1205; of TiDB 9007, 8002 and 8028
    ("Deadlock found", Transient::Conflict),
    ("Lock wait timeout exceeded", Transient::Conflict),
    // 1020 of MariaDB in REPEATABLE READ
    ("Record has changed since last read", Transient::Conflict),
    ("Write conflict", Transient::Conflict),
    ("can not retry select for update", Transient::Conflict),
    ("Information schema is changed", Transient::Conflict),
    // 1290, 1792 and 1836; SQLite's
    ("read-only option", Transient::ReadOnly),
    ("in a READ ONLY transaction", Transient::ReadOnly),
    ("read-only mode", Transient::ReadOnly),
    ("readonly database", Transient::ReadOnly),
    // 1461, 1114, 1021 and 3; SQLite's
    ("max_prepared_stmt_count", Transient::Exhausted),
    ("' is full", Transient::Exhausted),
    ("Disk full", Transient::Exhausted),
    ("No space left on device", Transient::Exhausted),
    ("disk is full", Transient::Exhausted),
    ("Query execution was interrupted", Transient::Unavailable),
    ("Too many connections", Transient::Unavailable),
    ("database is locked", Transient::Unavailable),
    ("disk I/O error", Transient::Unavailable),
    ("shutdown in progress", Transient::ConnectionLost),
    ("Connection was killed", Transient::ConnectionLost),
    ("Lost connection", Transient::ConnectionLost),
    ("gone away", Transient::ConnectionLost),
    ("disconnected by the server", Transient::ConnectionLost),
    ("unable to open database file", Transient::ConnectionLost),
];

impl Transient {
    /// Classifies a statement's error; `None` if it is permanent.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        let Error::DatabaseError(kind, information) = error else { return None };
        match kind {
            DatabaseErrorKind::SerializationFailure => Some(Self::Conflict),
            DatabaseErrorKind::ReadOnlyTransaction => Some(Self::ReadOnly),
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation => None,
            _ => TRANSIENT.iter().find(|(part, _)| information.message().contains(part)).map(|(_, kind)| *kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client's texts, whose number is the same for many TLS errors.
    #[test]
    fn tls_errors_of_restarts_are_not_permanent() {
        let ssl = |words: &str| ErrorKind::of(&format!("SSL connection error: {words}"));
        assert_eq!(ssl("SSL is required but the server doesn't support it"), ErrorKind::NoTls);
        assert_eq!(ssl("error:0A000126:SSL routines::unexpected eof while reading"), ErrorKind::Handshake);
        assert_eq!(ssl("error:00000000:lib(0)::reason(0)"), ErrorKind::Handshake);
        assert_eq!(ssl("error:0A000086:SSL routines::certificate verify failed"), ErrorKind::Certificate);
        assert_eq!(ssl("Unable to get private key"), ErrorKind::Certificate);

        assert_eq!(ErrorKind::of("Can't connect to MySQL server on 'TLS-certificate:3306' (111)"), ErrorKind::Unreachable);
        let lost = "Lost connection to MySQL server at 'sending connection information to server', system error: 104";
        assert_eq!(ErrorKind::of(lost), ErrorKind::Unreachable);
        assert_eq!(ErrorKind::of("Server shutdown in progress"), ErrorKind::Unreachable);
    }

    #[test]
    fn statement_errors_are_classified_by_their_text() {
        let of = |kind, message: &str| Transient::of(&Error::DatabaseError(kind, Box::new(message.to_owned())));
        let unknown = |message: &str| of(DatabaseErrorKind::Unknown, message);
        let read_only = "The MySQL server is running with the --super-read-only option so it cannot execute this statement";
        assert_eq!(unknown(read_only), Some(Transient::ReadOnly));
        assert_eq!(unknown("Running in read-only mode"), Some(Transient::ReadOnly));
        assert_eq!(unknown("attempt to write a readonly database"), Some(Transient::ReadOnly));
        for message in [
            "database or disk is full",
            "The table 'owner' is full",
            "Disk full (/tmp/#sql-1); waiting for someone to free some space...",
            "Got error 28 - 'No space left on device' from storage engine",
        ] {
            assert_eq!(unknown(message), Some(Transient::Exhausted), "{message}");
        }
        assert_eq!(unknown("Write conflict, txnStartTS=1"), Some(Transient::Conflict));
        assert_eq!(of(DatabaseErrorKind::SerializationFailure, "x"), Some(Transient::Conflict));
        assert_eq!(of(DatabaseErrorKind::UniqueViolation, "Duplicate entry 'Lost connection' for key"), None);
        assert_eq!(unknown("The MySQL server is running with the --secure-file-priv option"), None);
        assert_eq!(Transient::of(&Error::NotFound), None);
    }
}
