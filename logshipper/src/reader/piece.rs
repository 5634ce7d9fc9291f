//! One file of a stream, open: a live file, a segment that isn't compressed yet, or a compressed one.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};
use std::time::{Duration, Instant};

use crate::dir::{Meta, meta_of};
use crate::gzip::read::ReadAt;
use crate::reader::members::{BUFFER, Gz, take_line};

/// The beginning of a live file, by which one that was truncated and written again is recognised.
const FINGERPRINT: usize = 64;

/// One file of a stream, open.
pub(super) struct Piece {
    pub(super) name: String,
    pub(super) source: Source,
}

pub(super) enum Source {
    Plain(Plain),
    Gz(Box<Gz>),
}

/// A live file, or a segment that isn't compressed yet.
pub(super) struct Plain {
    pub(super) file: BufReader<File>,
    pub(super) identity: (u64, u64),
    pub(super) position: u64,
    /// The position at which its lines begin: more than 0 for a file that was rotated in place.
    pub(super) start: u64,
    /// It has, or had, the live file's name.
    pub(super) is_live: bool,
    /// The time at which the file was seen to have been renamed.
    pub(super) renamed: Option<Instant>,
    /// No line comes any more.
    pub(super) is_final: bool,
    /// Its end was reached, and it may have been truncated since.
    pub(super) waited: bool,
    pub(super) fingerprint: Vec<u8>,
}

impl Piece {
    /// Appends bytes to `line`, at most `most`, up to and with the end of a line; `None` at the end of the file.
    pub(super) fn fill(&mut self, most: usize, line: &mut Vec<u8>, skipped: &mut Option<i64>) -> io::Result<Option<usize>> {
        match &mut self.source {
            Source::Plain(plain) => {
                let filled = take_line(&mut plain.file, most, line)?;
                plain.position += filled as u64;
                if plain.fingerprint.len() < FINGERPRINT {
                    let from = line.len() - filled;
                    plain.fingerprint.extend(line[from..].iter().take(FINGERPRINT - plain.fingerprint.len()));
                }
                Ok((filled > 0).then_some(filled))
            }
            Source::Gz(gz) => gz.fill(most, line, skipped),
        }
    }

    /// The position in a live file.
    pub(super) fn live_position(&self) -> Option<u64> {
        match &self.source {
            Source::Plain(plain) => plain.is_live.then_some(plain.position),
            Source::Gz(_) => None,
        }
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(&self.source, Source::Plain(plain) if plain.is_live)
    }
}

impl Plain {
    pub(super) fn new(file: File, meta: &Meta, is_live: bool) -> Self {
        Self {
            file: BufReader::with_capacity(BUFFER, file),
            identity: meta.identity,
            position: 0,
            start: 0,
            is_live,
            renamed: None,
            is_final: false,
            waited: false,
            fingerprint: Vec::new(),
        }
    }

    /// The number of bytes that were read of a file that has been truncated since.
    pub(super) fn truncated_at(&self) -> io::Result<Option<u64>> {
        let mut begin = [0; FINGERPRINT];
        let is_shorter = self.file.get_ref().length()? < self.position;
        let count = if is_shorter { 0 } else { ReadAt::read_at(self.file.get_ref(), &mut begin, self.start)? };
        // Zeros are what a rotation in place leaves.
        let is_other = !begin[..count].starts_with(&self.fingerprint) && begin[..count].iter().any(|byte| *byte != 0);
        Ok((is_shorter || is_other).then_some(self.position))
    }

    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        (self.start, self.position) = (0, 0);
        self.fingerprint.clear();
        Ok(())
    }

    /// Returns true if the writer of a renamed file must have let go of it.
    pub(super) fn is_settled(&mut self, letting_go: Duration) -> io::Result<bool> {
        let renamed = *self.renamed.get_or_insert_with(Instant::now);
        Ok(renamed.elapsed() >= letting_go || meta_of(self.file.get_ref())?.links == 0)
    }
}

/// Gives an error the name of its file.
pub(super) fn named(name: &str, error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        // The kind of it ends the command.
        Some(code) if code == libc::EMFILE || code == libc::ENFILE => io::Error::from_raw_os_error(code),
        _ => io::Error::new(error.kind(), format!("{name}: {error}")),
    }
}
