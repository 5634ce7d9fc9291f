//! The compressed form: an ordinary gzip file of many members, so that a reader can begin in the middle.
//!
//! Each member holds about 1 MiB of whole lines. Behind them stands one more, empty member whose extra field is the
//! *index*: where each member begins, and the times of its lines. `zcat`, `zgrep` and `gzip -t` skip it.
//!
//! The index is one subfield `LS`, little-endian: version (1 byte), CRC-32 of the plain file (4), then for each member (in a
//! file of more than 2 GiB for some together, so that it has room) its compressed length (4), plain length (4), first and
//! last time (8 each, microseconds since 1970; first > last where no line has one), then the CRC-32 of all that (4) and the
//! length of this empty member (4), by which it is found.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crc32fast::Hasher;
use flate2::Compression;
use flate2::read::{GzDecoder, MultiGzDecoder};
use flate2::write::GzEncoder;

use crate::line::{self, Span};

/// Plain bytes of a member, at least; the rest of its last line comes with it, up to as many again.
const MEMBER: usize = 1 << 20;
/// Members that are worked on at a time.
const LANES: usize = 2;
/// Entries of one index, at most: what fits a gzip extra field of 64 KiB, with room for lines that end late.
const MAX_MEMBERS: usize = 2600;
const BUFFER: usize = 128 << 10;

const VERSION: u8 = 1;
const ENTRY: usize = 24;
const BEFORE_ENTRIES: usize = 1 + 4;
const AFTER_ENTRIES: usize = 4 + 4;
/// Gzip's ten bytes of header with FEXTRA set, and "unknown" as operating system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255];
/// An empty deflate block, and the CRC and length of nothing.
const EMPTY: [u8; 10] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Length of the extra field (2), then the subfield's name (2) and length (2).
const BEFORE_DATA: usize = HEADER.len() + 6;

/// A file's end that is read at once for the index; a longer index costs a second read.
const TAIL: u64 = 4 << 10;

/// Bytes that are read by their place: a file's, or an archived object's.
pub trait ReadAt {
    /// How many there are.
    fn length(&self) -> io::Result<u64>;
    /// Reads what is at `at`, at most as much as `buffer` holds.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize>;

    /// Reads from `at` to the end.
    fn read_end(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.length()?.saturating_sub(at)).unwrap_or(usize::MAX)];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.read_at(&mut bytes[filled..], at + filled as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        Ok(bytes)
    }
}

impl ReadAt for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, at)
    }
}

/// Members of a compressed segment: one, or in a file of more than 2 GiB as many as make a 2048th of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Their compressed bytes.
    pub compressed: u32,
    /// Their plain bytes.
    pub plain: u32,
    /// The times of their lines, where they have any.
    pub span: Option<Span>,
}

/// What a compressed segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// CRC-32 of the plain bytes.
    pub crc: u32,
    /// The members with lines, in order from the file's beginning.
    pub members: Vec<Member>,
}

impl Index {
    /// The length of the plain file.
    pub fn plain_bytes(&self) -> u64 {
        self.members.iter().map(|member| u64::from(member.plain)).sum()
    }

    /// The times of all lines.
    pub fn span(&self) -> Option<Span> {
        self.members.iter().filter_map(|member| member.span).reduce(Span::join)
    }

    /// Reads the index at the end of a compressed segment; `None` where there is none that holds together.
    pub fn read(file: &impl ReadAt) -> io::Result<Option<Self>> {
        let length = file.length()?;
        let mut tail = file.read_end(length.saturating_sub(TAIL))?;
        let Some(end) = tail.len().checked_sub(AFTER_ENTRIES + EMPTY.len()) else { return Ok(None) };
        let member = u32_at(&tail[end..], 4).map_or(0, |length| length as usize);
        if member < BEFORE_DATA + BEFORE_ENTRIES + AFTER_ENTRIES + EMPTY.len()
            || member > BEFORE_DATA + (1 << 16) + EMPTY.len()
            || member as u64 > length
        {
            return Ok(None);
        }
        if member > tail.len() {
            tail = file.read_end(length - member as u64)?;
        }
        let bytes = &tail[tail.len() - member..];
        Ok(Self::decode(bytes).filter(|index| index.compressed_bytes() + member as u64 == length))
    }

    fn compressed_bytes(&self) -> u64 {
        self.members.iter().map(|member| u64::from(member.compressed)).sum()
    }

