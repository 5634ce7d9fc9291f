//! The program that prepares Petclinic's database: schema, seed data and web's account, exactly once even with concurrent runs.
//!
//! It reads first, and writes only what is missing: with nothing to do it executes no DDL, and works on a read-only server.
//!
//! - [`config`]: settings and commands;
//! - [`wait`]: connecting, with retries;
//! - [`lock`]: one dbinit at a time;
//! - [`migrate`]: the numbered migrations;
//! - [`history`]: what was applied to a database;
//! - [`seed`]: the data that every Petclinic begins with;
//! - [`account`]: web's account;
//! - [`status`]: applied and pending migrations, and drift.

pub mod account;
pub mod config;
pub mod history;
pub mod lock;
pub mod migrate;
pub mod seed;
pub mod status;
pub mod wait;

use std::time::Duration;

use schema::database::{Connection, ErrorKind, Transient};

use self::history::History;
use self::seed::Seeded;

/// The reason why the database could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lock was held by another dbinit or, on SQLite, by any process.
    #[error(transparent)]
    Locked(#[from] lock::Locked),
    /// A statement of a migration failed; the migrations before it are applied.
    #[error("{advice}migration {migration}, statement {number}: {source}", advice = advice(.source))]
    Migration {
        /// The migration's name.
        migration: &'static str,
        /// The number of the statement, from 1.
        number: usize,
        /// The database's error.
        source: diesel::result::Error,
    },
    /// Web's account can't be used.
    #[error("web's account: {0}")]
    Account(schema::database::ConnectError),
    /// A statement failed.
    #[error("{advice}{0}", advice = advice(.0))]
    Database(#[from] diesel::result::Error),
}

impl Error {
    /// Classifies the error; `None` if it is permanent.
    pub fn transient(&self) -> Option<Transient> {
        match self {
            Self::Migration { source, .. } | Self::Database(source) => Transient::of(source),
            Self::Account(error) if error.kind == ErrorKind::Unreachable => Some(Transient::ConnectionLost),
            Self::Locked(_) | Self::Account(_) => None,
        }
    }
}

/// Advice for the operator. The server's own text names the privilege and the table.
fn advice(error: &diesel::result::Error) -> &'static str {
    let message = error.to_string();
    let has = |part: &str| message.contains(part);
    if has("command denied") || has("Access denied") || has("access denied") {
        "the account lacks a privilege (GRANT it): "
    } else if has("current policy requirements") {
        "the server's password policy rejects WEB_PASSWORD_FILE (choose another password): "
    } else {
        ""
    }
}

/// Result of [`prepare`].
#[derive(Debug)]
pub struct Prepared {
    /// The migrations applied now.
    pub applied: Vec<&'static str>,
    /// The outcome of seeding.
    pub seeded: Seeded,
}

/// Applies the pending migrations and inserts the seed data. Waits up to `lock_wait` for another dbinit.
pub fn prepare(connection: &mut Connection, lock_wait: Duration) -> Result<Prepared, Error> {
    let history = History::read(connection)?;
    let applied = migrate::run(connection, &history, lock_wait)?;
    let seeded = seed::run(connection, &history, lock_wait)?;
    Ok(Prepared { applied, seeded })
}
