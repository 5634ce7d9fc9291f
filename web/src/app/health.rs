//! Liveness, readiness, and the health check that can be switched off.
//!
//! `/healthcheck` is for the balancer and the kubelet: a switch in memory, never the database. Readiness is the sum of
//! what a request needs: the switch is up, the end has not begun, and the database answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::db::Db;
use crate::shutdown::Draining;

/// Time for which the database's last answer is reused.
const READINESS_TTL: Duration = Duration::from_secs(1);

/// The state behind the health endpoints. Clones share it.
#[derive(Clone)]
pub struct Health(Arc<State>);

struct State {
    switched_down: AtomicBool,
    draining: Draining,
    db: Db,
    database: Mutex<Option<(Instant, bool)>>,
}

/// Components of readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The switch of `/healthcheck`.
    pub healthcheck: bool,
    /// The end has not begun.
    pub accepting: bool,
    /// The database answered within the last second.
    pub database: bool,
}

impl Readiness {
    /// Returns true if requests should be sent here.
    pub fn is_ready(self) -> bool {
        self.healthcheck && self.accepting && self.database
    }
}

impl Health {
    /// Health of a server that works on `db` and ends when `draining` begins.
    pub fn new(db: Db, draining: Draining) -> Self {
        Self(Arc::new(State { switched_down: AtomicBool::new(false), draining, db, database: Mutex::new(None) }))
    }

    /// Returns the state of the switch of `/healthcheck`.
    pub fn is_up(&self) -> bool {
        !self.0.switched_down.load(Ordering::Relaxed)
    }

    /// Switches `/healthcheck`.
    pub fn switch(&self, up: bool) {
        self.0.switched_down.store(!up, Ordering::Relaxed);
        tracing::warn!(up, "health check switched");
    }

    /// Asks what readiness consists of; takes at most `DATABASE_TIMEOUT`.
    pub async fn readiness(&self) -> Readiness {
        let accepting = !self.0.draining.has_begun();
        Readiness { healthcheck: self.is_up(), accepting, database: self.database_answers().await }
    }

    /// Returns the cached result; concurrent callers share one query.
    async fn database_answers(&self) -> bool {
        let mut last = self.0.database.lock().await;
        if let Some((at, answered)) = *last
            && at.elapsed() < READINESS_TTL
        {
            return answered;
        }
        let before = last.map(|(_, answered)| answered);
        let answers = self.0.db.is_ready().await;
        match (before, answers) {
            (None | Some(false), true) => tracing::info!("database check succeeded"),
            (None | Some(true), false) => tracing::error!("database check failed; marking not ready"),
            _ => {}
        }
        *last = Some((Instant::now(), answers));
        answers
    }
}
