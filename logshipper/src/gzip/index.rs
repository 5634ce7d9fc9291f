//! The index of a compressed segment: one subfield `LS` in the extra field of the file's empty last member.
//!
//! Little-endian: version (1 byte), CRC-32 of the plain bytes (4), in version 2 the origin (inode 8, birth 8, start 8), then for
//! each member its compressed length (4), plain length
//! (4), first and last time (8 each, microseconds since 1970; first > last where no line has one), then the CRC-32 of all that
//! (4) and the length of this empty member (4), by which it is found from the file's end.

use std::io;

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};

use crate::gzip::read::ReadAt;
use crate::line::Span;

/// Members of one index, at most: what fits a gzip extra field of 64 KiB.
pub const MAX_MEMBERS: usize = ((1 << 16) - 1 - SUBFIELD - BEFORE_ENTRIES - ORIGIN - AFTER_ENTRIES) / ENTRY;

/// The version of an index without an origin.
const VERSION: u8 = 1;
const VERSION_WITH_ORIGIN: u8 = 2;
const ORIGIN: usize = 3 * 8;
/// Name and length of the subfield.
const SUBFIELD: usize = 2 + 2;
const BEFORE_ENTRIES: usize = 1 + 4;
const ENTRY: usize = 24;
const AFTER_ENTRIES: usize = 4 + 4;
/// Gzip's header and the length of the extra field.
const BEFORE_EXTRA: usize = 10 + 2;
/// An empty deflate block, and gzip's trailer.
const AFTER_EXTRA: usize = 2 + 8;

/// The part of a file's end that is read at once; a longer index costs a second read.
const TAIL: u64 = 4 << 10;

/// A member of a compressed segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its compressed length.
    pub compressed: u32,
    /// Its plain length.
    pub plain: u32,
    /// The times of its lines, where they have any.
    pub span: Option<Span>,
}

/// The part of a live file that a segment was made of, while the file kept its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The file's inode number.
    pub inode: u64,
    /// The file's birth in microseconds since 1970; 0 where the file system doesn't keep it.
    pub born: i64,
    /// The position in the file at which the segment begins.
    pub start: u64,
}

/// The members of a compressed segment, in their order, and the checksum of its plain bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// CRC-32 of the plain bytes.
    pub crc: u32,
    /// The part of a live file that was compressed in place; none for a renamed file.
    pub origin: Option<Origin>,
    /// The members that hold lines.
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

    /// Reads the index at the end of a compressed segment; `None` where there is none, or a damaged one.
    pub fn read(file: &impl ReadAt) -> io::Result<Option<Self>> {
        let length = file.length()?;
        let mut tail = file.read_end(length.saturating_sub(TAIL))?;
        let Some(at) = tail.len().checked_sub(AFTER_EXTRA + 4) else { return Ok(None) };
        let member = u32_at(&tail, at).map_or(0, |length| length as usize);
        if !(BEFORE_EXTRA + AFTER_EXTRA..=BEFORE_EXTRA + (1 << 16) + AFTER_EXTRA).contains(&member) || member as u64 > length {
            return Ok(None);
        }
        if member > tail.len() {
            tail = file.read_end(length - member as u64)?;
        }
        let index = Self::decode(&tail[tail.len() - member..]);
        Ok(index.filter(|index| index.compressed_bytes() + member as u64 == length))
    }

    fn compressed_bytes(&self) -> u64 {
        self.members.iter().map(|member| u64::from(member.compressed)).sum()
    }

    /// The empty member that holds this index.
    pub(crate) fn encode(&self) -> io::Result<Vec<u8>> {
        let too_many = |_| io::Error::other("more members than an index holds");
        let origin = if self.origin.is_some() { ORIGIN } else { 0 };
        let data = BEFORE_ENTRIES + origin + self.members.len() * ENTRY + AFTER_ENTRIES;
        let mut extra = Vec::with_capacity(SUBFIELD + data);
        extra.extend(b"LS");
        extra.extend(u16::try_from(data).map_err(too_many)?.to_le_bytes());
        extra.push(if self.origin.is_some() { VERSION_WITH_ORIGIN } else { VERSION });
        extra.extend(self.crc.to_le_bytes());
        if let Some(origin) = self.origin {
            extra.extend(origin.inode.to_le_bytes());
            extra.extend(origin.born.to_le_bytes());
            extra.extend(origin.start.to_le_bytes());
        }
        for member in &self.members {
            let span = member.span.unwrap_or(Span { first: i64::MAX, last: i64::MIN });
            extra.extend(member.compressed.to_le_bytes());
            extra.extend(member.plain.to_le_bytes());
            extra.extend(span.first.to_le_bytes());
            extra.extend(span.last.to_le_bytes());
        }
        extra.extend(crc32fast::hash(&extra[SUBFIELD..]).to_le_bytes());
        let length = BEFORE_EXTRA + SUBFIELD + data + AFTER_EXTRA;
        extra.extend(u32::try_from(length).map_err(too_many)?.to_le_bytes());
        u16::try_from(extra.len()).map_err(too_many)?;
        GzBuilder::new().extra(extra).write(Vec::with_capacity(length), Compression::default()).finish()
    }

    fn decode(member: &[u8]) -> Option<Self> {
        let decoder = GzDecoder::new(member);
        let data = decoder.header()?.extra()?.strip_prefix(b"LS")?.get(2..)?;
        let (summed, after) = data.split_at_checked(data.len().checked_sub(AFTER_ENTRIES)?)?;
        if u32_at(after, 0)? != crc32fast::hash(summed) {
            return None;
        }
        let (origin, entries) = match *summed.first()? {
            VERSION => (None, BEFORE_ENTRIES),
            VERSION_WITH_ORIGIN => {
                let at = |field: usize| i64_at(summed, BEFORE_ENTRIES + 8 * field);
                let origin = Origin { inode: at(0)?.cast_unsigned(), born: at(1)?, start: at(2)?.cast_unsigned() };
                (Some(origin), BEFORE_ENTRIES + ORIGIN)
            }
            _ => return None,
        };
        let members = summed.get(entries..)?.chunks_exact(ENTRY).map(|entry| {
            let (first, last) = (i64_at(entry, 8)?, i64_at(entry, 16)?);
            let span = (first <= last).then_some(Span { first, last });
            Some(Member { compressed: u32_at(entry, 0)?, plain: u32_at(entry, 4)?, span })
        });
        Some(Self { crc: u32_at(summed, 1)?, origin, members: members.collect::<Option<_>>()? })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn i64_at(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
