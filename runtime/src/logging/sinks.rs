//! The outputs of log lines: standard output, and the live file of each stream that accepts them.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::counts::{Counts, DropReporter, Transition};
use super::stdout::Stdout;
use super::write_lock::{Breaker, WriteLock};
use super::{Stream, escape};

/// Stands for an error number where a line was dropped without trying to write it.
const TIMED_OUT: i32 = -1;

#[derive(Debug)]
pub(super) struct Sinks {
    stdout: Stdout,
    stdout_drops: Mutex<DropReporter>,
    /// All files are in one directory, and so on one volume.
    volume: WriteLock,
    files: Vec<File>,
}

impl Sinks {
    pub(super) fn new(dir: Option<&Path>, streams: &[Stream]) -> io::Result<Self> {
        let files = match dir {
            Some(dir) => streams.iter().map(|stream| File::new(dir, *stream)).collect::<io::Result<_>>()?,
            None => Vec::new(),
        };
        Ok(Self { stdout: Stdout::start(io::stdout())?, stdout_drops: Mutex::default(), volume: WriteLock::default(), files })
    }

    /// Each output's name with its counters.
    pub(super) fn counts(&self) -> Vec<(&'static str, Arc<Counts>)> {
        let files = self.files.iter().map(|file| (file.stream.name, Arc::clone(&file.counts)));
        std::iter::once(("stdout", Arc::clone(self.stdout.counts()))).chain(files).collect()
    }

    /// Opens the files below `dir`. One that can't be opened now is reported, and opened by the first line or check that can.
    pub(super) fn open(&self, dir: &Path) {
        for file in &self.files {
            if let Err(cause) = file.writer.check() {
                file.error.store(errno(&cause), Ordering::Relaxed);
                lock(&file.drops).set_started();
                tracing::warn!(
                    dir = %dir.display(), stream = file.stream.name, %cause,
                    "LOG_DIR can't be used: until this stream's file can be opened, its lines are on standard output only"
                );
            }
        }
    }

    /// Follows renames, and reports dropped lines.
    pub(super) fn check(&self) {
        for file in &self.files {
            let stream = file.stream.name;
            if let Some(Err(error)) = self.volume.try_acquire(&file.breaker).map(|_guard| file.writer.check()) {
                tracing::debug!(stream, %error, "failed to open live file");
            }
            let error = file.error.load(Ordering::Relaxed);
            match lock(&file.drops).update(file.counts.dropped(), || error != 0 || file.breaker.is_open()) {
                Some(Transition::Started) => {
                    let cause = match error {
                        0 | TIMED_OUT => String::from("the volume does not respond in time"),
                        error => io::Error::from_raw_os_error(error).to_string(),
                    };
                    tracing::warn!(stream, cause, "log lines are dropped: the file can't be written");
                }
                Some(Transition::Ended(lines)) => {
                    tracing::warn!(stream, lines, "log lines were dropped: the file could not be written");
                }
                None => {}
            }
        }
        match lock(&self.stdout_drops).update(self.stdout.counts().dropped(), || !self.stdout.accepts()) {
            Some(Transition::Started) => tracing::warn!("log lines are dropped: standard output is not read"),
            Some(Transition::Ended(lines)) => {
                tracing::warn!(lines, "log lines were dropped: standard output was not read");
            }
            None => {}
        }
    }

    pub(super) fn flush(&self, limit: Duration) {
        self.stdout.flush(limit);
    }

    fn write_file(&self, file: &File, line: &[u8]) {
        let written = self.volume.try_acquire(&file.breaker).map(|guard| {
            let written = file.writer.write(line);
            guard.record();
            written
        });
        let error = match written {
            Some(Ok(())) => 0,
            Some(Err(error)) => errno(&error),
            None => TIMED_OUT,
        };
        if error == 0 {
            file.counts.add_bytes(line.len());
        } else {
            file.counts.add_dropped(1);
        }
        if file.error.load(Ordering::Relaxed) != error {
            file.error.store(error, Ordering::Relaxed);
        }
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

fn lock(drops: &Mutex<DropReporter>) -> MutexGuard<'_, DropReporter> {
    drops.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream's live file.
#[derive(Debug)]
struct File {
    stream: Stream,
    writer: handoff::Writer,
    breaker: Breaker,
    counts: Arc<Counts>,
    drops: Mutex<DropReporter>,
    /// The error number of the last line's write, or of opening the file at the start; 0 without an error, [`TIMED_OUT`] if
    /// the volume was not tried.
    error: AtomicI32,
}

impl File {
    fn new(dir: &Path, stream: Stream) -> io::Result<Self> {
        let writer = handoff::Writer::new(dir, stream.name)?;
        Ok(Self {
            stream,
            writer,
            breaker: Breaker::new(),
            counts: Arc::default(),
            drops: Mutex::default(),
            error: AtomicI32::new(0),
        })
    }
}

/// Makes the writer of each event.
pub(super) struct Shared(pub(super) Arc<Sinks>);

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

/// One formatted line and the outputs that accept it.
pub(super) struct Line<'a> {
    sinks: &'a Sinks,
    /// Bit n is set if the n-th file accepts the line.
    wanted: u8,
}

impl io::Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = str::from_utf8(line.strip_suffix(b"\n").unwrap_or(line)).map_err(io::Error::other)?;
        let escaped = match escape(text) {
            Cow::Borrowed(_) => Cow::Borrowed(line),
            Cow::Owned(text) => Cow::Owned((text + "\n").into_bytes()),
        };
        for (n, file) in self.sinks.files.iter().enumerate() {
            if self.wanted & 1 << n != 0 {
                self.sinks.write_file(file, &escaped);
            }
        }
        self.sinks.stdout.send(&escaped);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
