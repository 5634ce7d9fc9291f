//! Visits in the database.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::CheckViolation;
use schema::database::{Connection, last_insert_id};
use schema::tables::visit;
use serde::Serialize;

use crate::db::{Updated, found, violation, with_more};
use crate::pages::owners::store::Owner;
use crate::pages::pets::store::{self as pets, Pet};

/// Largest number of visits that a pet may be given.
pub const MAX_VISITS: i64 = 10_000;

/// Values that a form enters.
#[derive(Clone, Debug, Insertable, AsChangeset)]
#[diesel(table_name = visit)]
pub struct Values {
    /// The day of the visit.
    pub visit_date: NaiveDate,
    /// Its reason.
    pub description: String,
}

/// A visit.
#[derive(Clone, Debug, Queryable, Serialize)]
pub struct Visit {
    /// The id.
    pub id: i32,
    /// The day.
    pub date: NaiveDate,
    /// Its reason.
    pub description: String,
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

/// A pet and its `most` newest visits before a position; not found where the pet is another owner's.
pub fn visits(conn: &mut Connection, owner: i32, pet: i32, before: Option<Position>, most: i64) -> QueryResult<OfPet> {
    let (owner, pet) = pets::get(conn, owner, pet)?;
    let newest = |limit: i64| {
        visit::table.filter(visit::pet_id.eq(pet.id)).order((visit::visit_date.desc(), visit::id.desc())).limit(limit).select((
            visit::id,
            visit::visit_date,
            visit::description,
        ))
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

/// Inserts a visit and returns its id; fails as a check does where the pet has [`MAX_VISITS`] already.
pub fn insert(conn: &mut Connection, pet: i32, values: &Values) -> QueryResult<i32> {
    let some = visit::table.filter(visit::pet_id.eq(pet)).select(visit::id).limit(1).offset(MAX_VISITS - 1);
    if some.first::<i32>(conn).optional()?.is_some() {
        return Err(violation(CheckViolation, "the pet has too many visits"));
    }
    diesel::insert_into(visit::table).values((values, visit::pet_id.eq(pet))).execute(conn)?;
    last_insert_id(conn)
}

/// A pet's visit.
pub fn get(conn: &mut Connection, pet: i32, id: i32) -> QueryResult<Visit> {
    let of_pet = visit::table.find(id).filter(visit::pet_id.eq(pet));
    of_pet.select((visit::id, visit::visit_date, visit::description)).get_result(conn)
}

/// Changes a pet's visit, if its values are still those of `current`.
pub fn update(conn: &mut Connection, pet: i32, current: &Visit, values: &Values) -> QueryResult<Updated> {
    let same = visit::table
        .find(current.id)
        .filter(visit::pet_id.eq(pet))
        .filter(visit::visit_date.eq(current.date))
        .filter(visit::description.eq(&current.description));
    diesel::update(same).set(values).execute(conn).map(Updated::of)
}

/// Deletes a pet's visit.
pub fn delete(conn: &mut Connection, pet: i32, id: i32) -> QueryResult<()> {
    found(diesel::delete(visit::table.find(id).filter(visit::pet_id.eq(pet))).execute(conn)?)
}
