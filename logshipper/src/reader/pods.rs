//! The pods whose logs can be read, and their files: below the log root, and in the archive where that is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use handoff::{FileName, Rolled, Segment, Stream};
use regex::Regex;

use crate::archive::{Archive, Object, Wanted};
use crate::dir::{Dir, escaped};
use crate::pod::is_alive;

/// The files of a pod.
#[derive(Debug, Default)]
pub struct PodLogs {
    /// The name of its directory.
    pub name: String,
    /// True if the directory is here, and not in the archive alone.
    pub is_here: bool,
    /// The streams in the directory, and the segments of each.
    pub streams: BTreeMap<Stream, BTreeSet<Segment>>,
    /// The archived segments, where they are wanted.
    pub archived: BTreeMap<Segment, Object>,
}

impl PodLogs {
    /// The streams that have a file, only `wanted` if that is given.
    pub fn streams(&self, wanted: Option<&Stream>) -> BTreeSet<Stream> {
        let archived = self.archived.keys().map(|segment| &segment.stream);
        let all = self.streams.keys().chain(archived);
        all.filter(|stream| wanted.is_none_or(|wanted| wanted == *stream)).cloned().collect()
    }

    /// The segments of a stream in the directory and in the archive, each once.
    pub fn segments(&self, stream: &Stream) -> BTreeSet<Segment> {
        let archived = self.archived.keys().filter(|segment| segment.stream == *stream);
        self.streams.get(stream).into_iter().flatten().chain(archived).cloned().collect()
    }

    /// The archived segments of a stream that aren't in the directory.
    pub fn archived_only(&self, stream: &Stream) -> BTreeMap<Segment, Object> {
        let here = self.streams.get(stream);
        let only = |segment: &Segment| segment.stream == *stream && here.is_none_or(|here| !here.contains(segment));
        self.archived
            .iter()
            .filter(|(segment, _)| only(segment))
            .map(|(segment, object)| (segment.clone(), object.clone()))
            .collect()
    }
}

/// Namespace, name and uid of a pod, as its directory's name has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodId<'a> {
    /// The namespace, if the directory's name has one.
    pub namespace: &'a str,
    /// The name that `kubectl get pods` prints.
    pub pod: &'a str,
}

impl<'a> PodId<'a> {
    /// Reads `<namespace>_<pod>_<uid>`; any other name is the pod's own.
    pub fn parse(directory: &'a str) -> Self {
        match directory.split_once('_').and_then(|(namespace, rest)| Some((namespace, rest.rsplit_once('_')?.0))) {
            Some((namespace, pod)) => Self { namespace, pod },
            None => Self { namespace: "", pod: directory },
        }
    }
}

/// Pods by the text that was typed.
#[derive(Debug, Clone)]
pub struct PodPattern {
    typed: String,
    text: String,
    namespace: Option<String>,
    pattern: Regex,
}

impl PodPattern {
    /// Takes a directory's name, a pod's name or its beginning, or a regular expression; a namespace and `/` may stand before it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let invalid =
            || String::from("must be a pod's name, its beginning, or a regular expression; NAMESPACE/ may stand before it");
        let (namespace, pod) = match text.split_once('/') {
            // As `kubectl get pods -o name` prints it.
            Some(("pod", pod)) => (None, pod),
            Some((namespace, pod)) => (Some(namespace), pod),
            None => (None, text),
        };
        let is_label = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if pod.is_empty() || pod.contains('/') || namespace.is_some_and(|namespace| !is_label(namespace)) {
            return Err(invalid());
        }
        let pattern = Regex::new(pod).map_err(|_| invalid())?;
        Ok(Self { typed: text.to_owned(), text: pod.to_owned(), namespace: namespace.map(str::to_owned), pattern })
    }

    /// The directories that are meant: by their own name, else by the pod's, else by its beginning, else by the expression.
    pub fn select<'a>(&self, directories: &[&'a str]) -> Vec<&'a str> {
        let of_namespace: Vec<_> = directories.iter().map(|directory| (*directory, PodId::parse(directory))).collect();
        let of_namespace = || {
            let wanted = |id: &PodId<'_>| self.namespace.as_ref().is_none_or(|namespace| namespace == id.namespace);
            of_namespace.iter().filter(move |(_, id)| wanted(id))
        };
        let names = |matches: fn(&Self, &str, &str) -> bool| -> Vec<&'a str> {
            of_namespace().filter(|(directory, id)| matches(self, directory, id.pod)).map(|(directory, _)| *directory).collect()
        };
        let rules: [fn(&Self, &str, &str) -> bool; 4] = [
            |pattern, directory, _| directory == pattern.text,
            |pattern, _, pod| pod == pattern.text,
            |pattern, _, pod| pod.starts_with(&pattern.text),
            |pattern, _, pod| pattern.pattern.is_match(pod),
        ];
        rules.into_iter().map(names).find(|found| !found.is_empty()).unwrap_or_default()
    }
}

