//! Grafana's dashboard and the alerts query metrics that exist.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn dashboard_metrics_exist() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../k8s/monitoring");
    let queries = ["dashboard.json", "alerts.yml"].map(|file| std::fs::read_to_string(folder.join(file)).unwrap()).concat();
    let words = queries.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
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
