//! Compression of one segment: a temporary file, whose members were decoded and compared, durable, named, read back, and
//! only then is the plain file removed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;

use crc32fast::Hasher;
use flate2::read::MultiGzDecoder;
use handoff::{Form, Segment};
use rustix::fs::{Advice, Timespec, Timestamps, fadvise, fchmod, futimens};

use crate::dir::{Dir, Meta};
use crate::fault::{self, Failpoint};
use crate::gzip;
use crate::gzip::index::Origin;
use crate::gzip::write::Packed;
use crate::survey::{quarantine_name, temporary_name};

const BUFFER: usize = 64 << 10;
/// The length of a read when reading back: no more than the disk returns in a moment.
const READ_BACK: usize = 1 << 20;

/// The result of a compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressed {
    /// Bytes of the plain file.
    pub plain: u64,
    /// Bytes of the compressed file.
    pub gz: u64,
}

/// A callback between pieces of work; its error ends the work, which leaves the plain file as it is.
pub type Checkpoint<'a> = &'a mut dyn FnMut() -> io::Result<()>;

/// The bytes that a compressed file is made of.
#[derive(Debug)]
pub struct Source<'a> {
    /// Their number, about.
    pub bytes: u64,
    /// The file, whose mode and time the compressed one gets.
    pub meta: &'a Meta,
    /// The part of the file that they are, if it is a live file.
    pub origin: Option<Origin>,
}

/// A part of a file, read without moving the file's own offset.
pub struct Part<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl<'a> Part<'a> {
    /// The bytes from `start` to `end`.
    pub fn new(file: &'a File, start: u64, end: u64) -> Self {
        Self { file, at: start, end }
    }

