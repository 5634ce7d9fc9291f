//! Compressing a segment: members of whole lines, two of them at a time, and the index.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crc32fast::Hasher;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::gzip::index::{Index, Member, Origin};
use crate::line;

/// Plain bytes of a member, at least; the rest of its last line comes with it, up to as many again.
const MEMBER: usize = 1 << 20;
/// Members of a long file: each holds this share of it.
const MEMBERS: u64 = 2048;
/// Threads that compress.
const WORKERS: usize = 2;
const BUFFER: usize = 128 << 10;

/// The result of a compression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The index at the end of the file.
    pub index: Index,
    /// CRC-32 of all that was written.
    pub crc: u32,
}

/// Compresses `plain`, of about `size` bytes, into `out`, followed by the index. Each member is decoded and compared before it
/// is written. `tick` is called between pieces of at most 128 KiB; its error ends the work.
///
/// Members don't depend on each other: in a file of several, two are compressed at a time.
pub fn compress(
    plain: &mut impl Read,
    size: u64,
    out: impl Write,
    level: u32,
    origin: Option<Origin>,
    tick: &mut dyn FnMut() -> io::Result<()>,
) -> io::Result<Packed> {
    let length = usize::try_from(size / MEMBERS).map_err(io::Error::other)?.max(MEMBER);
    thread::scope(|scope| {
        let count = usize::try_from(size / MEMBER as u64).map_or(WORKERS, |members| members.min(WORKERS));
        // All of them are busy; the one that began first is in front.
        let mut workers: VecDeque<Worker> = VecDeque::new();
        let mut members = Members { out, crc: Hasher::new(), written: Vec::new() };
        let mut crc = Hasher::new();
        let mut pieces = Pieces { plain, length, held: Vec::new(), ended: false };
        while let Some(piece) = pieces.next(tick)? {
            crc.update(&piece);
            let worker = if workers.len() < count {
                Worker::start(scope, level)
            } else if let Some(worker) = workers.pop_front() {
                members.add(worker.result()?)?;
                worker
            } else {
                // A file of one member needs no thread.
                members.add(pack(&piece, level)?)?;
                continue;
            };
            worker.submit(piece)?;
            workers.push_back(worker);
        }
        for worker in &workers {
            members.add(worker.result()?)?;
        }
        members.finish(crc.finalize(), origin)
    })
}

/// The plain bytes, one member's at a time.
struct Pieces<'a, R> {
    plain: &'a mut R,
    /// Length of a piece, at least.
    length: usize,
    /// The beginning of the next piece.
    held: Vec<u8>,
    ended: bool,
}

impl<R: Read> Pieces<'_, R> {
    fn next(&mut self, tick: &mut dyn FnMut() -> io::Result<()>) -> io::Result<Option<Vec<u8>>> {
        let mut piece = Vec::with_capacity(2 * self.length);
        piece.append(&mut self.held);
        let mut searched = 0;
        loop {
            if let Some(end) = self.cut(&piece, searched) {
                self.held.extend_from_slice(&piece[end..]);
                piece.truncate(end);
                return Ok(Some(piece));
            }
            searched = piece.len();
            if self.ended {
                return Ok(Some(piece).filter(|piece| !piece.is_empty()));
            }
            tick()?;
            piece.resize(searched + BUFFER, 0);
            let read = self.plain.read(&mut piece[searched..]);
            piece.truncate(searched + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(count) => self.ended = count == 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The end of a piece: behind the first line end from `length` bytes on, or at twice as many within a line that is longer.
    /// The first `searched` bytes don't hold it.
    fn cut(&self, piece: &[u8], searched: usize) -> Option<usize> {
        let from = searched.max(self.length - 1);
        let line = piece.get(from..).and_then(|rest| Some(from + memchr::memchr(b'\n', rest)? + 1));
        line.or_else(|| (piece.len() >= 2 * self.length).then_some(piece.len()))
    }
}

/// A thread that compresses one member at a time.
struct Worker {
    pieces: SyncSender<Vec<u8>>,
    packed: Receiver<io::Result<(Vec<u8>, Member)>>,
}

impl Worker {
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

    fn submit(&self, piece: Vec<u8>) -> io::Result<()> {
        self.pieces.send(piece).map_err(io::Error::other)
    }

    fn result(&self) -> io::Result<(Vec<u8>, Member)> {
        self.packed.recv().map_err(io::Error::other)?
    }
}

/// Compresses a member and checks that it decodes to the same bytes.
fn pack(piece: &[u8], level: u32) -> io::Result<(Vec<u8>, Member)> {
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
            _ => return Err(io::Error::other("round-trip check failed")),
        }
    }
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
    let member = Member { compressed: length(&gz)?, plain: length(piece)?, span: line::span(piece) };
    Ok((gz, member))
}

