//! The pool, and the one way to it.
//!
//! Handlers are async and diesel is not: [`Db::run`] takes the work to a thread that may block, with the request's span, so
//! that every SQL statement's log line carries the request id.
//!
//! Every request is answered within `DATABASE_TIMEOUT`: acquiring a connection times out after `DATABASE_ACQUIRE_TIMEOUT`
//! without holding a thread, `watchdog` aborts a statement without a response, and timeouts of the server end locks and long
//! reads earlier. `pool` opens and validates connections, `outage` logs changes of state.

pub mod cache;
mod metrics;
mod outage;
mod pool;
pub mod vets;
mod watchdog;

use std::sync::Arc;
use std::time::Duration;

use diesel::{QueryResult, result};
use schema::database::{Connection, DatabaseUrl, Limits};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use self::outage::Outages;
use self::pool::Manager;
use self::watchdog::Watchdog;
use crate::telemetry::metrics::{Metrics, Rejection};
use crate::telemetry::tracing as trace;
use crate::views::Error;

/// The settings of the pool, to be flattened into the program's own.
#[derive(clap::Args, Clone, Debug)]
#[group(id = "pool")]
pub struct Settings {
    /// Maximum number of open connections to the database
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub database_max_connections: u32,

    /// Maximum time that a request waits for a pooled connection
    #[arg(long, env = "DATABASE_ACQUIRE_TIMEOUT", default_value = "1s", value_parser = runtime::settings::duration)]
    pub database_acquire_timeout: Duration,

    /// Maximum time that a request waits for the database in total
    #[arg(long, env = "DATABASE_TIMEOUT", default_value = "1800ms", value_parser = runtime::settings::duration)]
    pub database_timeout: Duration,
}

impl Settings {
    /// Returns the server-side timeouts.
    fn limits(&self) -> Limits {
        Limits { lock_wait: self.give_up(), query: Some(self.give_up()) }
    }

    /// Returns the server-side timeout: 80 % of `DATABASE_TIMEOUT`.
    fn give_up(&self) -> Duration {
        self.database_timeout * 4 / 5
    }
}

/// The database as handlers see it. Clones share the pool.
#[derive(Clone)]
pub struct Db {
    pool: r2d2::Pool<Manager>,
    /// As many permits as connections: those who wait for one don't hold a thread.
    permits: Arc<Semaphore>,
    /// Maximum time a request waits for a permit and a connection.
    acquire_timeout: Duration,
    /// Maximum time a request waits in total.
    wait: Duration,
    outages: Arc<Outages>,
    metrics: Metrics,
}

/// The pool's connections at one moment.
#[derive(Clone, Copy, Debug)]
pub struct PoolState {
    /// Connections that are open.
    pub open: u32,
    /// Number of idle ones among them.
    pub idle: u32,
    /// Maximum number of open connections.
    pub most: u32,
}

/// Errors of the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// There was no connection or no answer in time, or the database refuses for now: the answer is 503.
    #[error("the database can't be reached: {0}")]
    Unavailable(String),
    /// The statement failed.
    #[error(transparent)]
    Query(#[from] result::Error),
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Query(result::Error::NotFound) => Self::NotFound,
            DbError::Query(result::Error::DatabaseError(result::DatabaseErrorKind::ForeignKeyViolation, _)) => Self::Conflict,
            DbError::Query(error) => Self::Database(error.to_string()),
            DbError::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}

impl Db {
    /// A pool of connections that are opened when they are needed: web starts without its database.
    pub fn new(url: DatabaseUrl, settings: &Settings, metrics: Metrics) -> Self {
        let Settings { database_max_connections: size, database_acquire_timeout: acquire_timeout, database_timeout: wait } =
            *settings;
        let outages = Arc::<Outages>::default();
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .test_on_check_out(false)
            // Also how often a failed connection is tried again: every half of it.
            .connection_timeout(acquire_timeout)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build_unchecked(Manager::new(url, settings.limits(), settings.give_up(), Arc::clone(&outages)));
        Self { pool, permits: Arc::new(Semaphore::new(size as usize)), acquire_timeout, wait, outages, metrics }
    }

