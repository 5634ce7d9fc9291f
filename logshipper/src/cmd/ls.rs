//! `ls`: pods, their streams, and what is kept of each.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use chrono::{DateTime, Utc};
use handoff::{Form, Segment, Stream};
use runtime::logging::escape;
use serde::Serialize;

use crate::archive::Archive;
use crate::config::Settings;
use crate::dir::Dir;
use crate::gzip::index::Index;
use crate::handover::{self, Mode};
use crate::line::{Span, time};
use crate::pod::is_alive;
use crate::reader::filter;
use crate::reader::pods::{Logs, PodId, PodLogs, Selection, find};
use crate::reader::print::Output;
use crate::survey::Survey;

/// The part of a file's beginning, and of its end, that is searched for a time.
const ENDS: u64 = 16 << 10;

/// Arguments of `ls`
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Ls {
    /// Pods and streams
    #[command(flatten)]
    logs: Logs,
    /// Of the archive, only segments with lines from this day on; a time as of `cat`
    #[arg(long, value_parser = filter::time, requires = "archive")]
    since: Option<DateTime<Utc>>,
    /// Form of the list
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

impl Ls {
    /// Prints the list, and returns `false` if a directory or a file can't be read.
    pub fn run(&self, root: &Dir, archive: Option<&Archive>, settings: &Settings, out: &mut impl Write) -> anyhow::Result<bool> {
        let (rows, errors) = rows(root, &Selection { since: self.since, ..self.logs.selection(archive) }, settings)?;
        match self.output {
            Output::Text => table(&rows, Utc::now(), out)?,
            Output::Json => {
                serde_json::to_writer_pretty(&mut *out, &rows).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        for error in &errors {
            writeln!(io::stderr(), "{error}")?;
        }
        Ok(errors.is_empty())
    }
}

/// A stream, as `ls` shows it.
#[derive(Debug, Default, Serialize)]
struct Row {
    namespace: String,
    pod: String,
    /// The name of the pod's directory.
    directory: String,
    /// True if a logshipper works on the directory; null where that isn't known.
    alive: Option<bool>,
    stream: String,
    segments: usize,
    /// Segments in the archive, and their bytes there; null where it isn't read.
    archived_segments: Option<usize>,
    archived_bytes: Option<u64>,
    live_bytes: u64,
    /// Bytes on disk of all segments.
    segment_bytes: u64,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    /// Plain bytes of the compressed segments by their bytes on disk.
    ratio: Option<f64>,
    /// The way in which the live file is rotated; null where there is none.
    rotation: Option<Mode>,
}

/// The rows of the selected streams, and a line for each directory and file that can't be read.
fn rows(root: &Dir, selection: &Selection<'_>, settings: &Settings) -> anyhow::Result<(Vec<Row>, Vec<String>)> {
    let mut rows = Vec::new();
    let found = find(root, selection)?.ensure_any(selection)?;
    let mut errors = found.errors;
    for pod in &found.pods {
        let mut problems = Problems { pod: escape(&pod.name), errors: &mut errors };
        let survey = || root.open_dir(OsStr::new(&pod.name)).and_then(|dir| Survey::of_files(&dir).map(|survey| (dir, survey)));
        let here = if pod.is_here { problems.take(".", survey().map(Some)) } else { None };
        let alive = here.as_ref().map_or(Some(false), |(dir, _)| is_alive(dir));
        let id = PodId::parse(&pod.name);
        for stream in pod.streams(selection.stream) {
            let (namespace, directory) = (id.namespace.to_owned(), pod.name.clone());
            let mut row =
                Row { namespace, pod: id.pod.to_owned(), directory, alive, stream: stream.to_string(), ..Row::default() };
            if let Some((dir, survey)) = &here {
                row.include_files(dir, survey, &stream, settings, &mut problems);
            }
            if selection.archive.is_some() {
                row.include_archived(pod, &stream, &mut problems);
            }
            rows.push(row);
        }
        for (path, bytes) in here.iter().filter(|_| selection.stream.is_none()).flat_map(|(_, survey)| &survey.unmanaged) {
            let (namespace, directory) = (id.namespace.to_owned(), pod.name.clone());
            let row = Row { namespace, pod: id.pod.to_owned(), directory, alive, ..Row::default() };
            rows.push(Row { stream: path.clone(), live_bytes: *bytes, rotation: Some(Mode::Unmanaged), ..row });
        }
    }
    Ok((rows, errors))
}

/// The files of a pod that can't be read.
struct Problems<'a> {
    pod: Cow<'a, str>,
    errors: &'a mut Vec<String>,
}

impl Problems<'_> {
    /// Takes what was read of a file. One that is gone by now is no problem.
    fn take<T: Default>(&mut self, name: &str, read: io::Result<T>) -> T {
        read.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                self.errors.push(format!("{}/{name}: {error}", self.pod));
            }
            T::default()
        })
    }
}

