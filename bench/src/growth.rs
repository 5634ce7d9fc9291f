//! How a page of the list of owners takes longer, or not, the more of them there are.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::process::command;

use crate::http::request;
use crate::load::{Outcome, closed};
use crate::report::{Growth, median, us};
use crate::servers::Server;

/// Connections at once: few, so that the figures are the page's and not those of a queue.
const CONNECTIONS: u16 = 2;
/// Pages of the list that are measured.
const PAGES: usize = 4;
/// Owners of the seed.
const SEED: u64 = 10;

/// A database that grows, with a server on it.
pub(crate) struct Subject<'a> {
    /// Its name.
    pub(crate) backend: &'static str,
    /// Where it is.
    pub(crate) url: &'a str,
    /// The server.
    pub(crate) server: &'a Server,
    /// The same server on a database with the seed alone.
    pub(crate) reference: &'a Server,
}

/// Pages of a list with `owners`, by name.
fn pages(owners: u64) -> [(&'static str, String); PAGES] {
    let last = owners.div_ceil(5);
    [
        ("first", "/owners?lastName=".to_owned()),
        ("middle", format!("/owners?lastName=&page={}", last.div_ceil(2))),
        ("last", format!("/owners?lastName=&page={last}")),
        ("first with D", "/owners?lastName=D".to_owned()),
    ]
}

/// 10, 100, 1000 … `most`.
fn sizes(most: u64) -> impl Iterator<Item = u64> {
    (1..).map(|power| 10_u64.pow(power)).take_while(move |size| *size <= most)
}

/// Measures the pages of both subjects at each number of owners.
///
/// # Errors
/// Where dbinit fails, or a server can't be reached.
pub(crate) fn measure(
    subjects: &[Subject<'_>],
    programs: &Path,
    most: u64,
    runs: u32,
    time: Duration,
    progress: &mut dyn FnMut(String),
) -> Result<Vec<Growth>> {
    let mut growth = Vec::new();
    for owners in sizes(most) {
        for subject in subjects {
            progress(format!("{}: {owners} owners", subject.backend));
            grow(programs, subject.url, owners)?;
            growth.extend(beside_seed(subject, owners, runs, time / 2)?);
        }
    }
    Ok(growth)
}

/// Each page in turn with the same one where there are the owners of the seed alone, so that what the machine does meanwhile is
/// the same for both.
fn beside_seed(subject: &Subject<'_>, owners: u64, runs: u32, time: Duration) -> Result<Vec<Growth>> {
    let mut measured: [[Vec<Outcome>; 2]; PAGES] = Default::default();
    for _ in 0..runs {
        for (outcomes, (grown, of_seed)) in measured.iter_mut().zip(pages(owners).into_iter().zip(pages(SEED))) {
            for (side, server, (_, path)) in [(0, subject.server, grown), (1, subject.reference, of_seed)] {
                server.forget_logs();
                let outcome = closed(server.address, &[request(&path, None)], CONNECTIONS, time)?;
                ensure!(outcome.failed == 0, "{path}: {} of {} failed", outcome.failed, outcome.times.len());
                outcomes[side].push(outcome);
            }
        }
    }
    let figures = |((page, _), outcomes): ((&'static str, String), [Vec<Outcome>; 2])| {
        let of = |side: usize, share: usize| median(outcomes[side].iter().map(|one| us(one.per_mille(share))).collect());
        let [p50_us, p99_us, seed_p50_us, seed_p99_us] = [of(0, 500), of(0, 990), of(1, 500), of(1, 990)];
        Growth { backend: subject.backend, owners, page, p50_us, p99_us, seed_p50_us, seed_p99_us }
    };
    Ok(pages(owners).into_iter().zip(measured).map(figures).collect())
}

/// Brings a database to so many owners; ten are of the seed.
fn grow(programs: &Path, url: &str, owners: u64) -> Result<()> {
    let made_up = owners.saturating_sub(SEED);
    if made_up == 0 {
        return Ok(());
    }
    let mut dbinit = command(programs.join("dbinit"));
    dbinit.args(["demo", "--owners", &made_up.to_string()]).env("DATABASE_URL", url).stdout(Stdio::null()).stderr(Stdio::null());
    let status = dbinit.status().context("dbinit can't be started")?;
    ensure!(status.success(), "dbinit demo: {status}");
    Ok(())
}

/// Where there are the most owners: how many times as long as with the seed alone the slowest page takes, at the median and of
/// 99 in 100.
pub(crate) fn worst(growth: &[Growth], backend: &str) -> Option<[f64; 2]> {
    let most = growth.iter().map(|one| one.owners).max()?;
    let pages = growth.iter().filter(|one| one.owners == most && one.backend == backend);
    pages.map(Growth::ratios).reduce(|worst, one| [worst[0].max(one[0]), worst[1].max(one[1])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_grows_by_powers_of_ten() {
        assert_eq!(sizes(1_000_000).collect::<Vec<_>>(), [10, 100, 1000, 10_000, 100_000, 1_000_000]);
        assert_eq!(sizes(99).collect::<Vec<_>>(), [10]);
        let paths = pages(10).map(|(_, path)| path);
        assert_eq!(paths[1..3], ["/owners?lastName=&page=1", "/owners?lastName=&page=2"]);
    }

    #[test]
    fn the_slowest_page_at_the_most_owners_counts() {
        let one = |owners, page, p50_us, p99_us| Growth {
            backend: "SQLite",
            owners,
            page,
            p50_us,
            p99_us,
            seed_p50_us: 2.0,
            seed_p99_us: 4.0,
        };
        let growth = [one(10, "last", 9.0, 9.0), one(100, "first", 3.0, 4.0), one(100, "last", 2.0, 6.0)];
        assert_eq!(worst(&growth, "SQLite"), Some([1.5, 1.5]));
        assert_eq!(worst(&growth, "MySQL"), None);
    }
}
