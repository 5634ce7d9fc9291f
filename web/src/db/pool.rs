//! Connections as the pool opens, lends and takes back them.

use std::fmt::{self, Write as _};
use std::ops::DerefMut;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::result::DatabaseErrorKind::{
    CheckViolation, ForeignKeyViolation, NotNullViolation, ReadOnlyTransaction, SerializationFailure, UniqueViolation,
};
use diesel::result::Error;
use diesel::result::Error::{DatabaseError, NotFound, RollbackTransaction};
use schema::database::{self, ConnectError, Connection, Connector, Socket};

use crate::db::DbError;
use crate::db::outage::Outages;

/// A connection whose socket isn't known is tried with a statement where it was idle for longer.
const TRUST_IDLE: Duration = Duration::from_secs(1);

/// Messages of MySQL's transient errors: a lock is held, it is read-only, it took too long, it is being
/// shut down, its volume is full.
const REFUSALS: [&str; 9] = [
    "Lock wait timeout exceeded",
    "Query execution was interrupted",
    "Server shutdown in progress",
    "Connection was killed",
    "read-only",
    "database is locked",
    "is full",
    "Disk full",
    "No space left on device",
];

/// The statement that asks whether the server answers. It is logged at debug level: an idle pod runs it every second.
pub(super) const PING: &str = "SELECT 1";

/// Opens connections.
pub(super) struct Manager {
    connector: Connector,
    /// Maximum time to open a connection.
    limit: Duration,
    outages: Arc<Outages>,
}

impl Manager {
    pub(super) fn new(connector: Connector, limit: Duration, outages: Arc<Outages>) -> Self {
        Self { connector, limit, outages }
    }
}

/// A connection of the pool.
pub(super) struct Pooled {
    connection: Connection,
    socket: Option<Arc<Socket>>,
    used: Instant,
    broken: bool,
}

/// Takes a connection that the server hasn't closed, or returns `None` after the timeout.
pub(super) fn checkout(pool: &r2d2::Pool<Manager>, acquire_timeout: Duration) -> Option<impl DerefMut<Target = Pooled>> {
    let asked = Instant::now();
    loop {
        let mut pooled = pool.get_timeout(acquire_timeout.saturating_sub(asked.elapsed())).ok()?;
        if pooled.is_alive() {
            return Some(pooled);
        }
        // Closed as it goes back.
        pooled.broken = true;
    }
}

impl Pooled {
    /// Its socket, where it has one that is known.
    pub(super) fn socket(&self) -> Option<Arc<Socket>> {
        self.socket.clone()
    }

    /// Does `work` on it.
    pub(super) fn use_for<T>(&mut self, work: impl FnOnce(&mut Connection) -> QueryResult<T>) -> Result<T, DbError> {
        // Broken until proven otherwise: a panic in `work` leaves the connection in an unknown state.
        self.broken = true;
        let result = work(&mut self.connection);
        self.used = Instant::now();
        self.broken = result.as_ref().is_err_and(|error| !leaves_connection_usable(error));
        result.map_err(|error| {
            database::forget_statements(&mut self.connection);
            if is_refusal(&error) {
                return DbError::Unavailable(error.to_string());
            }
            // The client library has no kind for a lost connection: whether it is, a statement tells.
            if self.broken && self.connection.batch_execute(PING).is_err() {
                return DbError::Unavailable(format!("connection lost: {error}"));
            }
            DbError::Query(error)
        })
    }

    fn is_alive(&mut self) -> bool {
        match &self.socket {
            Some(socket) => socket.is_quiet(),
            None => self.used.elapsed() < TRUST_IDLE || self.connection.batch_execute(PING).is_ok(),
        }
    }
}

/// Returns true if the same would work at another time.
fn is_refusal(error: &Error) -> bool {
    match error {
        DatabaseError(SerializationFailure | ReadOnlyTransaction, _) => true,
        DatabaseError(_, information) => REFUSALS.iter().any(|refusal| information.message().contains(refusal)),
        _ => false,
    }
}

fn leaves_connection_usable(error: &Error) -> bool {
    match error {
        NotFound
        | RollbackTransaction
        | DatabaseError(UniqueViolation | ForeignKeyViolation | NotNullViolation | CheckViolation, _) => true,
        error => is_refusal(error),
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectError;

    fn connect(&self) -> Result<Pooled, ConnectError> {
        let connected = self.connector.connect(self.limit);
        self.outages.connected(connected.as_ref().map(|_| ()).map_err(ToString::to_string));
        let (mut connection, socket) = connected?;
        diesel::Connection::set_instrumentation(&mut connection, LogStatements { started: Instant::now() });
        Ok(Pooled { connection, socket: socket.map(Arc::new), used: Instant::now(), broken: false })
    }

    /// Not asked: [`checkout`] looks at each connection, on the thread whose request is watched.
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
                    None if sql == PING => tracing::debug!(target: "sql", micros, sql, "statement"),
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
    fn full_volume_is_unavailability() {
        for message in [
            "The table 'visit' is full",
            "Disk full (/tmp/#sql-1); waiting for someone to free some space...",
            "Got error 28 - 'No space left on device' from storage engine",
            "database or disk is full",
        ] {
            let error = DatabaseError(diesel::result::DatabaseErrorKind::Unknown, Box::new(message.to_owned()));
            assert!(is_refusal(&error), "{message}");
        }
    }

    #[test]
    fn sql_log_has_no_values() {
        let query = owner::table.filter(owner::last_name.eq("a secret")).select(owner::id).limit(3);
        let query = diesel::debug_query::<diesel::mysql::Mysql, _>(&query);
        assert_eq!(Text::of(&query).0, "SELECT `owner`.`id` FROM `owner` WHERE (`owner`.`last_name` = ?) LIMIT ?");
    }
}
