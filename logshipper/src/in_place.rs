//! In-place rotation, for writers that know nothing of the handoff: the live file keeps its name and its inode.
//!
//! The complete lines from the *position* on are compressed into a segment, which is made durable, named and read back as any
//! other. Only then a hole is punched over them: the blocks are freed, the file keeps its length, and its writer goes on where
//! it was, appending or not. The segment's index says which part of which file it holds, so that no state file is needed: the
//! position is where the newest segment of the file ends. An extended attribute tells such a file from others, whose segments
//! needn't be searched. A kill between naming and punching is found by the checksum of that
//! part, and punching is done again.
//!
//! A file that was truncated, or truncated and filled again, no longer has its hole, or not the lines of the segment: it is a
//! new generation, and its position is 0.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use crc32fast::Hasher;
use handoff::{Form, Segment};
use rustix::fs::{FallocateFlags, SeekFrom, XattrFlags, fallocate, fgetxattr, fsetxattr, seek};
use rustix::io::Errno;

use crate::compress::{Checkpoint, Compressed, Source, make_verified};
use crate::dir::{Dir, Meta};
use crate::fault;
use crate::gzip::index::{Index, Origin};

const BUFFER: usize = 64 << 10;
/// The extended attribute of a file that was rotated in place.
const MARK: &str = "user.logshipper.in_place";
/// The longest part that becomes one segment, unless `ROTATE_BYTES` is more or one line is longer.
const PART: u64 = 1 << 20;
/// Segments whose indexes are read for a file's position.
const LOOK_BACK: usize = 1_000;
/// A distance behind the file's end that no writer covers in a moment.
const BEYOND: u64 = 1 << 40;

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

    fn crc(mut self) -> io::Result<u32> {
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

/// Returns the part of a live file that a segment was made of, and its end; `None` for any other segment.
pub fn part(dir: &Dir, segment: &Segment) -> io::Result<Option<(Origin, u64)>> {
    let gz = match dir.open_file(OsStr::new(&segment.name(Form::Gz))) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?.0,
    };
    let index = Index::read(&gz)?;
    Ok(index.and_then(|index| index.origin.map(|origin| (origin, origin.start + index.plain_bytes()))))
}

/// Returns the position of a stream's file: the end of what its segments hold, 0 for a new file. `segments` are the
/// compressed ones of the stream, the newest first.
pub fn position<'a>(dir: &Dir, segments: impl Iterator<Item = &'a Segment>, file: &File, meta: &Meta) -> io::Result<u64> {
    if !is_marked(file)? {
        return Ok(0);
    }
    for segment in segments.take(LOOK_BACK) {
        let gz = match dir.open_file(OsStr::new(&segment.name(Form::Gz))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?.0,
        };
        let Some(index) = Index::read(&gz)? else { continue };
        let Some(origin) = index.origin.filter(|origin| *origin == Origin { start: origin.start, ..origin_of(meta, 0) }) else {
            continue;
        };
        let end = origin.start + index.plain_bytes();
        let is_held =
            end <= meta.bytes && (is_punched(file, end, meta.bytes)? || Part::new(file, origin.start, end).crc()? == index.crc);
        return if is_held { after_hole(file, end, meta.bytes) } else { Ok(0) };
    }
    // The segments are gone, and their hole is left.
    after_hole(file, 0, meta.bytes)
}

/// Compresses the complete lines from `position` on, at most about `most` bytes, into `segment`, and frees their blocks. `None`
/// where there are fewer than `least` bytes, or no line has an end.
pub fn ship(
    dir: &Dir,
    segment: &Segment,
    (file, meta): (&File, &Meta),
    position: u64,
    (least, most): (u64, u64),
    level: u32,
    checkpoint: Checkpoint<'_>,
) -> io::Result<Option<Compressed>> {
    // Asks whether the file system can, where there is nothing to free.
    free(file, meta.bytes.saturating_add(BEYOND), BUFFER as u64)?;
    if !is_punched(file, position, meta.bytes)? {
        // A kill came before it.
        free(file, 0, position)?;
    }
    if meta.bytes - position < least {
        return Ok(None);
    }
    let Some(end) = last_line_end(file, position, meta.bytes, PART.max(most))? else { return Ok(None) };
    mark(file)?;
    let source = Source { bytes: end - position, meta, origin: Some(origin_of(meta, position)) };
    let packed = make_verified(dir, segment, &mut Part::new(file, position, end), &source, level, checkpoint)?;
    // A file that was truncated in the meantime has other lines there, which the next pass finds.
    if Part::new(file, position, end).crc()? == packed.index.crc {
        free(file, 0, end)?;
    }
    let gz = dir.meta(OsStr::new(&segment.name(Form::Gz)))?.map_or(0, |meta| meta.bytes);
    Ok(Some(Compressed { plain: end - position, gz }))
}

