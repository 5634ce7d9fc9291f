//! The database: its URL and settings, and connections with one session contract.

mod connect;
mod connection;
mod connector;
mod error;
mod session;
mod settings;
mod socket;
mod statement;
mod url;

pub use self::connect::{connect, connect_existing, forget_statements, last_insert_id};
pub use self::connection::AnyConnection as Connection;
pub use self::connector::Connector;
pub use self::error::{ConnectError, ErrorKind, Transient};
pub use self::session::{Limits, Server};
pub use self::settings::Settings;
pub use self::socket::Socket;
pub use self::statement::{Statement, Value};
pub use self::url::{Backend, DatabaseUrl, UrlError};