    fn encode(&self) -> io::Result<Vec<u8>> {
        let data = BEFORE_ENTRIES + self.members.len() * ENTRY + AFTER_ENTRIES;
        let too_many = |_| io::Error::other("more members than an index holds");
        let mut bytes = Vec::with_capacity(BEFORE_DATA + data + EMPTY.len());
        bytes.extend(HEADER);
        bytes.extend(u16::try_from(data + 4).map_err(too_many)?.to_le_bytes());
        bytes.extend(b"LS");
        bytes.extend(u16::try_from(data).map_err(too_many)?.to_le_bytes());
        bytes.push(VERSION);
        bytes.extend(self.crc.to_le_bytes());
        for member in &self.members {
            let span = member.span.unwrap_or(Span { first: i64::MAX, last: i64::MIN });
            bytes.extend(member.compressed.to_le_bytes());
            bytes.extend(member.plain.to_le_bytes());
            bytes.extend(span.first.to_le_bytes());
            bytes.extend(span.last.to_le_bytes());
        }
        bytes.extend(crc32fast::hash(&bytes[BEFORE_DATA..]).to_le_bytes());
        let length = u32::try_from(bytes.len() + 4 + EMPTY.len()).map_err(too_many)?;
        bytes.extend(length.to_le_bytes());
        bytes.extend(EMPTY);
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let data = bytes.strip_prefix(&HEADER)?.get(6..)?.strip_suffix(&EMPTY)?;
        let (summed, after) = data.split_at_checked(data.len().checked_sub(AFTER_ENTRIES)?)?;
        if u32_at(after, 0)? != crc32fast::hash(summed) || summed.first() != Some(&VERSION) {
            return None;
        }
        let members = summed.get(BEFORE_ENTRIES..)?.chunks_exact(ENTRY).map(|entry| {
            let (first, last) = (i64_at(entry, 8)?, i64_at(entry, 16)?);
            let span = (first <= last).then_some(Span { first, last });
            Some(Member { compressed: u32_at(entry, 0)?, plain: u32_at(entry, 4)?, span })
        });
        Some(Self { crc: u32_at(summed, 1)?, members: members.collect::<Option<_>>()? })
    }
}

