//! Two clicks, one row: a form that creates something carries a token, and is saved once however often it is sent.
//!
//! The token is made with the form. What was saved is recorded under the token and the values, in the transaction that
//! saves, so that it holds for all pods; the same form with other values is another submission.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dbinit::database::{Connection, forget_statements};
use dbinit::schema::submission;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;

use crate::context::Fields;
use crate::fingerprint::fingerprint;

/// The field of a form that holds its token.
pub const FIELD: &str = "token";
/// For how long a submission is known.
const KEEP: Duration = Duration::from_hours(24);

/// A token for a new form.
pub fn token() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// What tells a submission from others; none where the client sent no token of ours.
#[derive(Clone, Debug)]
pub struct Submission(Option<String>);

impl Submission {
    /// The submission of `values` to `path` by a form.
    pub fn of(fields: &Fields<'_>, path: &str, values: &impl Debug) -> Self {
        let token = fields.get(FIELD).filter(|token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()));
        Self(token.map(|token| format!("{token}{:016x}", fingerprint(format!("{path} {values:?}").as_bytes()))))
    }

    /// Does `save`, which gives the path of what it saved; or gives the path that the same submission gave before.
    ///
    /// # Errors
    /// Those of `save`, after which nothing is saved.
    pub fn once(&self, conn: &mut Connection, save: impl FnOnce(&mut Connection) -> QueryResult<String>) -> QueryResult<String> {
        let Some(token) = &self.0 else { return save(conn) };
        let saved = diesel::Connection::transaction(conn, |conn| {
            // first of all, so that a second click waits here and leaves no trace
            let row = (submission::token.eq(token), submission::location.eq(""), submission::saved_at.eq(now()));
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
                forget_old(conn)?;
                saved
            }
            _ => saved,
        }
    }
}

/// What the same submission gave before.
fn before(conn: &mut Connection, token: &str) -> QueryResult<Option<String>> {
    submission::table.find(token).select(submission::location).first(conn).optional()
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn forget_old(conn: &mut Connection) -> QueryResult<usize> {
    let oldest = now() - i64::try_from(KEEP.as_secs()).unwrap_or(i64::MAX);
    diesel::delete(submission::table.filter(submission::saved_at.lt(oldest))).execute(conn)
}
