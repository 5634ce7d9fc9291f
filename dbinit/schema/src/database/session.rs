//! The session contract: every connection to MySQL is set up here, and nowhere else.
//!
//! The server is identified before anything is set, since others that speak its protocol don't know all variables. Then the
//! session gets the settings that the statements rely on, whatever the server's own are.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Connection;
use super::error::{ConnectError, ErrorKind};

/// The oldest version of MySQL that the schema is tested with.
const MIN_VERSION: (u32, u32) = (8, 4);

/// Texts that are too long are rejected, never cut.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// The times after which the database gives up by itself.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time that a statement waits for locks of rows and tables. MySQL counts in seconds, and at least one.
    pub lock_wait: Duration,
    /// Time that a MySQL query may take.
    pub query: Option<Duration>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    comment: String,
}

/// Sets up a new session.
pub(super) fn begin(connection: &mut Connection, limits: Limits) -> Result<(), ConnectError> {
    let Version { version, comment } =
        diesel::sql_query("SELECT VERSION() AS version, @@version_comment AS comment").get_result(connection)?;
    if let Err(mut server) = check(&version, &comment) {
        if diesel::sql_query("SELECT AURORA_VERSION()").execute(connection).is_ok() {
            server = format!("Amazon Aurora {version}");
        }
        let (major, minor) = MIN_VERSION;
        let message = format!("the server is {server}; supported are MySQL and Percona Server {major}.{minor} or later");
        return Err(ConnectError::new(ErrorKind::UnsupportedServer, message));
    }
    diesel::sql_query(set(limits)).execute(connection)?;
    Ok(())
}

/// READ COMMITTED takes the fewest locks. `InnoDB` rejects it for a binary log of statements, and gets REPEATABLE READ then.
fn set(limits: Limits) -> String {
    let lock_wait = limits.lock_wait.as_secs().max(1);
    let query = limits.query.map_or(0, |limit| limit.as_millis());
    format!(
        "SET SESSION autocommit = 1, completion_type = 0, sql_mode = '{SQL_MODE}', sql_safe_updates = 0, foreign_key_checks = 1, \
         transaction_read_only = 0, \
         transaction_isolation = IF(@@GLOBAL.binlog_format = 'STATEMENT', 'REPEATABLE-READ', 'READ-COMMITTED'), \
         lock_wait_timeout = {lock_wait}, innodb_lock_wait_timeout = {lock_wait}, max_execution_time = {query}"
    )
}

/// Returns the server's name and version as an error if it is not supported.
fn check(version: &str, comment: &str) -> Result<(), String> {
    let other = ["MariaDB", "TiDB", "Vitess"].into_iter().find(|name| version.contains(name) || comment.contains(name));
    let name = other.unwrap_or(if comment.contains("Percona") { "Percona Server" } else { "MySQL" });
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let is_supported = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => other.is_none() && (major, minor) >= MIN_VERSION,
        _ => false,
    };
    if is_supported { Ok(()) } else { Err(format!("{name} {version}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_identified_by_name_and_version() {
        let mysql = "MySQL Community Server - GPL";
        for version in ["8.4.0", "9.7.4-2", "10.0", "8.10.1-log"] {
            assert_eq!(check(version, mysql), Ok(()), "{version}");
        }
        assert_eq!(check("8.4.5-5", "Percona Server (GPL), Release 5"), Ok(()));
        for (version, comment, name) in [
            ("8.3.9", mysql, "MySQL 8.3.9"),
            ("8.0.36-28", "Percona Server (GPL)", "Percona Server 8.0.36-28"),
            ("11.8.2-MariaDB-deb13", "Debian 13", "MariaDB 11.8.2-MariaDB-deb13"),
            ("8.0.11-TiDB-v8.5.0", "TiDB Server (Apache License 2.0)", "TiDB 8.0.11-TiDB-v8.5.0"),
            ("8.4.6-Vitess", "Version: 24.0.4", "Vitess 8.4.6-Vitess"),
            ("", "", "MySQL "),
        ] {
            assert_eq!(check(version, comment), Err(name.to_owned()), "{version}");
        }
    }
}
