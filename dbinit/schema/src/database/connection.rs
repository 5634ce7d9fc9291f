//! The type of a connection, in a file of its own: the code that diesel derives clashes with other names in scope, and with the
//! enum's own if that were `Connection`.

#[cfg(feature = "mysql")]
use diesel::MysqlConnection;
use diesel::SqliteConnection;

/// A connection to either kind of database; one set of queries serves both.
///
/// Created by [`connect`](super::connect): the derived `establish` would hide the cause of a failure.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// To MySQL.
    #[cfg(feature = "mysql")]
    Mysql(MysqlConnection),
    /// To SQLite.
    Sqlite(SqliteConnection),
}
