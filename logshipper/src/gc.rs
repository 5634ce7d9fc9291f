//! Order on the node: what dead pods left is compressed, kept for a while and removed, and all segments together stay
//! within a quota. One logshipper of the node does this at a time.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use handoff::Form;

use crate::archive::state::ArchiveState;
use crate::compactor::Compactor;
use crate::compress::Checkpoint;
use crate::dir::{Dir, Meta, escaped};
use crate::error_log::ErrorLog;
use crate::handover::{self, Evidence, Handover};
use crate::log_files::LogFiles;
use crate::metrics::{Metrics, gauge};
use crate::plan::{CLOCK_GRACE, Candidate, Limits, Policy, over_quota};
use crate::pod::{LOCK, OpenError, Pod, is_alive};
use crate::rotate::{NUMBERING, Rotator};
use crate::survey::{Now, Survey};

/// The file whose lock makes a process the one collector of the node.
const COLLECTOR: &str = ".logshipper.reap.lock";
/// Collects the directories of dead pods, and keeps the node's quota.
#[derive(Debug)]
pub struct Collector {
    metrics: Arc<Metrics>,
    errors: ErrorLog,
    archive_state: Arc<ArchiveState>,
    /// The directories whose locks are free, by identity.
    free: HashMap<(u64, u64), Orphan>,
}

/// A directory that no logshipper works on.
#[derive(Debug)]
struct Orphan {
    name: OsString,
    /// The time since which its lock has been free.
    since: Instant,
    compactor: Compactor,
}

impl Collector {
    /// Creates a collector that counts in `metrics` and keeps segments until they are archived.
    pub fn new(metrics: &Arc<Metrics>, archive_state: &Arc<ArchiveState>) -> Self {
        let errors = ErrorLog::new(Arc::clone(metrics));
        Self { metrics: Arc::clone(metrics), errors, archive_state: Arc::clone(archive_state), free: HashMap::new() }
    }

