//! `ls`: pods, their streams, and what is kept of each.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use handoff::{Form, Segment, Stream};
use serde::Serialize;

use crate::archive::Archive;
use crate::cli::Logs;
use crate::dir::Dir;
use crate::gzip::index::Index;
use crate::gzip::read::ReadAt;
use crate::line::{HEAD, Span, time};
use crate::plan::Forms;
use crate::pod::is_alive;
use crate::reader::pods::{PodLogs, pods, streams};

/// How much of a file's end is searched for its last line.
const TAIL: u64 = 16 << 10;

/// Arguments of `ls`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Ls {
    /// Pods and streams
    #[command(flatten)]
    logs: Logs,
    /// Form of the list
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
}

/// The forms of a list.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Ls {
    /// Prints the list.
    pub fn run(&self, root: &Dir, archive: Option<&Archive>, out: &mut impl Write) -> anyhow::Result<()> {
        let Logs { pod, stream, archive: with_archive } = &self.logs;
        let rows = rows(root, pod.as_deref(), stream.as_ref(), archive.filter(|_| *with_archive))?;
        match self.output {
            Output::Table => table(&rows, out)?,
            Output::Json => {
                serde_json::to_writer_pretty(&mut *out, &rows).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

/// A stream, as `ls` shows it.
#[derive(Debug, Serialize)]
struct Row {
    pod: String,
    /// Whether a logshipper works on the pod's directory; null where that can't be asked.
    alive: Option<bool>,
    stream: String,
    segments: usize,
    /// Segments in the archive, and their bytes there; null where it wasn't asked.
    archived_segments: Option<usize>,
    archived_bytes: Option<u64>,
    live_bytes: u64,
    /// Bytes on disk of all segments.
    segment_bytes: u64,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    /// Plain bytes of the compressed segments by their bytes on disk.
    ratio: Option<f64>,
}

/// The rows of one pod and stream, or of all.
fn rows(root: &Dir, pod: Option<&str>, stream: Option<&Stream>, archive: Option<&Archive>) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for pod in &pods(root, pod, archive)? {
        let alive = pod.dir.as_ref().map_or(Some(false), |dir| is_alive(dir));
        for stream in streams(pod, stream) {
            let mut row = describe(pod, alive, &stream);
            if archive.is_some() {
                row.include_archived(pod, &stream);
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

fn describe(pod: &PodLogs, alive: Option<bool>, stream: &Stream) -> Row {
    let mut row = Row {
        pod: pod.name.clone(),
        alive,
        stream: stream.to_string(),
        segments: 0,
        archived_segments: None,
        archived_bytes: None,
        live_bytes: pod.listing.live.iter().find(|live| live.stream == *stream).map_or(0, |live| live.bytes),
        segment_bytes: 0,
        first: None,
        last: None,
        ratio: None,
    };
    let (mut all, mut plain, mut gz) = (None, 0, 0);
    let mut include = |span| all = Span::around(all, span);
    for (segment, forms) in pod.listing.segments.iter().filter(|(segment, _)| segment.stream == *stream) {
        row.segments += 1;
        row.segment_bytes += forms.plain.unwrap_or(0) + forms.gz.unwrap_or(0);
        let Some(dir) = &pod.dir else { continue };
        let (span, plain_bytes) = look(dir, segment, *forms).unwrap_or_default();
        include(span);
        if let Some((bytes, compressed)) = plain_bytes.zip(forms.gz) {
            plain += bytes;
            gz += compressed;
        }
    }
    if let Some(Ok((file, meta))) = pod.dir.as_ref().map(|dir| dir.open_file(OsStr::new(&stream.live_name()))) {
        include(ends(&file, meta.bytes).unwrap_or_default());
    }
    #[allow(clippy::cast_precision_loss)]
    let ratio = (gz > 0).then(|| (plain as f64 / gz as f64 * 100.0).round() / 100.0);
    let utc = |micros| DateTime::from_timestamp_micros(micros);
    Row { first: all.and_then(|span| utc(span.first)), last: all.and_then(|span| utc(span.last)), ratio, ..row }
}

impl Row {
    /// Counts what is archived. The times are those of the first and the last archived segment: asking for each would be a
    /// request each.
    fn include_archived(&mut self, pod: &PodLogs, stream: &Stream) {
        let objects: Vec<_> =
            pod.archived.iter().filter(|(segment, _)| segment.stream == *stream).map(|(_, object)| object).collect();
        self.archived_segments = Some(objects.len());
        self.archived_bytes = Some(objects.iter().map(|object| object.bytes).sum());
        let alone = pod.archived_alone(stream);
        for object in alone.first_key_value().into_iter().chain(alone.last_key_value()).map(|(_, object)| object) {
            let span = Index::read(object).ok().flatten().and_then(|index| index.span());
            let at = |micros: fn(Span) -> i64| span.and_then(|span| DateTime::from_timestamp_micros(micros(span)));
            self.first = self.first.into_iter().chain(at(|span| span.first)).min();
            self.last = self.last.into_iter().chain(at(|span| span.last)).max();
        }
    }
}

/// The times of a segment's lines, and its plain length where it is compressed.
fn look(dir: &Dir, segment: &Segment, forms: Forms) -> io::Result<(Option<Span>, Option<u64>)> {
    if forms.plain.is_some() {
        let (file, meta) = dir.open_file(OsStr::new(&segment.name(Form::Plain)))?;
        return Ok((ends(&file, meta.bytes)?, None));
    }
    let (file, _) = dir.open_file(OsStr::new(&segment.name(Form::Gz)))?;
    Ok(Index::read(&file)?.map_or((None, None), |index| (index.span(), Some(index.plain_bytes()))))
}

/// The times of the first line and of the last that has one.
fn ends(mut file: &File, bytes: u64) -> io::Result<Option<Span>> {
    let mut head = [0; HEAD];
    let count = ReadAt::read_at(file, &mut head, 0)?;
    let from = bytes.saturating_sub(TAIL);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(TAIL).read_to_end(&mut tail)?;
    let last = tail.split(|&byte| byte == b'\n').rev().find_map(|line| time(&line[..line.len().min(HEAD)]));
    let first = time(head[..count].split(|&byte| byte == b'\n').next().unwrap_or_default());
    Ok(first.or(last).zip(last.or(first)).map(|(first, last)| Span { first: first.min(last), last: last.max(first) }))
}

/// Writes the rows as a table.
fn table(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    let time =
        |time: Option<DateTime<Utc>>| time.map_or_else(|| "-".into(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
    let width = rows.iter().map(|row| row.pod.len()).max().unwrap_or(0).max(3);
    let streams = rows.iter().map(|row| row.stream.len()).max().unwrap_or(0).max(6);
    // A column more where the archive was asked.
    let archived = |text: String| {
        if rows.iter().any(|row| row.archived_segments.is_some()) { format!("  {text:>16}") } else { String::new() }
    };
    writeln!(
        out,
        "{:<width$}  {:<5}  {:<streams$}  {:>8}  {:>9}  {:>9}{}  {:>6}  {:<20}  LAST",
        "POD",
        "STATE",
        "STREAM",
        "SEGMENTS",
        "ON DISK",
        "LIVE",
        archived("ARCHIVED".into()),
        "RATIO",
        "FIRST"
    )?;
    for row in rows {
        let state = row.alive.map_or("?", |alive| if alive { "alive" } else { "dead" });
        let ratio = row.ratio.map_or_else(|| "-".into(), |ratio| format!("{ratio:.1}"));
        let (disk, live) = (size(row.segment_bytes), size(row.live_bytes));
        let archived = archived(format!("{} ({})", row.archived_segments.unwrap_or(0), size(row.archived_bytes.unwrap_or(0))));
        writeln!(
            out,
            "{:<width$}  {state:<5}  {:<streams$}  {:>8}  {disk:>9}  {live:>9}{archived}  {ratio:>6}  {:<20}  {}",
            row.pod,
            row.stream,
            row.segments,
            time(row.first),
            time(row.last)
        )?;
    }
    Ok(())
}

/// A length for people, of three digits or four.
fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.iter().find(|(_, shift)| bytes >> shift > 0);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(unit, shift)| {
            let tenths = (u128::from(bytes) * 10) >> shift;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(
            [0, 1023, 1024, 1536, 10 << 20, u64::MAX].map(size),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10.0 MiB", "17179869183.9 GiB"]
        );
    }
}
