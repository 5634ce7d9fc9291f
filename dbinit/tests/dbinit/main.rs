//! The real program on real databases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod apart;
mod demo;
mod killed;
mod prepare;
mod quiet;
mod refused;
mod schema;
mod servers;
mod support;
mod waiting;