/// Writes the members one after the other.
struct Members<W: Write> {
    out: W,
    crc: Hasher,
    written: Vec<Member>,
}

impl<W: Write> Members<W> {
    fn add(&mut self, (gz, member): (Vec<u8>, Member)) -> io::Result<()> {
        self.crc.update(&gz);
        self.written.push(member);
        self.out.write_all(&gz)
    }

    fn finish(mut self, crc: u32, origin: Option<Origin>) -> io::Result<Packed> {
        let index = Index { crc, origin, members: self.written };
        let bytes = index.encode()?;
        self.crc.update(&bytes);
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        Ok(Packed { index, crc: self.crc.finalize() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::fs::File;

    use flate2::read::MultiGzDecoder;
    use proptest::prelude::*;

    use super::*;
    use crate::gzip::index::MAX_MEMBERS;

    fn compressed(plain: &[u8]) -> (Vec<u8>, Index) {
        let mut out = Vec::new();
        let packed = compress(&mut &plain[..], plain.len() as u64, &mut out, 4, None, &mut || Ok(())).unwrap();
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
    fn empty_file_has_only_an_index() {
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
    fn long_lines_are_cut_and_long_files_indexed() {
        let (bytes, index) = compressed(&vec![0; 9 << 20]);
        assert_eq!(decoded(&bytes).len(), 9 << 20);
        assert_eq!(index.members.len(), 5);

        let mut out = io::sink();
        let mut zeros = io::repeat(b'\n').take(64 << 20);
        let index = compress(&mut zeros, 64 << 20, &mut out, 1, None, &mut || Ok(())).unwrap().index;
        assert_eq!(index.members.len(), 64);
        let mut zeros = io::repeat(b'\n').take(10 << 20);
        let mut out = Vec::new();
        let index = compress(&mut zeros, 8 << 30, &mut out, 1, None, &mut || Ok(())).unwrap().index;
        let plain: Vec<_> = index.members.iter().map(|member| member.plain >> 20).collect();
        assert_eq!(plain, [4, 4, 2]);
        assert_eq!(Index::read(&file(&out)).unwrap().as_ref(), Some(&index));
        assert_eq!(decoded(&out).len(), 10 << 20);
        let full = |count| Index {
            crc: 0,
            origin: Some(Origin { inode: 1, born: 2, start: 3 }),
            members: vec![Member { compressed: 0, ..index.members[0] }; count],
        };
        assert_eq!(Index::read(&file(&full(MAX_MEMBERS).encode().unwrap())).unwrap(), Some(full(MAX_MEMBERS)));
        assert!(full(MAX_MEMBERS + 1).encode().is_err());
    }

    #[test]
    fn damaged_index_is_ignored() {
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
    fn backend_is_zlib_rs() {
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
        fn any_bytes_round_trip(plain in prop::collection::vec(any::<u8>(), 0..4096), times in 1_usize..1200) {
            let plain = plain.repeat(times);
            let (bytes, index) = compressed(&plain);
            prop_assert!(decoded(&bytes) == plain);
            prop_assert_eq!(index.crc, crc32fast::hash(&plain));
            prop_assert_eq!(Index::read(&file(&bytes)).unwrap(), Some(index));
        }
    }
}
