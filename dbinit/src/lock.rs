//! The lock that lets one dbinit at a time work on a database.

use std::time::{Duration, Instant};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable};
use schema::database::{Backend, Connection};
use tracing::info;

use crate::Error;

/// The lock's name: MySQL's locks belong to the whole server, and a name has at most 64 characters.
const NAME: &str = "CONCAT('dbinit ', SHA2(DATABASE(), 224))";

/// Marks an SQLite file as Petclinic's: "PETC".
const APPLICATION_ID: u32 = 0x5045_5443;

/// Time after which MySQL closes an idle connection, and so releases its lock, in seconds: a dbinit whose machine is gone does
/// not close its connection, and the server's own limit is eight hours.
const IDLE_TIMEOUT_S: u32 = 60;

/// Time that one statement waits for a lock, in seconds. The work is retried after a line in the log.
const MAX_LOCK_WAIT_S: i32 = 5;

/// The lock was held by another process for the whole time.
#[derive(Debug, thiserror::Error)]
#[error(
    "timed out after {waited:.1?} (WAIT_TIMEOUT) waiting for the migration lock, which another {holder} holds; if it is still \
     running, raise WAIT_TIMEOUT; if it is stuck, terminate it{}", kill(*.connection)
)]
pub struct Locked {
    holder: &'static str,
    waited: Duration,
    /// The holder's connection, if the server knows it.
    connection: Option<i64>,
}

fn kill(connection: Option<i64>) -> String {
    connection.map(|id| format!(" (in MySQL: KILL {id})")).unwrap_or_default()
}

/// Runs `work` while no other dbinit works on the same database.
///
/// On MySQL this is an advisory lock of the server (`GET_LOCK`), held by the connection that does the work: it is released with
/// the connection, and not before the server has ended that connection's last statement. It belongs to one server: if there are
/// several that take writes, all dbinits must be given the same one. On SQLite `work` is one transaction, which begins by taking
/// the database's write lock.
pub(crate) fn with_lock<T>(
    connection: &mut Connection,
    wait: Duration,
    work: impl FnOnce(&mut Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    if connection.backend() == Backend::Mysql {
        acquire(connection, wait)?;
        let result = work(connection);
        // if this fails, the lock is released with the connection
        let released = connection.batch_execute(&format!("DO RELEASE_LOCK({NAME})"));
        return result.and_then(|value| released.map(|()| value).map_err(Error::from));
    }
    // a number that SQLite can't hold would count as zero
    let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    connection.batch_execute(&format!("PRAGMA busy_timeout = {wait_ms}"))?;
    let start = Instant::now();
    connection.transaction(|connection| {
        // a write comes first: a transaction that has read can't wait for the lock any more
        connection.batch_execute(&format!("PRAGMA application_id = {APPLICATION_ID}")).map_err(|error| {
            if error.to_string().contains("database is locked") {
                Error::from(Locked { holder: "process", waited: start.elapsed(), connection: None })
            } else {
                error.into()
            }
        })?;
        work(connection)
    })
}

#[derive(QueryableByName)]
struct LockResult {
    #[diesel(sql_type = Nullable<BigInt>)]
    answer: Option<i64>,
}

/// Acquires MySQL's lock within `wait`.
fn acquire(connection: &mut Connection, wait: Duration) -> Result<(), Error> {
    // locks that others hold on tables and on the whole server, such as that of a backup, end with WAIT_TIMEOUT too
    let lock_wait = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX).clamp(1, MAX_LOCK_WAIT_S);
    connection.batch_execute(&format!(
        "SET SESSION wait_timeout = {IDLE_TIMEOUT_S}, lock_wait_timeout = {lock_wait}, innodb_lock_wait_timeout = {lock_wait}"
    ))?;
    let start = Instant::now();
    let mut reported = false;
    loop {
        let left = wait.saturating_sub(start.elapsed());
        // in whole seconds, as MySQL counts; rounded up, so that the last one is not a busy loop
        let seconds = i32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(i32::MAX).min(MAX_LOCK_WAIT_S);
        // 1 acquired, 0 timed out, NULL an error such as being killed
        let acquired: LockResult = diesel::sql_query(format!("SELECT GET_LOCK({NAME}, ?) AS answer"))
            .bind::<Integer, _>(seconds)
            .get_result(connection)?;
        if acquired.answer == Some(1) {
            return Ok(());
        }
        if left.is_zero() {
            let holder: LockResult =
                diesel::sql_query(format!("SELECT CAST(IS_USED_LOCK({NAME}) AS SIGNED) AS answer")).get_result(connection)?;
            return Err(Locked { holder: "dbinit", waited: start.elapsed(), connection: holder.answer }.into());
        }
        if !reported {
            info!("waiting for another dbinit to finish");
            reported = true;
        }
    }
}
