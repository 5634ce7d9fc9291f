//! `tracing` events as lines: formatted once, then written to standard output and to each log stream that wants them.
//!
//! Files are written before the call returns, through the handoff's writer, so that a line survives the program. Standard
//! output goes through a bounded queue: its reader may stop reading, and no request waits for it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::ChronoUtc;
use tracing_subscriber::prelude::*;

use crate::stdout::Stdout;

/// How often an idle writer looks whether its file was renamed (log-handoff: at most 1 s).
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The settings of logging, to be flattened into a program's own.
#[derive(clap::Args, Debug, Clone)]
pub struct Settings {
    /// Form of a log line
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: Format,
    /// Least severe level that is logged
    #[arg(long, env = "LOG_LEVEL", value_enum, default_value = "info")]
    pub log_level: LogLevel,
}

/// Form of a log line.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Readable text; control characters are escaped.
    Text,
}

/// Severities, the most severe first.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
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

/// A log stream and the events that belong into it.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Name of the stream; its live file is `<name>.log`.
    pub name: &'static str,
    /// Whether an event belongs into the stream.
    pub accepts: fn(&Metadata<'_>) -> bool,
}

/// Keeps logging alive; dropping it writes out what waits for standard output (for at most 1 s).
#[derive(Debug)]
#[must_use = "dropping it ends logging"]
pub struct Logging {
    sinks: Arc<Sinks>,
    stop_check: mpsc::Sender<()>,
}

/// Starts logging for the whole program. `streams` are written under `dir`; without a `dir` there is standard output only.
///
/// # Errors
/// Where a live file can't be opened, or logging was started before.
pub fn start(settings: &Settings, dir: Option<&Path>, streams: &[Stream]) -> io::Result<Logging> {
    let files = match dir {
        Some(dir) => streams.iter().map(|stream| File::open(dir, *stream)).collect::<io::Result<_>>()?,
        None => Vec::new(),
    };
    let sinks = Arc::new(Sinks { stdout: Stdout::start()?, files });

    let registry = tracing_subscriber::registry().with(LevelFilter::from(settings.log_level));
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_timer(ChronoUtc::new(String::from("%FT%T%.6fZ")))
        .with_writer(Shared(Arc::clone(&sinks)));
    match settings.log_format {
        Format::Json => registry.with(layer.json().flatten_event(true).with_span_list(false)).try_init(),
        Format::Text => registry.with(layer).try_init(),
    }
    .map_err(io::Error::other)?;
    std::panic::set_hook(Box::new(log_panic));

    let (stop_check, stopped) = mpsc::channel();
    let checked = Arc::clone(&sinks);
    thread::Builder::new().name(String::from("log-check")).spawn(move || {
        while stopped.recv_timeout(CHECK_INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
            checked.check();
        }
    })?;
    Ok(Logging { sinks, stop_check })
}

impl Drop for Logging {
    fn drop(&mut self) {
        let _ = self.stop_check.send(());
        self.sinks.check();
        self.sinks.stdout.flush(Duration::from_secs(1));
    }
}

fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("a value that is not text");
    tracing::error!(location, panic = message, "panicked");
}

#[derive(Debug)]
struct Sinks {
    stdout: Stdout,
    files: Vec<File>,
}

impl Sinks {
    /// Follows renames, and says what was lost since the last look.
    fn check(&self) {
        for file in &self.files {
            if let Err(error) = file.writer.check() {
                tracing::debug!(stream = file.stream.name, %error, "live file can't be opened");
            }
            let lines = file.lost.swap(0, Ordering::Relaxed);
            if lines > 0 {
                tracing::warn!(stream = file.stream.name, lines, "log lines dropped: the file could not be written");
            }
        }
        let lines = self.stdout.take_dropped();
        if lines > 0 {
            tracing::warn!(lines, "log lines dropped: standard output is not read");
        }
    }
}

/// A stream's live file.
#[derive(Debug)]
struct File {
    stream: Stream,
    writer: handoff::Writer,
    lost: AtomicU64,
}

impl File {
    fn open(dir: &Path, stream: Stream) -> io::Result<Self> {
        let writer = handoff::Writer::open(dir, stream.name)?;
        Ok(Self { stream, writer, lost: AtomicU64::new(0) })
    }

    fn write(&self, line: &[u8]) {
        if self.writer.write(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Shared(Arc<Sinks>);

impl<'a> MakeWriter<'a> for Shared {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { sinks: &self.0, wanted: u8::MAX }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        let accepts = self.0.files.iter().map(|file| (file.stream.accepts)(metadata));
        let wanted = accepts.enumerate().fold(0, |bits, (n, accepts)| bits | u8::from(accepts) << n);
        Line { sinks: &self.0, wanted }
    }
}

/// One formatted line on its way to where it belongs.
struct Line<'a> {
    sinks: &'a Sinks,
    /// Bit n is set where the n-th file takes the line.
    wanted: u8,
}

impl io::Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        for (n, file) in self.sinks.files.iter().enumerate() {
            if self.wanted & 1 << n != 0 {
                file.write(line);
            }
        }
        self.sinks.stdout.send(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
