//! From measurements to the table and its JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// What was measured, and how hard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Key {
    /// The place in the table.
    #[serde(skip)]
    pub(crate) order: usize,
    /// The page, as the table calls it.
    pub(crate) page: &'static str,
    /// Connections at once.
    pub(crate) connections: u16,
    /// The server, or what was measured in its place.
    pub(crate) server: &'static str,
    /// The one that its rate is compared with.
    pub(crate) beside: &'static str,
}

/// One measurement, or the medians of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Half of the answers took no longer, in microseconds.
    pub(crate) p50_us: f64,
    /// 99 of 100 took no longer, in microseconds.
    pub(crate) p99_us: f64,
    /// Processor time of the server a request, in microseconds.
    pub(crate) cpu_us: f64,
    /// Processor time of MySQL a request, in microseconds; 0 where there is none.
    pub(crate) database_cpu_us: f64,
    /// Processors that the load generator took.
    pub(crate) generator: f64,
    /// Requests that failed.
    pub(crate) failed: f64,
}

/// The median.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.get(values.len().saturating_sub(1) / 2), values.get(values.len() / 2)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => 0.0,
    }
}

impl Figures {
    /// The median of each figure; of the failures, their sum.
    pub(crate) fn medians(all: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(all.iter().map(figure).collect());
        Self {
            rate: of(|f| f.rate),
            p50_us: of(|f| f.p50_us),
            p99_us: of(|f| f.p99_us),
            cpu_us: of(|f| f.cpu_us),
            database_cpu_us: of(|f| f.database_cpu_us),
            generator: of(|f| f.generator),
            failed: all.iter().map(|f| f.failed).sum(),
        }
    }
}

/// What a server takes besides its answers.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Program {
    /// From the start of the process to the first 200, in milliseconds.
    pub(crate) start_ms: f64,
    /// Resident memory after the first answer, in MiB.
    pub(crate) idle_mib: f64,
    /// Resident memory after all the load, in MiB.
    pub(crate) loaded_mib: f64,
}

/// Something to reach, and what was reached.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Goal {
    /// In words.
    pub(crate) what: String,
    /// What is asked for.
    pub(crate) bound: f64,
    /// What was measured.
    pub(crate) measured: f64,
    /// Whether that is enough.
    pub(crate) met: bool,
}

impl Goal {
    /// At most `bound`.
    pub(crate) fn most(what: impl Into<String>, bound: f64, measured: f64) -> Self {
        Self { what: what.into(), bound, measured, met: measured <= bound }
    }

    /// At least `bound`.
    pub(crate) fn least(what: impl Into<String>, bound: f64, measured: f64) -> Self {
        Self { what: what.into(), bound, measured, met: measured >= bound }
    }
}

/// A page of the list at some number of owners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Growth {
    /// The database.
    pub(crate) backend: &'static str,
    /// How many owners there are.
    pub(crate) owners: u64,
    /// Which page.
    pub(crate) page: &'static str,
    /// Half of the answers took no longer, in microseconds.
    pub(crate) p50_us: f64,
    /// 99 of 100 took no longer, in microseconds.
    pub(crate) p99_us: f64,
    /// The same page where there are the owners of the seed alone, measured in turn with it.
    pub(crate) seed_p50_us: f64,
    /// As `p99_us`, with the seed alone.
    pub(crate) seed_p99_us: f64,
}

impl Growth {
    /// How many times as long as with the seed alone, at the median and of 99 in 100.
    pub(crate) fn ratios(&self) -> [f64; 2] {
        [self.p50_us / self.seed_p50_us.max(1.0), self.p99_us / self.seed_p99_us.max(1.0)]
    }
}

/// One line of the table as JSON.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    #[serde(flatten)]
    pub(crate) key: Key,
    /// The medians.
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// The rate as a part of that of the server beside which it stands.
    pub(crate) ratio: Option<f64>,
}

/// Everything that a run found out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Processors of the machine.
    pub(crate) processors: usize,
    /// Measurements of which each figure is the median.
    pub(crate) runs: u32,
    /// Seconds that each took.
    pub(crate) seconds: u64,
    /// The table.
    pub(crate) rows: Vec<Row>,
    /// At 80 % of the highest rate, from when a request was due.
    pub(crate) steady: Vec<Row>,
    /// The servers.
    pub(crate) programs: BTreeMap<String, Program>,
    /// Bytes of programs and images.
    pub(crate) sizes: BTreeMap<String, u64>,
    /// Seconds of a release build of everything, where that was asked for.
    pub(crate) build_seconds: Option<f64>,
    /// What is to be reached.
    pub(crate) goals: Vec<Goal>,
    /// The list of owners, growing.
    pub(crate) growth: Vec<Growth>,
}

/// The medians of all measurements, in the table's order, with their ratios.
pub(crate) fn rows(measured: &BTreeMap<Key, Vec<Figures>>) -> Vec<Row> {
    let figures: BTreeMap<&Key, Figures> = measured.iter().map(|(key, all)| (key, Figures::medians(all))).collect();
    let beside = |of: &Key| {
        let same = |key: &Key| (key.page, key.connections, key.server) == (of.page, of.connections, of.beside);
        figures.iter().find(|(key, _)| same(key)).map(|(_, figures)| figures.rate)
    };
    let row = |(key, figures): (&&Key, &Figures)| {
        let ratio = beside(key).filter(|rate| *rate > 0.0 && key.beside != key.server).map(|rate| figures.rate / rate);
        Row { key: (*key).clone(), figures: *figures, ratio }
    };
    figures.iter().map(row).collect()
}

