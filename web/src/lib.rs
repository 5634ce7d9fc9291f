//! The Petclinic.

pub mod access;
pub mod admin;
pub mod config;
pub mod db;
pub mod health;
pub mod metrics;
pub mod server;
pub mod shutdown;

/// The route that answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchedRoute(pub &'static str);
