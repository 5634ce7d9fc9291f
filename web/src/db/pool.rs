//! Connections of the pool: opened, checked before use, and discarded.

use std::fmt::{self, Write as _};
use std::ops::DerefMut;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::result::DatabaseErrorKind::{CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation};
use diesel::result::Error;
use diesel::result::Error::{DatabaseError, NotFound, RollbackTransaction};
use schema::database::{self, ConnectError, Connection, Connector, DatabaseUrl, Limits, Socket, Transient};

use crate::db::DbError;
use crate::db::outage::Outages;

/// The statement that tests a connection. Logged at debug level, as the readiness check is.
const PING: &str = "SELECT 1";

/// Idle time after which a connection whose socket is unknown is tested with a statement.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Maximum age of a connection, of which a random part of a fifth is taken off: a host name may lead to another server.
const MAX_LIFETIME: Duration = Duration::from_mins(5);

/// Time within which work that conflicts is done once more. A deadlock is found at once; after a wait for a lock that timed out
/// there is no time left.
const RETRY_WITHIN: Duration = Duration::from_millis(500);

/// Minimum time between two discards of all connections, so that a server that stays read-only costs few.
const DISCARD_INTERVAL: Duration = Duration::from_secs(1);

/// Opens connections.
pub(super) struct Manager {
    connector: Connector,
    url: DatabaseUrl,
    /// Time limit for opening a connection.
    limit: Duration,
    outages: Arc<Outages>,
    /// Connections opened before this moment are discarded.
    valid_since: Arc<Mutex<Instant>>,
}

impl Manager {
    pub(super) fn new(url: DatabaseUrl, limits: Limits, limit: Duration, outages: Arc<Outages>) -> Self {
        let connector = Connector::new(url.clone(), limits);
        Self { connector, url, limit, outages, valid_since: Arc::new(Mutex::new(Instant::now())) }
    }
}

/// A connection of the pool.
pub(super) struct Pooled {
    connection: Connection,
    socket: Option<Arc<Socket>>,
    url: DatabaseUrl,
    /// The SQLite file that was opened.
    file: Option<(u64, u64)>,
    opened: Instant,
    expires: Instant,
    valid_since: Arc<Mutex<Instant>>,
    used: Instant,
    broken: bool,
}

/// Returns a connection that is alive, or `None` if there is none in time.
pub(super) fn checkout(pool: &r2d2::Pool<Manager>, acquire_timeout: Duration) -> Option<impl DerefMut<Target = Pooled>> {
    let start = Instant::now();
    loop {
        let mut pooled = pool.get_timeout(acquire_timeout.saturating_sub(start.elapsed())).ok()?;
        if pooled.is_valid() && pooled.is_alive() {
            return Some(pooled);
        }
        // closed when it is returned to the pool
        pooled.broken = true;
    }
}

impl Pooled {
    /// The socket, if it has one that is known.
    pub(super) fn socket(&self) -> Option<Arc<Socket>> {
        self.socket.clone()
    }

    /// Runs `work` on the connection, and once more after a conflict with another transaction, such as a deadlock.
    pub(super) fn use_for<T>(&mut self, work: impl Fn(&mut Connection) -> QueryResult<T>) -> Result<T, DbError> {
        // broken until proven otherwise: a panic in `work` leaves the connection in an unknown state
        self.broken = true;
        let start = Instant::now();
        let mut result = work(&mut self.connection);
        let is_conflict = |error: &Error| Transient::of(error) == Some(Transient::Conflict);
        if result.as_ref().is_err_and(is_conflict) && start.elapsed() < RETRY_WITHIN {
            database::forget_statements(&mut self.connection);
            result = work(&mut self.connection);
        }
        self.used = Instant::now();
        let error = match result {
            // what was written to a file that has no name any more is lost
            Ok(_) if self.is_replaced() => return Err(DbError::Unavailable("the database file was replaced".to_owned())),
            Ok(value) => {
                self.broken = false;
                return Ok(value);
            }
            Err(error) => error,
        };
        database::forget_statements(&mut self.connection);
        match Transient::of(&error) {
            Some(Transient::Conflict | Transient::Unavailable) => self.broken = false,
            // the name may lead to another server by now, and closing connections closes their statements
            Some(Transient::ReadOnly | Transient::Exhausted) => self.discard_all(),
            Some(Transient::ConnectionLost) => {}
            None => {
                self.broken = !leaves_connection_usable(&error);
                // the client library has no code for some lost connections: a statement tells
                if self.broken && self.connection.batch_execute(PING).is_err() {
                    return Err(DbError::Unavailable(format!("connection lost: {error}")));
                }
                return Err(DbError::Query(error));
            }
        }
        Err(DbError::Unavailable(error.to_string()))
    }

