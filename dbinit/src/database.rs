//! Where the database is, and a connection to it.

mod connect;
mod connection;
mod settings;
mod url;

pub use self::connect::{ConnectError, Trouble, connect, forget_statements, last_insert_id};
pub use self::connection::AnyConnection as Connection;
pub use self::settings::Settings;
pub use self::url::{Backend, DatabaseUrl, UrlError};