    /// Returns the checksum of what is left of it.
    pub fn crc(mut self) -> io::Result<u32> {
        let (mut crc, mut buffer) = (Hasher::new(), vec![0; BUFFER]);
        loop {
            match self.read(&mut buffer)? {
                0 => return Ok(crc.finalize()),
                count => crc.update(&buffer[..count]),
            }
        }
    }
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fault::point()?;
        let wanted = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Compresses the plain `file` of `segment` from `start` on, which has been handed over, and removes it. A compressed form that
/// is there already is kept if it holds the same bytes, and quarantined if not.
pub fn compress(
    dir: &Dir,
    segment: &Segment,
    (file, meta): (&File, &Meta),
    start: u64,
    level: u32,
    checkpoint: Checkpoint<'_>,
) -> io::Result<Compressed> {
    let (plain, gz) = (segment.name(Form::Plain), segment.name(Form::Gz));
    let gz = OsStr::new(&gz);
    if dir.meta(gz)?.is_some() && !holds(dir, gz, &mut Part::new(file, start, meta.bytes), checkpoint)? {
        quarantine(dir, segment)?;
    }
    let mut plain_bytes = meta.bytes.saturating_sub(start);
    if dir.meta(gz)?.is_none() {
        if plain_bytes > 0 {
            plain_bytes += terminate_last_line(dir, OsStr::new(&plain), file, meta)?;
        }
        let source = Source { bytes: plain_bytes, meta, origin: None };
        make_verified(dir, segment, &mut Part::new(file, start, start + plain_bytes), &source, level, checkpoint)?;
    }
    let written = dir.meta(gz)?.map_or(0, |meta| meta.bytes);
    dir.remove(OsStr::new(&plain))?;
    dir.sync(gz)?;
    Ok(Compressed { plain: plain_bytes, gz: written })
}

/// Compresses `plain` into the compressed file of `segment`, durable under its name and read back.
pub fn make_verified(
    dir: &Dir,
    segment: &Segment,
    plain: &mut impl Read,
    source: &Source<'_>,
    level: u32,
    checkpoint: Checkpoint<'_>,
) -> io::Result<Packed> {
    let packed = make(dir, segment, plain, source, level, checkpoint)?;
    if reads_back(dir, OsStr::new(&segment.name(Form::Gz)), packed.crc, checkpoint)? {
        return Ok(packed);
    }
    quarantine(dir, segment)?;
    Err(io::Error::other("read-back checksum mismatch"))
}

/// Terminates the last line where a killed writer tore it, so that `zcat` doesn't glue it to the next segment's first. Returns
/// the number of bytes added.
fn terminate_last_line(dir: &Dir, plain: &OsStr, file: &File, meta: &Meta) -> io::Result<u64> {
    let Some(end) = meta.bytes.checked_sub(1) else { return Ok(0) };
    let mut last = [0];
    file.read_exact_at(&mut last, end)?;
    if last == *b"\n" {
        return Ok(0);
    }
    match dir.open_append(plain) {
        Ok((append, found)) if found.identity == meta.identity => Failpoint(&append).write_all(b"\n").map(|()| 1),
        Ok(_) => Err(io::Error::other("replaced by another file")),
        // A file we don't own is compressed as it is.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(0),
        Err(error) => Err(error),
    }
}

fn make(
    dir: &Dir,
    segment: &Segment,
    plain: &mut impl Read,
    source: &Source<'_>,
    level: u32,
    checkpoint: Checkpoint<'_>,
) -> io::Result<Packed> {
    let temporary = temporary_name(segment);
    let temporary = OsStr::new(&temporary);
    dir.remove(temporary)?;
    let out = dir.create(temporary, 0o600)?;
    let gz = segment.name(Form::Gz);
    let made =
        fill(plain, source, &out, level, checkpoint).and_then(|packed| dir.rename(temporary, OsStr::new(&gz)).map(|()| packed));
    if made.is_err() {
        // A file that can't be removed now is removed later; the first error is the one to report.
        let _ = dir.remove(temporary);
    }
    let packed = made?;
    dir.sync(temporary)?;
    Ok(packed)
}

/// Fills the file `out` and makes it durable.
fn fill(plain: &mut impl Read, source: &Source<'_>, out: &File, level: u32, checkpoint: Checkpoint<'_>) -> io::Result<Packed> {
    let packed = gzip::write::compress(plain, source.bytes, Failpoint(out), level, source.origin, checkpoint)?;
    fault::point()?;
    fchmod(out, rustix::fs::Mode::from_raw_mode(source.meta.mode))?;
    let modified = source.meta.modified;
    let stamp = Timespec { tv_sec: modified.timestamp(), tv_nsec: i64::from(modified.timestamp_subsec_nanos()) };
    futimens(out, &Timestamps { last_access: stamp, last_modification: stamp })?;
    fault::point()?;
    out.sync_all()?;
    // So that reading it back asks the disk, and the page cache stays with those who need it.
    fadvise(out, 0, None::<NonZeroU64>, Advice::DontNeed)?;
    Ok(packed)
}

/// Returns true if the disk returns what was written, by its checksum; it was decoded and compared before.
fn reads_back(dir: &Dir, gz: &OsStr, crc: u32, checkpoint: Checkpoint<'_>) -> io::Result<bool> {
    let (gz, _) = dir.open_file(gz)?;
    let (mut gz, mut found, mut buffer) = (Failpoint(&gz), Hasher::new(), vec![0; READ_BACK]);
    loop {
        checkpoint()?;
        match gz.read(&mut buffer)? {
            0 => return Ok(found.finalize() == crc),
            count => found.update(&buffer[..count]),
        }
    }
}

/// Returns true if the compressed file `gz` decodes to exactly the bytes of `plain`.
fn holds(dir: &Dir, gz: &OsStr, plain: &mut impl Read, checkpoint: Checkpoint<'_>) -> io::Result<bool> {
    if !dir.meta(gz)?.is_some_and(|meta| meta.is_plain_file()) {
        return Ok(false);
    }
    let (gz, _) = dir.open_file(gz)?;
    let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, Failpoint(&gz)));
    let (mut expected, mut found) = (vec![0; BUFFER], vec![0; BUFFER]);
    loop {
        checkpoint()?;
        let count = match decoder.read(&mut found) {
            Ok(count) => count,
            Err(error) if is_damage(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        if count == 0 {
            return Ok(plain.read(&mut expected)? == 0);
        }
        match plain.read_exact(&mut expected[..count]) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
        if expected[..count] != found[..count] {
            return Ok(false);
        }
    }
}

/// Returns true if an error of the decoder is about the bytes, and not about the disk.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

fn quarantine(dir: &Dir, segment: &Segment) -> io::Result<()> {
    let gz = segment.name(Form::Gz);
    let mut attempt = 1;
    let quarantined = loop {
        let name = quarantine_name(segment, attempt);
        match dir.rename(OsStr::new(&gz), OsStr::new(&name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
            result => break result.map(|()| name)?,
        }
    };
    tracing::error!(segment = %gz, %quarantined, "corrupt .gz quarantined, recompressing");
    dir.sync(OsStr::new(&gz))
}
