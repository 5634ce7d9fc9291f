//! Layers around every request.

pub mod access_log;
pub mod client;
mod csrf;
