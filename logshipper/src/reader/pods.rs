//! The pods whose logs can be read: below a log root, and in the archive where that is wanted.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use handoff::{Segment, Stream};

use crate::archive::{Archive, Object};
use crate::dir::Dir;
use crate::plan::Listing;
use crate::pod::{Ages, Now, list};

/// What there is of a pod.
pub struct PodLogs {
    /// The pod's name.
    pub name: String,
    /// Its directory, unless it is in the archive alone.
    pub dir: Option<Arc<Dir>>,
    /// What is in it.
    pub listing: Listing,
    /// Its archived segments, where they are wanted.
    pub archived: BTreeMap<Segment, Object>,
}

impl PodLogs {
    /// The streams that have a file, in the order of their names.
    pub fn streams(&self) -> Vec<Stream> {
        let live = self.listing.live.iter().map(|live| &live.stream);
        let mut streams: Vec<_> = live.chain(self.segments().into_iter().map(|segment| &segment.stream)).cloned().collect();
        streams.sort();
        streams.dedup();
        streams
    }

    /// The segments in the directory and in the archive, each once.
    pub fn segments(&self) -> Vec<&Segment> {
        let mut segments: Vec<_> = self.listing.segments.keys().chain(self.archived.keys()).collect();
        segments.sort();
        segments.dedup();
        segments
    }

    /// The archived segments of a stream that aren't in the directory.
    pub fn archived_alone(&self, stream: &Stream) -> BTreeMap<Segment, Object> {
        let alone =
            |(segment, _): &(&Segment, &Object)| segment.stream == *stream && !self.listing.segments.contains_key(segment);
        self.archived.iter().filter(alone).map(|(segment, object)| (segment.clone(), object.clone())).collect()
    }
}

/// The logs of `pod`, or of all pods, in the order of their names; with what is in `archive`.
///
/// # Errors
/// Where there are none, or the archive can't be read; one line says what is missing.
pub fn pods(root: &Dir, pod: Option<&str>, archive: Option<&Archive>) -> anyhow::Result<Vec<PodLogs>> {
    let mut archived = match archive {
        Some(archive) => archive.list(pod).with_context(|| format!("ARCHIVE_URL {}", archive.url()))?,
        None => BTreeMap::new(),
    };
    if let Some(pod) = pod.filter(|_| archived.is_empty()) {
        return Ok(vec![open(root, OsStr::new(pod)).with_context(|| missing(pod))?]);
    }
    let names = pod.map_or_else(|| root.names(), |pod| Ok(vec![OsString::from(pod)])).context("LOG_ROOT can't be read")?;
    let mut pods: Vec<_> = names.iter().filter_map(|name| open(root, name).ok()).collect();
    for pod in &mut pods {
        pod.archived = archived.remove(&pod.name).unwrap_or_default();
    }
    pods.extend(archived.into_iter().map(|(name, archived)| PodLogs { name, dir: None, listing: Listing::default(), archived }));
    pods.sort_by(|one, other| one.name.cmp(&other.name));
    if pods.is_empty() {
        bail!("LOG_ROOT holds no directory of a pod");
    }
    Ok(pods)
}

/// The directory of `pod`, and what is in it.
///
/// # Errors
/// Where there is none; one line says so.
pub fn directory(root: &Dir, pod: &str) -> anyhow::Result<(Arc<Dir>, Listing)> {
    let found = open(root, OsStr::new(pod)).with_context(|| missing(pod))?;
    Ok((found.dir.with_context(|| missing(pod))?, found.listing))
}

fn missing(pod: &str) -> String {
    format!("no logs of a pod {pod}; `logshipper ls` shows which there are")
}

/// The one stream that was asked for, or all.
pub fn streams(pod: &PodLogs, wanted: Option<&Stream>) -> Vec<Stream> {
    pod.streams().into_iter().filter(|stream| wanted.is_none_or(|wanted| wanted == stream)).collect()
}

fn open(root: &Dir, name: &OsStr) -> io::Result<PodLogs> {
    let text = name.to_str().filter(|text| !text.starts_with('.') && !text.contains('/')).ok_or(io::ErrorKind::NotFound)?;
    let dir = root.open_dir(name)?;
    let listing = list(&dir, &mut Ages::default(), Now::read())?;
    Ok(PodLogs { name: text.to_owned(), dir: Some(Arc::new(dir)), listing, archived: BTreeMap::new() })
}
