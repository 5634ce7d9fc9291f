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
//! new generation, and its position is 0. The beginning of the file is never freed, so that it tells the generation: it is
//! compared before and after each call that frees blocks. What a program writes between that comparison and the call, after it
//! has truncated its file, begins at 0 and is kept up to the length of that beginning.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use handoff::{Form, Segment};
use rustix::fs::{FallocateFlags, SeekFrom, XattrFlags, fallocate, fgetxattr, fsetxattr, seek};
use rustix::io::Errno;

use crate::compress::{Checkpoint, Compressed, Part, Source, make_verified};
use crate::dir::{Dir, Meta, meta_of};
use crate::fault;
use crate::gzip::index::{Index, Origin};

const BUFFER: usize = 64 << 10;
/// The length of the beginning that is never freed, in whole blocks of any file system.
const HEAD: u64 = if cfg!(test) { 64 } else { 64 << 10 };
/// The extended attribute of a file that was rotated in place: [`Mark`].
const MARK: &str = "user.logshipper.in_place";
const MARK_BYTES: usize = 64;
/// The longest part that becomes one segment, unless `ROTATE_BYTES` is more or one line is longer.
const PART: u64 = 1 << 20;
/// Segments whose indexes are read for a file's position.
const LOOK_BACK: usize = 1_000;
/// A distance behind the file's end that no writer covers in a moment.
const BEYOND: u64 = 1 << 40;

/// The beginning of a file, by which another generation of its lines is recognised.
struct Head(Vec<u8>);

impl Head {
    fn read(file: &File) -> io::Result<Self> {
        let mut bytes = Vec::new();
        Part::new(file, 0, HEAD).read_to_end(&mut bytes)?;
        Ok(Self(bytes))
    }

    fn is_of(&self, file: &File) -> io::Result<bool> {
        let mut bytes = vec![0; self.0.len()];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(bytes == self.0),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A part of a file that ends with an error once the file is of another generation: it may have lines of both.
struct OfGeneration<'a>(Part<'a>, &'a File, &'a Head);

impl Read for OfGeneration<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !self.2.is_of(self.1)? => Err(io::Error::other("truncated while it was read")),
            count => Ok(count),
        }
    }
}

/// A note on a file that was rotated in place. It tells such a file from others, whose segments needn't be searched, and where
/// to go on once all segments are gone; nothing is freed because of it.
struct Mark {
    position: u64,
    /// The checksum of the file's beginning, up to the position.
    head: u32,
}

impl Mark {
    fn of(file: &File, position: u64) -> io::Result<Self> {
        Ok(Self { position, head: Part::new(file, 0, position.min(HEAD)).crc()? })
    }

    fn is_of(&self, file: &File) -> io::Result<bool> {
        Ok(Self::of(file, self.position)?.head == self.head)
    }

    fn write(&self, file: &File) -> io::Result<()> {
        fault::point()?;
        match fsetxattr(file, MARK, format!("{} {}", self.position, self.head).as_bytes(), XattrFlags::empty()) {
            Err(Errno::NOTSUP) => Ok(()),
            marked => Ok(marked?),
        }
    }

    fn read(file: &File) -> io::Result<Marked> {
        fault::point()?;
        let mut bytes = [0; MARK_BYTES];
        let length = match fgetxattr(file, MARK, &mut bytes) {
            Ok(length) => length,
            Err(Errno::NODATA) => return Ok(Marked::No),
            Err(Errno::NOTSUP) => return Ok(Marked::Unknown),
            Err(error) => return Err(error.into()),
        };
        let fields = std::str::from_utf8(&bytes[..length]).ok().and_then(|text| text.split_once(' '));
        let mark = fields.and_then(|(position, head)| Some(Self { position: position.parse().ok()?, head: head.parse().ok()? }));
        Ok(mark.map_or(Marked::Unknown, Marked::Yes))
    }
}

/// The answer to whether a file was rotated in place.
enum Marked {
    Yes(Mark),
    No,
    /// The file system keeps no marks: any file may have been.
    Unknown,
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
    let mark = match Mark::read(file)? {
        Marked::No => return Ok(0),
        Marked::Yes(mark) if mark.position > meta.bytes || !mark.is_of(file)? => return after_hole(file, 0, meta.bytes),
        Marked::Yes(mark) => Some(mark),
        Marked::Unknown => None,
    };
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
        let is_hole = || Ok::<_, io::Error>(end > HEAD && is_punched(file, end, meta.bytes)?);
        let is_held = end <= meta.bytes && (is_hole()? || Part::new(file, origin.start, end).crc()? == index.crc);
        return after_hole(file, if is_held { end } else { 0 }, meta.bytes);
    }
    // The segments are gone.
    let hole = || Ok::<_, io::Error>(Some(after_hole(file, HEAD.min(meta.bytes), meta.bytes)?).filter(|end| *end > HEAD));
    match mark {
        Some(mark) => after_hole(file, mark.position, meta.bytes),
        None => hole()?.map_or_else(|| after_hole(file, 0, meta.bytes), Ok),
    }
}

/// Returns true if all lines of a file that was rotated in place are in segments, as far as its mark tells.
pub fn is_exhausted(dir: &Dir, name: &OsStr) -> io::Result<bool> {
    let (file, meta) = dir.open_file(name)?;
    Ok(matches!(Mark::read(&file)?, Marked::Yes(mark) if mark.position == meta.bytes))
}

