//! Order on the node: what dead pods left is compressed, kept for a while and removed, and all segments together stay
//! within a quota. One logshipper of the node does this at a time.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use handoff::Form;

use crate::archive::state::ArchiveState;
use crate::compactor::Compactor;
use crate::compress::Checkpoint;
use crate::dir::{Dir, Meta, escaped};
use crate::error_log::ErrorLog;
use crate::handover::{Handover, Handovers};
use crate::metrics::{Metrics, gauge};
use crate::plan::{Candidate, Limits, Listing, Policy, over_quota};
use crate::pod::{Ages, LOCK, Now, OpenError, Pod, is_alive, list};
use crate::rotate::{NUMBERING, Rotator};

/// Whoever reaps holds this file's lock.
const REAPER: &str = ".logshipper.reap.lock";
/// Works on the directories of dead pods.
#[derive(Debug)]
pub struct Collector {
    metrics: Arc<Metrics>,
    errors: ErrorLog,
    archive_state: Arc<ArchiveState>,
    /// Since when the lock of each directory has been free.
    free: HashMap<(u64, u64), Instant>,
}

impl Collector {
    /// One that counts in `metrics` and keeps what the archive_state says isn't archived yet.
    pub fn new(metrics: &Arc<Metrics>, archive_state: &Arc<ArchiveState>) -> Self {
        let errors = ErrorLog::new(Arc::clone(metrics));
        Self { metrics: Arc::clone(metrics), errors, archive_state: Arc::clone(archive_state), free: HashMap::new() }
    }

    /// Looks at all directories in `root` but `own`. What fails is reported and left for the next pass.
    pub fn pass(&mut self, root: &Dir, own: &OsStr, policy: &Policy, limits: &Limits, now: Now, checkpoint: Checkpoint<'_>) {
        let done = self.try_pass(root, own, policy, limits, now, checkpoint);
        if checkpoint().is_ok() {
            self.errors.record("reap", "log root", &done);
        }
    }

    fn try_pass(
        &mut self,
        root: &Dir,
        own: &OsStr,
        policy: &Policy,
        limits: &Limits,
        now: Now,
        checkpoint: Checkpoint<'_>,
    ) -> io::Result<()> {
        // Waiting times go on while another logshipper reaps: any may be the next.
        let dead = self.dead(root, own, limits.grace(), now)?;
        let Some(_lock) = root.lock(OsStr::new(REAPER))? else { return Ok(()) };
        self.metrics.orphans.set(gauge(dead.len()));
        for name in dead {
            checkpoint()?;
            let done = self.reap(root, &name, policy, limits, now, checkpoint);
            checkpoint()?;
            self.errors.record("reap", &escaped(&name), &done);
        }
        self.keep_quota(root, limits.quota)
    }

    /// The directories in which a logshipper has worked, and whose locks have been free for the time of grace.
    fn dead(&mut self, root: &Dir, own: &OsStr, grace: Duration, now: Now) -> io::Result<Vec<OsString>> {
        let (mut free, mut dead) = (HashMap::new(), Vec::new());
        for name in pod_names(root)? {
            let Ok(dir) = root.open_dir(&name) else { continue };
            if name == own || dir.meta(OsStr::new(LOCK))?.is_none() || is_alive(&dir) != Some(false) {
                continue;
            }
            let identity = dir.own_meta()?.identity;
            let since = *self.free.get(&identity).unwrap_or(&now.monotonic);
            free.insert(identity, since);
            if now.monotonic.saturating_duration_since(since) >= grace {
                dead.push(name);
            }
        }
        self.free = free;
        Ok(dead)
    }