/// The pods and streams to read
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Logs {
    /// A pod as `kubectl get pods` prints it, its beginning, or a regular expression; all without it
    #[arg(value_parser = PodPattern::parse)]
    pub pod: Option<PodPattern>,
    /// A stream, such as access; all without it
    #[arg(value_parser = stream)]
    pub stream: Option<Stream>,
    /// The same, without a pod
    #[arg(long = "stream", value_name = "STREAM", value_parser = stream, conflicts_with = "stream")]
    pub stream_of_all: Option<Stream>,
    /// Only the newest pod that isn't running any more
    #[arg(short, long)]
    pub previous: bool,
    /// With the segments in the archive
    #[arg(long, requires = "archive_url")]
    pub archive: bool,
}

impl Logs {
    /// The selection that these arguments mean.
    pub fn selection<'a>(&'a self, archive: Option<&'a Archive>) -> Selection<'a> {
        let stream = self.stream.as_ref().or(self.stream_of_all.as_ref());
        Selection {
            pod: self.pod.as_ref(),
            stream,
            archive: archive.filter(|_| self.archive),
            previous: self.previous,
            ..Selection::default()
        }
    }
}

/// Takes a stream's name, or that of its live file.
pub fn stream(text: &str) -> Result<Stream, <Stream as FromStr>::Err> {
    text.strip_suffix(".log").unwrap_or(text).parse()
}

/// The pods and streams to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// The pods; all without it.
    pub pod: Option<&'a PodPattern>,
    /// The stream; all without it.
    pub stream: Option<&'a Stream>,
    /// The archive, if its segments are wanted.
    pub archive: Option<&'a Archive>,
    /// Only the newest pod that isn't running any more.
    pub previous: bool,
    /// The time range: archived segments outside it may be left out.
    pub since: Option<DateTime<Utc>>,
    /// Its end.
    pub until: Option<DateTime<Utc>>,
}

/// The pods that were found, and the directories that can't be read.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their names.
    pub pods: Vec<PodLogs>,
    /// One line for each directory that can't be read.
    pub errors: Vec<String>,
    /// There is no such pod, but a stream of that name.
    is_stream: bool,
}

impl Found {
    /// Fails with one line where nothing was found.
    pub fn ensure_any(self, selection: &Selection<'_>) -> anyhow::Result<Self> {
        if self.pods.is_empty() && self.errors.is_empty() {
            match selection.pod {
                Some(PodPattern { typed, .. }) if self.is_stream => {
                    bail!("no logs of a pod {typed}; `--stream {typed}` is that stream of all pods")
                }
                Some(pod) => bail!("no logs of a pod {}; `logshipper ls` lists the pods", pod.typed),
                None => bail!("LOG_ROOT holds no directory of a pod"),
            }
        }
        let streams: BTreeSet<_> = self.pods.iter().flat_map(|pod| pod.streams(None)).collect();
        if self.errors.is_empty() && selection.stream.is_some_and(|stream| !streams.contains(stream)) {
            let names: Vec<_> = streams.iter().map(Stream::as_str).collect();
            bail!(
                "no such stream; there {}",
                if names.is_empty() { "is none".into() } else { format!("are {}", names.join(", ")) }
            );
        }
        Ok(self)
    }
}

