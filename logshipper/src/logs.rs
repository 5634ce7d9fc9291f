//! The pods below a log root, for the commands that read.

use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use handoff::Stream;

use crate::dir::Dir;
use crate::plan::Listing;
use crate::pod::{Ages, Now, list};

/// A pod's directory, open for reading.
pub struct PodLogs {
    /// The pod's name.
    pub name: String,
    /// Its directory.
    pub dir: Arc<Dir>,
    /// What is in it.
    pub listing: Listing,
}

impl PodLogs {
    /// The streams that have a file, in the order of their names.
    pub fn streams(&self) -> Vec<Stream> {
        let live = self.listing.live.iter().map(|live| &live.stream);
        let mut streams: Vec<_> = live.chain(self.listing.segments.keys().map(|segment| &segment.stream)).cloned().collect();
        streams.sort();
        streams.dedup();
        streams
    }
}

/// The directories of `pod`, or of all pods, in the order of their names.
///
/// # Errors
/// Where there is none; one line says what is missing.
pub fn pods(root: &Dir, pod: Option<&str>) -> anyhow::Result<Vec<PodLogs>> {
    if let Some(pod) = pod {
        let found = open(root, OsStr::new(pod))
            .with_context(|| format!("no logs of a pod {pod}; `logshipper ls` shows which there are"))?;
        return Ok(vec![found]);
    }
    let mut names: Vec<OsString> = root.names().context("LOG_ROOT can't be read")?;
    names.sort();
    let pods: Vec<_> = names.iter().filter_map(|name| open(root, name).ok()).collect();
    if pods.is_empty() {
        bail!("LOG_ROOT holds no directory of a pod");
    }
    Ok(pods)
}

/// The one stream that was asked for, or all.
pub fn streams(pod: &PodLogs, wanted: Option<&Stream>) -> Vec<Stream> {
    pod.streams().into_iter().filter(|stream| wanted.is_none_or(|wanted| wanted == stream)).collect()
}

fn open(root: &Dir, name: &OsStr) -> io::Result<PodLogs> {
    let text = name.to_str().filter(|text| !text.starts_with('.') && !text.contains('/')).ok_or(io::ErrorKind::NotFound)?;
    let dir = root.open_dir(name)?;
    let listing = list(&dir, &mut Ages::default(), Now::read())?;
    Ok(PodLogs { name: text.to_owned(), dir: Arc::new(dir), listing })
}
