//! Grafana's dashboard asks for metrics that are there.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_metric_of_the_dashboard_is_there() {
    let dashboard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../k8s/monitoring/dashboard.json");
    let dashboard = std::fs::read_to_string(dashboard).unwrap();
    let words = dashboard.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let wanted: BTreeSet<_> = words.filter(|word| word.starts_with("logshipper_")).collect();
    assert!(wanted.len() > 8, "{wanted:?}");
    let metrics = logshipper::metrics::Metrics::default();
    // a number with a label is there from its first time on
    metrics.rotated(logshipper::plan::Reason::Size);
    metrics.failed("compress");
    metrics.archive_failed("store");
    let text = metrics.text();
    for name in wanted {
        let family = name.strip_suffix("_total").unwrap_or(name);
        assert!(text.contains(&format!("# TYPE {family} ")), "{name}");
    }
}
