//! `verify`: decodes every segment, compares it with what its index says, and looks for gaps in the numbers.

use std::ffi::OsStr;
use std::io::{self, BufReader, Write};

use handoff::{Form, Segment, Stream};

use crate::archive::{Archive, Object};
use crate::cli::Logs;
use crate::dir::Dir;
use crate::gzip::index::Index;
use crate::gzip::read::{ReadAt, digest};
use crate::reader::pods::{PodLogs, pods, streams};
use crate::reader::stream::{FETCH, Members};

const BUFFER: usize = 64 << 10;

/// Arguments of `verify`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Verify {
    /// Pods and streams
    #[command(flatten)]
    logs: Logs,
}

impl Verify {
    /// Verifies, and returns `false` if there were problems.
    pub fn run(&self, root: &Dir, archive: Option<&Archive>, out: &mut impl Write) -> anyhow::Result<bool> {
        let Logs { pod, stream, archive: with_archive } = &self.logs;
        let found = verify(root, pod.as_deref(), stream.as_ref(), archive.filter(|_| *with_archive), out)?;
        Ok(found.problems == 0)
    }
}

/// The sums over all segments.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    segments: u64,
    plain_bytes: u64,
    problems: u64,
}

impl Found {
    /// Counts a decoded segment, or writes what is wrong with it.
    fn count(&mut self, pod: &str, name: &str, checked: io::Result<u64>, out: &mut impl Write) -> io::Result<()> {
        match checked {
            Ok(bytes) => {
                self.plain_bytes += bytes;
                Ok(())
            }
            Err(error) => {
                self.problems += 1;
                writeln!(out, "{pod}/{name}: {error}")
            }
        }
    }
}

/// Verifies one pod and stream, or all, with what is in `archive`; writes a line for each problem and one at the end.
fn verify(
    root: &Dir,
    pod: Option<&str>,
    stream: Option<&Stream>,
    archive: Option<&Archive>,
    out: &mut impl Write,
) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for pod in &pods(root, pod, archive)? {
        for stream in streams(pod, stream) {
            verify_stream(pod, &stream, &mut found, out)?;
        }
        for (_, aside) in &pod.listing.quarantined {
            found.problems += 1;
            writeln!(out, "{}/{aside}: set aside: it does not hold its segment", pod.name)?;
        }
    }
    writeln!(out, "{} segments, {} bytes decoded, {} problems", found.segments, found.plain_bytes, found.problems)?;
    Ok(found)
}

fn verify_stream(pod: &PodLogs, stream: &Stream, found: &mut Found, out: &mut impl Write) -> io::Result<()> {
    let mut before: Option<u64> = None;
    for segment in pod.segments().into_iter().filter(|segment| segment.stream == *stream) {
        if let Some(before) = before.filter(|before| before + 1 < segment.sequence) {
            found.problems += 1;
            writeln!(out, "{}/{stream}: segments {} to {} are missing", pod.name, before + 1, segment.sequence - 1)?;
        }
        before = Some(segment.sequence);
        found.segments += 1;
        let compressed = pod.listing.segments.get(segment).is_some_and(|forms| forms.gz.is_some());
        if let Some(dir) = pod.dir.as_ref().filter(|_| compressed) {
            found.count(&pod.name, &segment.name(Form::Gz), check(dir, segment), out)?;
        }
        if let Some(object) = pod.archived.get(segment) {
            found.count(&pod.name, &object.to_string(), check_archived(object), out)?;
        }
    }
    Ok(())
}

/// Decodes a compressed segment and returns its plain length.
fn check(dir: &Dir, segment: &Segment) -> io::Result<u64> {
    let (file, _) = dir.open_file(OsStr::new(&segment.name(Form::Gz)))?;
    decode(file, BUFFER).map(|(_, length)| length)
}

fn check_archived(object: &Object) -> io::Result<u64> {
    let (crc, length) = decode(object.clone(), FETCH)?;
    if crc == object.crc { Ok(length) } else { Err(io::Error::other("is not what its key says")) }
}

/// Decodes all of a compressed file, fetched in pieces of so many bytes; returns CRC and length of what it holds.
fn decode(file: impl ReadAt, fetch: usize) -> io::Result<(u32, u64)> {
    let index = Index::read(&file)?;
    let (crc, length) = digest(BufReader::with_capacity(fetch, Members::all(file)?))?;
    match index {
        Some(index) if index.plain_bytes() != length || index.crc != crc => Err(io::Error::other("is not what its index says")),
        _ => Ok((crc, length)),
    }
}
