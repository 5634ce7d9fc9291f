//! The pool, and the one way to it.
//!
//! Handlers are async and diesel is not: [`Db::run`] takes the work to a thread that may block, with the request's span, so
//! that every SQL statement's log line carries the request id. A connection that sat idle for a second is tried before
//! use; one that failed is closed, not returned.

use std::time::{Duration, Instant};

use dbinit::database::{self, ConnectError, Connection, DatabaseUrl};
use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::result::DatabaseErrorKind::{CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation};
use diesel::{QueryResult, result};

use crate::metrics::Metrics;

/// A connection idle for longer than this is tried with a statement before it is used again.
const TRUST_IDLE: Duration = Duration::from_secs(1);
/// How long a request waits for a connection, and readiness for its answer.
const WAIT: Duration = Duration::from_secs(2);

/// The database as handlers see it. Clones share the pool.
#[derive(Clone)]
pub struct Db {
    pool: r2d2::Pool<Manager>,
    metrics: Metrics,
}

/// Why the database gave no result.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection could be had in time: the answer is 503.
    #[error("the database can't be reached: {0}")]
    Unavailable(String),
    /// The statement failed.
    #[error(transparent)]
    Query(#[from] result::Error),
}

impl Db {
    /// A pool of at most `size` connections, opened when they are needed: web starts without its database.
    pub fn new(url: DatabaseUrl, size: u32, metrics: Metrics) -> Self {
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(WAIT)
            .error_handler(Box::new(LogFailure))
            .build_unchecked(Manager { url });
        Self { pool, metrics }
    }

    /// Runs `work` on a connection of the pool. `statement` names it in the logs.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] where no connection is had within 2 s, or it is lost on the way; otherwise the query's own.
    pub async fn run<T, F>(&self, statement: &'static str, work: F) -> Result<T, DbError>
    where
        F: FnOnce(&mut Connection) -> QueryResult<T> + Send + 'static,
        T: Send + 'static,
    {
        let Self { pool, metrics } = self.clone();
        let span = tracing::Span::current();
        let done = tokio::task::spawn_blocking(move || {
            let _entered = span.enter();
            let asked = Instant::now();
            let pooled = pool.get();
            metrics.pool_wait(asked.elapsed(), pooled.is_ok());
            let mut pooled = pooled.map_err(|error| DbError::Unavailable(error.to_string()))?;
            let begun = Instant::now();
            let result = pooled.use_for(statement, work);
            metrics.statement(statement, begun.elapsed());
            result
        });
        match done.await {
            Ok(result) => result,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// Whether the database answers a statement within 2 s.
    pub async fn answers(&self) -> bool {
        let asked = self.run("readiness", |connection| connection.batch_execute("SELECT 1"));
        matches!(tokio::time::timeout(WAIT, asked).await, Ok(Ok(())))
    }
}

/// Opens connections by the URL's scheme, so that the log has the real cause of a failure.
struct Manager {
    url: DatabaseUrl,
}

struct Pooled {
    connection: Connection,
    used: Instant,
    broken: bool,
}

impl Pooled {
    fn use_for<T>(
        &mut self,
        statement: &'static str,
        work: impl FnOnce(&mut Connection) -> QueryResult<T>,
    ) -> Result<T, DbError> {
        // Broken until proven otherwise: a panic in `work` leaves the connection in an unknown state.
        self.broken = true;
        let result = work(&mut self.connection);
        self.used = Instant::now();
        self.broken = result.as_ref().is_err_and(|error| !leaves_connection_usable(error));
        result.map_err(|error| {
            if self.broken {
                tracing::warn!(statement, %error, "database connection given up");
            }
            match error {
                result::Error::DatabaseError(result::DatabaseErrorKind::ClosedConnection, information) => {
                    DbError::Unavailable(information.message().to_owned())
                }
                other => DbError::Query(other),
            }
        })
    }
}

fn leaves_connection_usable(error: &result::Error) -> bool {
    use result::Error::{DatabaseError, NotFound, RollbackTransaction};
    match error {
        NotFound | RollbackTransaction => true,
        DatabaseError(kind, _) => matches!(kind, UniqueViolation | ForeignKeyViolation | NotNullViolation | CheckViolation),
        _ => false,
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ManageError;

    fn connect(&self) -> Result<Pooled, ManageError> {
        let mut connection = database::connect(&self.url)?;
        diesel::Connection::set_instrumentation(&mut connection, LogStatements { started: Instant::now() });
        Ok(Pooled { connection, used: Instant::now(), broken: false })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), ManageError> {
        if pooled.used.elapsed() > TRUST_IDLE {
            pooled.connection.batch_execute("SELECT 1")?;
        }
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.broken
    }
}

/// Why a connection could not be opened, or was found dead.
#[derive(Debug, thiserror::Error)]
enum ManageError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Dead(#[from] result::Error),
}

#[derive(Debug)]
struct LogFailure;

impl r2d2::HandleError<ManageError> for LogFailure {
    fn handle_error(&self, error: ManageError) {
        tracing::error!(%error, "database connection failed");
    }
}

/// One line a statement: its text without the values, and its time. The request id comes with the span.
struct LogStatements {
    started: Instant,
}

impl Instrumentation for LogStatements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => self.started = Instant::now(),
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
                let text = query.to_string();
                let sql = text.split(" -- binds:").next().unwrap_or_default();
                match error {
                    None | Some(result::Error::NotFound) => tracing::info!(target: "sql", micros, sql, "statement"),
                    Some(error) => tracing::warn!(target: "sql", micros, sql, %error, "statement failed"),
                }
            }
            _ => {}
        }
    }
}