/// Finds the logs of the selected pods, with their archived segments where those are wanted.
pub fn find(root: &Dir, selection: &Selection<'_>) -> anyhow::Result<Found> {
    let mut archived = match selection.archive {
        Some(archive) => {
            let Selection { pod, stream, since, until, .. } = *selection;
            let is_pod = |directory: &str| pod.is_none_or(|pod| !pod.select(&[directory]).is_empty());
            let wanted = Wanted { is_pod: &is_pod, stream, since, until };
            archive.list(&wanted).with_context(|| format!("ARCHIVE_URL {}", archive.url()))?
        }
        None => BTreeMap::new(),
    };
    let names = root.names().context("LOG_ROOT can't be read")?;
    let here: BTreeSet<&str> = names.iter().filter_map(|name| name.to_str()).filter(|name| !name.starts_with('.')).collect();
    let all: Vec<&str> =
        here.iter().copied().chain(archived.keys().map(String::as_str)).collect::<BTreeSet<_>>().into_iter().collect();
    let mut selected = selection.pod.map_or_else(|| all.clone(), |pod| pod.select(&all));
    if selection.previous {
        selected = previous(root, &selected);
    }
    let mut found = Found::default();
    // Files in the root belong to no pod.
    let is_lost = |name: &&OsString| name.to_str().is_none() && root.open_dir(name).is_ok();
    for name in names.iter().filter(is_lost).filter(|_| selection.pod.is_none()) {
        found.errors.push(format!("{}: not read, since its name is no UTF-8 text", escaped(name)));
    }
    for name in selected.into_iter().map(str::to_owned).collect::<Vec<_>>() {
        let streams = if here.contains(name.as_str()) { files(root, &name) } else { Ok(None) };
        let (streams, is_here) = match streams {
            Ok(streams) => (streams.clone().unwrap_or_default(), streams.is_some()),
            Err(error) => {
                found.errors.push(format!("{}: {error}", escaped(OsStr::new(&name))));
                continue;
            }
        };
        let archived = archived.remove(&name).unwrap_or_default();
        if is_here || !archived.is_empty() {
            found.pods.push(PodLogs { name, is_here, streams, archived });
        }
    }
    if found.pods.is_empty()
        && let Some(stream) = selection.pod.and_then(|pod| stream(&pod.typed).ok())
    {
        let has_stream =
            |name: &&str| files(root, name).is_ok_and(|streams| streams.is_some_and(|all| all.contains_key(&stream)));
        found.is_stream = here.iter().any(has_stream);
    }
    Ok(found)
}

/// The streams and segments in a pod's directory, by their names alone; `None` if it is no directory.
fn files(root: &Dir, pod: &str) -> io::Result<Option<BTreeMap<Stream, BTreeSet<Segment>>>> {
    let dir = match root.open_dir(OsStr::new(pod)) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotADirectory | io::ErrorKind::NotFound) => return Ok(None),
        dir => dir?,
    };
    let mut streams: BTreeMap<Stream, BTreeSet<Segment>> = BTreeMap::new();
    for name in dir.paths()? {
        match name.to_str().and_then(FileName::parse) {
            Some(FileName::Live(stream) | FileName::Rolled(Rolled { stream, .. })) => drop(streams.entry(stream).or_default()),
            Some(FileName::Segment(segment, _)) => drop(streams.entry(segment.stream.clone()).or_default().insert(segment)),
            None => {}
        }
    }
    Ok(Some(streams))
}

/// The directory that was written last among those whose pod isn't running.
fn previous<'a>(root: &Dir, pods: &[&'a str]) -> Vec<&'a str> {
    let last_change = |pod: &&'a str| {
        let dir = root.open_dir(OsStr::new(pod)).ok()?;
        let files = dir.paths().ok()?.into_iter().filter_map(|name| dir.meta(&name).ok()?);
        let last = files.map(|meta| meta.modified).max();
        (is_alive(&dir) == Some(false)).then_some((last, *pod))
    };
    pods.iter().filter_map(last_change).max().map(|(_, pod)| pod).into_iter().collect()
}

/// The name of the one directory that `pod` means, and the directory.
pub fn directory(root: &Dir, pod: &PodPattern) -> anyhow::Result<(String, Dir)> {
    let selection = Selection { pod: Some(pod), ..Selection::default() };
    let found = find(root, &selection)?.ensure_any(&selection)?;
    match &found.pods[..] {
        [one] => Ok((one.name.clone(), root.open_dir(OsStr::new(&one.name))?)),
        [] => bail!("{}", found.errors.join("; ")),
        several => {
            let names: Vec<_> = several.iter().map(|pod| pod.name.as_str()).collect();
            bail!("{} means several pods: {}", pod.typed, names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn pods_match_by_name_prefix_and_expression() {
        let all = [
            "default_petclinic-7d4b9c6f5-x2x4z_11",
            "default_petclinic-7d4b9c6f5-zzzzz_22",
            "test_mysql-0_33",
            "test_mysql-0_44",
            "pod-1",
        ];
        let select = |text: &str| PodPattern::parse(text).unwrap().select(&all);
        assert_eq!(select("pod-1"), ["pod-1"]);
        assert_eq!(select("test_mysql-0_44"), ["test_mysql-0_44"]);
        assert_eq!(select("petclinic-7d4b9c6f5-x2x4z"), all[..1]);
        assert_eq!(select("petclinic"), all[..2]);
        assert_eq!(select("mysql-0"), all[2..4]);
        assert_eq!(select("test/mysql"), all[2..4]);
        assert_eq!(select("pod/mysql-0"), all[2..4]);
        assert_eq!(select("sql-[0-9]$|zzzzz"), all[1..4]);
        assert_eq!(select("default/mysql"), [""; 0]);
        for text in ["", "/", "a/b/c", "../etc", "("] {
            assert!(PodPattern::parse(text).is_err(), "{text}");
        }
    }
}
