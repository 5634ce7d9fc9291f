//! The command line: the settings that all commands share, and the commands.

use std::io;
use std::path::{Path, PathBuf};

use clap::Parser;
use handoff::Stream;

use crate::archive::Archive;
use crate::cmd::cat::Cat;
use crate::cmd::find::Find;
use crate::cmd::ls::Ls;
use crate::cmd::rotate::Rotate;
use crate::cmd::verify::Verify;
use crate::config::Settings;
use crate::dir::Dir;
use crate::reader::pods::{PodPattern, Selection};

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
    pub fn log_root(&self) -> &Path {
        let dev = || Path::new(DEV_LOG_ROOT);
        let default = || if !Path::new(LOG_ROOT).exists() && dev().is_dir() { dev() } else { Path::new(LOG_ROOT) };
        self.log_root.as_deref().unwrap_or_else(default)
    }

    /// Opens the log root.
    pub fn open_root(&self) -> io::Result<Dir> {
        Dir::open(self.log_root())
    }
}

/// The commands.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Lists pods, their streams, and what is kept of each
    Ls(Ls),
    /// Prints lines in the order of their times, from live and compressed files
    Cat(Cat),
    /// Prints the last 10 lines, or as many as -n says
    Tail(Cat),
    /// Decodes every segment, compares checksums and looks for gaps; exit status 1 if something is wrong
    Verify(Verify),
    /// Prints all lines of one request, of all pods and streams, from files and the archive
    Find(Find),
    /// Rotates a stream now, however short its live file is
    Rotate(Rotate),
}

/// The pods and streams to read
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Logs {
    /// A pod as `kubectl get pods` prints it, its beginning, or a regular expression; all without it
    #[arg(value_parser = PodPattern::parse)]
    pub pod: Option<PodPattern>,
    /// A stream, such as access; all without it
    pub stream: Option<Stream>,
    /// The same, without a pod
    #[arg(long = "stream", value_name = "STREAM", conflicts_with = "stream")]
    pub stream_of_all: Option<Stream>,
    /// Only the newest pod that isn't running any more
    #[arg(short, long)]
    pub previous: bool,
    /// With the segments in the archive
    #[arg(long, requires = "archive_url")]
    pub archive: bool,
}

impl Logs {
    /// The selection that these arguments mean.
    pub fn selection<'a>(&'a self, archive: Option<&'a Archive>) -> Selection<'a> {
        let stream = self.stream.as_ref().or(self.stream_of_all.as_ref());
        Selection {
            pod: self.pod.as_ref(),
            stream,
            archive: archive.filter(|_| self.archive),
            previous: self.previous,
            ..Selection::default()
        }
    }
}

/// The forms of output.
#[derive(clap::ValueEnum, Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Output {
    /// For people.
    #[default]
    #[value(alias = "table")]
    Text,
    /// For programs.
    Json,
}
