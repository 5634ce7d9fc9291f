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

/// Does `test` on either backend, in a database of its own with schema and seed.
#[cfg(test)]
pub(crate) fn on_both(test: impl Fn(&mut schema::database::Connection)) {
    let folder = tempfile::tempdir().unwrap();
    let mysql = testkit::mysql::database();
    for url in [&mysql.url, &format!("sqlite:{}", folder.path().join("petclinic.db").display())] {
        let conn = &mut schema::database::connect(&url.parse().unwrap()).unwrap();
        dbinit::apply::migrate(conn, testkit::DEADLINE).unwrap();
        dbinit::apply::seed(conn, testkit::DEADLINE).unwrap();
        test(conn);
    }
}
