//! What the daemon counts, for Prometheus to read on the admin port, and what its probes ask.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::plan;

/// How long a thread may be silent before the program is no longer alive: a disk may hang for a while.
const SILENCE: Duration = Duration::from_mins(2);

/// A label of one word.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// The numbers of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    rotations: Family<Reason, Counter>,
    removals: Family<Reason, Counter>,
    errors: Family<Operation, Counter>,
    archive_errors: Family<Kind, Counter>,
    /// Segments of the pod, plain or compressed.
    pub segments: Gauge,
    /// Segments that the quota removed and that are nowhere else.
    pub dropped: Counter,
    /// Segments uploaded.
    pub archived: Counter,
    /// Their compressed bytes.
    pub archived_bytes: Counter,
    /// Closed segments that aren't archived yet.
    pub archive_pending: Gauge,
    /// For how many seconds the oldest of them has been closed.
    pub archive_lag: Gauge,
    /// Segments compressed.
    pub compressed: Counter,
    /// Plain bytes of the segments compressed.
    pub plain_bytes: Counter,
    /// Compressed bytes of the segments compressed.
    pub gzip_bytes: Counter,
    /// Plain segments that wait.
    pub pending: Gauge,
    /// For how many seconds the oldest of them has waited.
    pub pending_age: Gauge,
    /// Plain segments that a writer holds.
    pub held: Gauge,
    /// Of those, the ones whose writers the kernel can't tell, so that they have to stay quiet for a while.
    pub unquiet: Gauge,
    /// Directories of dead pods.
    pub orphans: Gauge,
    /// Bytes of all pods' segments and live files.
    pub root_bytes: Gauge,
    /// Bytes that they may take; 0 without a quota.
    pub quota: Gauge,
    start: Instant,
    rotator_seen: AtomicU64,
    worker_seen: AtomicU64,
    ready: AtomicBool,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("logshipper"),
            rotations: Family::default(),
            removals: Family::default(),
            errors: Family::default(),
            archive_errors: Family::default(),
            segments: Gauge::default(),
            dropped: Counter::default(),
            archived: Counter::default(),
            archived_bytes: Counter::default(),
            archive_pending: Gauge::default(),
            archive_lag: Gauge::default(),
            compressed: Counter::default(),
            plain_bytes: Counter::default(),
            gzip_bytes: Counter::default(),
            pending: Gauge::default(),
            pending_age: Gauge::default(),
            held: Gauge::default(),
            unquiet: Gauge::default(),
            orphans: Gauge::default(),
            root_bytes: Gauge::default(),
            quota: Gauge::default(),
            start: Instant::now(),
            rotator_seen: AtomicU64::new(0),
            worker_seen: AtomicU64::new(0),
            ready: AtomicBool::new(false),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("rotations", "Live files rotated", self.rotations.clone());
        registry.register("segments_removed", "Segments removed", self.removals.clone());
        registry.register("errors", "Operations that failed, each try", self.errors.clone());
        registry.register("segments_compressed", "Segments compressed", self.compressed.clone());
        registry.register_with_unit("plain", "Plain bytes of segments compressed", Unit::Bytes, self.plain_bytes.clone());
        registry.register_with_unit(
            "compressed",
            "Compressed bytes of segments compressed",
            Unit::Bytes,
            self.gzip_bytes.clone(),
        );
        registry.register("pending_segments", "Plain segments that wait for compression", self.pending.clone());
        registry.register_with_unit("pending_age", "Wait of the oldest plain segment", Unit::Seconds, self.pending_age.clone());
        registry.register("held_segments", "Plain segments that a writer holds", self.held.clone());
        registry.register(
            "unquiet_segments",
            "Held segments that are waited for because leases are refused",
            self.unquiet.clone(),
        );
        registry.register(
            "orphan_directories",
            "Directories of dead pods, as the reaping logshipper sees them",
            self.orphans.clone(),
        );
        registry.register_with_unit(
            "root",
            "All pods' log files, as the reaping logshipper sees them",
            Unit::Bytes,
            self.root_bytes.clone(),
        );
        registry.register_with_unit("quota", "NODE_QUOTA; 0 without one", Unit::Bytes, self.quota.clone());
        registry.register("segments", "Segments of the pod, plain or compressed", self.segments.clone());
        registry.register("dropped_segments", "Segments that NODE_QUOTA removed and that are not archived", self.dropped.clone());
        self.register_archive();
        let registry = &mut self.registry;
        registry.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    }

    fn register_archive(&mut self) {
        let registry = &mut self.registry;
        registry.register("archived_segments", "Segments uploaded to the archive", self.archived.clone());
        registry.register_with_unit("archived", "Compressed bytes uploaded", Unit::Bytes, self.archived_bytes.clone());
        registry.register("archive_pending_segments", "Closed segments not archived yet", self.archive_pending.clone());
        registry.register_with_unit(
            "archive_lag",
            "Since the oldest segment that is not archived was closed",
            Unit::Seconds,
            self.archive_lag.clone(),
        );
        registry.register("archive_errors", "Tries to archive that failed", self.archive_errors.clone());
    }

    /// Counts a failure of the archive.
    pub fn archive_failed(&self, kind: &'static str) {
        self.archive_errors.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a rotation.
    pub fn rotated(&self, reason: plan::Reason) {
        self.rotations.get_or_create(&Reason { reason: reason.to_string() }).inc();
    }

    /// Counts a segment removed.
    pub fn removed(&self, reason: &str) {
        self.removals.get_or_create(&Reason { reason: reason.to_string() }).inc();
    }

    /// Counts a failure.
    pub fn failed(&self, operation: &'static str) {
        self.errors.get_or_create(&Operation { operation }).inc();
    }

    /// The rotator has made a pass; `good` where it could read its directory.
    pub fn rotator_alive(&self, good: bool) {
        self.rotator_seen.store(self.now(), Ordering::Relaxed);
        self.ready.store(good, Ordering::Relaxed);
    }

    /// The worker goes on.
    pub fn worker_alive(&self) {
        self.worker_seen.store(self.now(), Ordering::Relaxed);
    }

    /// Whether no thread has been silent for two minutes.
    pub fn is_alive(&self) -> bool {
        let now = self.now();
        [&self.rotator_seen, &self.worker_seen].iter().all(|seen| now - seen.load(Ordering::Relaxed).min(now) < SILENCE.as_secs())
    }

    /// Whether the pod's directory is open and could be read last time.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// All of it, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String doesn't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_secs()
    }
}

/// A count as a gauge takes it.
pub(crate) fn gauge(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_number_has_its_name_from_the_start_and_readme_tells_it() {
        let metrics = Metrics::default();
        metrics.rotated(plan::Reason::Size);
        metrics.removed("quota");
        metrics.failed("compress");
        metrics.archive_failed("unreachable");
        let text = metrics.text();
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
        for name in [
            "rotations_total",
            "segments",
            "segments_compressed_total",
            "segments_removed_total",
            "plain_bytes_total",
            "compressed_bytes_total",
            "pending_segments",
            "pending_age_seconds",
            "held_segments",
            "unquiet_segments",
            "archived_segments_total",
            "archived_bytes_total",
            "archive_pending_segments",
            "archive_lag_seconds",
            "archive_errors_total",
            "dropped_segments_total",
            "errors_total",
            "orphan_directories",
            "root_bytes",
            "quota_bytes",
            "build_info",
        ] {
            let of = |line: &str| line.strip_prefix("logshipper_")?.split(['{', ' ']).next().map(str::to_owned);
            assert!(text.lines().filter_map(of).any(|found| found == name), "{name}\n{text}");
            assert!(readme.contains(&format!("`{name}`")), "{name} is not in README.md");
        }
    }
}
