//! The type of a connection. It stands in a file of its own, since the code that diesel derives here clashes with other
//! names in scope, and with the enum's own if that were `Connection`.

use diesel::{MysqlConnection, SqliteConnection};

/// A connection to either kind of database; one set of queries serves both.
///
/// Make one with [`connect`](super::connect): the derived `establish` would hide why it failed.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// To MySQL.
    Mysql(MysqlConnection),
    /// To SQLite.
    Sqlite(SqliteConnection),
}
