//! x
pub mod access;
pub mod server;
pub mod shutdown;
