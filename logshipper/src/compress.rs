//! Compression of one segment: a temporary file, whose members were decoded and compared, durable, named, read back, and
//! only then is the plain file removed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;

use flate2::read::MultiGzDecoder;
use handoff::{Form, Segment};
use rustix::fs::{Advice, Timespec, Timestamps, fadvise, fchmod, futimens};

use crate::dir::{Dir, Meta};
use crate::fault::{self, Failpoint};
use crate::gzip;
use crate::survey::{quarantine_name, temporary_name};

const BUFFER: usize = 64 << 10;
/// What is read back at once: no more than the disk gives in a moment.
const READ_BACK: usize = 1 << 20;

/// What became of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressed {
    /// Bytes of the plain file.
    pub plain: u64,
    /// Bytes of the compressed file.
    pub gz: u64,
}

/// A callback between pieces of work; its error ends the work, which leaves the plain file as it is.
pub type Checkpoint<'a> = &'a mut dyn FnMut() -> io::Result<()>;

/// Compresses the plain `file` of `segment`, which has been handed over, and removes it. A compressed form that is there
/// already is kept if it holds the same bytes, and quarantined if not.
pub fn compress(
    dir: &Dir,
    segment: &Segment,
    file: &File,
    meta: &Meta,
    level: u32,
    checkpoint: Checkpoint<'_>,
) -> io::Result<Compressed> {
    let (plain, gz) = (segment.name(Form::Plain), segment.name(Form::Gz));
    let gz = OsStr::new(&gz);
    if dir.meta(gz)?.is_some() && !holds(dir, gz, file, checkpoint)? {
        quarantine(dir, segment)?;
    }
    let mut plain_bytes = meta.bytes;
    if dir.meta(gz)?.is_none() {
        plain_bytes += terminate_last_line(dir, OsStr::new(&plain), file, meta)?;
        let crc = make(dir, segment, file, meta, level, checkpoint)?;
        if !reads_back(dir, gz, crc, checkpoint)? {
            quarantine(dir, segment)?;
            return Err(io::Error::other("read-back checksum mismatch"));
        }
    }
    let written = dir.meta(gz)?.map_or(0, |meta| meta.bytes);
    dir.remove(OsStr::new(&plain))?;
    dir.sync()?;
    Ok(Compressed { plain: plain_bytes, gz: written })
}

/// Ends the last line where a killed writer tore it, so that it isn't glued to the next segment's first by `zcat`. Says how
/// many bytes that took.
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
        // A stranger's file is compressed as it is.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(0),
        Err(error) => Err(error),
    }
}

fn make(dir: &Dir, segment: &Segment, file: &File, meta: &Meta, level: u32, checkpoint: Checkpoint<'_>) -> io::Result<u32> {
    let temporary = temporary_name(segment);
    let temporary = OsStr::new(&temporary);
    dir.remove(temporary)?;
    let out = dir.create(temporary, 0o600)?;
    let gz = segment.name(Form::Gz);
    let made = fill(file, meta, &out, level, checkpoint).and_then(|crc| dir.rename(temporary, OsStr::new(&gz)).map(|()| crc));
    if made.is_err() {
        // What can't be removed now is swept later; the first error is the one to hear of.
        let _ = dir.remove(temporary);
    }
    let crc = made?;
    dir.sync()?;
    Ok(crc)
}

/// Fills the file `out`, makes it durable and returns the CRC-32 of its bytes.
fn fill(file: &File, meta: &Meta, out: &File, level: u32, checkpoint: Checkpoint<'_>) -> io::Result<u32> {
    let mut file = Failpoint(file);
    file.rewind()?;
    let crc = gzip::write::compress(&mut file, meta.bytes, Failpoint(out), level, checkpoint)?.crc;
    fault::point()?;
    fchmod(out, rustix::fs::Mode::from_raw_mode(meta.mode))?;
    let stamp = Timespec { tv_sec: meta.modified.timestamp(), tv_nsec: i64::from(meta.modified.timestamp_subsec_nanos()) };
    futimens(out, &Timestamps { last_access: stamp, last_modification: stamp })?;
    fault::point()?;
    out.sync_all()?;
    // So that reading it back asks the disk, and the page cache stays with those who need it.
    fadvise(out, 0, None::<NonZeroU64>, Advice::DontNeed)?;
    Ok(crc)
}

/// Whether the disk gives back what was written, which has been decoded and compared before: its CRC tells.
fn reads_back(dir: &Dir, gz: &OsStr, crc: u32, checkpoint: Checkpoint<'_>) -> io::Result<bool> {
    let (gz, _) = dir.open_file(gz)?;
    let (mut gz, mut found, mut buffer) = (Failpoint(&gz), crc32fast::Hasher::new(), vec![0; READ_BACK]);
    loop {
        checkpoint()?;
        match gz.read(&mut buffer)? {
            0 => return Ok(found.finalize() == crc),
            count => found.update(&buffer[..count]),
        }
    }
}

/// Whether the compressed file `gz` decodes to exactly the bytes of `plain`.
fn holds(dir: &Dir, gz: &OsStr, plain: &File, checkpoint: Checkpoint<'_>) -> io::Result<bool> {
    if !dir.meta(gz)?.is_some_and(|meta| meta.is_plain_file()) {
        return Ok(false);
    }
    let (gz, _) = dir.open_file(gz)?;
    let mut plain = Failpoint(plain);
    plain.rewind()?;
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

/// Whether an error of the decoder speaks of the bytes, and not of the disk.
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
    dir.sync()
}
