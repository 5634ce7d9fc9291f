//! Where the database is, and a connection to it.

mod connect;
mod connection;
mod connector;
mod settings;
mod socket;
mod statement;
mod url;

pub use self::connect::{ConnectError, Trouble, connect, forget_statements, last_insert_id};
pub use self::connection::AnyConnection as Connection;
pub use self::connector::Connector;
pub use self::settings::Settings;
pub use self::socket::Socket;
pub use self::statement::{Statement, Value};
pub use self::url::{Backend, DatabaseUrl, UrlError};
