//! One dbinit at a time on a database.

use std::time::{Duration, Instant};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable};
use diesel::{MysqlConnection, QueryableByName};
use tracing::info;

use crate::database::Connection;

/// The lock's name: locks are the whole server's, and a name has at most 64 characters.
const NAME: &str = "CONCAT('dbinit ', SHA2(DATABASE(), 224))";

/// Marks an SQLite file as Petclinic's: "PETC".
const APPLICATION_ID: u32 = 0x5045_5443;

/// Another dbinit kept the lock.
#[derive(Debug, thiserror::Error)]
#[error("another dbinit has held this database's lock for {0:?}")]
pub struct Locked(Duration);

/// Runs `work` while no other dbinit works on the same database.
///
/// On MySQL by a lock of the server (`GET_LOCK`), held by the very connection that does the work: it is gone with the
/// connection, and not before the server has ended that connection's last statement. It is that one server's: where there
/// are several to write to, all dbinits are to be given the same. On SQLite `work` is one
/// transaction, which begins by taking the database's write lock.
pub(crate) fn exclusively<T, E: From<Locked> + From<diesel::result::Error>>(
    connection: &mut Connection,
    wait: Duration,
    work: impl FnOnce(&mut Connection) -> Result<T, E>,
) -> Result<T, E> {
    if let Connection::Mysql(mysql) = connection {
        if !take(mysql, wait)? {
            return Err(Locked(wait).into());
        }
        let result = work(connection);
        // one that is not released goes with the connection
        let released = connection.batch_execute(&format!("DO RELEASE_LOCK({NAME})"));
        return result.and_then(|value| released.map(|()| value).map_err(E::from));
    }
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", wait.as_millis()))?;
    connection.transaction(|connection| {
        // a write comes first: a transaction that has read can't wait for the lock any more
        connection.batch_execute(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
        work(connection)
    })
}

#[derive(QueryableByName)]
struct Taken {
    /// 1 taken, 0 not within the time, NULL an error such as being killed.
    #[diesel(sql_type = Nullable<BigInt>)]
    taken: Option<i64>,
}

/// Whether the lock could be taken within `wait`.
fn take(connection: &mut MysqlConnection, wait: Duration) -> QueryResult<bool> {
    let start = Instant::now();
    let mut said = false;
    loop {
        let left = wait.saturating_sub(start.elapsed());
        let seconds = i32::try_from(left.as_secs().min(5)).unwrap_or(5);
        let lock: Taken = diesel::sql_query(format!("SELECT GET_LOCK({NAME}, ?) AS taken"))
            .bind::<Integer, _>(seconds)
            .get_result(connection)?;
        if lock.taken == Some(1) {
            return Ok(true);
        }
        if left.is_zero() {
            return Ok(false);
        }
        if !said {
            info!("waiting for another dbinit to finish");
            said = true;
        }
    }
}