/// Marks a file that is going to be rotated in place, so that no other file's position has to be searched for.
fn mark(file: &File) -> io::Result<()> {
    fault::point()?;
    match fsetxattr(file, MARK, b"1", XattrFlags::empty()) {
        Err(Errno::NOTSUP) => Ok(()),
        marked => Ok(marked?),
    }
}

/// Tells whether a file may have been rotated in place: where the file system keeps no marks, any may.
fn is_marked(file: &File) -> io::Result<bool> {
    fault::point()?;
    match fgetxattr(file, MARK, &mut [0; 1]) {
        Ok(_) | Err(Errno::NOTSUP) => Ok(true),
        Err(Errno::NODATA) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn origin_of(meta: &Meta, start: u64) -> Origin {
    Origin { inode: meta.identity.1, born: meta.born.map_or(0, |born| born.timestamp_micros()), start }
}

/// Frees the blocks of a part; its bytes become zeros, and the file keeps its length.
fn free(file: &File, start: u64, length: u64) -> io::Result<()> {
    fault::point()?;
    Ok(fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, start, length)?)
}

/// Returns the first position from `at` on that is not in a hole, at most `length`.
fn next_data(file: &File, at: u64, length: u64) -> io::Result<u64> {
    match seek(file, SeekFrom::Data(at)) {
        Ok(data) => Ok(data.min(length)),
        Err(Errno::NXIO) => Ok(length),
        // Not known to this file system, which then has no holes to tell.
        Err(Errno::INVAL) => Ok(at),
        Err(error) => Err(error.into()),
    }
}

/// Returns the end of the hole that begins at `at`, or `at` where there is none: a hole begins and ends within a block of zeros.
fn after_hole(file: &File, at: u64, length: u64) -> io::Result<u64> {
    let zeros_end = skip_zeros(file, at, length.min(at + BUFFER as u64))?;
    if zeros_end == at {
        return Ok(at);
    }
    let begin = next_data(file, at, length)?;
    match next_data(file, zeros_end, length)? {
        // Zeros that a writer wrote.
        data if data == zeros_end && begin == at => Ok(at),
        data => skip_zeros(file, data, length),
    }
}

/// Tells whether the file holds nothing but zeros before `end`: blocks that are freed in part keep their place.
fn is_punched(file: &File, end: u64, length: u64) -> io::Result<bool> {
    let begin = next_data(file, 0, length)?;
    Ok(begin >= end || skip_zeros(file, begin, end)? == end)
}

/// Returns the position of the first byte from `at` on that isn't zero, at most `end`.
fn skip_zeros(file: &File, mut at: u64, end: u64) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = Part::new(file, at, end).read(&mut buffer)?;
        match buffer[..count].iter().position(|byte| *byte != 0) {
            Some(zeros) => return Ok(at + zeros as u64),
            None if count == 0 => return Ok(at),
            None => at += count as u64,
        }
    }
}

/// Returns the position behind the last line end between `start` and `length`; with more than `most` bytes in between, of the
/// last one within them, if there is one.
fn last_line_end(file: &File, start: u64, length: u64, most: u64) -> io::Result<Option<u64>> {
    let within = |end| find_line_end(file, start, end);
    match within(length.min(start.saturating_add(most)))? {
        None if length - start > most => within(length),
        found => Ok(found),
    }
}

