//! The session contract: every connection to MySQL is set up here, and nowhere else.
//!
//! The server is identified before anything is set, since others that speak its protocol don't know all variables. Then the
//! session gets the settings that the statements rely on, whatever the server's own are.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Connection;
use super::error::{ConnectError, ErrorKind};

/// The oldest versions that the schema is tested with.
const MIN_MYSQL: (u32, u32) = (8, 4);
const MIN_MARIADB: (u32, u32) = (10, 11);

/// Texts that are too long are rejected, never cut.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// The kind of server that speaks MySQL's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// MySQL and Percona Server.
    Mysql,
    /// MariaDB.
    MariaDb,
}

impl Server {
    /// Identifies the server of a connection.
    pub fn of(connection: &mut Connection) -> QueryResult<Self> {
        let Version { version, .. } = Version::of(connection)?;
        Ok(if version.contains("MariaDB") { Self::MariaDb } else { Self::Mysql })
    }

    /// Translates a statement for MySQL: MariaDB has the same collations by other names.
    #[must_use]
    pub fn translate(self, sql: &str) -> String {
        match self {
            Self::Mysql => sql.to_owned(),
            Self::MariaDb => sql.replace("utf8mb4_0900_", "utf8mb4_uca1400_nopad_"),
        }
    }
}

/// Server-side timeouts.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time that a statement waits for locks of rows and tables. MySQL counts in seconds, and at least one.
    pub lock_wait: Duration,
    /// Time that a query may take on MySQL, and any statement on MariaDB.
    pub query: Option<Duration>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    comment: String,
}

impl Version {
    fn of(connection: &mut Connection) -> QueryResult<Self> {
        diesel::sql_query("SELECT VERSION() AS version, @@version_comment AS comment").get_result(connection)
    }
}

/// Sets up a new session.
pub(super) fn begin(connection: &mut Connection, limits: Limits) -> Result<(), ConnectError> {
    let Version { version, comment } = Version::of(connection)?;
    let server = identify(&version, &comment).map_err(|mut server| {
        if diesel::sql_query("SELECT AURORA_VERSION()").execute(connection).is_ok() {
            server = format!("Amazon Aurora {version}");
        }
        let ((mysql, minor), (mariadb, point)) = (MIN_MYSQL, MIN_MARIADB);
        let message = format!(
            "the server is {server}; supported are MySQL and Percona Server {mysql}.{minor} or later, and MariaDB \
             {mariadb}.{point} or later"
        );
        ConnectError::new(ErrorKind::UnsupportedServer, message)
    })?;
    diesel::sql_query(set(server, limits)).execute(connection)?;
    Ok(())
}

/// READ COMMITTED takes the fewest locks. `InnoDB` rejects it for a binary log of statements, and gets REPEATABLE READ then.
fn set(server: Server, limits: Limits) -> String {
    let lock_wait = limits.lock_wait.as_secs().max(1);
    let query = limits.query.unwrap_or_default();
    let (read_only, isolation, query) = match server {
        Server::Mysql => {
            ("transaction_read_only", "transaction_isolation", format!("max_execution_time = {}", query.as_millis()))
        }
        Server::MariaDb => ("tx_read_only", "tx_isolation", format!("max_statement_time = {}", query.as_secs_f64())),
    };
    format!(
        "SET SESSION autocommit = 1, completion_type = 0, sql_mode = '{SQL_MODE}', sql_safe_updates = 0, foreign_key_checks = 1, \
         {read_only} = 0, {isolation} = IF(@@GLOBAL.binlog_format = 'STATEMENT', 'REPEATABLE-READ', 'READ-COMMITTED'), \
         lock_wait_timeout = {lock_wait}, innodb_lock_wait_timeout = {lock_wait}, {query}"
    )
}

/// Returns the kind of server, or its name and version as an error if it is not supported.
fn identify(version: &str, comment: &str) -> Result<Server, String> {
    let other = ["MariaDB", "TiDB", "Vitess"].into_iter().find(|name| version.contains(name) || comment.contains(name));
    let (name, minimum) = match other {
        Some("MariaDB") => ("MariaDB", Some((Server::MariaDb, MIN_MARIADB))),
        Some(name) => (name, None),
        None if comment.contains("Percona") => ("Percona Server", Some((Server::Mysql, MIN_MYSQL))),
        None => ("MySQL", Some((Server::Mysql, MIN_MYSQL))),
    };
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (minimum, numbers.next(), numbers.next()) {
        (Some((server, minimum)), Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= minimum => Ok(server),
        _ => Err(format!("{name} {version}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_identified_by_name_and_version() {
        let mysql = "MySQL Community Server - GPL";
        for version in ["8.4.0", "9.7.4-2", "10.0", "8.10.1-log"] {
            assert_eq!(identify(version, mysql), Ok(Server::Mysql), "{version}");
        }
        assert_eq!(identify("8.4.5-5", "Percona Server (GPL), Release 5"), Ok(Server::Mysql));
        for version in ["10.11.18-MariaDB-0+deb12u1", "11.8.2-MariaDB-deb13", "12.0.1-MariaDB"] {
            assert_eq!(identify(version, "Debian 13"), Ok(Server::MariaDb), "{version}");
        }
        for (version, comment, name) in [
            ("8.3.9", mysql, "MySQL 8.3.9"),
            ("8.0.36-28", "Percona Server (GPL)", "Percona Server 8.0.36-28"),
            ("10.6.22-MariaDB-log", "mariadb.org binary distribution", "MariaDB 10.6.22-MariaDB-log"),
            ("8.0.11-TiDB-v8.5.0", "TiDB Server (Apache License 2.0)", "TiDB 8.0.11-TiDB-v8.5.0"),
            ("8.4.6-Vitess", "Version: 24.0.4", "Vitess 8.4.6-Vitess"),
            ("", "", "MySQL "),
        ] {
            assert_eq!(identify(version, comment), Err(name.to_owned()), "{version}");
        }
    }
}
