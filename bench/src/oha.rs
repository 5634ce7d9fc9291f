//! oha as the load generator: keep-alive connections, closed loop or open loop, results as JSON.

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Page;

/// Time limit of one request.
const TIMEOUT: &str = "10s";
/// Error of requests that are in flight when the time is over.
const CUT_OFF: &str = "aborted due to deadline";

/// Statuses of successful answers: a page, a saved form.
const SUCCESS: [&str; 2] = ["200", "302"];

/// Result of one run of oha.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Successful answers per second.
    pub(crate) rate: f64,
    /// Successful answers.
    pub(crate) answers: f64,
    /// Median latency in milliseconds.
    pub(crate) p50_ms: f64,
    /// 99th percentile of the latency in milliseconds.
    pub(crate) p99_ms: f64,
    /// Requests without an answer, or with another status.
    pub(crate) failed: f64,
}

/// Sends the next request of a connection as soon as the last one is answered.
pub(crate) fn closed_loop(address: SocketAddr, page: &Page, connections: u16, time: Duration) -> Result<Outcome> {
    run(address, page, connections, time, &[])
}

/// Sends `rate` requests per second, whether or not the server keeps up. Latency counts from the time a request was due.
pub(crate) fn open_loop(address: SocketAddr, page: &Page, connections: u16, rate: f64, time: Duration) -> Result<Outcome> {
    run(address, page, connections, time, &["-q", &format!("{:.0}", rate.max(1.0)), "--latency-correction"])
}

fn run(address: SocketAddr, page: &Page, connections: u16, time: Duration, options: &[&str]) -> Result<Outcome> {
    let mut urls = tempfile::NamedTempFile::new()?;
    for path in page.paths {
        writeln!(urls, "http://{address}{path}")?;
    }
    // /vets is JSON, from Spring's only for clients that ask for it
    let accept = if page.name == "/vets" { "application/json" } else { "text/html,application/xhtml+xml,*/*;q=0.8" };
    let mut oha = Command::new("oha");
    oha.args(["--no-tui", "--output-format", "json", "--redirect", "0", "--disable-compression", "-t", TIMEOUT, "-A", accept])
        .args(["-H", "Accept-Language: en", "-z", &format!("{}s", time.as_secs()), "-c", &connections.to_string()])
        .args(options);
    if let Some(form) = page.form {
        oha.args(["-m", "POST", "-T", "application/x-www-form-urlencoded", "-d", form]);
    }
    let output = oha.arg("--urls-from-file").arg(urls.path()).output().context("oha does not start: ./dev bench installs it")?;
    ensure!(output.status.success(), "oha: {}", String::from_utf8_lossy(&output.stderr));
    parse(&output.stdout)
}

fn parse(json: &[u8]) -> Result<Outcome> {
    let output: Value = serde_json::from_slice(json).context("oha printed no JSON")?;
    let number = |pointer: &str| output.pointer(pointer).and_then(Value::as_f64);
    let count = |pointer: &str, counts: fn(&str) -> bool| -> f64 {
        let entries = output.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
        entries.filter(|(name, _)| counts(name)).filter_map(|(_, count)| count.as_f64()).sum()
    };
    let answers = count("/statusCodeDistribution", |status| SUCCESS.contains(&status));
    Ok(Outcome {
        rate: answers / number("/summary/total").context("oha's JSON has no summary/total")?,
        answers,
        p50_ms: number("/metrics/latency_ms/p50").unwrap_or_default(),
        p99_ms: number("/metrics/latency_ms/p99").unwrap_or_default(),
        failed: count("/statusCodeDistribution", |status| !SUCCESS.contains(&status))
            + count("/errorDistribution", |error| error != CUT_OFF),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_becomes_rate_latency_and_failures() {
        let json = br#"{"summary": {"total": 2.0}, "metrics": {"latency_ms": {"p50": 1.5, "p99": 3.0}},
            "statusCodeDistribution": {"200": 90, "302": 10, "503": 2}, "errorDistribution": {"aborted due to deadline": 16, "reset": 1}}"#;
        let outcome = Outcome { rate: 50.0, answers: 100.0, p50_ms: 1.5, p99_ms: 3.0, failed: 3.0 };
        assert_eq!(parse(json).unwrap(), outcome);
    }
}
