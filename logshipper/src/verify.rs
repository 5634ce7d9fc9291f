//! `verify`: decodes every segment, compares it with what its index says, and looks for gaps in the numbers.

use std::ffi::OsStr;
use std::io::{self, BufReader, Read, Write};

use crc32fast::Hasher;
use flate2::read::MultiGzDecoder;
use handoff::{Form, Segment, Stream};

use crate::dir::Dir;
use crate::gzip::Index;
use crate::logs::{pods, streams};

/// What was found in all.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    segments: u64,
    plain_bytes: u64,
    problems: u64,
}

impl Found {
    /// Whether all is well.
    pub fn is_good(&self) -> bool {
        self.problems == 0
    }
}

/// Verifies one pod and stream, or all; writes a line for each problem and one at the end.
pub fn verify(root: &Dir, pod: Option<&str>, stream: Option<&Stream>, out: &mut impl Write) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for pod in &pods(root, pod)? {
        for stream in streams(pod, stream) {
            let mut before: Option<u64> = None;
            for (segment, forms) in pod.listing.segments.iter().filter(|(segment, _)| segment.stream == stream) {
                if let Some(before) = before.filter(|before| before + 1 < segment.sequence) {
                    found.problems += 1;
                    writeln!(out, "{}/{stream}: segments {} to {} are missing", pod.name, before + 1, segment.sequence - 1)?;
                }
                before = Some(segment.sequence);
                found.segments += 1;
                if forms.gz.is_some() {
                    match check(&pod.dir, segment) {
                        Ok(bytes) => found.plain_bytes += bytes,
                        Err(error) => {
                            found.problems += 1;
                            writeln!(out, "{}/{}: {error}", pod.name, segment.name(Form::Gz))?;
                        }
                    }
                }
            }
        }
        for (_, aside) in &pod.listing.aside {
            found.problems += 1;
            writeln!(out, "{}/{aside}: set aside: it does not hold its segment", pod.name)?;
        }
    }
    writeln!(out, "{} segments, {} bytes decoded, {} problems", found.segments, found.plain_bytes, found.problems)?;
    Ok(found)
}

/// Decodes a compressed segment and returns its plain length.
fn check(dir: &Dir, segment: &Segment) -> io::Result<u64> {
    let (file, _) = dir.open_file(OsStr::new(&segment.name(Form::Gz)))?;
    let index = Index::read(&file)?;
    let mut decoder = MultiGzDecoder::new(BufReader::new(file));
    let (mut crc, mut length, mut buffer) = (Hasher::new(), 0, vec![0; 64 << 10]);
    loop {
        let count = decoder.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        crc.update(&buffer[..count]);
        length += count as u64;
    }
    let crc = crc.finalize();
    match index {
        Some(index) if index.plain_bytes() != length || index.crc != crc => Err(io::Error::other("is not what its index says")),
        _ => Ok(length),
    }
}