fn find_line_end(file: &File, start: u64, mut end: u64) -> io::Result<Option<u64>> {
    let mut buffer = vec![0; BUFFER];
    while end > start {
        let from = end.saturating_sub(BUFFER as u64).max(start);
        let bytes = &mut buffer[..usize::try_from(end - from).unwrap_or(BUFFER)];
        fault::point()?;
        file.read_exact_at(bytes, from)?;
        if let Some(at) = memchr::memrchr(b'\n', bytes) {
            return Ok(Some(from + at as u64 + 1));
        }
        end = from;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::io::{Seek, SeekFrom as From, Write};

    use super::*;

    struct World {
        temp: tempfile::TempDir,
        dir: Dir,
        segments: Vec<Segment>,
    }

    impl World {
        fn new() -> Self {
            let temp = tempfile::tempdir().unwrap();
            let dir = Dir::open(temp.path()).unwrap();
            Self { temp, dir, segments: Vec::new() }
        }

        fn open(&self) -> (File, Meta) {
            self.dir.open_update(OsStr::new("app.log")).unwrap()
        }

        fn position(&self) -> u64 {
            let (file, meta) = self.open();
            position(&self.dir, self.segments.iter().rev(), &file, &meta).unwrap()
        }

        /// Ships what there is, and returns it.
        fn ship(&mut self) -> Vec<u8> {
            let (file, meta) = self.open();
            let segment = Segment::new("app".parse().unwrap(), self.segments.len() as u64 + 1, chrono::Utc::now());
            let shipped = ship(&self.dir, &segment, (&file, &meta), self.position(), (1, 1 << 30), 4, &mut || Ok(())).unwrap();
            if shipped.is_none() {
                return Vec::new();
            }
            let gz = File::open(self.temp.path().join(segment.name(Form::Gz))).unwrap();
            self.segments.push(segment);
            let mut lines = Vec::new();
            flate2::read::MultiGzDecoder::new(gz).read_to_end(&mut lines).unwrap();
            lines
        }

        fn path(&self) -> std::path::PathBuf {
            self.temp.path().join("app.log")
        }
    }

    #[test]
    fn complete_lines_are_taken_and_their_blocks_freed() {
        let mut world = World::new();
        let mut writer = File::create(world.path()).unwrap();
        let line = format!("{}\n", "x".repeat(99));
        writer.write_all(line.repeat(10_000).as_bytes()).unwrap();
        writer.write_all(b"torn").unwrap();
        assert_eq!(world.ship(), line.repeat(10_000).as_bytes());
        let meta = world.open().1;
        assert!(meta.allocated <= 64 << 10, "{}", meta.allocated);
        assert_eq!(meta.bytes, 1_000_004);
        assert_eq!(world.ship(), b"");
        writer.write_all(b" line\n").unwrap();
        assert_eq!(world.ship(), b"torn line\n");
        assert_eq!(world.position(), 1_000_010);
    }

    #[test]
    fn truncated_file_begins_again() {
        let mut world = World::new();
        fs::write(world.path(), "one\ntwo\n").unwrap();
        assert_eq!(world.ship(), b"one\ntwo\n");
        fs::write(world.path(), "three\n").unwrap();
        assert_eq!(world.ship(), b"three\n", "shorter than the position");
        fs::write(world.path(), "four\nfive\nsix\n").unwrap();
        assert_eq!(world.ship(), b"four\nfive\nsix\n", "longer than the position");
    }

    #[test]
    fn lines_that_repeat_are_each_taken() {
        let mut world = World::new();
        let mut writer = File::create(world.path()).unwrap();
        for _ in 0..5 {
            writer.write_all(b"tick\n").unwrap();
            assert_eq!(world.ship(), b"tick\n");
        }
    }

    #[test]
    fn writer_with_own_offset_is_followed_past_a_hole() {
        let mut world = World::new();
        let mut writer = File::create(world.path()).unwrap();
        writer.write_all(b"one\n").unwrap();
        assert_eq!(world.ship(), b"one\n");
        writer.seek(From::Start(1 << 20)).unwrap();
        writer.write_all(b"two\n").unwrap();
        assert_eq!(world.ship(), b"two\n");
    }

    #[test]
    fn position_without_segments_is_behind_the_hole() {
        let mut world = World::new();
        let mut writer = File::create(world.path()).unwrap();
        writer.write_all(&b"12345678\n".repeat(5_000)).unwrap();
        world.ship();
        writer.write_all(b"next\n").unwrap();
        world.segments.clear();
        assert_eq!(world.position(), 45_000);
    }
}
