//! The state that all requests share.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use chrono::{NaiveDate, Utc};
use chrono_tz::Tz;

use super::auth::AdminAuth;
use super::health::Health;
use crate::db::cache::Cache;
use crate::db::vets::Vet;
use crate::db::{Db, vets};
use crate::views::mac::Key;
use crate::views::{Error, Views};

/// The state that all requests share. Clones are cheap.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// Liveness and readiness.
    pub health: Health,
    /// The admin token.
    pub admin: AdminAuth,
    /// The key that cookies are signed with.
    pub cookies: Key,
    /// Templates and languages.
    pub views: Arc<Views>,
    /// The veterinarians, read at most every few seconds.
    pub cached_vets: Arc<vets::Cached>,
    /// The home page's data with its day, read at most every second.
    pub day: Arc<Cache<(NaiveDate, serde_json::Value), 1>>,
    /// Idempotency keys of the requests in flight.
    pub idempotency_keys: Arc<Mutex<HashSet<String>>>,
    /// The clinic's time zone.
    pub time_zone: Tz,
    /// The commit that the program was built from.
    pub commit: Arc<str>,
}

impl App {
    /// The veterinarians, by id.
    ///
    /// # Errors
    /// The database's.
    pub async fn vets(&self) -> Result<Arc<Vec<Vet>>, Error> {
        let now = Instant::now();
        if let Some(vets) = self.cached_vets.get(now) {
            return Ok(vets);
        }
        let vets = Arc::new(self.db.run("vets with specialties", vets::read).await?);
        self.cached_vets.put(now, vets.clone());
        Ok(vets)
    }

    /// Today, where the clinic is.
    pub fn today(&self) -> NaiveDate {
        Utc::now().with_timezone(&self.time_zone).date_naive()
    }
}
