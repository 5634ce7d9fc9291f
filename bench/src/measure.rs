//! One measurement after the other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use schema::database::DatabaseUrl;

use crate::bare;
use crate::http::{PAGES, Page};
use crate::load::{self, Outcome, count};
use crate::report::{Figures, Key, Row, rows, us};
use crate::servers::{Process, Server};

/// Something that can be loaded with a page.
pub(crate) enum Subject<'a> {
    /// A server over HTTP.
    Http {
        /// Where it listens.
        address: SocketAddr,
        /// Its process, where that is known.
        process: Option<Process>,
        /// MySQL's, where it uses that.
        database: Option<Process>,
        /// Ours, whose logs are to be thrown away now and then.
        server: Option<&'a Server>,
    },
    /// The same statements without a server.
    Database(DatabaseUrl),
}

/// A line of the table in the making.
pub(crate) struct Line<'a> {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it is compared with.
    pub(crate) beside: &'static str,
    /// What is measured.
    pub(crate) subject: &'a Subject<'a>,
    /// Which pages it has.
    pub(crate) has: fn(&Page) -> bool,
}

/// How long, how often, how hard.
pub(crate) struct Effort {
    /// Of each measurement.
    pub(crate) time: Duration,
    /// Of each line and page before the first.
    pub(crate) warm_up: Duration,
    /// Measurements of each figure.
    pub(crate) runs: u32,
    /// Connections at once.
    pub(crate) connections: Vec<u16>,
}

/// How a measurement sets the load.
#[derive(Clone, Copy)]
enum Load {
    /// As much as it takes.
    Full,
    /// So many requests a second.
    Rate(f64),
}

/// All pages of all lines, in turn, and that several times over.
///
/// # Errors
/// Where a server or a database can't be reached.
pub(crate) fn table(lines: &[Line<'_>], effort: &Effort, progress: &mut dyn FnMut(String)) -> Result<Vec<Row>> {
    let mut measured: BTreeMap<Key, Vec<Figures>> = BTreeMap::new();
    for (page, line) in pairs(lines) {
        progress(format!("warming up {} {}", line.name, page.name));
        figures(line.subject, page, effort.connections[0], Load::Full, effort.warm_up)?;
    }
    for run in 1..=effort.runs {
        for &connections in &effort.connections {
            for (page, line) in pairs(lines) {
                let figures = figures(line.subject, page, connections, Load::Full, effort.time)?;
                progress(format!("run {run}: {} {} at {connections}: {:.0}/s", line.name, page.name, figures.rate));
                measured.entry(key(page, connections, line)).or_default().push(figures);
            }
        }
    }
    Ok(rows(&measured))
}

/// Each page at 80 % of its highest rate, from when a request was due. That rate is measured just before: minutes later the
/// machine may have another, and then 80 % is more than all of it.
///
/// # Errors
/// As [`table`].
pub(crate) fn steady(lines: &[Line<'_>], effort: &Effort, progress: &mut dyn FnMut(String)) -> Result<Vec<Row>> {
    let mut measured: BTreeMap<Key, Vec<Figures>> = BTreeMap::new();
    for run in 1..=effort.runs {
        for &connections in &effort.connections {
            for (page, line) in pairs(lines).filter(|(_, line)| matches!(line.subject, Subject::Http { .. })) {
                let peak = figures(line.subject, page, connections, Load::Full, effort.time)?.rate;
                let steady = figures(line.subject, page, connections, Load::Rate(peak * 0.8), effort.time)?;
                progress(format!("run {run}: {} {} at 80 % of {peak:.0}/s: p99 {:.0} µs", line.name, page.name, steady.p99_us));
                measured.entry(key(page, connections, line)).or_default().push(steady);
            }
        }
    }
    Ok(rows(&measured))
}

fn pairs<'a>(lines: &'a [Line<'a>]) -> impl Iterator<Item = (&'static Page, &'a Line<'a>)> {
    let has = |page: &'static Page| move |line: &&Line<'_>| (line.has)(page);
    PAGES.iter().flat_map(move |page| lines.iter().filter(has(page)).map(move |line| (page, line)))
}

fn key(page: &'static Page, connections: u16, line: &Line<'_>) -> Key {
    let order = PAGES.iter().position(|one| one == page).unwrap_or(PAGES.len());
    Key { order, page: page.name, connections, server: line.name, beside: line.beside }
}

fn figures(subject: &Subject<'_>, page: &Page, connections: u16, load: Load, time: Duration) -> Result<Figures> {
    let (address, process, database, server) = match subject {
        Subject::Http { address, process, database, server } => (*address, *process, *database, *server),
        Subject::Database(url) => {
            let work = bare::statements(page).ok_or_else(|| anyhow::anyhow!("{}: no statements", page.name))?;
            return Ok(of(&bare::database(url, work, time)?, [Duration::ZERO; 3]));
        }
    };
    if let Some(server) = server {
        server.forget_logs();
    }
    let cpu = || [process, database, Some(Process::own())].map(|process| process.map(Process::cpu).unwrap_or_default());
    let before = cpu();
    let requests = page.requests();
    let outcome = match load {
        Load::Full => load::closed(address, &requests, connections, time)?,
        Load::Rate(rate) => load::fixed(address, &requests, connections, rate, time)?,
    };
    let after = cpu();
    Ok(of(&outcome, [0, 1, 2].map(|index| after[index].saturating_sub(before[index]))))
}

/// `cpu` is that of the server, of MySQL and of this program.
fn of(outcome: &Outcome, cpu: [Duration; 3]) -> Figures {
    let [server, database, own] = cpu;
    let requests = count((outcome.times.len() + outcome.failed).max(1));
    Figures {
        rate: outcome.rate(),
        p50_us: us(outcome.per_mille(500)),
        p99_us: us(outcome.per_mille(990)),
        cpu_us: us(server) / requests,
        database_cpu_us: us(database) / requests,
        generator: own.as_secs_f64() / outcome.elapsed.as_secs_f64().max(0.001),
        failed: count(outcome.failed),
    }
}