    /// Visits all directories in `root` but `own`. What fails is reported and left for the next pass.
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
        // Waiting times go on while another logshipper collects: any may be the next.
        self.find_orphans(root, own, now)?;
        let Some(_lock) = root.lock(OsStr::new(COLLECTOR))? else { return Ok(()) };
        let mut free = std::mem::take(&mut self.free);
        let is_dead = |orphan: &Orphan| now.monotonic.saturating_duration_since(orphan.since) >= limits.grace();
        self.metrics.orphans.set(gauge(free.values().filter(|orphan| is_dead(orphan)).count()));
        let mut collected = Ok(());
        for orphan in free.values_mut().filter(|orphan| is_dead(orphan)) {
            let done = self.collect(root, orphan, policy, limits, now, checkpoint);
            collected = checkpoint();
            if collected.is_err() {
                break;
            }
            self.errors.record("reap", &escaped(&orphan.name), &done);
        }
        self.free = free;
        collected?;
        self.keep_quota(root, limits.quota)
    }

    /// Finds the directories in which a logshipper has worked, and whose locks are free.
    fn find_orphans(&mut self, root: &Dir, own: &OsStr, now: Now) -> io::Result<()> {
        let mut free = HashMap::new();
        for name in pod_names(root)? {
            let Ok(dir) = root.open_dir(&name) else { continue };
            if name == own || dir.meta(OsStr::new(LOCK))?.is_none() || is_alive(&dir) != Some(false) {
                continue;
            }
            let identity = dir.own_meta()?.identity;
            let compactor = || Compactor::for_orphan(&self.metrics, &self.archive_state);
            let new = || Orphan { name: name.clone(), since: now.monotonic, compactor: compactor() };
            let known = self.free.remove(&identity).filter(|orphan| orphan.name == name);
            free.insert(identity, known.unwrap_or_else(new));
        }
        self.free = free;
        Ok(())
    }

    fn collect(
        &self,
        root: &Dir,
        orphan: &mut Orphan,
        policy: &Policy,
        limits: &Limits,
        now: Now,
        checkpoint: Checkpoint<'_>,
    ) -> io::Result<()> {
        let name = &orphan.name;
        let pod = match Pod::open(root, name) {
            Ok(pod) => pod,
            // It has come back.
            Err(OpenError::Taken) => return Ok(()),
            Err(OpenError::Io(error)) => return Err(error),
        };
        // The clock may be wrong: the time since which it has been an orphan is measured here.
        let limit = limits.orphan_age.min(CLOCK_GRACE);
        let is_observed = now.monotonic.saturating_duration_since(orphan.since) >= limit;
        let evidence = if is_observed { Evidence::Quiet(limit) } else { Evidence::None };
        let mut rotator = Rotator::new(&self.metrics, &Arc::default());
        rotator.set_evidence(evidence.clone());
        rotator.end(&pod, policy, now)?;
        orphan.compactor.set_evidence(evidence.clone());
        orphan.compactor.pass(&pod, policy, checkpoint)?;
        let survey = Survey::of(name, &pod.dir, &self.archive_state, &policy.log_files)?;
        if !survey.unarchived.is_empty() {
            self.archive_state.enqueue(name);
            return Ok(());
        }
        let plain = survey.segments.values().any(|forms| forms.plain.is_some());
        // An empty live file may have a writer too, which lives on without its logshipper.
        for live in &survey.live {
            let asked = handover::try_acquire(&pod.dir, OsStr::new(&live.stream.live_name()), &evidence)?;
            if live.bytes > 0 || matches!(asked, Handover::Held(_)) {
                return Ok(());
            }
        }
        if plain || survey.rolled.iter().any(|file| file.bytes > 0) {
            return Ok(());
        }
        let last_line = last_line(&pod.dir, &survey)?.unwrap_or(pod.dir.own_meta()?.modified);
        if is_observed && (now.wall - last_line).to_std().is_ok_and(|age| age >= limits.orphan_age) {
            self.remove(root, name, &pod, &survey)?;
        }
        Ok(())
    }

    /// Removes what this program and its writers made, and the directory if that was all.
    fn remove(&self, root: &Dir, name: &OsStr, pod: &Pod, survey: &Survey) -> io::Result<()> {
        for segment in survey.segments.keys() {
            pod.dir.remove(OsStr::new(&segment.name(Form::Gz)))?;
            self.metrics.removed("orphan");
        }
        for file in survey.quarantined.iter().map(|(_, name)| name).chain(&survey.temporary) {
            pod.dir.remove(OsStr::new(file))?;
        }
        for live in &survey.live {
            pod.dir.remove(OsStr::new(&live.stream.live_name()))?;
        }
        for file in &survey.rolled {
            pod.dir.remove(OsStr::new(&file.name))?;
        }
        let mut directories: Vec<_> = survey.directories.iter().collect();
        directories.sort_by_key(|path| std::cmp::Reverse(path.len()));
        for path in directories {
            // One with other files keeps the pod's directory too, and that is reported.
            let _ = pod.dir.remove_dir(path);
        }
        pod.dir.remove(OsStr::new(NUMBERING))?;
        pod.dir.remove(OsStr::new(LOCK))?;
        root.remove_dir(name)?;
        tracing::info!(directory = %escaped(name), segments = survey.segments.len(), "directory of a dead pod removed");
        Ok(())
    }

    /// Removes compressed segments until the files of all pods fit the quota.
    fn keep_quota(&mut self, root: &Dir, quota: Option<u64>) -> io::Result<()> {
        let (mut usage, mut candidates) = (BTreeMap::new(), Vec::new());
        let pods = pod_names(root)?;
        self.archive_state.retain(&pods);
        let no_archive = ArchiveState::default();
        let archive_state = if quota.is_some() { &*self.archive_state } else { &no_archive };
        for pod in pods {
            let Ok(dir) = root.open_dir(&pod) else { continue };
            let survey = Survey::of(&pod, &dir, archive_state, &LogFiles::ANY)?;
            usage.insert(pod.clone(), survey.bytes());
            for (segment, _) in survey.segments.iter().filter(|(_, forms)| quota.is_some() && forms.plain.is_none()) {
                let name = segment.name(Form::Gz);
                if let Some(meta) = dir.meta(OsStr::new(&name))? {
                    let unarchived = survey.unarchived.contains(segment);
                    candidates.push(Candidate { unarchived, modified: meta.modified, pod: pod.clone(), name, bytes: meta.bytes });
                }
            }
        }
        let mut total: u64 = usage.values().sum();
        if let Some(quota) = quota {
            self.metrics.quota.set(gauge(quota));
            for Candidate { unarchived, pod, name, bytes, .. } in over_quota(candidates, usage, quota) {
                root.open_dir(&pod)?.remove(OsStr::new(&name))?;
                total -= bytes;
                self.metrics.removed("quota");
                let archived = self.archive_state.archive().is_some() && !unarchived;
                if !archived {
                    self.metrics.dropped.inc();
                }
                let directory = escaped(&pod);
                tracing::warn!(directory, segment = %name, bytes, archived, "segment removed: NODE_QUOTA is exceeded");
            }
            let fits =
                if total > quota { Err("exceeded by files that can't be removed: live, in use or unmanaged") } else { Ok(()) };
            self.errors.record("quota", "NODE_QUOTA", &fits);
        }
        self.metrics.root_bytes.set(gauge(total));
        Ok(())
    }
}

/// Returns the names in the root that may be pods' directories.
fn pod_names(root: &Dir) -> io::Result<Vec<OsString>> {
    let mut names = root.names()?;
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort();
    Ok(names)
}

/// Returns the time at which the newest file of the pod was last written.
fn last_line(dir: &Dir, survey: &Survey) -> io::Result<Option<DateTime<Utc>>> {
    let segments = survey.segments.keys().map(|segment| segment.name(Form::Gz));
    let live = survey.live.iter().map(|live| live.stream.live_name());
    let mut newest = None;
    for name in segments.chain(live) {
        newest = newest.max(dir.meta(OsStr::new(&name))?.map(|meta: Meta| meta.modified));
    }
    Ok(newest)
}
