//! Metrics for Prometheus, and the state behind the probes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use crate::plan;

/// Time without progress after which the program is no longer alive: a disk may hang for a while.
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

/// The metrics of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    rotations: Family<Reason, Counter>,
    removals: Family<Reason, Counter>,
    errors: Family<Operation, Counter>,
    archive_errors: Family<Kind, Counter>,
    /// Segments of the pod, plain or compressed.
    pub segments: Gauge,
    /// Segments removed by the quota that are stored nowhere else.
    pub dropped: Counter,
    /// Segments uploaded.
    pub archived: Counter,
    /// Compressed bytes uploaded.
    pub archived_bytes: Counter,
    /// Closed segments that aren't archived yet.
    pub archive_pending: Gauge,
    /// Seconds since the oldest of them was closed.
    pub archive_lag: Gauge,
    /// Segments compressed.
    pub compressed: Counter,
    /// Plain bytes of the segments compressed.
    pub uncompressed_bytes: Counter,
    /// Compressed bytes of the segments compressed.
    pub compressed_bytes: Counter,
    /// Plain segments that wait for compression.
    pub pending: Gauge,
    /// Seconds that the oldest of them has waited.
    pub pending_age: Gauge,
    /// Plain segments that a writer still has open.
    pub in_use: Gauge,
    /// Of those, the ones whose writers the kernel doesn't tell.
    pub unverified: Gauge,
    /// Streams whose live file is due, and can be neither renamed nor changed.
    pub refused: Gauge,
    /// Directories of dead pods.
    pub orphans: Gauge,
    /// Bytes of all pods' segments and live files.
    pub root_bytes: Gauge,
    /// Bytes that they may take; 0 without a quota.
    pub quota: Gauge,
    start: Instant,
    rotator_seen: AtomicU64,
    compactor_seen: AtomicU64,
    ready: AtomicBool,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("logshipper");
        let r = &mut registry;
        r.register("build", "Version of the program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        Self {
            rotations: metric(r, "rotations", "Live files rotated"),
            removals: metric(r, "segments_removed", "Segments removed"),
            errors: metric(r, "errors", "Failed operations, per attempt"),
            archive_errors: metric(r, "archive_errors", "Failed attempts to archive"),
            segments: metric(r, "segments", "Segments of the pod, plain or compressed"),
            dropped: metric(r, "dropped_segments", "Segments removed by NODE_QUOTA that are not archived"),
            archived: metric(r, "archived_segments", "Segments uploaded to the archive"),
            archived_bytes: metric(r, "archived_bytes", "Compressed bytes uploaded"),
            archive_pending: metric(r, "archive_pending_segments", "Closed segments not archived yet"),
            archive_lag: metric(r, "archive_lag_seconds", "Time since the oldest unarchived segment was closed"),
            compressed: metric(r, "segments_compressed", "Segments compressed"),
            uncompressed_bytes: metric(r, "uncompressed_bytes", "Plain bytes of segments compressed"),
            compressed_bytes: metric(r, "compressed_bytes", "Compressed bytes of segments compressed"),
            pending: metric(r, "pending_segments", "Plain segments that wait for compression"),
            pending_age: metric(r, "pending_age_seconds", "Wait of the oldest plain segment"),
            in_use: metric(r, "segments_in_use", "Plain segments that a writer still has open"),
            unverified: metric(r, "unverified_segments", "Segments in use because leases are refused"),
            refused: metric(r, "refused_streams", "Streams that can be rotated in no way"),
            orphans: metric(r, "orphan_directories", "Directories of dead pods, as the collecting logshipper sees them"),
            root_bytes: metric(r, "root_bytes", "All pods' log files, as the collecting logshipper sees them"),
            quota: metric(r, "quota_bytes", "NODE_QUOTA; 0 without one"),
            start: Instant::now(),
            rotator_seen: AtomicU64::new(0),
            compactor_seen: AtomicU64::new(0),
            ready: AtomicBool::new(false),
            registry,
        }
    }
}

/// Creates a metric and registers it.
fn metric<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

impl Metrics {
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

    /// Notes a pass of the rotator; `good` where it could read its directory.
    pub fn rotator_alive(&self, good: bool) {
        self.rotator_seen.store(self.now(), Ordering::Relaxed);
        self.ready.store(good, Ordering::Relaxed);
    }

    /// Notes that the compactor makes progress.
    pub fn compactor_alive(&self) {
        self.compactor_seen.store(self.now(), Ordering::Relaxed);
    }

    /// Returns true if both threads have made progress within two minutes.
    pub fn is_alive(&self) -> bool {
        let now = self.now();
        [&self.rotator_seen, &self.compactor_seen]
            .iter()
            .all(|seen| now - seen.load(Ordering::Relaxed).min(now) < SILENCE.as_secs())
    }

    /// Returns true if the pod's directory is open and could be read last time.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Encodes all metrics for Prometheus.
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
    fn metrics_are_registered_and_documented() {
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
            "uncompressed_bytes_total",
            "compressed_bytes_total",
            "pending_segments",
            "pending_age_seconds",
            "segments_in_use",
            "unverified_segments",
            "refused_streams",
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
