//! The type of a connection, in a file of its own: the code that diesel derives clashes with other names in scope, and with the
//! enum's own if that were `Connection`.

use diesel::{MysqlConnection, SqliteConnection};

/// A connection to either kind of database; one set of queries serves both.
///
/// Created by [`connect`](super::connect): the derived `establish` would hide the cause of a failure.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// To MySQL.
    Mysql(MysqlConnection),
    /// To SQLite.
    Sqlite(SqliteConnection),
}
