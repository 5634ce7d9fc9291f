//! Visits in the database.

use chrono::NaiveDate;
use diesel::prelude::*;
use schema::database::Connection;
use schema::tables::visit;
use serde::Serialize;

use crate::pages::owners::store::Owner;
use crate::pages::pets::store::{self as pets, Pet};

/// What the form enters.
#[derive(Debug, Insertable)]
#[diesel(table_name = visit)]
pub(super) struct Values {
    /// The day of the visit.
    pub(super) visit_date: NaiveDate,
    /// What it is about.
    pub(super) description: String,
}

/// A visit.
#[derive(Debug, Queryable, Serialize)]
pub(super) struct Visit {
    id: i32,
    date: NaiveDate,
    description: String,
}

/// A pet, its owner and its visits.
#[derive(Debug)]
pub(super) struct OfPet {
    /// The owner.
    pub(super) owner: Owner,
    /// The pet.
    pub(super) pet: Pet,
    /// The visits, the newest first.
    pub(super) visits: Vec<Visit>,
}

/// A pet and its visits; not found where the pet is another owner's.
pub(super) fn visits(conn: &mut Connection, owner: i32, pet: i32) -> QueryResult<OfPet> {
    let (owner, pet) = pets::get(conn, owner, pet)?;
    let visits = visit::table
        .filter(visit::pet_id.eq(pet.id))
        .order((visit::visit_date.desc(), visit::id.desc()))
        .select((visit::id, visit::visit_date, visit::description))
        .load(conn)?;
    Ok(OfPet { owner, pet, visits })
}

/// Inserts a visit; not found where the pet is another owner's.
pub(super) fn insert(conn: &mut Connection, owner: i32, pet: i32, values: &Values) -> QueryResult<()> {
    let (_, pet) = pets::get(conn, owner, pet)?;
    diesel::insert_into(visit::table).values((values, visit::pet_id.eq(pet.id))).execute(conn).map(drop)
}