impl Row {
    fn include_files(&mut self, dir: &Dir, survey: &Survey, stream: &Stream, settings: &Settings, problems: &mut Problems<'_>) {
        let name = stream.live_name();
        let live = survey.live.iter().find(|live| live.stream == *stream);
        let rolled = || survey.rolled.iter().filter(|file| file.rolled.stream == *stream);
        self.live_bytes = live.map_or(0, |live| live.bytes) + rolled().map(|file| file.bytes).sum::<u64>();
        self.rotation = if !settings.log_files.contains(&name) {
            Some(Mode::Unmanaged)
        } else if rolled().next().is_some() {
            Some(Mode::Program)
        } else {
            handover::mode(dir, OsStr::new(&name), &settings.evidence()).ok()
        };
        let (mut all, mut plain, mut gz) = (None, 0, 0);
        for (segment, forms) in survey.segments.iter().filter(|(segment, _)| segment.stream == *stream) {
            self.segments += 1;
            self.segment_bytes += forms.plain.unwrap_or(0) + forms.gz.unwrap_or(0);
            let form = if forms.plain.is_some() { Form::Plain } else { Form::Gz };
            let (span, plain_bytes) = problems.take(&segment.name(form), read_ends(dir, segment, form));
            all = Span::around(all, span);
            if let Some((bytes, compressed)) = plain_bytes.zip(forms.gz) {
                plain += bytes;
                gz += compressed;
            }
        }
        let of_live = dir.open_file(OsStr::new(&name)).and_then(|(file, meta)| ends(&file, meta.bytes));
        all = Span::around(all, problems.take(&name, of_live));
        #[allow(clippy::cast_precision_loss)]
        let ratio = (gz > 0).then(|| (plain as f64 / gz as f64 * 100.0).round() / 100.0);
        self.ratio = ratio;
        self.first = all.and_then(|span| DateTime::from_timestamp_micros(span.first));
        self.last = all.and_then(|span| DateTime::from_timestamp_micros(span.last));
    }

    /// Counts what is archived. The times are those of the first and the last archived segment, since each costs a request.
    fn include_archived(&mut self, pod: &PodLogs, stream: &Stream, problems: &mut Problems<'_>) {
        let objects: Vec<_> =
            pod.archived.iter().filter(|(segment, _)| segment.stream == *stream).map(|(_, object)| object).collect();
        self.archived_segments = Some(objects.len());
        self.archived_bytes = Some(objects.iter().map(|object| object.bytes).sum());
        let alone = pod.archived_only(stream);
        for object in alone.first_key_value().into_iter().chain(alone.last_key_value()).map(|(_, object)| object) {
            let index = problems.take(&object.to_string(), Index::read(object));
            let span = index.and_then(|index| index.span());
            let at = |micros: fn(Span) -> i64| span.and_then(|span| DateTime::from_timestamp_micros(micros(span)));
            self.first = self.first.into_iter().chain(at(|span| span.first)).min();
            self.last = self.last.into_iter().chain(at(|span| span.last)).max();
        }
    }
}

