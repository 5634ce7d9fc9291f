//! The schema contract and the program that fulfils it.
//!
//! Other programs build on
//! - [`schema`]: the tables, as diesel knows them;
//! - [`search`]: how a last name is searched, the same on every backend;
//! - [`database`]: where the database is (settings, URL) and a connection to it.
//!
//! The `dbinit` program adds
//! - [`config`]: its settings;
//! - [`wait`]: waiting for the database;
//! - [`migrations`]: the numbered files, compiled in;
//! - [`apply`]: bringing a database to this schema, and the seed data, exactly once whoever races;
//! - [`account`]: web's account;
//! - [`demo`](mod@demo): made-up data in any amount;
//! - [`progress`]: how far that is;
//! - [`status`]: what is applied, pending, or not as it should be.

pub mod account;
pub mod apply;
pub mod config;
pub mod demo;
mod lock;
pub mod migrations;
pub mod progress;
mod seed;
pub mod status;
pub mod wait;
