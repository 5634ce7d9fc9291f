//! How far a long job is: a bar on a terminal, log lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use tracing::info;

/// How often something is shown: on a terminal, and in a log.
const BAR: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(5);
const WIDTH: u64 = 40;

/// Shows the progress of one job.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    of: u64,
    start: Instant,
    /// Where this run began: what was done before says nothing about the speed.
    first: Option<u64>,
    shown: Instant,
    terminal: bool,
}

impl Progress {
    /// Begins to watch a job of `of` things.
    pub fn new(what: &'static str, of: u64) -> Self {
        let now = Instant::now();
        Self { what, of, start: now, first: None, shown: now, terminal: std::io::stderr().is_terminal() }
    }

    /// Takes note of how many are done, and shows it now and then, and at the end.
    pub fn at(&mut self, done: u64) {
        let first = *self.first.get_or_insert(done);
        let last = done >= self.of;
        if !last && self.shown.elapsed() < if self.terminal { BAR } else { LINE } {
            return;
        }
        self.shown = Instant::now();
        let left = left(self.start.elapsed(), done - first, self.of.saturating_sub(done));
        if self.terminal {
            let end = if last { "\n" } else { "" };
            // a terminal that went away is no reason to stop
            let _ = write!(std::io::stderr(), "\r{} {} s left \x1b[K{end}", bar(self.what, done, self.of), left.as_secs());
        } else {
            info!(what = self.what, done, of = self.of, left_s = left.as_secs(), "progress");
        }
    }
}

fn left(elapsed: Duration, done: u64, left: u64) -> Duration {
    let micros = elapsed.as_micros().saturating_mul(left.into()).checked_div(done.into()).unwrap_or(0);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

fn bar(what: &str, done: u64, of: u64) -> String {
    let full = (done * WIDTH / of.max(1)).min(WIDTH);
    let (full, empty) = ("#".repeat(usize::try_from(full).unwrap_or(0)), "-".repeat(usize::try_from(WIDTH - full).unwrap_or(0)));
    format!("[{full}{empty}] {done}/{of} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        assert_eq!(bar("owners", 0, 8), format!("[{}] 0/8 owners", "-".repeat(40)));
        assert_eq!(bar("owners", 2, 8), format!("[{}{}] 2/8 owners", "#".repeat(10), "-".repeat(30)));
        assert_eq!(bar("owners", 9, 8), format!("[{}] 9/8 owners", "#".repeat(40)));
    }

    #[test]
    fn time_left_follows_from_this_runs_speed() {
        assert_eq!(left(Duration::from_secs(10), 100, 300), Duration::from_secs(30));
        assert_eq!(left(Duration::from_secs(10), 0, 300), Duration::ZERO);
    }
}
