//! Settings of the database: the same in every program.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::DatabaseUrl;

/// The database. Flatten it into a program's settings with `#[command(flatten)]`.
///
/// The address comes from `DATABASE_URL` or from the file that `DATABASE_URL_FILE` names. As the flag `--database-url` it
/// may not carry a password, since every process on the machine can read a command line.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address.
    pub url: DatabaseUrl,
    /// The namespace of the pod that the program runs in.
    pub pod_namespace: Option<String>,
}

impl Settings {
    /// Logs a warning when the database's host is a Service of another namespace than the pod's: manifests that were copied
    /// to a second namespace without their own host name would write to the first one's database.
    pub fn warn_of_foreign_namespace(&self) {
        let (Some(own), Some(other)) = (&self.pod_namespace, self.url.service_namespace()) else { return };
        if own != other {
            tracing::warn!(pod_namespace = own, database = %self.url, "database is in another namespace than this pod");
        }
    }
}

const URL_HELP: &str = "The database: mysql://user:password@host:3306/petclinic?ssl_mode=required or sqlite:PATH; a password \
                        only in the environment or the file";

/// The settings as clap parses them, before the file is read.
#[derive(Debug, Args)]
struct Raw {
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true, global = true, help = URL_HELP)]
    database_url: Option<String>,

    /// A file that holds the database's URL, such as a mounted Secret
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "PATH", global = true)]
    database_url_file: Option<PathBuf>,

    /// Namespace of the pod; a database that is a Service of another namespace is logged as a warning
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAME", global = true)]
    pod_namespace: Option<String>,
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        Raw::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Raw::augment_args_for_update(command)
    }
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let raw = Raw::from_arg_matches(matches)?;
        let url = raw.url()?;
        if url.has_password() && matches.value_source("database_url") == Some(ValueSource::CommandLine) {
            return Err(invalid(
                "--database-url carries a password, which every process on the machine can read: \
                 give it in the environment (DATABASE_URL) or in a file (DATABASE_URL_FILE)",
            ));
        }
        Ok(Self { url, pod_namespace: raw.pod_namespace })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Raw {
    fn url(&self) -> Result<DatabaseUrl, clap::Error> {
        // manifests and shells set an empty variable for "not set"
        let url = self.database_url.as_deref().filter(|url| !url.is_empty());
        let file = self.database_url_file.as_deref().filter(|file| !file.as_os_str().is_empty());
        match (url, file) {
            (Some(url), None) => parse(url, "DATABASE_URL"),
            (None, Some(file)) => parse(read(file)?.trim_start_matches('\u{feff}').trim(), "DATABASE_URL_FILE"),
            (Some(_), Some(_)) => Err(clap::Error::raw(
                ErrorKind::ArgumentConflict,
                "DATABASE_URL and DATABASE_URL_FILE are both set: give one of them",
            )),
            (None, None) => Err(clap::Error::raw(
                ErrorKind::MissingRequiredArgument,
                "DATABASE_URL is missing: mysql://user:password@host:3306/petclinic?ssl_mode=required or sqlite:PATH, \
                 or DATABASE_URL_FILE with the path of a file that holds it",
            )),
        }
    }
}

fn parse(text: &str, variable: &str) -> Result<DatabaseUrl, clap::Error> {
    text.parse().map_err(|error| invalid(format!("{variable}: {error}")))
}

fn read(file: &Path) -> Result<String, clap::Error> {
    fs::read_to_string(file).map_err(|error| invalid(format!("DATABASE_URL_FILE: cannot read {}: {error}", file.display())))
}

fn invalid(message: impl std::fmt::Display) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, message)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        database: Settings,
    }

    fn parse(arguments: &[&str]) -> Result<String, String> {
        Program::try_parse_from(std::iter::once("program").chain(arguments.iter().copied()))
            .map(|program| program.database.url.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn command_line_password_is_rejected_and_hidden() {
        let error = parse(&["--database-url", "mysql://u:s3cret@db/petclinic"]).unwrap_err();
        assert!(error.contains("DATABASE_URL_FILE") && !error.contains("s3cret"), "{error}");
        assert_eq!(parse(&["--database-url", "mysql://u@db/petclinic"]).unwrap(), "mysql://u@db/petclinic");
    }

    #[test]
    fn url_file_may_have_password_newline_and_bom() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "\u{feff}mysql://u:s3cret@db/petclinic\r\n").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(parse(&["--database-url-file", path]).unwrap(), "mysql://u:***@db/petclinic");
        let both = parse(&["--database-url-file", path, "--database-url", "sqlite:x"]).unwrap_err();
        assert!(both.contains("give one of them"), "{both}");
    }

    #[test]
    fn missing_setting_is_named() {
        assert!(parse(&[]).unwrap_err().contains("DATABASE_URL is missing"));
        assert!(parse(&["--database-url-file", "/nowhere/url"]).unwrap_err().contains("cannot read /nowhere/url"));
        assert!(parse(&["--database-url", "oracle://x"]).unwrap_err().contains("DATABASE_URL: begins with neither"));
    }
}