    fn reap(
        &self,
        root: &Dir,
        name: &OsStr,
        policy: &Policy,
        limits: &Limits,
        now: Now,
        checkpoint: Checkpoint<'_>,
    ) -> io::Result<()> {
        let pod = match Pod::open(root, name) {
            Ok(pod) => pod,
            // It has come back.
            Err(OpenError::Taken) => return Ok(()),
            Err(OpenError::Io(error)) => return Err(error),
        };
        Rotator::new(&self.metrics).end(&pod, now)?;
        Compactor::for_orphan(&self.metrics, &self.archive_state).pass(&pod, policy, checkpoint)?;
        let mut listing = list(&pod.dir, &mut Ages::default(), now)?;
        self.archive_state.annotate(name, &pod.dir, &mut listing);
        if !listing.waiting.is_empty() {
            self.archive_state.enqueue(name);
            return Ok(());
        }
        let plain = listing.segments.values().any(|forms| forms.plain.is_some());
        // An empty live file may have a writer too, which lives on without its logshipper.
        let mut handovers = Handovers::default();
        for live in &listing.live {
            let asked = handovers.ask(&pod.dir, OsStr::new(&live.stream.live_name()), now.monotonic)?;
            if live.bytes > 0 || matches!(asked, Handover::Held(_)) {
                return Ok(());
            }
        }
        if plain {
            return Ok(());
        }
        let age = now.wall - last_line(&pod.dir, &listing)?.unwrap_or(pod.dir.own_meta()?.modified);
        if age.to_std().is_ok_and(|age| age >= limits.orphan_age) {
            self.remove(root, name, &pod, &listing)?;
        }
        Ok(())
    }

    /// Removes what this program and its writers made, and the directory if that was all.
    fn remove(&self, root: &Dir, name: &OsStr, pod: &Pod, listing: &Listing) -> io::Result<()> {
        for segment in listing.segments.keys() {
            pod.dir.remove(OsStr::new(&segment.name(Form::Gz)))?;
            self.metrics.removed("orphan");
        }
        for file in listing.quarantined.iter().map(|(_, name)| name).chain(&listing.temporary) {
            pod.dir.remove(OsStr::new(file))?;
        }
        for live in &listing.live {
            pod.dir.remove(OsStr::new(&live.stream.live_name()))?;
        }
        pod.dir.remove(OsStr::new(NUMBERING))?;
        pod.dir.remove(OsStr::new(LOCK))?;
        root.remove_dir(name)?;
        tracing::info!(directory = %escaped(name), segments = listing.segments.len(), "directory of a dead pod removed");
        Ok(())
    }

    /// Removes compressed segments of any pod until all fit the quota.
    fn keep_quota(&self, root: &Dir, quota: Option<u64>) -> io::Result<()> {
        let (mut total, mut candidates) = (0, Vec::new());
        let pods = pod_names(root)?;
        self.archive_state.retain(&pods);
        for pod in pods {
            let Ok(dir) = root.open_dir(&pod) else { continue };
            let mut listing = list(&dir, &mut Ages::default(), Now::read())?;
            if quota.is_some() {
                self.archive_state.annotate(&pod, &dir, &mut listing);
            }
            total += listing.live.iter().map(|live| live.bytes).sum::<u64>();
            for (segment, forms) in &listing.segments {
                total += forms.plain.unwrap_or(0) + forms.gz.unwrap_or(0);
                let name = segment.name(Form::Gz);
                if quota.is_some()
                    && forms.plain.is_none()
                    && let Some(meta) = dir.meta(OsStr::new(&name))?
                {
                    let waiting = listing.waiting.contains(segment);
                    let place = (pod.clone(), name);
                    candidates.push(Candidate { waiting, modified: meta.modified, place, bytes: meta.bytes });
                }
            }
        }
        if let Some(quota) = quota {
            self.metrics.quota.set(gauge(quota));
            for Candidate { waiting, place: (pod, name), bytes, .. } in over_quota(candidates, total, quota) {
                root.open_dir(&pod)?.remove(OsStr::new(&name))?;
                total -= bytes;
                self.metrics.removed("quota");
                let archived = self.archive_state.archive().is_some() && !waiting;
                if !archived {
                    self.metrics.dropped.inc();
                }
                let directory = escaped(&pod);
                tracing::warn!(directory, segment = %name, bytes, archived, "segment removed: NODE_QUOTA is exceeded");
            }
        }
        self.metrics.root_bytes.set(gauge(total));
        Ok(())
    }
}

/// Names in the root that may be pods' directories.
fn pod_names(root: &Dir) -> io::Result<Vec<OsString>> {
    let mut names = root.names()?;
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort();
    Ok(names)
}

/// When the newest file of the pod was last written.
fn last_line(dir: &Dir, listing: &Listing) -> io::Result<Option<DateTime<Utc>>> {
    let segments = listing.segments.keys().map(|segment| segment.name(Form::Gz));
    let live = listing.live.iter().map(|live| live.stream.live_name());
    let mut newest = None;
    for name in segments.chain(live) {
        newest = newest.max(dir.meta(OsStr::new(&name))?.map(|meta: Meta| meta.modified));
    }
    Ok(newest)
}
