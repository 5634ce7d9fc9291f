//! Two clicks, one row: a form that creates something carries a token, and is saved once however often it is sent.
//!
//! The token is made with the form. What was saved is recorded under the token and the values, in the transaction that
//! saves, so that it holds for all pods; the same form with other values is another submission.

use std::fmt::Debug;

use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;
use schema::database::{Connection, forget_statements};
use schema::tables::submission;

use crate::views::Fields;
use crate::views::assets::fingerprint;
use crate::views::form::TOKEN;

/// For how long a submission is known.
const KEEP: TimeDelta = TimeDelta::hours(24);

/// What tells a submission from others; none where the client sent no token of ours.
#[derive(Clone, Debug)]
pub struct Submission(Option<String>);

impl Submission {
    /// The submission of `values` by a form; `subject` tells what they are saved to: an owner's id, say.
    pub fn of(fields: &Fields<'_>, subject: &str, values: &impl Debug) -> Self {
        let token = fields.get(TOKEN).filter(|token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()));
        Self(token.map(|token| format!("{token}{:016x}", fingerprint(format!("{subject} {values:?}").as_bytes()))))
    }

    /// Does `save`, which gives the path of what it saved; or gives the path that the same submission gave before.
    ///
    /// # Errors
    /// Those of `save`, after which nothing is saved.
    pub fn once(&self, conn: &mut Connection, save: impl FnOnce(&mut Connection) -> QueryResult<String>) -> QueryResult<String> {
        let Some(token) = &self.0 else { return save(conn) };
        let saved = diesel::Connection::transaction(conn, |conn| {
            // first of all, so that a second click waits here and leaves no trace
            let row = (submission::token.eq(token), submission::location.eq(""), submission::saved_at.eq(Utc::now().timestamp()));
            diesel::insert_into(submission::table).values(row).execute(conn)?;
            let location = save(conn)?;
            let saved = diesel::update(submission::table.find(token)).set(submission::location.eq(&location));
            saved.execute(conn)?;
            Ok(location)
        });
        match saved {
            // of the token, or of what is saved with it
            Err(DatabaseError(UniqueViolation, _)) => {
                forget_statements(conn);
                before(conn, token)?.map_or(saved, Ok)
            }
            Ok(_) if fastrand::u8(..) == 0 => {
                forget_old(conn);
                saved
            }
            _ => saved,
        }
    }
}

/// What the same submission gave before.
fn before(conn: &mut Connection, token: &str) -> QueryResult<Option<String>> {
    submission::table.find(token).select(submission::location).get_result(conn).optional()
}

/// Where this fails, what was saved is saved all the same, and the next one tries again.
fn forget_old(conn: &mut Connection) {
    let oldest = (Utc::now() - KEEP).timestamp();
    let forgotten = diesel::delete(submission::table.filter(submission::saved_at.lt(oldest))).execute(conn);
    if let Err(error) = forgotten {
        tracing::warn!(%error, "old submissions are not forgotten");
        forget_statements(conn);
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use schema::database::Backend;

    use super::*;
    use crate::db::testing::on_both;

    #[test]
    fn what_is_saved_is_saved_also_where_the_old_ones_are_not_forgotten() {
        // one after which the old ones are to be forgotten
        let seed = (0..=u64::MAX).find(|seed| fastrand::Rng::with_seed(*seed).u8(..) == 0).unwrap();
        on_both(|conn| {
            conn.batch_execute(match conn.backend() {
                Backend::Mysql => "CREATE TRIGGER kept BEFORE DELETE ON submission FOR EACH ROW SIGNAL SQLSTATE '45000'",
                Backend::Sqlite => "CREATE TRIGGER kept BEFORE DELETE ON submission BEGIN SELECT RAISE(ABORT, 'kept'); END",
            })
            .unwrap();
            let old = (submission::token.eq("old"), submission::location.eq("/"), submission::saved_at.eq(0));
            diesel::insert_into(submission::table).values(old).execute(conn).unwrap();
            fastrand::seed(seed);
            let saved = Submission(Some("new".to_owned())).once(conn, |_| Ok("/saved".to_owned()));
            assert_eq!(saved, Ok("/saved".to_owned()));
            assert_eq!(before(conn, "new"), Ok(Some("/saved".to_owned())));
            assert!(before(conn, "old").unwrap().is_some(), "it was tried");
        });
    }
}
