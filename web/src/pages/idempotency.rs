//! Idempotent submissions: what creates something carries a key, and is saved once however often it is sent.
//!
//! The location of the saved row is recorded under the key, in the transaction that saves, so that it holds for all pods. A
//! form's key is the token that was generated with it and its values: the same form with other values is another submission.
//! A client of the API names its key in `Idempotency-Key`, and must not use it for other values.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;
use schema::database::{Backend, Connection, forget_statements};
use schema::tables::idempotency_key;

use sha2::{Digest, Sha256};

use crate::app::extract::Context;
use crate::views::assets::fingerprint;
use crate::views::form::TOKEN;
use crate::views::{Error, Fields};

/// Time for which a key is kept.
const KEEP: TimeDelta = TimeDelta::hours(24);
/// Maximum length of an `Idempotency-Key` in bytes.
const MAX_LENGTH: usize = 255;

/// Key of one submission; none where the client sent no token of ours.
#[derive(Debug)]
pub struct IdempotencyKey {
    token: Option<String>,
    _in_flight: Option<InFlight>,
}

impl IdempotencyKey {
    /// The key of `values` sent by a form; `subject` names the row that they are saved to, such as an owner's id.
    pub fn of(fields: &Fields<'_>, subject: &str, values: &impl Debug) -> Self {
        let token = fields.get(TOKEN).filter(|token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()));
        let token = token.map(|token| format!("{token}{:016x}", fingerprint(format!("{subject} {values:?}").as_bytes())));
        Self { token, _in_flight: None }
    }

    /// The key that a client names in `Idempotency-Key` for what it sends to `path`, whatever the values.
    ///
    /// # Errors
    /// [`Error::Malformed`] for several keys, an empty or a long one; [`Error::KeyInFlight`] while another request has the key.
    pub fn of_header(cx: &Context, path: &str) -> Result<Self, Error> {
        let mut keys = cx.headers().get_all("idempotency-key").iter();
        let token = match (keys.next(), keys.next()) {
            (None, _) => return Ok(Self { token: None, _in_flight: None }),
            (Some(key), None) if (1..=MAX_LENGTH).contains(&key.len()) => {
                let digest = Sha256::digest([path.as_bytes(), b" ", key.as_bytes()].concat());
                format!("{:032x}", digest.first_chunk().copied().map(u128::from_be_bytes).unwrap_or_default())
            }
            _ => return Err(Error::Malformed),
        };
        let in_flight = InFlight::acquire(&cx.app.idempotency_keys, &token).ok_or(Error::KeyInFlight)?;
        Ok(Self { token: Some(token), _in_flight: Some(in_flight) })
    }

    /// Runs `save`, which returns the path of the saved row; a repeated submission returns the path of the first one.
    ///
    /// # Errors
    /// Those of `save`, after which nothing is saved.
    pub fn execute_once(
        &self,
        conn: &mut Connection,
        save: impl Fn(&mut Connection) -> QueryResult<String>,
    ) -> QueryResult<String> {
        let Some(token) = &self.token else {
            return diesel::Connection::transaction(conn, |conn| {
                take_write_lock(conn)?;
                save(conn)
            });
        };
        let saved = diesel::Connection::transaction(conn, |conn| {
            // first, so that a second click waits here
            let row = (
                idempotency_key::token.eq(token),
                idempotency_key::location.eq(""),
                idempotency_key::saved_at.eq(Utc::now().timestamp()),
            );
            diesel::insert_into(idempotency_key::table).values(row).execute(conn)?;
            let location = save(conn)?;
            let saved = diesel::update(idempotency_key::table.find(token)).set(idempotency_key::location.eq(&location));
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
                purge_expired(conn);
                saved
            }
            _ => saved,
        }
    }
}

/// A key whose request is being answered; dropped, it is free again.
#[derive(Debug)]
struct InFlight {
    keys: Arc<Mutex<HashSet<String>>>,
    key: String,
}