/// Compresses the complete lines behind the position, at most about `most` bytes, into `segment`, and frees their blocks. `None`
/// where there are fewer than `least` bytes, no line has an end, or the program has just truncated the file.
pub fn ship<'a>(
    dir: &Dir,
    segments: impl Iterator<Item = &'a Segment>,
    segment: &Segment,
    file: &File,
    (least, most): (u64, u64),
    level: u32,
    checkpoint: Checkpoint<'_>,
) -> io::Result<Option<Compressed>> {
    let head = Head::read(file)?;
    let ship = || {
        let meta = meta_of(file)?;
        // Asks whether the file system can, where there is nothing to free.
        fault::point()?;
        free(file, meta.bytes.saturating_add(BEYOND), BUFFER as u64)?;
        let position = position(dir, segments, file, &meta)?;
        if !is_punched(file, position, meta.bytes)? {
            // A kill came before it.
            free_shipped(file, &head, 0, position)?;
        }
        if meta.bytes - position < least {
            return Ok(None);
        }
        let Some(end) = last_line_end(file, position, meta.bytes, PART.max(most))? else { return Ok(None) };
        Mark::of(file, position)?.write(file)?;
        let source = Source { bytes: end - position, meta: &meta, origin: Some(origin_of(&meta, position)) };
        let mut part = OfGeneration(Part::new(file, position, end), file, &head);
        let packed = make_verified(dir, segment, &mut part, &source, level, checkpoint)?;
        if Part::new(file, position, end).crc()? == packed.index.crc && free_shipped(file, &head, position, end)? {
            Mark::of(file, end)?.write(file)?;
        }
        let gz = dir.meta(OsStr::new(&segment.name(Form::Gz)))?.map_or(0, |meta| meta.bytes);
        Ok(Some(Compressed { plain: end - position, gz }))
    };
    match ship() {
        // Its new lines are for the next pass.
        Err(_) if !head.is_of(file)? => Ok(None),
        shipped => shipped,
    }
}

fn origin_of(meta: &Meta, start: u64) -> Origin {
    Origin { inode: meta.identity.1, born: meta.born.map_or(0, |born| born.timestamp_micros()), start }
}

/// Frees the blocks of a part; its bytes become zeros, and the file keeps its length.
fn free(file: &File, start: u64, length: u64) -> Result<(), Errno> {
    fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, start, length)
}

/// Compresses the lines behind the position of a file that its program has closed, and may rename, into `segment`, and empties
/// the file. `None` where it has no such lines.
pub fn ship_closed<'a>(
    dir: &Dir,
    segments: impl Iterator<Item = &'a Segment>,
    segment: &Segment,
    (file, meta): (&File, &Meta),
    level: u32,
    checkpoint: Checkpoint<'_>,
) -> io::Result<Option<Compressed>> {
    let position = position(dir, segments, file, meta)?;
    let mut compressed = None;
    if position < meta.bytes {
        Mark::of(file, position)?.write(file)?;
        let source = Source { bytes: meta.bytes - position, meta, origin: Some(origin_of(meta, position)) };
        make_verified(dir, segment, &mut Part::new(file, position, meta.bytes), &source, level, checkpoint)?;
        let gz = dir.meta(OsStr::new(&segment.name(Form::Gz)))?.map_or(0, |meta| meta.bytes);
        compressed = Some(Compressed { plain: source.bytes, gz });
    }
    fault::point()?;
    // Not removed: its program renames it, and counts on its being there.
    if meta_of(file)?.bytes == meta.bytes {
        file.set_len(0)?;
    }
    Ok(compressed)
}

/// Frees the blocks of lines that are in segments, unless the file is of another generation than `head`; returns `false` if so.
fn free_shipped(file: &File, head: &Head, position: u64, end: u64) -> io::Result<bool> {
    fault::point()?;
    // From here to the call that frees is the moment in which a truncation goes unnoticed.
    if !head.is_of(file)? {
        return Ok(false);
    }
    free_behind_head(file, position, end)?;
    let is_kept = head.is_of(file)?;
    if !is_kept && meta_of(file)?.bytes > HEAD {
        tracing::warn!(
            "live file truncated while its rotated lines were freed: lines written within that moment may be missing beyond {HEAD} bytes"
        );
    }
    Ok(is_kept)
}

fn free_behind_head(file: &File, position: u64, end: u64) -> io::Result<()> {
    // From the beginning of a block: the last call has left its first part.
    let start = (position - position % HEAD).max(HEAD);
    if start < end {
        free(file, start, end - start)?;
    }
    Ok(())
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

/// Returns true if the file holds nothing but zeros between its beginning and `end`: blocks that are freed in part keep their place.
fn is_punched(file: &File, end: u64, length: u64) -> io::Result<bool> {
    let begin = next_data(file, HEAD.min(length), length)?;
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
            let (file, _) = self.open();
            let segment = Segment::new("app".parse().unwrap(), self.segments.len() as u64 + 1, chrono::Utc::now());
            let segments = self.segments.iter().rev();
            let shipped = ship(&self.dir, segments, &segment, &file, (1, 1 << 30), 4, &mut || Ok(())).unwrap();
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
    fn beginning_is_never_freed() {
        let mut world = World::new();
        fs::write(world.path(), "12345678\n".repeat(100)).unwrap();
        world.ship();
        let lines = fs::read(world.path()).unwrap();
        assert!(!lines[..64].contains(&0) && lines[64..].iter().all(|byte| *byte == 0));
        // A file that is filled again in the moment before the call.
        fs::write(world.path(), "new\n".repeat(16)).unwrap();
        free_behind_head(&world.open().0, 0, 900).unwrap();
        assert_eq!(world.ship(), "new\n".repeat(16).as_bytes());
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
