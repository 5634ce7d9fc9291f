//! One dbinit at a time on a database.

use std::time::{Duration, Instant};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable};
use diesel::{MysqlConnection, QueryableByName};
use tracing::info;

use schema::database::Connection;

/// The lock's name: locks are the whole server's, and a name has at most 64 characters.
const NAME: &str = "CONCAT('dbinit ', SHA2(DATABASE(), 224))";

/// Marks an SQLite file as Petclinic's: "PETC".
const APPLICATION_ID: u32 = 0x5045_5443;

/// For how long MySQL keeps a connection, and with it the lock, on which no statement comes, in seconds. A dbinit whose
/// machine is gone doesn't hang up, and the server's own limit is eight hours.
const SILENCE: u32 = 60;

/// Somebody else kept the lock.
#[derive(Debug, thiserror::Error)]
#[error(
    "WAIT_TIMEOUT is over: another {holder} has held this database's lock for {waited:.1?}; if it is at work, set a longer \
     WAIT_TIMEOUT; if it hangs, end it{}", kill(*.connection)
)]
pub struct Locked {
    holder: &'static str,
    waited: Duration,
    /// The holder's connection, where the server says.
    connection: Option<i64>,
}

fn kill(connection: Option<i64>) -> String {
    connection.map(|id| format!(" (in MySQL: KILL {id})")).unwrap_or_default()
}

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
        take::<E>(mysql, wait)?;
        let result = work(connection);
        // one that is not released goes with the connection
        let released = connection.batch_execute(&format!("DO RELEASE_LOCK({NAME})"));
        return result.and_then(|value| released.map(|()| value).map_err(E::from));
    }
    // a number that SQLite can't hold would be none to it
    let most = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    connection.batch_execute(&format!("PRAGMA busy_timeout = {most}"))?;
    let start = Instant::now();
    connection.transaction(|connection| {
        // a write comes first: a transaction that has read can't wait for the lock any more
        connection.batch_execute(&format!("PRAGMA application_id = {APPLICATION_ID}")).map_err(|error| {
            if error.to_string().contains("database is locked") {
                E::from(Locked { holder: "process", waited: start.elapsed(), connection: None })
            } else {
                error.into()
            }
        })?;
        work(connection)
    })
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Nullable<BigInt>)]
    answer: Option<i64>,
}

/// Takes the lock within `wait`.
fn take<E: From<Locked> + From<diesel::result::Error>>(connection: &mut MysqlConnection, wait: Duration) -> Result<(), E> {
    connection.batch_execute(&format!("SET SESSION wait_timeout = {SILENCE}"))?;
    let start = Instant::now();
    let mut said = false;
    loop {
        let left = wait.saturating_sub(start.elapsed());
        // in whole seconds, as MySQL counts: none would be asked for again and again until the last one is over
        let seconds = i32::try_from(left.as_millis().div_ceil(1000).min(5)).unwrap_or(5);
        // 1 taken, 0 not within the time, NULL an error such as being killed
        let taken: Answer = diesel::sql_query(format!("SELECT GET_LOCK({NAME}, ?) AS answer"))
            .bind::<Integer, _>(seconds)
            .get_result(connection)?;
        if taken.answer == Some(1) {
            return Ok(());
        }
        if left.is_zero() {
            let holder: Answer =
                diesel::sql_query(format!("SELECT CAST(IS_USED_LOCK({NAME}) AS SIGNED) AS answer")).get_result(connection)?;
            return Err(Locked { holder: "dbinit", waited: start.elapsed(), connection: holder.answer }.into());
        }
        if !said {
            info!("waiting for another dbinit to finish");
            said = true;
        }
    }
}