impl Report {
    /// The medians of a line.
    pub(crate) fn find(&self, page: &str, connections: u16, server: &str) -> Option<&Figures> {
        let row = self.rows.iter().find(|row| (row.key.page, row.key.connections, row.key.server) == (page, connections, server));
        row.map(|row| &row.figures)
    }
}

/// Microseconds as milliseconds.
pub(crate) fn ms(us: f64) -> f64 {
    us / 1000.0
}

/// A time in microseconds.
pub(crate) fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, runs, seconds, .. } = self;
        writeln!(
            f,
            "Medians of {runs} runs of {seconds} s each, in turn, on {processors} processors that servers, MySQL and load share.\n"
        )?;
        writeln!(
            f,
            "| page | connections | server | requests/s | of its bound | p50 ms | p99 ms | CPU µs | MySQL µs | load's CPUs |"
        )?;
        writeln!(f, "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|")?;
        for Row { key, figures, ratio } in &self.rows {
            let Key { page, connections, server, .. } = key;
            let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let Figures { rate, p50_us, p99_us, cpu_us, database_cpu_us, generator, failed } = figures;
            let failed = if *failed > 0.0 { format!(" ({failed} failed)") } else { String::new() };
            writeln!(
                f,
                "| {page} | {connections} | {server}{failed} | {rate:.0} | {ratio} | {:.2} | {:.2} | {cpu_us:.0} | {database_cpu_us:.0} | {generator:.2} |",
                ms(*p50_us),
                ms(*p99_us)
            )?;
        }
        writeln!(f, "\nAt 80 % of the highest rate, each time counted from when the request was due:\n")?;
        writeln!(f, "| page | connections | server | requests/s | p50 ms | p99 ms |\n|---|--:|---|--:|--:|--:|")?;
        for Row { key, figures, .. } in &self.steady {
            let Key { page, connections, server, .. } = key;
            let [p50, p99] = [figures.p50_us, figures.p99_us].map(ms);
            writeln!(f, "| {page} | {connections} | {server} | {:.0} | {p50:.2} | {p99:.2} |", figures.rate)?;
        }
        writeln!(f, "\n| server | start to first 200, ms | memory idle, MiB | after load, MiB |\n|---|--:|--:|--:|")?;
        for (name, Program { start_ms, idle_mib, loaded_mib }) in &self.programs {
            writeln!(f, "| {name} | {start_ms:.0} | {idle_mib:.1} | {loaded_mib:.1} |")?;
        }
        writeln!(f, "\n| size | MiB |\n|---|--:|")?;
        for (name, bytes) in &self.sizes {
            writeln!(f, "| {name} | {:.1} |", mib(*bytes))?;
        }
        if let Some(seconds) = self.build_seconds {
            writeln!(f, "\nA release build of the three programs takes {seconds:.0} s.")?;
        }
        if !self.growth.is_empty() {
            writeln!(
                f,
                "\n| owners | database | page of the list | p50 ms | p99 ms | p50 beside ten owners' | p99 |\n|--:|---|---|--:|--:|--:|--:|"
            )?;
        }
        for one in &self.growth {
            let Growth { backend, owners, page, p50_us, p99_us, .. } = one;
            let [p50, p99] = one.ratios();
            writeln!(f, "| {owners} | {backend} | {page} | {:.2} | {:.2} | {p50:.2} | {p99:.2} |", ms(*p50_us), ms(*p99_us))?;
        }
        writeln!(f, "\n| goal | bound | measured | |\n|---|--:|--:|---|")?;
        for Goal { what, bound, measured, met } in &self.goals {
            writeln!(f, "| {what} | {bound} | {measured:.2} | {} |", if *met { "met" } else { "missed" })?;
        }
        Ok(())
    }
}

/// Bytes in MiB.
pub(crate) fn mib(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(rate: f64) -> Figures {
        Figures { rate, failed: 1.0, ..Figures::default() }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, middle) in [(vec![], 0.0), (vec![3.0], 3.0), (vec![9.0, 1.0, 5.0], 5.0), (vec![4.0, 1.0, 3.0, 2.0], 2.5)] {
            assert!((median(values) - middle).abs() < f64::EPSILON);
        }
        assert_eq!(Figures::medians(&[rate(1.0), rate(9.0), rate(2.0)]), Figures { failed: 3.0, ..rate(2.0) });
    }

    #[test]
    fn a_ratio_is_to_the_server_beside_it() {
        let key = |order, connections, server| Key { order, page: "/", connections, server, beside: "hyper" };
        let measured = BTreeMap::from([
            (key(0, 16, "hyper"), vec![rate(100.0)]),
            (key(1, 16, "web"), vec![rate(60.0), rate(50.0), rate(40.0)]),
            (key(2, 256, "hyper"), vec![rate(200.0)]),
            (key(3, 256, "web"), vec![rate(50.0)]),
            (key(4, 512, "web"), vec![rate(50.0)]),
        ]);
        let ratios: Vec<_> = rows(&measured).iter().map(|row| row.ratio).collect();
        assert_eq!(ratios, [None, Some(0.5), None, Some(0.25), None]);
    }

    #[test]
    fn the_table_has_a_line_for_each_row() {
        let measured =
            BTreeMap::from([(Key { order: 0, page: "/", connections: 16, server: "web", beside: "web" }, vec![rate(100.0)])]);
        let report = Report { rows: rows(&measured), goals: vec![Goal::least("x", 0.6, 0.5)], ..Report::default() };
        let text = report.to_string();
        assert!(text.contains("| / | 16 | web (1 failed) | 100 |  |") && text.contains("| x | 0.6 | 0.50 | missed |"), "{text}");
    }
}
