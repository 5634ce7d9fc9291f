//! Veterinarians: few, and seldom changed, so that they are kept for some seconds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use http::StatusCode;
use schema::database::Connection;
use schema::tables::{specialty, vet, vet_specialty};
use serde::Serialize;
use serde_json::json;

use crate::context::{Context, Id};
use crate::error::Error;
use crate::owners::Pages;
use crate::views::Reply;

/// Veterinarians a page.
const PAGE: usize = 5;
/// For how long the list is kept; a change by another program shows after that.
const KEEP: Duration = Duration::from_secs(20);

/// A veterinarian, in the shape that the original's `/vets` has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vet {
    id: i32,
    first_name: String,
    last_name: String,
    specialties: Vec<Specialty>,
    nr_of_specialties: usize,
}

#[derive(Debug, Serialize)]
struct Specialty {
    id: i32,
    name: String,
}

/// The list as it was last read.
#[derive(Default)]
pub struct Cache(Mutex<Option<(Instant, Arc<Vec<Vet>>)>>);

impl Cache {
    /// The list, unless it is too old by `now`.
    fn get(&self, now: Instant) -> Option<Arc<Vec<Vet>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(asked, _)| now.duration_since(*asked) < KEEP).map(|(_, vets)| vets.clone())
    }

    /// Keeps the list that the database was asked for at `asked`.
    fn put(&self, asked: Instant, vets: Arc<Vec<Vet>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked, vets));
    }
}

/// `GET /vets.html?page=`
pub async fn list(cx: Context) -> Result<Reply, Error> {
    let page = match cx.query()?.get("page") {
        None | Some("") => 1,
        Some(page) => page.parse::<Id>().map_err(|()| Error::NotFound)?.0,
    };
    let all = all(&cx).await?;
    let count = all.len().div_ceil(PAGE).max(1);
    let shown = usize::try_from(page).ok().filter(|page| *page <= count).ok_or(Error::NotFound)?;
    let vets: Vec<&Vet> = all.iter().skip((shown - 1) * PAGE).take(PAGE).collect();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let pages = Pages::linked(i64::from(page), count, |page| format!("/vets.html?page={page}"));
    Reply::page("vets/list", &json!({ "vetList": vets, "total": all.len(), "pages": pages }))
}

/// `GET /vets`
pub async fn json(cx: Context) -> Result<Reply, Error> {
    Ok(Reply::Json(StatusCode::OK, json!({ "vetList": &*all(&cx).await? })))
}

/// All of them, by id.
async fn all(cx: &Context) -> Result<Arc<Vec<Vet>>, Error> {
    let now = Instant::now();
    if let Some(vets) = cx.app.vets.get(now) {
        return Ok(vets);
    }
    let vets = Arc::new(cx.app.db.run("vets with specialties", read).await?);
    cx.app.vets.put(now, vets.clone());
    Ok(vets)
}

/// Id, first and last name, and a specialty.
type Row = (i32, String, String, Option<(i32, String)>);

fn read(conn: &mut Connection) -> QueryResult<Vec<Vet>> {
    let rows: Vec<Row> = vet::table
        .left_join(vet_specialty::table.inner_join(specialty::table))
        .order((vet::id, specialty::name))
        .select((vet::id, vet::first_name, vet::last_name, (specialty::id, specialty::name).nullable()))
        .load(conn)?;
    let mut vets: Vec<Vet> = Vec::new();
    for (id, first_name, last_name, specialty) in rows {
        if vets.last().is_none_or(|vet| vet.id != id) {
            vets.push(Vet { id, first_name, last_name, specialties: Vec::new(), nr_of_specialties: 0 });
        }
        if let (Some(vet), Some((id, name))) = (vets.last_mut(), specialty) {
            vet.specialties.push(Specialty { id, name });
            vet.nr_of_specialties += 1;
        }
    }
    Ok(vets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_within_30_seconds() {
        crate::store::on_both(|conn| {
            let (cache, start) = (Cache::default(), Instant::now());
            let mut first_name = |after: Duration| {
                let vets = cache.get(start + after).unwrap_or_else(|| {
                    let vets = Arc::new(read(conn).unwrap());
                    cache.put(start + after, vets.clone());
                    vets
                });
                diesel::update(vet::table.find(1)).set(vet::first_name.eq("Jim")).execute(conn).unwrap();
                vets[0].first_name.clone()
            };
            assert_eq!(first_name(Duration::ZERO), "James");
            assert_eq!(first_name(KEEP.saturating_sub(Duration::from_millis(1))), "James");
            assert_eq!(first_name(Duration::from_secs(30)), "Jim");
        });
    }
}
