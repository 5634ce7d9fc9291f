//! The pool, and the one way to it.
//!
//! Handlers are async and diesel is not: [`Db::run`] takes the work to a thread that may block, with the request's span, so
//! that every SQL statement's log line carries the request id. A connection that sat idle for a second is tried before
//! use; one that failed is closed, not returned.
//!
//! While the database is away, requests wait for their turn without holding a thread, and no longer than 1.9 s.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dbinit::database::{self, ConnectError, Connection, DatabaseUrl};
use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::result::DatabaseErrorKind::{CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation};
use diesel::{QueryResult, result};
use tokio::sync::Semaphore;

use crate::metrics::Metrics;
use crate::trace;

/// A connection idle for longer than this is tried with a statement before it is used again.
const TRUST_IDLE: Duration = Duration::from_secs(1);
/// How long a request waits for the database, all in all: for its turn, a connection, and the answer.
const WAIT: Duration = Duration::from_millis(1900);

/// The database as handlers see it. Clones share the pool.
#[derive(Clone)]
pub struct Db {
    pool: r2d2::Pool<Manager>,
    /// As many turns as connections: those who wait for one don't hold a thread.
    turns: Arc<Semaphore>,
    metrics: Metrics,
}

/// The pool's connections at one moment.
#[derive(Clone, Copy, Debug)]
pub struct PoolState {
    /// Connections that are open.
    pub open: u32,
    /// Of those, the ones that nobody uses.
    pub idle: u32,
    /// How many may be open.
    pub most: u32,
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
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build_unchecked(Manager { url, failing: Mutex::new(None) });
        Self { pool, turns: Arc::new(Semaphore::new(size as usize)), metrics }
    }

    /// Runs `work` on a connection of the pool. `statement` names it in the logs.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] where there is no answer within 1.9 s, or the connection is lost; otherwise the query's own.
    pub async fn run<T, F>(&self, statement: &'static str, work: F) -> Result<T, DbError>
    where
        F: FnOnce(&mut Connection) -> QueryResult<T> + Send + 'static,
        T: Send + 'static,
    {
        let asked = Instant::now();
        let span = trace::statement(statement);
        let answered = tokio::time::timeout(WAIT, self.run_in_turn(asked, statement, work)).await;
        let answered = answered.unwrap_or_else(|_| {
            self.metrics.database_timeout();
            Err(DbError::Unavailable(format!("{statement}: no answer in time")))
        });
        span.done(&answered);
        answered
    }

    async fn run_in_turn<T, F>(&self, asked: Instant, statement: &'static str, work: F) -> Result<T, DbError>
    where
        F: FnOnce(&mut Connection) -> QueryResult<T> + Send + 'static,
        T: Send + 'static,
    {
        let Self { pool, turns, metrics } = self.clone();
        let turn = turns.acquire_owned().await;
        let span = tracing::Span::current();
        let done = tokio::task::spawn_blocking(move || {
            let _entered = span.enter();
            // Kept to the end of the work, also where nobody waits for it any more.
            let _turn = turn;
            let mut pooled = pool.get().map_err(|error| DbError::Unavailable(error.to_string()))?;
            let begun = Instant::now();
            metrics.pool_wait(begun.duration_since(asked));
            let result = pooled.use_for(work);
            metrics.statement(statement, begun.elapsed());
            result
        });
        match done.await {
            Ok(result) => result,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    /// The pool's connections now.
    pub fn pool(&self) -> PoolState {
        let state = self.pool.state();
        PoolState { open: state.connections, idle: state.idle_connections.min(state.connections), most: self.pool.max_size() }
    }

    /// Whether the database answers a statement within 1.9 s.
    pub async fn answers(&self) -> bool {
        self.run("readiness", |connection| connection.batch_execute("SELECT 1")).await.is_ok()
    }
}

/// Opens connections by the URL's scheme, so that the log has the real cause of a failure.
struct Manager {
    url: DatabaseUrl,
    /// Why the last attempt failed, if it did: the log has a line a change, not a line an attempt.
    failing: Mutex<Option<String>>,
}

impl Manager {
    fn note(&self, outcome: Option<String>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Some(error) if failing.as_ref() != Some(error) => tracing::error!(error, "database connection failed"),
            None if failing.is_some() => tracing::info!("database connection restored"),
            _ => {}
        }
        *failing = outcome;
    }
}

struct Pooled {
    connection: Connection,
    used: Instant,
    broken: bool,
}

impl Pooled {
    fn use_for<T>(&mut self, work: impl FnOnce(&mut Connection) -> QueryResult<T>) -> Result<T, DbError> {
        // Broken until proven otherwise: a panic in `work` leaves the connection in an unknown state.
        self.broken = true;
        let result = work(&mut self.connection);
        self.used = Instant::now();
        self.broken = result.as_ref().is_err_and(|error| !leaves_connection_usable(error));
        result.map_err(|error| {
            database::forget_statements(&mut self.connection);
            // The client library has no kind for a lost connection: whether it is, a statement tells.
            if self.broken && self.connection.batch_execute("SELECT 1").is_err() {
                return DbError::Unavailable(format!("connection lost: {error}"));
            }
            DbError::Query(error)
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
        let connected = database::connect(&self.url);
        self.note(connected.as_ref().err().map(ToString::to_string));
        let mut connection = connected?;
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
