//! `tracing` events as lines: formatted once, then written to standard output and to each log stream that accepts them.
//!
//! Files are written synchronously through the handoff's writer, so that a line survives SIGKILL. Standard output goes through
//! a bounded queue, since its reader may stop reading. No request waits for either: a line that can't be written in time is
//! dropped and counted.

mod counts;
mod escape;
mod json;
mod sinks;
mod stdout;
mod threshold;
mod write_lock;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::time::ChronoUtc;
use tracing_subscriber::prelude::*;

use self::json::Json;
use self::sinks::{Shared, Sinks};

pub use self::counts::Counts;
pub use self::escape::escape;
pub use self::threshold::Threshold;

/// Interval at which an idle writer checks whether its file was renamed (the log handoff allows at most 1 s).
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Logging settings, to be flattened into a program's own.
#[derive(clap::Args, Debug, Clone)]
pub struct Settings {
    /// Format of a log line
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: Format,
    /// Least severe level that is logged
    #[arg(long, env = "LOG_LEVEL", value_enum, default_value = "info")]
    pub log_level: LogLevel,
}

/// Format of a log line.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Json,
    /// Readable text.
    Text,
}

/// Severities, the most severe first.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The level as a setting has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        Self::from_level(match level {
            LogLevel::Error => Level::ERROR,
            LogLevel::Warn => Level::WARN,
            LogLevel::Info => Level::INFO,
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Trace => Level::TRACE,
        })
    }
}

/// A log stream and the events that belong to it.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Name of the stream; its live file is `<name>.log`.
    pub name: &'static str,
    /// Returns true if an event belongs to the stream.
    pub accepts: fn(&Metadata<'_>) -> bool,
}

/// Keeps logging alive. On drop, lines queued for standard output are flushed for at most 1 s.
#[derive(Debug)]
#[must_use = "dropping it ends logging"]
pub struct Logging {
    sinks: Arc<Sinks>,
    threshold: Threshold,
    stop_check: mpsc::Sender<()>,
}

/// Starts logging for the whole program. `streams` are written under `dir`; without a `dir` there is standard output only.
///
/// The program starts even if a live file can't be opened: a warning names it, its lines are counted as dropped, and they are
/// written as soon as it can be opened.
///
/// # Errors
/// Logging was started before, its threads can't be started, or a stream's name is invalid.
pub fn start(settings: &Settings, dir: Option<&Path>, streams: &[Stream]) -> io::Result<Logging> {
    let sinks = Arc::new(Sinks::new(dir, streams)?);
    let threshold = Threshold::new(settings.log_level);
    let registry = tracing_subscriber::registry().with(threshold.clone());
    let layer = tracing_subscriber::fmt::layer().with_writer(Shared(Arc::clone(&sinks)));
    match settings.log_format {
        Format::Json => registry.with(layer.fmt_fields(Json).event_format(Json)).try_init(),
        Format::Text => {
            let layer = layer.with_ansi(false).with_timer(ChronoUtc::new(String::from("%FT%T%.6fZ")));
            registry.with(layer).try_init()
        }
    }
    .map_err(io::Error::other)?;
    std::panic::set_hook(Box::new(log_panic));
    if let Some(dir) = dir {
        sinks.open(dir);
    }

    let (stop_check, stopped) = mpsc::channel();
    let checked = Arc::clone(&sinks);
    thread::Builder::new().name(String::from("log-check")).spawn(move || {
        while stopped.recv_timeout(CHECK_INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
            checked.check();
        }
    })?;
    Ok(Logging { sinks, threshold, stop_check })
}

impl Logging {
    /// Each output with its counters: `stdout`, and every stream by its name.
    pub fn outputs(&self) -> Vec<(&'static str, Arc<Counts>)> {
        self.sinks.counts()
    }

    /// The log level, which may be changed at run time.
    pub fn threshold(&self) -> Threshold {
        self.threshold.clone()
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let _ = self.stop_check.send(());
        self.sinks.check();
        self.sinks.flush(Duration::from_secs(1));
    }
}

fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("a value that is not text");
    tracing::error!(location, panic = message, "panicked");
}
