//! Where lines go: standard output, and the live file of each stream that wants them.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::counts::{Counts, Loss, News};
use super::stdout::Stdout;
use super::turns::{Turns, Volume};
use super::{Format, Stream};

#[derive(Debug)]
pub(super) struct Sinks {
    stdout: Stdout,
    stdout_loss: Mutex<Loss>,
    files: Vec<File>,
    /// Text has no quotes around everything, as JSON does: what would end a line or move a cursor is escaped.
    escape: bool,
}

impl Sinks {
    pub(super) fn new(dir: Option<&Path>, streams: &[Stream], format: Format) -> io::Result<Self> {
        let volume = Arc::default();
        let files = match dir {
            Some(dir) => streams.iter().map(|stream| File::new(dir, *stream, &volume)).collect::<io::Result<_>>()?,
            None => Vec::new(),
        };
        Ok(Self { stdout: Stdout::start(io::stdout())?, stdout_loss: Mutex::default(), files, escape: format == Format::Text })
    }

    /// Each output's name with its numbers.
    pub(super) fn counts(&self) -> Vec<(&'static str, Arc<Counts>)> {
        let files = self.files.iter().map(|file| (file.stream.name, Arc::clone(&file.counts)));
        std::iter::once(("stdout", Arc::clone(self.stdout.counts()))).chain(files).collect()
    }

    /// Opens the files below `dir`. What can't be opened now is told, and opened by the first line or check that can.
    pub(super) fn open(&self, dir: &Path) {
        for file in &self.files {
            if let Err(cause) = file.writer.check() {
                file.failing.store(true, Ordering::Relaxed);
                lock(&file.loss).has_begun();
                tracing::warn!(
                    dir = %dir.display(), stream = file.stream.name, %cause,
                    "LOG_DIR can't be used: until this stream's file can be opened, its lines are on standard output only"
                );
            }
        }
    }

    /// Follows renames, and tells what is lost.
    pub(super) fn check(&self) {
        for file in &self.files {
            if let Some(Err(error)) = file.turns.take().map(|_turn| file.writer.check()) {
                tracing::debug!(stream = file.stream.name, %error, "live file can't be opened");
            }
            let stream = file.stream.name;
            match look(&file.loss, &file.counts, || file.failing.load(Ordering::Relaxed) || file.turns.are_slow()) {
                Some(News::Begins) => {
                    tracing::warn!(stream, "log lines are dropped: the file can't be written in time");
                }
                Some(News::Over(lines)) => {
                    tracing::warn!(stream, lines, "log lines were dropped: the file could not be written in time");
                }
                None => {}
            }
        }
        match look(&self.stdout_loss, self.stdout.counts(), || !self.stdout.accepts()) {
            Some(News::Begins) => tracing::warn!("log lines are dropped: standard output is not read"),
            Some(News::Over(lines)) => tracing::warn!(lines, "log lines were dropped: standard output was not read"),
            None => {}
        }
    }

    pub(super) fn flush(&self, limit: Duration) {
        self.stdout.flush(limit);
    }
}

fn look(loss: &Mutex<Loss>, counts: &Counts, failing: impl FnOnce() -> bool) -> Option<News> {
    lock(loss).look(counts.dropped(), failing)
}

fn lock(loss: &Mutex<Loss>) -> MutexGuard<'_, Loss> {
    loss.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream's live file.
#[derive(Debug)]
struct File {
    stream: Stream,
    writer: handoff::Writer,
    turns: Turns,
    counts: Arc<Counts>,
    loss: Mutex<Loss>,
    /// The last line could not be written, or the file not be opened at the start.
    failing: AtomicBool,
}

impl File {
    fn new(dir: &Path, stream: Stream, volume: &Arc<Volume>) -> io::Result<Self> {
        let writer = handoff::Writer::new(dir, stream.name)?;
        Ok(Self {
            stream,
            writer,
            turns: Turns::at(volume),
            counts: Arc::default(),
            loss: Mutex::default(),
            failing: AtomicBool::new(false),
        })
    }

    fn write(&self, line: &[u8]) {
        let written = self.turns.take().is_some_and(|turn| {
            let written = self.writer.write(line).is_ok();
            turn.wrote();
            written
        });
        if written {
            self.counts.wrote(line.len());
        } else {
            self.counts.lost(1);
        }
        if self.failing.load(Ordering::Relaxed) == written {
            self.failing.store(!written, Ordering::Relaxed);
        }
    }
}

/// Makes the writer of each event's line.
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

/// One formatted line on its way to where it belongs.
pub(super) struct Line<'a> {
    sinks: &'a Sinks,
    /// Bit n is set where the n-th file takes the line.
    wanted: u8,
}

impl io::Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let escaped = if self.sinks.escape { escape(line) } else { Cow::Borrowed(line) };
        for (n, file) in self.sinks.files.iter().enumerate() {
            if self.wanted & 1 << n != 0 {
                file.write(&escaped);
            }
        }
        self.sinks.stdout.send(&escaped);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The line without control characters but the `\n` at its end.
fn escape(line: &[u8]) -> Cow<'_, [u8]> {
    let (text, end) = line.strip_suffix(b"\n").map_or((line, &b""[..]), |text| (text, &b"\n"[..]));
    // C1 control characters are two bytes in UTF-8, the first of them 0xC2.
    if !text.iter().any(|&b| b < b' ' || b == 0x7f || b == 0xc2) {
        return Cow::Borrowed(line);
    }
    let mut escaped = String::with_capacity(line.len() + 16);
    for c in String::from_utf8_lossy(text).chars() {
        if c.is_control() { escaped.extend(c.escape_default()) } else { escaped.push(c) }
    }
    let mut escaped = escaped.into_bytes();
    escaped.extend_from_slice(end);
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_ends_it_or_moves_a_cursor() {
        let escaped = |line: &str| String::from_utf8(escape(line.as_bytes()).into_owned()).unwrap();
        assert_eq!(escaped("plain, 가 ¶ é\n"), "plain, 가 ¶ é\n");
        assert_eq!(escaped("a\nb\r\tc\u{1b}[31m\u{7f}\u{9b}d\n"), "a\\nb\\r\\tc\\u{1b}[31m\\u{7f}\\u{9b}d\n");
        assert!(matches!(escape(b"untouched\n"), Cow::Borrowed(_)));
    }
}