    fn is_alive(&mut self) -> bool {
        match &self.socket {
            Some(socket) => socket.is_quiet(),
            None => self.used.elapsed() < TEST_AFTER_IDLE || self.connection.batch_execute(PING).is_ok(),
        }
    }

    fn is_valid(&self) -> bool {
        let valid_since = *self.valid_since.lock().unwrap_or_else(PoisonError::into_inner);
        self.opened >= valid_since && Instant::now() < self.expires && !self.is_replaced()
    }

    /// Returns true if the SQLite file was deleted or replaced since it was opened.
    fn is_replaced(&self) -> bool {
        self.file.is_some() && self.url.file_id() != self.file
    }

    /// Discards all connections that are open now, at most once per [`DISCARD_INTERVAL`].
    fn discard_all(&self) {
        let mut valid_since = self.valid_since.lock().unwrap_or_else(PoisonError::into_inner);
        if valid_since.elapsed() > DISCARD_INTERVAL {
            *valid_since = Instant::now();
        }
    }
}

fn leaves_connection_usable(error: &Error) -> bool {
    matches!(
        error,
        NotFound
            | RollbackTransaction
            | DatabaseError(UniqueViolation | ForeignKeyViolation | NotNullViolation | CheckViolation, _)
    )
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectError;

    fn connect(&self) -> Result<Pooled, ConnectError> {
        let connected = self.connector.connect(self.limit);
        self.outages.connected(connected.as_ref().map(|_| ()).map_err(ToString::to_string));
        let (mut connection, socket) = connected?;
        diesel::Connection::set_instrumentation(&mut connection, LogStatements { started: Instant::now() });
        let opened = Instant::now();
        let lifetime = MAX_LIFETIME.mul_f64(1.0 - fastrand::f64() / 5.0);
        Ok(Pooled {
            connection,
            socket: socket.map(Arc::new),
            file: self.url.file_id(),
            url: self.url.clone(),
            opened,
            expires: opened + lifetime,
            valid_since: Arc::clone(&self.valid_since),
            used: opened,
            broken: false,
        })
    }

    /// Not used: [`checkout`] checks each connection, on the thread whose request is watched.
    fn is_valid(&self, _: &mut Pooled) -> Result<(), ConnectError> {
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.broken
    }
}

/// Logs one line per statement: its text without the values, and its time. The request id comes with the span.
struct LogStatements {
    started: Instant,
}

impl Instrumentation for LogStatements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => self.started = Instant::now(),
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
                let Text(sql) = Text::of(query);
                match error {
                    None if sql == PING || schema::is_readiness_check(&sql) => {
                        tracing::debug!(target: "sql", micros, sql, "statement");
                    }
                    None | Some(NotFound) => tracing::info!(target: "sql", micros, sql, "statement"),
                    Some(error) => tracing::warn!(target: "sql", micros, sql, %error, "statement failed"),
                }
            }
            _ => {}
        }
    }
}

/// A statement's text. Its values, which diesel writes behind it, are not for the log and take much of its time.
struct Text(String);

impl Text {
    fn of(query: &dyn DebugQuery) -> Self {
        let mut text = Self(String::new());
        // An error is where the values would begin.
        let _ = write!(text, "{query}");
        text
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if piece == " -- binds: " {
            return Err(fmt::Error);
        }
        self.0.push_str(piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use schema::tables::owner;

    use super::*;

    #[test]
    fn sql_log_has_no_values() {
        let query = owner::table.filter(owner::last_name.eq("a secret")).select(owner::id).limit(3);
        let query = diesel::debug_query::<diesel::mysql::Mysql, _>(&query);
        assert_eq!(Text::of(&query).0, "SELECT `owner`.`id` FROM `owner` WHERE (`owner`.`last_name` = ?) LIMIT ?");
    }
}
