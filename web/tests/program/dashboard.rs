//! Grafana's dashboard asks for metrics that are there; those of logshipper are held against it by its own tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::Web;

/// The metrics in the queries of the dashboard and in the alerts.
fn metrics() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../k8s/monitoring");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let queries = values(&read("dashboard.json"), "\"expr\": \"", "\",\n").replace("\\\"", "\"");
    let alerts = values(&read("alerts.yml").replace("\n        for:", "\n        labels:"), "expr:", "\n        labels:");
    names(&queries).into_iter().chain(names(&alerts)).collect()
}

/// Text between the marks, one value per line.
fn values(text: &str, before: &str, after: &str) -> String {
    text.split(before).skip(1).flat_map(|rest| [rest.split(after).next().unwrap(), "\n"]).collect()
}

/// The names of metrics in `PromQL`: what is neither a function, nor in braces, brackets or a list of labels.
fn names(expression: &str) -> Vec<String> {
    let (mut names, mut rest, mut labels) = (Vec::new(), expression, false);
    while let Some(c) = rest.chars().next() {
        let word = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
        let skip = match c {
            '{' | '[' => rest.find(['}', ']']).unwrap() + 1,
            '(' if std::mem::take(&mut labels) => rest.find(')').unwrap() + 1,
            _ if word == 0 => c.len_utf8(),
            _ => {
                let (name, after) = rest.split_at(word);
                labels |= ["by", "without", "on", "ignoring"].contains(&name);
                let function = after.starts_with('(') || after.starts_with(" by (");
                if !labels && !function && !c.is_ascii_digit() {
                    names.push(name.to_owned());
                }
                word
            }
        };
        rest = &rest[skip..];
    }
    names
}

#[test]
fn metrics_render_functions_and_labels() {
    let expression = r#"histogram_quantile(0.99, sum by (le, x) (rate(a_bucket{b="c"}[5m]))) / sum(d) > 0.01"#;
    assert_eq!(names(expression), ["a_bucket", "d"]);
}

#[test]
fn dashboard_metrics_exist() {
    let web = Web::start(&["--otel-exporter-otlp-endpoint", "http://127.0.0.1:9"]);
    assert_eq!(testkit::http::get(web.url("/owners/1")).status(), 200);
    let text = testkit::http::get(web.admin("/metrics")).text().unwrap();
    // those of logshipper, Kubernetes and Prometheus itself, and words of PromQL
    let other =
        |name: &String| name.starts_with("logshipper_") || name.starts_with("kube") || ["up", "bool", "or"].contains(&&**name);
    let wanted: Vec<_> = metrics().into_iter().filter(|name| !other(name)).collect();
    assert!(wanted.len() > 10, "{wanted:?}");
    for name in wanted {
        let family = ["_total", "_bucket", "_sum", "_count", "_info"].iter().find_map(|suffix| name.strip_suffix(suffix));
        assert!(text.contains(&format!("# TYPE {} ", family.unwrap_or(&name))), "{name}");
    }
}
