//! The command line: the settings that all commands share, and the daemon's.

use std::io;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::archive::Archive;
use crate::cmd::Command;
use crate::config::Settings;
use crate::dir::Dir;

const ARCHIVE_HELP: &str = "Where each closed segment is uploaded to: s3://BUCKET/PREFIX, with credentials and an endpoint by the \
                            usual AWS variables, or file:///DIRECTORY; nowhere without it";
/// The directory in a pod.
const LOG_ROOT: &str = "/logs";
/// The directory of `./dev up`.
const DEV_LOG_ROOT: &str = "run/logs";

const SUPERVISE_HELP: &str = "`logshipper supervise` runs the daemon, with the flags that follow, as a child process and restarts it \
                              whenever it ends: for process 1 of a sidecar container that must never stop running";

/// Rotates, compresses and keeps the log files of a pod; with a command: reads those of all pods
#[derive(Parser, Debug)]
#[command(name = "logshipper", version, about, subcommand_negates_reqs = true, after_help = SUPERVISE_HELP)]
#[group(skip)]
pub struct Arguments {
    /// Directory that holds one directory of log files per pod; /logs without it, or run/logs where only that exists
    #[arg(long, env = "LOG_ROOT", global = true)]
    log_root: Option<PathBuf>,
    /// Destination of closed segments.
    #[arg(long, env = "ARCHIVE_URL", value_parser = Archive::open, global = true, help = ARCHIVE_HELP)]
    pub archive_url: Option<Archive>,
    /// The daemon's settings.
    #[command(flatten)]
    pub daemon: Settings,
    /// The command; without one the daemon runs.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Arguments {
    /// The path of the log root.
    fn log_root(&self) -> &Path {
        let dev = || Path::new(DEV_LOG_ROOT);
        let default = || if !Path::new(LOG_ROOT).exists() && dev().is_dir() { dev() } else { Path::new(LOG_ROOT) };
        self.log_root.as_deref().unwrap_or_else(default)
    }

    /// Opens the log root.
    pub fn open_root(&self) -> Result<Dir, RootError> {
        let path = self.log_root();
        Dir::open(path).map_err(|cause| RootError { path: path.to_owned(), cause })
    }
}

/// A log root that can't be opened.
#[derive(Debug, thiserror::Error)]
#[error("LOG_ROOT: \"{}\" can't be used: {cause}", path.display())]
pub struct RootError {
    path: PathBuf,
    cause: io::Error,
}