/// CRC-32 and length of the plain bytes of a gzip file, from its beginning on.
pub fn lines(file: impl BufRead) -> io::Result<(u32, u64)> {
    let mut decoder = MultiGzDecoder::new(file);
    let (mut crc, mut length, mut buffer) = (Hasher::new(), 0, vec![0; BUFFER]);
    loop {
        match decoder.read(&mut buffer)? {
            0 => return Ok((crc.finalize(), length)),
            count => {
                crc.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}

/// What became of the plain bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// What the index says.
    pub index: Index,
    /// CRC-32 of all that was written.
    pub crc: u32,
}

/// Compresses `plain`, of about `size` bytes, into `out` with the index behind it. Each member is decoded again and compared
/// before it is written. `tick` is asked between pieces of at most 128 KiB; its error ends the work.
///
/// Members don't depend on each other: in a file of several, two are worked on at a time.
pub fn compress(
    plain: &mut impl Read,
    size: u64,
    out: impl Write,
    level: u32,
    tick: &mut dyn FnMut() -> io::Result<()>,
) -> io::Result<Packed> {
    thread::scope(|scope| {
        let count = usize::try_from(size / MEMBER as u64).map_or(LANES, |members| members.min(LANES));
        // All of them work, the one that has worked longest first.
        let mut lanes: VecDeque<Lane> = VecDeque::new();
        let mut members = Members::new(out, size);
        let mut crc = Hasher::new();
        let mut pieces = Pieces { plain, held: Vec::new(), ended: false };
        while let Some(piece) = pieces.next(tick)? {
            crc.update(&piece);
            let lane = if lanes.len() < count {
                Lane::start(scope, level)
            } else if let Some(lane) = lanes.pop_front() {
                members.add(&lane.take()?)?;
                lane
            } else {
                // A thread is too much for a small file.
                members.add(&pack(&piece, level)?)?;
                continue;
            };
            lane.give(piece)?;
            lanes.push_back(lane);
        }
        for lane in &lanes {
            members.add(&lane.take()?)?;
        }
        members.end(crc.finalize())
    })
}

/// Where a member that begins with `piece` ends: behind the first line end from [`MEMBER`] bytes on, or at twice as many
/// within a line that is longer. In the first `looked` bytes it doesn't.
fn cut(piece: &[u8], looked: usize) -> Option<usize> {
    let from = looked.max(MEMBER - 1);
    let line = piece.get(from..).and_then(|rest| Some(from + memchr::memchr(b'\n', rest)? + 1));
    line.or_else(|| (piece.len() >= 2 * MEMBER).then_some(piece.len()))
}

/// The plain bytes, a member's at a time.
struct Pieces<'a, R> {
    plain: &'a mut R,
    held: Vec<u8>,
    ended: bool,
}

impl<R: Read> Pieces<'_, R> {
    fn next(&mut self, tick: &mut dyn FnMut() -> io::Result<()>) -> io::Result<Option<Vec<u8>>> {
        let mut piece = Vec::with_capacity(2 * MEMBER);
        piece.append(&mut self.held);
        let mut looked = 0;
        loop {
            if let Some(end) = cut(&piece, looked) {
                self.held.extend_from_slice(&piece[end..]);
                piece.truncate(end);
                return Ok(Some(piece));
            }
            looked = piece.len();
            if self.ended {
                return Ok(Some(piece).filter(|piece| !piece.is_empty()));
            }
            tick()?;
            piece.resize(looked + BUFFER, 0);
            let read = self.plain.read(&mut piece[looked..]);
            piece.truncate(looked + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(count) => self.ended = count == 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A thread that packs one member at a time.
struct Lane {
    pieces: SyncSender<Vec<u8>>,
    packed: Receiver<io::Result<PackedMember>>,
}

impl Lane {
    fn start<'scope>(scope: &'scope thread::Scope<'scope, '_>, level: u32) -> Self {
        let (pieces, to_pack) = sync_channel::<Vec<u8>>(1);
        let (done, packed) = sync_channel(1);
        scope.spawn(move || {
            for piece in to_pack {
                if done.send(pack(&piece, level)).is_err() {
                    break;
                }
            }
        });
        Self { pieces, packed }
    }

    fn give(&self, piece: Vec<u8>) -> io::Result<()> {
        self.pieces.send(piece).map_err(io::Error::other)
    }

    fn take(&self) -> io::Result<PackedMember> {
        self.packed.recv().map_err(io::Error::other)?
    }
}

/// A member as it is written.
struct PackedMember {
    gz: Vec<u8>,
    plain: u64,
    span: Option<Span>,
}

/// Makes a member of these lines, and looks whether it gives them back.
fn pack(piece: &[u8], level: u32) -> io::Result<PackedMember> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(piece.len() / 4), Compression::new(level));
    encoder.write_all(piece)?;
    let gz = encoder.finish()?;
    let mut decoder = GzDecoder::new(&gz[..]);
    let (mut rest, mut buffer) = (piece, vec![0; BUFFER]);
    loop {
        let count = decoder.read(&mut buffer)?;
        match rest.strip_prefix(&buffer[..count]) {
            Some([]) if count == 0 => break,
            Some(left) if count > 0 => rest = left,
            _ => return Err(io::Error::other("what was compressed is not what is decoded")),
        }
    }
    Ok(PackedMember { gz, plain: piece.len() as u64, span: line::span(piece) })
}

/// Writes members one after the other, and keeps the index.
struct Members<W: Write> {
    out: W,
    /// Bytes that an entry of the index stands for, at least.
    entry: u64,
    crc: Hasher,
    done: Vec<Member>,
}

impl<W: Write> Members<W> {
    fn new(out: W, size: u64) -> Self {
        Self { out, entry: (MEMBER as u64).max(size / 2048), crc: Hasher::new(), done: Vec::new() }
    }

    fn add(&mut self, member: &PackedMember) -> io::Result<()> {
        self.out.write_all(&member.gz)?;
        self.crc.update(&member.gz);
        let too_long = |_| io::Error::other("a member of more than 4 GiB");
        let (compressed, plain) =
            (u32::try_from(member.gz.len()).map_err(too_long)?, u32::try_from(member.plain).map_err(too_long)?);
        let full = self.done.len() >= MAX_MEMBERS;
        match self.done.last_mut().filter(|last| full || u64::from(last.plain) < self.entry) {
            Some(last) => {
                let sum =
                    |one: u32, other: u32| one.checked_add(other).ok_or_else(|| io::Error::other("more than an index holds"));
                last.compressed = sum(last.compressed, compressed)?;
                last.plain = sum(last.plain, plain)?;
                last.span = Span::around(last.span, member.span);
            }
            None => self.done.push(Member { compressed, plain, span: member.span }),
        }
        Ok(())
    }

    fn end(mut self, crc: u32) -> io::Result<Packed> {
        let index = Index { crc, members: self.done };
        let bytes = index.encode()?;
        self.crc.update(&bytes);
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        Ok(Packed { index, crc: self.crc.finalize() })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn i64_at(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn compressed(plain: &[u8]) -> (Vec<u8>, Index) {
        let mut out = Vec::new();
        let packed = compress(&mut &plain[..], plain.len() as u64, &mut out, 4, &mut || Ok(())).unwrap();
        assert_eq!(packed.crc, crc32fast::hash(&out));
        (out, packed.index)
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn decoded(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        plain
    }

    fn lines(count: u32, length: usize) -> Vec<u8> {
        (0..count).flat_map(|n| format!("2026-07-23T10:11:12.{n:06}Z {}\n", "x".repeat(length)).into_bytes()).collect()
    }

    #[test]
    fn an_empty_file_is_an_index_alone() {
        let (bytes, index) = compressed(b"");
        assert_eq!(decoded(&bytes), b"");
        assert_eq!(Index::read(&file(&bytes)).unwrap(), Some(index));
    }

    #[test]
    fn members_hold_whole_lines_and_their_times() {
        let plain = lines(60_000, 60);
        let (bytes, index) = compressed(&plain);
        assert_eq!(decoded(&bytes), plain);
        assert_eq!(Index::read(&file(&bytes)).unwrap().as_ref(), Some(&index));
        assert!(index.members.len() >= 4, "{}", index.members.len());
        assert_eq!(index.plain_bytes(), plain.len() as u64);
        let (mut at, mut from) = (0, 0);
        for member in &index.members {
            let gz = &bytes[from..from + member.compressed as usize];
            let part = &plain[at..at + member.plain as usize];
            assert_eq!(decoded(gz), part);
            assert_eq!(part.last(), Some(&b'\n'));
            assert_eq!(member.span.unwrap().first, crate::line::time(part).unwrap());
            at += part.len();
            from += gz.len();
        }
    }

    #[test]
    fn one_long_line_is_cut_and_many_gigabytes_still_fit_the_index() {
        let (bytes, index) = compressed(&vec![0; 9 << 20]);
        assert_eq!(decoded(&bytes).len(), 9 << 20);
        assert_eq!(index.members.len(), 5);

        let mut out = io::sink();
        let mut zeros = io::repeat(b'\n').take(64 << 20);
        let index = compress(&mut zeros, 64 << 20, &mut out, 1, &mut || Ok(())).unwrap().index;
        assert_eq!(index.members.len(), 64);
        let mut zeros = io::repeat(b'\n').take(10 << 20);
        let mut out = Vec::new();
        let index = compress(&mut zeros, 8 << 30, &mut out, 1, &mut || Ok(())).unwrap().index;
        let plain: Vec<_> = index.members.iter().map(|member| member.plain >> 20).collect();
        assert_eq!(plain, [4, 4, 2]);
        assert_eq!(Index::read(&file(&out)).unwrap().as_ref(), Some(&index));
        assert_eq!(decoded(&out).len(), 10 << 20);
        let full = Index { crc: 0, members: vec![index.members[0]; MAX_MEMBERS + 1] };
        assert_eq!(Index::decode(&full.encode().unwrap()), Some(full));
    }

    #[test]
    fn a_damaged_index_is_none() {
        let (bytes, index) = compressed(&lines(1000, 10));
        assert!(index.span().is_some());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            if let Some(read) = Index::read(&file(&damaged)).unwrap() {
                assert_eq!(read, index, "byte {at}");
            }
        }
        for length in 0..bytes.len() {
            assert_eq!(Index::read(&file(&bytes[..length])).unwrap(), None);
        }
    }

    #[test]
    fn the_backend_is_zlib_rs() {
        // zlib-ng, miniz_oxide and zlib itself each give other bytes; so does a feature that a dependency switches on.
        let plain = lines(20_000, 30);
        let mut stream = Vec::new();
        let mut config = zlib_rs::DeflateConfig::new(4);
        config.window_bits = -15;
        stream.resize(plain.len(), 0);
        let (raw, code) = zlib_rs::compress_slice(&mut stream, &plain, config);
        assert_eq!(code, zlib_rs::ReturnCode::Ok);
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(4));
        encoder.write_all(&plain).unwrap();
        assert!(encoder.finish().unwrap() == raw, "flate2 does not compress with zlib-rs");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_come_back(plain in prop::collection::vec(any::<u8>(), 0..4096), times in 1_usize..1200) {
            let plain = plain.repeat(times);
            let (bytes, index) = compressed(&plain);
            prop_assert!(decoded(&bytes) == plain);
            prop_assert_eq!(index.crc, crc32fast::hash(&plain));
            prop_assert_eq!(Index::read(&file(&bytes)).unwrap(), Some(index));
        }
    }
}
