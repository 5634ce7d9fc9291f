//! Progress of a long job: a bar on a terminal, one line every 5 s elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Intervals of updates on a terminal and elsewhere.
const BAR: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(5);
const WIDTH: u64 = 40;

/// Shows the progress of one job.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    of: u64,
    start: Instant,
    /// Number at the first call: earlier work says nothing about the speed.
    first: Option<u64>,
    shown: Instant,
    terminal: bool,
}

impl Progress {
    /// Starts a job of `of` things.
    pub(crate) fn new(what: &'static str, of: u64) -> Self {
        let now = Instant::now();
        Self { what, of, start: now, first: None, shown: now, terminal: std::io::stderr().is_terminal() }
    }

    /// Records how many are done, and shows it at intervals and at the end.
    pub(crate) fn at(&mut self, done: u64) {
        let first = *self.first.get_or_insert(done);
        let last = done >= self.of;
        if !last && self.shown.elapsed() < if self.terminal { BAR } else { LINE } {
            return;
        }
        self.shown = Instant::now();
        let left = left(self.start.elapsed(), done - first, self.of.saturating_sub(done));
        if self.terminal {
            let end = if last { "\n" } else { "" };
            // goes on without a terminal
            let _ = write!(std::io::stderr(), "\r{} {} s left \x1b[K{end}", bar(self.what, done, self.of), left.as_secs());
        } else {
            let _ = writeln!(std::io::stderr(), "{done}/{} {}, {} s left", self.of, self.what, left.as_secs());
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
    fn bar_fills() {
        assert_eq!(bar("owners", 0, 8), format!("[{}] 0/8 owners", "-".repeat(40)));
        assert_eq!(bar("owners", 2, 8), format!("[{}{}] 2/8 owners", "#".repeat(10), "-".repeat(30)));
        assert_eq!(bar("owners", 9, 8), format!("[{}] 9/8 owners", "#".repeat(40)));
    }

    #[test]
    fn time_left_is_based_on_this_run() {
        assert_eq!(left(Duration::from_secs(10), 100, 300), Duration::from_secs(30));
        assert_eq!(left(Duration::from_secs(10), 0, 300), Duration::ZERO);
    }
}
