//! Medians, the table and its JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::config::Config;
use crate::oha::Outcome;
use crate::server::Server;

/// Subject of a measurement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Key {
    /// Position in the table.
    #[serde(skip)]
    pub(crate) order: usize,
    pub(crate) page: &'static str,
    pub(crate) connections: u16,
    pub(crate) server: String,
    /// Server whose rate is the limit of this one's.
    pub(crate) baseline: String,
}

/// One measurement, or the medians of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Measurement {
    /// Answers per second in a closed loop.
    pub(crate) rate: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// 99th percentile in an open loop at 80 % of that rate, counted from the time a request was due.
    pub(crate) open_loop_p99_ms: f64,
    /// Processor time of the server per request in microseconds.
    pub(crate) cpu_us: f64,
    /// Failed requests.
    pub(crate) failed: f64,
}

impl Measurement {
    pub(crate) fn of(closed: &Outcome, open: &Outcome, cpu: Duration) -> Self {
        Self {
            rate: closed.rate,
            p50_ms: closed.p50_ms,
            p99_ms: closed.p99_ms,
            open_loop_p99_ms: open.p99_ms,
            cpu_us: cpu.as_secs_f64() * 1e6 / closed.answers.max(1.0),
            failed: closed.failed + open.failed,
        }
    }

    /// Medians of all values; the sum of the failures.
    fn medians(all: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| median(all.iter().map(value).collect());
        Self {
            rate: of(|m| m.rate),
            p50_ms: of(|m| m.p50_ms),
            p99_ms: of(|m| m.p99_ms),
            open_loop_p99_ms: of(|m| m.open_loop_p99_ms),
            cpu_us: of(|m| m.cpu_us),
            failed: all.iter().map(|m| m.failed).sum(),
        }
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.get(values.len().saturating_sub(1) / 2), values.get(values.len() / 2)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => 0.0,
    }
}

/// Start time and memory of a server.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Program {
    /// Time from the start of the process to the first 200, in milliseconds.
    pub(crate) start_ms: f64,
    /// Resident memory after the first answer, in MiB.
    pub(crate) idle_mib: f64,
    /// Resident memory after all load, in MiB.
    pub(crate) loaded_mib: f64,
}

impl Program {
    pub(crate) fn of(server: &Server) -> Self {
        Self { start_ms: server.start.as_secs_f64() * 1e3, idle_mib: server.memory_mib(), loaded_mib: 0.0 }
    }
}

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) key: Key,
    #[serde(flatten)]
    pub(crate) medians: Measurement,
    /// Rate as a share of the baseline's.
    pub(crate) ratio: Option<f64>,
}

/// Results of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) processors: usize,
    pub(crate) runs: u32,
    pub(crate) seconds: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) programs: BTreeMap<String, Program>,
    #[serde(skip)]
    measured: BTreeMap<Key, Vec<Measurement>>,
}

impl Report {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let processors = std::thread::available_parallelism()?.get();
        Ok(Self { processors, runs: config.runs, seconds: config.seconds, ..Self::default() })
    }

    pub(crate) fn add(&mut self, key: Key, measurement: Measurement) {
        self.measured.entry(key).or_default().push(measurement);
    }

    /// Computes the rows from all measurements.
    pub(crate) fn finish(&mut self) {
        let medians: Vec<_> = self.measured.iter().map(|(key, all)| (key, Measurement::medians(all))).collect();
        let rate = |of: &Key| {
            let same = |key: &Key| (key.page, key.connections, &key.server) == (of.page, of.connections, &of.baseline);
            medians.iter().find(|(key, _)| same(key)).map(|(_, medians)| medians.rate)
        };
        let ratio =
            |key: &Key, own: f64| rate(key).filter(|rate| *rate > 0.0 && key.baseline != key.server).map(|rate| own / rate);
        let row = |(key, medians): &(&Key, Measurement)| Row {
            key: (*key).clone(),
            medians: *medians,
            ratio: ratio(key, medians.rate),
        };
        self.rows = medians.iter().map(row).collect();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, runs, seconds, .. } = self;
        writeln!(
            f,
            "Medians of {runs} interleaved runs of {seconds} s on {processors} processors, shared by servers, MySQL and load.\n"
        )?;
        writeln!(f, "| page | connections | server | requests/s | of limit | p50 ms | p99 ms | p99 ms at 80 % | CPU µs |")?;
        writeln!(f, "|---|--:|---|--:|--:|--:|--:|--:|--:|")?;
        for Row { key, medians, ratio } in &self.rows {
            let Key { page, connections, server, .. } = key;
            let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let Measurement { rate, p50_ms, p99_ms, open_loop_p99_ms, cpu_us, failed } = medians;
            let failed = if *failed > 0.0 { format!(" ({failed} failed)") } else { String::new() };
            writeln!(
                f,
                "| {page} | {connections} | {server}{failed} | {rate:.0} | {ratio} | {p50_ms:.2} | {p99_ms:.2} | {open_loop_p99_ms:.2} | {cpu_us:.0} |"
            )?;
        }
        writeln!(f, "\n| server | start to first 200, ms | memory idle, MiB | after load, MiB |\n|---|--:|--:|--:|")?;
        for (name, Program { start_ms, idle_mib, loaded_mib }) in &self.programs {
            writeln!(f, "| {name} | {start_ms:.0} | {idle_mib:.1} | {loaded_mib:.1} |")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(rate: f64) -> Measurement {
        Measurement { rate, failed: 1.0, ..Measurement::default() }
    }

    #[test]
    fn median_is_the_middle_value() {
        for (values, middle) in [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0, 5.0], 5.0), (vec![4.0, 1.0, 3.0, 2.0], 2.5)] {
            assert!((median(values) - middle).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn rows_have_the_ratio_to_their_baseline() {
        let mut report = Report::default();
        let key =
            |order, server: &str| Key { order, page: "/", connections: 16, server: server.into(), baseline: "hyper".into() };
        report.add(key(0, "hyper"), rate(100.0));
        for measured in [60.0, 50.0, 40.0] {
            report.add(key(1, "web"), rate(measured));
        }
        report.finish();
        let ratios: Vec<_> = report.rows.iter().map(|row| row.ratio).collect();
        assert_eq!(ratios, [None, Some(0.5)]);
        let text = report.to_string();
        assert!(text.contains("| / | 16 | web (3 failed) | 50 | 0.50 |"), "{text}");
    }
}
