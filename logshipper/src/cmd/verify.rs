//! `verify`: decodes every segment, compares it with what its index says, and looks for gaps in the numbers.

use std::ffi::OsStr;
use std::io::{self, BufReader, Write};

use chrono::{DateTime, Utc};
use handoff::{Form, Stream};
use runtime::logging::escape;

use crate::archive::{Archive, Object};
use crate::dir::Dir;
use crate::gzip::index::Index;
use crate::gzip::read::{ReadAt, digest};
use crate::reader::filter;
use crate::reader::members::{FETCH, Members};
use crate::reader::pods::{Logs, PodLogs, Selection, find};
use crate::survey::Survey;

const BUFFER: usize = 64 << 10;

/// Arguments of `verify`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Verify {
    /// Pods and streams
    #[command(flatten)]
    logs: Logs,
    /// Of the archive, only segments with lines from this day on; a time as of `cat`
    #[arg(long, value_parser = filter::time, requires = "archive")]
    since: Option<DateTime<Utc>>,
}

impl Verify {
    /// Verifies, and returns `false` if there were problems.
    pub fn run(&self, root: &Dir, archive: Option<&Archive>, out: &mut impl Write) -> anyhow::Result<bool> {
        let sums = verify(root, &Selection { since: self.since, ..self.logs.selection(archive) }, out)?;
        Ok(sums.problems == 0)
    }
}

/// The sums over all segments.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    segments: u64,
    plain_bytes: u64,
    problems: u64,
}

impl Sums {
    fn problem(&mut self, out: &mut impl Write, text: &str) -> io::Result<()> {
        self.problems += 1;
        writeln!(out, "{text}")
    }

    /// Counts a decoded segment, or writes what is wrong with it.
    fn count(&mut self, pod: &str, name: &str, checked: io::Result<u64>, out: &mut impl Write) -> io::Result<()> {
        match checked {
            Ok(bytes) => {
                self.plain_bytes += bytes;
                Ok(())
            }
            Err(error) => self.problem(out, &format!("{pod}/{name}: {error}")),
        }
    }
}

/// Verifies the selected streams; writes one line for each problem and one at the end.
fn verify(root: &Dir, selection: &Selection<'_>, out: &mut impl Write) -> anyhow::Result<Sums> {
    let mut sums = Sums::default();
    let found = find(root, selection)?.ensure_any(selection)?;
    for error in &found.errors {
        sums.problem(out, error)?;
    }
    for pod in &found.pods {
        let shown = escape(&pod.name);
        let dir = match root.open_dir(OsStr::new(&pod.name)) {
            Ok(dir) => Some(dir).filter(|_| pod.is_here),
            Err(_) if !pod.is_here => None,
            // Removed since it was found.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                sums.problem(out, &format!("{shown}: {error}"))?;
                continue;
            }
        };
        for stream in pod.streams(selection.stream) {
            verify_stream(pod, dir.as_ref(), &stream, &mut sums, out)?;
        }
        let survey = dir.map(|dir| Survey::of_files(&dir)).transpose()?.unwrap_or_default();
        for (_, name) in &survey.quarantined {
            sums.problem(out, &format!("{shown}/{name}: quarantined: it does not hold its segment"))?;
        }
    }
    writeln!(out, "{} segments, {} bytes decoded, {} problems", sums.segments, sums.plain_bytes, sums.problems)?;
    Ok(sums)
}

fn verify_stream(pod: &PodLogs, dir: Option<&Dir>, stream: &Stream, sums: &mut Sums, out: &mut impl Write) -> io::Result<()> {
    let shown = escape(&pod.name);
    let mut before: Option<u64> = None;
    for segment in &pod.segments(stream) {
        if let Some(before) = before.filter(|before| before + 1 < segment.sequence) {
            sums.problem(out, &format!("{shown}/{stream}: segments {} to {} are missing", before + 1, segment.sequence - 1))?;
        }
        before = Some(segment.sequence);
        sums.segments += 1;
        for form in [Form::Gz, Form::Plain] {
            let name = segment.name(form);
            match dir.map(|dir| check(dir, &name, form)) {
                // Not compressed yet, or removed in the meantime.
                Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Some(checked) => {
                    sums.count(&shown, &name, checked, out)?;
                    break;
                }
                None => {}
            }
        }
        if let Some(object) = pod.archived.get(segment) {
            sums.count(&shown, &object.to_string(), check_archived(object), out)?;
        }
    }
    Ok(())
}

/// Decodes a compressed segment and returns its plain length; opens one that isn't compressed yet.
fn check(dir: &Dir, name: &str, form: Form) -> io::Result<u64> {
    let (file, _) = dir.open_file(OsStr::new(name))?;
    match form {
        Form::Gz => decode(file, BUFFER).map(|(_, length)| length),
        Form::Plain => Ok(0),
    }
}

fn check_archived(object: &Object) -> io::Result<u64> {
    let (crc, length) = decode(object.clone(), FETCH)?;
    if crc == object.crc { Ok(length) } else { Err(io::Error::other("checksum mismatch: not the lines that its key names")) }
}

/// Decodes all of a compressed file, fetched in pieces of so many bytes; returns CRC and length of what it holds.
fn decode(file: impl ReadAt, fetch: usize) -> io::Result<(u32, u64)> {
    let index = Index::read(&file)?;
    let (crc, length) = digest(BufReader::with_capacity(fetch, Members::all(file)?))?;
    match index {
        Some(index) if index.plain_bytes() != length || index.crc != crc => {
            Err(io::Error::other("checksum mismatch: not the lines that its index names"))
        }
        _ => Ok((crc, length)),
    }
}
