//! What an output of the log has taken and lost, for metrics and for the log itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers of one output since the program's start.
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

    pub(crate) fn wrote(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn lost(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
    }
}

/// A loss as the log tells it: a line when it begins, and one with the number of lines once it is over.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    told: u64,
    ongoing: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    Begins,
    /// Over, after that many lines.
    Over(u64),
}

impl Loss {
    /// Its begin was told already.
    pub(crate) fn has_begun(&mut self) {
        self.ongoing = true;
    }

    /// What is new where `dropped` lines were lost since the start. Whether the output is `failing` right now is asked only where
    /// some were, or a loss has begun.
    pub(crate) fn look(&mut self, dropped: u64, failing: impl FnOnce() -> bool) -> Option<News> {
        if dropped == self.told && !self.ongoing {
            None
        } else if failing() {
            (!std::mem::replace(&mut self.ongoing, true)).then_some(News::Begins)
        } else {
            let lines = dropped - std::mem::replace(&mut self.told, dropped);
            self.ongoing = false;
            (lines > 0).then_some(News::Over(lines))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_when_it_begins_and_when_it_is_over() {
        let mut loss = Loss::default();
        let looks = [(0, false), (3, true), (9, true), (9, true), (10, false), (10, false), (10, true), (12, false)];
        let news: Vec<_> = looks.into_iter().map(|(dropped, failing)| loss.look(dropped, || failing)).collect();
        assert_eq!(news, [None, Some(News::Begins), None, None, Some(News::Over(10)), None, None, Some(News::Over(2))]);
    }

    #[test]
    fn a_loss_that_was_told_is_not_told_again_and_its_end_only_where_lines_were_lost() {
        for (lost, over) in [(0, None), (4, Some(News::Over(4)))] {
            let mut loss = Loss::default();
            loss.has_begun();
            let looks = [(0, true), (lost, true), (lost, false), (lost + 1, true)];
            let news: Vec<_> = looks.into_iter().map(|(dropped, failing)| loss.look(dropped, || failing)).collect();
            assert_eq!(news, [None, None, over, Some(News::Begins)]);
        }
    }
}