impl InFlight {
    fn acquire(keys: &Arc<Mutex<HashSet<String>>>, key: &str) -> Option<Self> {
        let is_new = keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        is_new.then(|| Self { keys: Arc::clone(keys), key: key.to_owned() })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Takes SQLite's write lock by a statement that changes nothing: a transaction that has read can't wait for the lock any more,
/// and fails at once if another one is writing.
fn take_write_lock(conn: &mut Connection) -> QueryResult<()> {
    if conn.backend() == Backend::Sqlite {
        diesel::delete(idempotency_key::table.filter(idempotency_key::token.eq(""))).execute(conn)?;
    }
    Ok(())
}

/// The location that an earlier submission recorded.
fn before(conn: &mut Connection, token: &str) -> QueryResult<Option<String>> {
    idempotency_key::table.find(token).select(idempotency_key::location).get_result(conn).optional()
}

/// Deletes keys older than [`KEEP`]. The saved row stays saved if this fails; a later submission purges again.
fn purge_expired(conn: &mut Connection) {
    let oldest = (Utc::now() - KEEP).timestamp();
    let purged = diesel::delete(idempotency_key::table.filter(idempotency_key::saved_at.lt(oldest))).execute(conn);
    if let Err(error) = purged {
        tracing::warn!(%error, "failed to purge expired idempotency keys");
        forget_statements(conn);
    }
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;
    use schema::database::connect;

    use super::*;
    use crate::db::testing::on_both;

    fn key(token: Option<&str>) -> IdempotencyKey {
        IdempotencyKey { token: token.map(str::to_owned), _in_flight: None }
    }

    #[test]
    fn key_in_flight_is_refused_until_dropped() {
        let keys = Arc::default();
        let first = InFlight::acquire(&keys, "a").unwrap();
        assert!(InFlight::acquire(&keys, "a").is_none());
        assert!(InFlight::acquire(&keys, "b").is_some());
        drop(first);
        assert!(InFlight::acquire(&keys, "a").is_some() && keys.lock().unwrap().is_empty());
    }

    #[test]
    fn save_without_token_locks_sqlite_before_it_reads() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("petclinic.db").display()).parse().unwrap();
        let conn = &mut connect(&url).unwrap();
        dbinit::prepare(conn, testkit::DEADLINE).unwrap();
        let other = std::cell::RefCell::new(connect(&url).unwrap());
        other.borrow_mut().batch_execute("PRAGMA busy_timeout = 0").unwrap();
        let write = "UPDATE owner SET city = 'Seoul' WHERE id = 1";
        let saved = key(None).execute_once(conn, |conn| {
            let locked = other.borrow_mut().batch_execute(write).unwrap_err().to_string();
            assert!(locked.contains("database is locked"), "{locked}");
            conn.batch_execute("SELECT * FROM owner")?;
            conn.batch_execute("UPDATE owner SET city = 'Busan' WHERE id = 2").map(|()| "/saved".to_owned())
        });
        assert_eq!(saved, Ok("/saved".to_owned()));
        other.borrow_mut().batch_execute(write).unwrap();
    }

    #[test]
    fn save_succeeds_when_purge_fails() {
        // a seed after which expired keys are purged
        let seed = (0..=u64::MAX).find(|seed| fastrand::Rng::with_seed(*seed).u8(..) == 0).unwrap();
        on_both(|conn| {
            conn.batch_execute(match conn.backend() {
                Backend::Mysql => "CREATE TRIGGER kept BEFORE DELETE ON idempotency_key FOR EACH ROW SIGNAL SQLSTATE '45000'",
                Backend::Sqlite => "CREATE TRIGGER kept BEFORE DELETE ON idempotency_key BEGIN SELECT RAISE(ABORT, 'kept'); END",
            })
            .unwrap();
            let old = (idempotency_key::token.eq("old"), idempotency_key::location.eq("/"), idempotency_key::saved_at.eq(0));
            diesel::insert_into(idempotency_key::table).values(old).execute(conn).unwrap();
            fastrand::seed(seed);
            let saved = key(Some("new")).execute_once(conn, |_| Ok("/saved".to_owned()));
            assert_eq!(saved, Ok("/saved".to_owned()));
            assert_eq!(before(conn, "new"), Ok(Some("/saved".to_owned())));
            assert!(before(conn, "old").unwrap().is_some(), "it was tried");
        });
    }
}
