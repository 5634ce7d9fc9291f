//! Written bytes and dropped lines of a log output, for metrics and for the log itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one output since the program's start.
#[derive(Debug, Default)]
pub struct Counts {
    bytes: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    /// Bytes written.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Lines that could not be written.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_dropped(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
    }
}

/// Decides when dropped lines are reported: once when dropping begins, and once, with their number, when it has ended.
#[derive(Debug, Default)]
pub(crate) struct DropReporter {
    reported: u64,
    dropping: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    Started,
    /// Ended, after that many lines.
    Ended(u64),
}

impl DropReporter {
    /// Notes that the beginning was reported already.
    pub(crate) fn set_started(&mut self) {
        self.dropping = true;
    }

    /// Returns the change since the last call. `dropped` counts the lines since the start; `is_failing` says whether the output
    /// rejects lines now, and is called only if some were dropped or dropping has begun.
    pub(crate) fn update(&mut self, dropped: u64, is_failing: impl FnOnce() -> bool) -> Option<Transition> {
        if dropped == self.reported && !self.dropping {
            None
        } else if is_failing() {
            (!std::mem::replace(&mut self.dropping, true)).then_some(Transition::Started)
        } else {
            let lines = dropped - std::mem::replace(&mut self.reported, dropped);
            self.dropping = false;
            (lines > 0).then_some(Transition::Ended(lines))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transitions(mut reporter: DropReporter, updates: &[(u64, bool)]) -> Vec<Option<Transition>> {
        updates.iter().map(|(dropped, failing)| reporter.update(*dropped, || *failing)).collect()
    }

    #[test]
    fn drops_are_reported_at_start_and_end() {
        let updates = [(0, false), (3, true), (9, true), (9, true), (10, false), (10, false), (10, true), (12, false)];
        let (started, ended) = (Some(Transition::Started), |lines| Some(Transition::Ended(lines)));
        assert_eq!(transitions(DropReporter::default(), &updates), [None, started, None, None, ended(10), None, None, ended(2)]);
    }

    #[test]
    fn reported_start_is_not_repeated() {
        for (dropped, ended) in [(0, None), (4, Some(Transition::Ended(4)))] {
            let mut reporter = DropReporter::default();
            reporter.set_started();
            let updates = [(0, true), (dropped, true), (dropped, false), (dropped + 1, true)];
            assert_eq!(transitions(reporter, &updates), [None, None, ended, Some(Transition::Started)]);
        }
    }
}