/// The times of a segment's lines, and its plain length where it is compressed.
fn read_ends(dir: &Dir, segment: &Segment, form: Form) -> io::Result<(Option<Span>, Option<u64>)> {
    let (file, meta) = dir.open_file(OsStr::new(&segment.name(form)))?;
    match form {
        Form::Plain => Ok((ends(&file, meta.bytes)?, None)),
        Form::Gz => Ok(Index::read(&file)?.map_or((None, None), |index| (index.span(), Some(index.plain_bytes())))),
    }
}

/// The times of the first line and of the last line that have one.
fn ends(mut file: &File, bytes: u64) -> io::Result<Option<Span>> {
    let mut part = |from| {
        let mut part = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(ENDS).read_to_end(&mut part).map(|_| part)
    };
    let (head, tail) = (part(0)?, part(bytes.saturating_sub(ENDS))?);
    let first = head.split(|byte| *byte == b'\n').find_map(time);
    let last = tail.split(|byte| *byte == b'\n').rev().find_map(time);
    Ok(first.or(last).zip(last.or(first)).map(|(first, last)| Span { first: first.min(last), last: last.max(first) }))
}

/// Writes the rows as a table.
fn table(rows: &[Row], now: DateTime<Utc>, out: &mut impl Write) -> io::Result<()> {
    let with_archive = rows.iter().any(|row| row.archived_segments.is_some());
    let mut lines = vec![
        [
            "NAMESPACE",
            "POD",
            "STATE",
            "AGE",
            "STREAM",
            "SEGMENTS",
            "SIZE",
            "LIVE",
            "ARCHIVED",
            "RATIO",
            "ROTATION",
            "FIRST",
            "LAST",
        ]
        .map(String::from),
    ];
    let time =
        |time: Option<DateTime<Utc>>| time.map_or_else(|| "-".into(), |time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    lines.extend(rows.iter().map(|row| {
        [
            if row.namespace.is_empty() { "-".into() } else { escape(&row.namespace).into_owned() },
            escape(&row.pod).into_owned(),
            row.alive.map_or("?", |alive| if alive { "alive" } else { "dead" }).into(),
            row.first.map_or_else(|| "-".into(), |first| age((now - first).num_seconds())),
            row.stream.clone(),
            row.segments.to_string(),
            size(row.segment_bytes),
            size(row.live_bytes),
            format!("{} ({})", row.archived_segments.unwrap_or(0), size(row.archived_bytes.unwrap_or(0))),
            row.ratio.map_or_else(|| "-".into(), |ratio| format!("{ratio:.1}")),
            row.rotation.map_or("-", Mode::as_str).into(),
            time(row.first),
            time(row.last),
        ]
    }));
    // Rotated as usual is not worth a column.
    let with_rotation = rows.iter().any(|row| row.rotation.is_some_and(|mode| mode != Mode::Handoff));
    let is_shown = |name: &str| match name {
        "ARCHIVED" => with_archive,
        "ROTATION" => with_rotation,
        _ => true,
    };
    let columns = (0..lines[0].len()).filter(|column| is_shown(&lines[0][*column])).collect::<Vec<_>>();
    let widths: Vec<_> =
        (0..lines[0].len()).map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)).collect();
    for line in &lines {
        let cells: Vec<_> = columns.iter().map(|&column| format!("{:<1$}", line[column], widths[column])).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// A length of time as kubectl prints it: `5d3h`, `12m`.
fn age(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let Some(at) = units.iter().position(|(unit, _)| seconds >= *unit) else { return String::from("0s") };
    let (unit, name) = units[at];
    let rest = units.get(at + 1).map(|(small, name)| (seconds % unit / small, name)).filter(|(rest, _)| *rest > 0 && at < 2);
    format!("{}{name}{}", seconds / unit, rest.map_or_else(String::new, |(rest, name)| format!("{rest}{name}")))
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
    fn ages_are_short() {
        assert_eq!([0, 59, 61, 7_300, 86_400 * 5 + 3 * 3_600].map(age), ["0s", "59s", "1m", "2h1m", "5d3h"]);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(
            [0, 1023, 1024, 1536, 10 << 20, u64::MAX].map(size),
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10.0 MiB", "17179869183.9 GiB"]
        );
    }
}
