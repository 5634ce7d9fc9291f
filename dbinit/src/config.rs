//! The program's settings: each a flag and an environment variable of the same name.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use schema::database;

use crate::account::{Password, account_name};

/// Prepares Petclinic's database: waits for it, applies the schema and inserts the seed data, exactly once even with concurrent
/// runs; then creates web's account if WEB_USER is set.
///
/// Exit status: 0 done; 64 bad setting; 69 the database can't be reached or used, or not within WAIT_TIMEOUT, or another dbinit
/// held its lock all that time; 70 a statement failed; 128 + number on a signal. `status` exits with 0 if everything is applied,
/// 1 if something is pending, 2 on drift; `validate` with 0 or 2.
#[derive(Debug, Parser)]
#[command(version, about, long_about, max_term_width = 100)]
// the doc comments are the help, in which names stand as they are typed
#[allow(clippy::doc_markdown)]
pub struct Config {
    /// Step to run; without one, all of wait, migrate, seed and web's account
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    #[allow(missing_docs)] // a doc comment here would take the place of the help
    pub database: database::Settings,

    /// Maximum time to wait for the database, for locks on it, and for another dbinit
    #[arg(long, env = "WAIT_TIMEOUT", value_name = "TIME", default_value = "5m", value_parser = runtime::settings::duration, global = true)]
    pub wait_timeout: Duration,

    /// MySQL account to create for web, with SELECT, INSERT, UPDATE and DELETE on Petclinic's tables and nothing more
    #[arg(long, env = "WEB_USER", value_name = "NAME", value_parser = account_name, requires = "web_password_file")]
    pub web_user: Option<String>,

    /// File with the password of web's account, such as a mounted Secret
    #[arg(long, env = "WEB_PASSWORD_FILE", value_name = "PATH", value_parser = password_file, requires = "web_user")]
    pub web_password_file: Option<Password>,

    /// Directory for the log stream dbinit, in addition to standard output; one that can't be used yet is a warning
    #[arg(long, env = "LOG_DIR", value_name = "PATH")]
    pub log_dir: Option<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub logging: runtime::logging::Settings,
}

/// One step.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Wait until the database accepts a connection
    Wait,
    /// Apply the pending migrations
    Migrate {
        /// Print the statements without executing them
        #[arg(long)]
        dry_run: bool,
    },
    /// Insert the seed data, once
    Seed,
    /// Print applied and pending migrations and drift; changes nothing
    #[command(visible_alias = "info")]
    Status {
        /// Output format
        #[arg(long, value_enum, default_value = "text")]
        output: Output,
    },
    /// Check migrations and tables for drift; changes nothing
    Validate,
    /// Record the checksums of this program's migrations, after drift was fixed by hand; refused while tables differ
    Repair,
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Readable lines.
    Text,
    /// One JSON object.
    Json,
}

impl Config {
    /// Rejects settings that can't be used together.
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
    fn database_flag_may_follow_the_command() {
        let settings = Config::try_parse_from(["dbinit", "status", "--database-url", "sqlite:x", "--output", "json"]).unwrap();
        assert_eq!(settings.database.url.to_string(), "sqlite:x");
        let error = Config::try_parse_from(["dbinit", "status", "--database-url", "mysql://u:p@h/d"]).unwrap_err();
        assert!(error.to_string().contains("every process"), "{error}");
    }
}
