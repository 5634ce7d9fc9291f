//! The command line: the settings that all commands share, and the commands.

use std::path::PathBuf;

use clap::Parser;
use handoff::Stream;

use crate::archive::Archive;
use crate::cmd::cat::{Cat, Tail};
use crate::cmd::ls::Ls;
use crate::cmd::rotate::Rotate;
use crate::cmd::verify::Verify;
use crate::config::{Settings, pod_name};

const ARCHIVE_HELP: &str = "Where each closed segment is uploaded to: s3://BUCKET/PREFIX, with credentials and an endpoint by the \
                            usual AWS variables, or file:///DIRECTORY; nowhere without it";

const SUPERVISE_HELP: &str = "`logshipper supervise` runs the daemon, with the flags that follow, as a child process and restarts it \
                              whenever it ends: for process 1 of a sidecar container that must never stop running";

/// Rotates, compresses and keeps the log files of a pod; with a command: reads those of all pods
#[derive(Parser, Debug)]
#[command(name = "logshipper", version, about, subcommand_negates_reqs = true, after_help = SUPERVISE_HELP)]
#[group(skip)]
pub struct Arguments {
    /// Directory that holds a directory of log files for each pod
    #[arg(long, env = "LOG_ROOT", default_value = "/logs", value_parser = directory, global = true)]
    pub log_root: PathBuf,
    /// Where closed segments are uploaded to.
    #[arg(long, env = "ARCHIVE_URL", value_parser = Archive::open, global = true, help = ARCHIVE_HELP)]
    pub archive_url: Option<Archive>,
    /// The daemon's settings.
    #[command(flatten)]
    pub daemon: Settings,
    /// The command; without one the daemon runs.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Lists pods, their streams, and what is kept of each
    Ls(Ls),
    /// Prints lines in the order of their times, from live and compressed files
    Cat(Cat),
    /// Prints the last lines
    Tail(Tail),
    /// Decodes every segment, compares checksums and looks for gaps; exit status 1 if something is wrong
    Verify(Verify),
    /// Rotates a stream now, however short its live file is
    Rotate(Rotate),
}

/// The pods and streams to read
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Logs {
    /// A pod; all without it
    #[arg(value_parser = pod_name)]
    pub pod: Option<String>,
    /// A stream, such as access; all without it
    pub stream: Option<Stream>,
    /// With the segments in the archive
    #[arg(long, requires = "archive_url")]
    pub archive: bool,
}

fn directory(text: &str) -> Result<PathBuf, String> {
    match std::fs::metadata(text) {
        Ok(meta) if meta.is_dir() => Ok(PathBuf::from(text)),
        Ok(_) => Err(String::from("not a directory")),
        Err(error) => Err(format!("accepted is a directory that exists: {error}")),
    }
}
