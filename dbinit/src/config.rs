//! The program's settings: each a flag and an environment variable of the same name.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::account::{Password, account_name};
use schema::database;

/// Prepares Petclinic's database: waits for it, applies the schema and inserts the seed data, exactly once whoever
/// races; then makes web's account where WEB_USER is set.
///
/// Exit status: 0 done; 64 a setting can't be used; 69 the database can't be reached or used, or not within
/// WAIT_TIMEOUT, or another dbinit was at work on it all that time; 70 a statement failed; 128 + number on a signal.
/// `status` exits with 0 where everything is applied, 1 where something is pending, 2 on drift.
#[derive(Debug, Parser)]
#[command(version, about, long_about, max_term_width = 100)]
// the doc comments are the help, in which names stand as they are typed
#[allow(clippy::doc_markdown)]
pub struct Config {
    /// What to do; all of wait, migrate, seed and web's account where nothing is given
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    #[allow(missing_docs)] // a doc comment here would take the place of the help
    pub database: database::Settings,

    /// How long to wait for the database, and for another dbinit that is at work on it
    #[arg(long, env = "WAIT_TIMEOUT", value_name = "TIME", default_value = "5m", value_parser = runtime::settings::duration, global = true)]
    pub wait_timeout: Duration,

    /// The MySQL account to make for web, with SELECT, INSERT, UPDATE and DELETE on Petclinic's tables and nothing more
    #[arg(long, env = "WEB_USER", value_name = "NAME", value_parser = account_name, requires = "web_password_file")]
    pub web_user: Option<String>,

    /// A file that holds the password of web's account, such as a mounted Secret
    #[arg(long, env = "WEB_PASSWORD_FILE", value_name = "PATH", value_parser = password_file, requires = "web_user")]
    pub web_password_file: Option<Password>,

    /// A directory for the log stream dbinit, beside standard output; one that can't be used yet is a warning
    #[arg(long, env = "LOG_DIR", value_name = "PATH")]
    pub log_dir: Option<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub logging: runtime::logging::Settings,
}

/// One part of the work.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Wait until the database takes our connection
    Wait,
    /// Apply the pending migrations
    Migrate,
    /// Insert the seed data, once
    Seed,
    /// Add made-up owners for trying out and measuring, with two pets and three visits each on average
    Demo {
        /// How many made-up owners there shall be in all; a run that was stopped is continued
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        owners: u64,
    },
    /// Say what is applied and what is pending; changes nothing
    Status {
        /// Form of the answer
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
}

/// Form of an answer on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Readable lines.
    Text,
    /// One JSON object.
    Json,
}

impl Config {
    /// Says which setting can't be used together with another.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.web_user.as_deref().is_some_and(|user| self.database.url.is_of(user)) {
            return Err("WEB_USER: DATABASE_URL is for the same account, which would lose its rights: give web one of its own");
        }
        Ok(())
    }
}

fn password_file(path: &str) -> Result<Password, String> {
    Password::new(&runtime::settings::line_of(path)?).map_err(|problem| format!("the password in {path} {problem}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn flags_are_consistent() {
        Config::command().debug_assert();
    }

    #[test]
    fn the_database_may_be_named_after_the_command() {
        let settings = Config::try_parse_from(["dbinit", "status", "--database-url", "sqlite:x", "--output", "json"]).unwrap();
        assert_eq!(settings.database.url.to_string(), "sqlite:x");
        let error = Config::try_parse_from(["dbinit", "status", "--database-url", "mysql://u:p@h/d"]).unwrap_err();
        assert!(error.to_string().contains("every process"), "{error}");
    }
}
