//! What the tables' modules have in common.

/// What became of an update that was meant for a row as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// The row has the new values.
    Saved,
    /// Somebody else was faster: the row is as they left it.
    Changed,
}

impl Updated {
    /// By the number of rows that were still as they had been read.
    pub fn of(rows: usize) -> Self {
        if rows == 0 { Self::Changed } else { Self::Saved }
    }
}