    /// Runs `work` on a connection of the pool. `statement` names it in the logs.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] where there is no answer in time, the connection is lost, or the database refuses for now;
    /// otherwise the query's own.
    pub async fn run<T, F>(&self, statement: &'static str, work: F) -> Result<T, DbError>
    where
        F: Fn(&mut Connection) -> QueryResult<T> + Send + 'static,
        T: Send + 'static,
    {
        if self.outages.is_down() && self.pool.state().connections == 0 {
            return Err(DbError::Unavailable("connections fail".to_owned()));
        }
        let span = trace::statement(statement);
        let result = self.run_with_permit(Instant::now(), statement, work).await;
        span.done(&result);
        self.outages.statement(statement, result.as_ref().err());
        result
    }

    async fn run_with_permit<T, F>(&self, asked: Instant, statement: &'static str, work: F) -> Result<T, DbError>
    where
        F: Fn(&mut Connection) -> QueryResult<T> + Send + 'static,
        T: Send + 'static,
    {
        let Self { pool, permits, acquire_timeout, wait, metrics, .. } = self.clone();
        let Ok(permit) = timeout(acquire_timeout, permits.acquire_owned()).await else {
            metrics.rejected(Rejection::PoolTime);
            return Err(DbError::Unavailable("no connection in time".to_owned()));
        };
        let span = tracing::Span::current();
        let watchdog = Watchdog::until(asked + wait);
        let guard = watchdog.guard();
        let done = tokio::task::spawn_blocking(move || {
            let _entered = span.enter();
            // Kept to the end of the work, also if the request no longer waits for it.
            let _permit = permit;
            let Some(mut pooled) = pool::checkout(&pool, acquire_timeout.saturating_sub(asked.elapsed())) else {
                metrics.rejected(Rejection::PoolTime);
                return Err(DbError::Unavailable("no connection in time".to_owned()));
            };
            let begun = Instant::now();
            metrics.pool_wait(begun.duration_since(asked));
            let result = guard.run(pooled.socket(), || pooled.use_for(work));
            metrics.statement(statement, begun.elapsed());
            result.unwrap_or_else(|| Err(DbError::Unavailable("no connection in time".to_owned())))
        });
        match timeout_at(asked + wait, done).await {
            Ok(Ok(result)) => result,
            Ok(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            Err(_) => {
                self.metrics.database_timeout();
                Err(DbError::Unavailable("no answer in time".to_owned()))
            }
        }
    }

    /// The pool's connections now.
    pub fn pool(&self) -> PoolState {
        let state = self.pool.state();
        PoolState { open: state.connections, idle: state.idle_connections.min(state.connections), most: self.pool.max_size() }
    }

    /// Returns true if the database answers in time, has the schema, and takes writes.
    pub async fn is_ready(&self) -> bool {
        self.run("readiness", schema::check_ready).await.is_ok()
    }
}

/// The outcome of an update that was meant for a row as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// The row has the new values.
    Saved,
    /// Another request has changed the row in the meantime.
    Changed,
}

impl Updated {
    /// Returns the outcome from the number of updated rows.
    pub fn of(rows: usize) -> Self {
        if rows == 0 { Self::Changed } else { Self::Saved }
    }
}

/// The first `most` of some rows, and whether there were more.
pub fn with_more<T>(mut rows: Vec<T>, most: i64) -> (Vec<T>, bool) {
    let most = usize::try_from(most).unwrap_or(0);
    let more = rows.len() > most;
    rows.truncate(most);
    (rows, more)
}

/// Not found, where a statement has changed no row.
pub fn found(rows: usize) -> QueryResult<()> {
    if rows == 0 { Err(result::Error::NotFound) } else { Ok(()) }
}

/// The error of a constraint that the database can't check by itself.
pub fn violation(kind: result::DatabaseErrorKind, message: &str) -> result::Error {
    result::Error::DatabaseError(kind, Box::new(message.to_owned()))
}

#[cfg(test)]
pub(crate) mod testing {
    use std::sync::{Arc, Mutex};

    use diesel::connection::{Instrumentation, InstrumentationEvent};
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    use schema::database::{Backend, Connection, Statement};

    /// Runs `test` on either backend, in a database of its own with schema and seed.
    pub(crate) fn on_both(test: impl Fn(&mut Connection)) {
        let folder = tempfile::tempdir().unwrap();
        let mysql = testkit::mysql::database();
        for url in [&mysql.url, &format!("sqlite:{}", folder.path().join("petclinic.db").display())] {
            let conn = &mut schema::database::connect(&url.parse().unwrap()).unwrap();
            dbinit::prepare(conn, testkit::DEADLINE).unwrap();
            test(conn);
        }
    }

    /// The plan of a statement; empty on MariaDB, which has no EXPLAIN that the driver could read.
    pub(crate) fn plan(conn: &mut Connection, statement: Statement) -> String {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            detail: String,
        }
        let rows: Vec<Row> = match conn.backend() {
            Backend::Mysql if testkit::mysql::is_mariadb() => Vec::new(),
            Backend::Mysql => {
                statement.prefixed("EXPLAIN FORMAT=JSON INTO @plan ").execute(conn).unwrap();
                diesel::sql_query("SELECT CAST(@plan AS CHAR) AS detail").load(conn).unwrap()
            }
            Backend::Sqlite => statement.prefixed("EXPLAIN QUERY PLAN ").load(conn).unwrap(),
        };
        rows.into_iter().map(|row| row.detail + "\n").collect()
    }

    /// Records every statement that a connection runs.
    pub(crate) struct Recorder(pub(crate) Arc<Mutex<Vec<String>>>);

    impl Instrumentation for Recorder {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                self.0.lock().unwrap().push(query.to_string());
            }
        }
    }
}
