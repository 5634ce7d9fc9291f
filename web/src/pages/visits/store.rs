//! Visits in the database.

use chrono::{NaiveDate, NaiveTime};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::CheckViolation;
use schema::database::Connection;
use schema::tables::{STATUSES, vet, visit};

use crate::db::{Updated, found, violation, with_more};
use crate::pages::owners::store::Owner;
use crate::pages::pets::store::{self as pets, Pet};
use crate::pages::visit::Visit;

/// Largest number of visits that a pet may be given.
pub const MAX_VISITS: i64 = 10_000;
/// Values that a form enters.
#[derive(Clone, Debug, Insertable, AsChangeset)]
#[diesel(table_name = visit, treat_none_as_null = true)]
pub struct Values {
    /// The day of the visit.
    pub visit_date: NaiveDate,
    /// Its time of day.
    pub visit_time: Option<NaiveTime>,
    /// The veterinarian who is asked for.
    pub vet_id: Option<i32>,
    /// Its reason.
    pub description: String,
    /// Whatever else there is to know.
    pub note: Option<String>,
}

impl Values {
    /// The visit that these values are saved as.
    pub fn of_visit(self, id: i32, status: &str, vet: Option<(String, String)>) -> Visit {
        let Self { visit_date: date, visit_time: time, vet_id, description, note } = self;
        Visit { id, date, time, status: status.to_owned(), description, note, vet_id, vet }
    }
}

/// The status that follows on another; none behind the last one.
pub fn next_status(status: &str) -> Option<&'static str> {
    match status {
        "booked" => Some("arrived"),
        "arrived" => Some("done"),
        _ => None,
    }
}

/// The known status of this name.
pub fn known_status(name: &str) -> Option<&'static str> {
    STATUSES.into_iter().find(|status| *status == name)
}

/// Position in the list of a pet's visits, the newest first.
pub type Position = (NaiveDate, i32);

/// A pet with its owner and some of its visits.
#[derive(Debug)]
pub struct OfPet {
    /// The owner.
    pub owner: Owner,
    /// The pet.
    pub pet: Pet,
    /// The visits, the newest first.
    pub visits: Vec<Visit>,
    /// True if there are older ones.
    pub more: bool,
}

/// Reads the visits of a filter.
macro_rules! select {
    ($filtered:expr) => {
        $filtered.left_join(vet::table).select((
            visit::id,
            visit::visit_date,
            visit::visit_time,
            visit::status,
            visit::description,
            visit::note,
            visit::vet_id,
            (vet::first_name, vet::last_name).nullable(),
        ))
    };
}

/// A pet and its `most` newest visits before a position; not found where the pet is another owner's.
pub fn visits(conn: &mut Connection, owner: i32, pet: i32, before: Option<Position>, most: i64) -> QueryResult<OfPet> {
    let (owner, pet) = pets::get(conn, owner, pet)?;
    let newest = |limit: i64| {
        let of_pet = select!(visit::table).filter(visit::pet_id.eq(pet.id));
        of_pet.order((visit::visit_date.desc(), visit::id.desc())).limit(limit)
    };
    // the rest of the position's day and the days before are a range of the index each
    let mut visits: Vec<Visit> = match before {
        Some((date, id)) => newest(most + 1).filter(visit::visit_date.eq(date)).filter(visit::id.lt(id)).load(conn)?,
        None => newest(most + 1).load(conn)?,
    };
    if let Some((date, _)) = before {
        visits.extend(newest(most + 1).filter(visit::visit_date.lt(date)).load::<Visit>(conn)?);
    }
    let (visits, more) = with_more(visits, most);
    Ok(OfPet { owner, pet, visits, more })
}

/// Inserts a visit; fails as a check does where the pet has [`MAX_VISITS`] already.
pub fn insert(conn: &mut Connection, pet: i32, values: &Values, status: &str) -> QueryResult<()> {
    let some = visit::table.filter(visit::pet_id.eq(pet)).select(visit::id).limit(1).offset(MAX_VISITS - 1);
    if some.first::<i32>(conn).optional()?.is_some() {
        return Err(violation(CheckViolation, "the pet has too many visits"));
    }
    diesel::insert_into(visit::table).values((values, visit::pet_id.eq(pet), visit::status.eq(status))).execute(conn)?;
    Ok(())
}

/// A pet's visit.
pub fn get(conn: &mut Connection, pet: i32, id: i32) -> QueryResult<Visit> {
    select!(visit::table).filter(visit::id.eq(id)).filter(visit::pet_id.eq(pet)).get_result(conn)
}

/// Changes a pet's visit, if it is still as `current`; whatever it is without that.
pub fn update(
    conn: &mut Connection,
    pet: i32,
    id: i32,
    current: Option<&Visit>,
    values: &Values,
    status: Option<&str>,
) -> QueryResult<Updated> {
    diesel::Connection::transaction(conn, |conn| {
        let row = visit::table.find(id).filter(visit::pet_id.eq(pet));
        // locks the row, so that it does not change between the comparison and the update
        found(diesel::update(row).set(visit::id.eq(id)).execute(conn)?)?;
        if let Some(current) = current
            && get(conn, pet, id)? != *current
        {
            return Ok(Updated::Changed);
        }
        diesel::update(row).set((values, status.map(|status| visit::status.eq(status)))).execute(conn)?;
        Ok(Updated::Saved)
    })
}

/// Changes the status of an owner's pet's visit, if it is still `from`.
pub fn set_status(conn: &mut Connection, pet: i32, id: i32, from: &str, to: &str) -> QueryResult<Updated> {
    let row = visit::table.find(id).filter(visit::pet_id.eq(pet)).filter(visit::status.eq(from));
    diesel::update(row).set(visit::status.eq(to)).execute(conn).map(Updated::of)
}

/// Deletes a pet's visit.
pub fn delete(conn: &mut Connection, pet: i32, id: i32) -> QueryResult<()> {
    found(diesel::delete(visit::table.find(id).filter(visit::pet_id.eq(pet))).execute(conn)?)
}
