//! The schema contract and the program that fulfils it.
//!
//! Other programs build on
//! - [`schema`]: the tables, as diesel knows them;
//! - [`search`]: how a last name is searched, the same on every backend;
//! - [`database`]: where the database is (settings, URL) and a connection to it.
//!
//! The `dbinit` program adds
//! - [`migrations`]: the numbered files, compiled in;
//! - [`apply`]: bringing a database to this schema, and the seed data, exactly once whoever races.

pub mod apply;
pub mod database;
mod lock;
pub mod migrations;
pub mod schema;
pub mod search;
mod seed;
