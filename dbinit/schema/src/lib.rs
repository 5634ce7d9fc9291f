//! The schema contract between dbinit, which creates and alters the tables, and every program that uses them.
//!
//! - [`tables`]: the tables, as diesel knows them;
//! - [`database`]: the URL and settings of the database, and connections to it with one session contract;
//! - [`check_ready`]: whether a database has the schema and takes writes;
//! - [`search`]: the keys under which names are found, the same on every backend.

pub mod database;
pub mod search;
pub mod tables;
mod version;

pub use self::version::{VERSION, check_ready, is_readiness_check};
