//! Veterinarians: few and seldom changed, so the list is cached for some seconds.

use diesel::prelude::*;
use schema::database::Connection;
use schema::tables::{specialty, vet, vet_specialty};
use serde::Serialize;

use super::cache::Cache;

/// A veterinarian, in the shape that the original's `/vets` has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vet {
    /// The id.
    pub id: i32,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    specialties: Vec<Specialty>,
    nr_of_specialties: usize,
}

/// A specialty of veterinarians.
#[derive(Debug, Queryable, Serialize)]
pub struct Specialty {
    /// The id.
    pub id: i32,
    /// The name.
    pub name: String,
}

/// The list as it was last read.
pub type Cached = Cache<Vec<Vet>, 20>;

/// Id, first and last name, and a specialty.
type Row = (i32, String, String, Option<(i32, String)>);

/// Reads all veterinarians with their specialties, by id.
pub fn read(conn: &mut Connection) -> QueryResult<Vec<Vet>> {
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
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn change_of_vets_shows_within_30_seconds() {
        crate::db::testing::on_both(|conn| {
            let (cache, start) = (Cached::default(), Instant::now());
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
            assert_eq!(first_name(Duration::from_millis(19_999)), "James");
            assert_eq!(first_name(Duration::from_secs(30)), "Jim");
        });
    }
}
