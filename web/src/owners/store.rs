//! Owners in the database. At most two statements a page.

use chrono::NaiveDate;
use dbinit::database::{Connection, last_insert_id};
use dbinit::schema::{owner, pet, pet_type, visit};
use dbinit::search;
use diesel::alias;
use diesel::prelude::*;
use serde::Serialize;

use crate::store::Updated;

/// An owner's row.
#[derive(Debug, Queryable, Selectable, Serialize)]
#[diesel(table_name = owner)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// The id.
    pub id: i32,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// Street and house number.
    pub address: String,
    /// The city.
    pub city: String,
    /// Ten digits.
    pub telephone: String,
}

/// What the form enters.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = owner)]
pub struct Values {
    first_name: String,
    last_name: String,
    last_name_key: String,
    address: String,
    city: String,
    telephone: String,
}

impl Values {
    /// The values, with the key that the last name is searched by.
    pub fn new(first_name: String, last_name: String, address: String, city: String, telephone: String) -> Self {
        let last_name_key = search::key(&last_name);
        Self { first_name, last_name, last_name_key, address, city, telephone }
    }
}

/// One page of a search.
#[derive(Debug)]
pub struct Found {
    /// The owners on the page.
    pub owners: Vec<Listed>,
    /// How many owners there are on all pages; 0 where there is none on this one.
    pub total: i64,
}

/// An owner in a list.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The id, once more.
    #[serde(skip)]
    pub id: i32,
    #[serde(flatten)]
    owner: Owner,
    /// The names of the pets.
    pets: Vec<String>,
}

/// Owners whose last name begins with `prefix`, by name.
pub fn search(conn: &mut Connection, prefix: &str, skip: i64, take: i64) -> QueryResult<Found> {
    let (from, below) = search::prefix(prefix);
    let counted = alias!(owner as counted);
    let key = counted.field(owner::last_name_key);
    let total = counted.filter(key.ge(from.clone())).filter(key.lt(below.clone())).count().single_value();
    let rows: Vec<(Owner, Option<i64>)> = owner::table
        .filter(owner::last_name_key.ge(from))
        .filter(owner::last_name_key.lt(below))
        .order((owner::last_name_key, owner::id))
        .limit(take)
        .offset(skip)
        .select((Owner::as_select(), total))
        .load(conn)?;
    let total = rows.first().and_then(|(_, total)| *total).unwrap_or(0);
    let owners: Vec<Owner> = rows.into_iter().map(|(owner, _)| owner).collect();
    let ids: Vec<i32> = owners.iter().map(|owner| owner.id).collect();
    let pets: Vec<(i32, String)> =
        pet::table.filter(pet::owner_id.eq_any(ids)).order((pet::name, pet::id)).select((pet::owner_id, pet::name)).load(conn)?;
    let of = |id: i32| pets.iter().filter(|(owner, _)| *owner == id).map(|(_, name)| name.clone()).collect();
    let owners = owners.into_iter().map(|owner| Listed { id: owner.id, pets: of(owner.id), owner }).collect();
    Ok(Found { owners, total })
}

/// An owner's row.
pub fn get(conn: &mut Connection, id: i32) -> QueryResult<Owner> {
    owner::table.find(id).select(Owner::as_select()).first(conn)
}

/// An owner with everything that belongs to it.
#[derive(Debug, Serialize)]
pub struct Details {
    #[serde(flatten)]
    owner: Owner,
    pets: Vec<Pet>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pet {
    id: i32,
    name: String,
    birth_date: NaiveDate,
    r#type: String,
    visits: Vec<Visit>,
}

#[derive(Debug, Serialize)]
struct Visit {
    id: i32,
    date: NaiveDate,
    description: String,
}

/// Id, name, birth date and kind.
type PetRow = (i32, String, NaiveDate, String);

/// An owner with pets by name, and their visits, the newest first.
pub fn details(conn: &mut Connection, id: i32) -> QueryResult<Details> {
    let rows: Vec<(Owner, Option<PetRow>)> = owner::table
        .find(id)
        .left_join(pet::table.inner_join(pet_type::table))
        .order((pet::name, pet::id))
        .select((Owner::as_select(), (pet::id, pet::name, pet::birth_date, pet_type::name).nullable()))
        .load(conn)?;
    let visits: Vec<(i32, i32, NaiveDate, String)> = visit::table
        .inner_join(pet::table)
        .filter(pet::owner_id.eq(id))
        .order((visit::visit_date.desc(), visit::id.desc()))
        .select((visit::pet_id, visit::id, visit::visit_date, visit::description))
        .load(conn)?;
    let mut owner = None;
    let mut pets = Vec::new();
    for (row, pet) in rows {
        owner = Some(row);
        pets.extend(pet.map(|(id, name, birth_date, r#type)| Pet { id, name, birth_date, r#type, visits: Vec::new() }));
    }
    for (of, id, date, description) in visits {
        if let Some(pet) = pets.iter_mut().find(|pet: &&mut Pet| pet.id == of) {
            pet.visits.push(Visit { id, date, description });
        }
    }
    Ok(Details { owner: owner.ok_or(diesel::result::Error::NotFound)?, pets })
}

/// Inserts an owner, and gives its id.
pub fn insert(conn: &mut Connection, values: &Values) -> QueryResult<i32> {
    diesel::insert_into(owner::table).values(values).execute(conn)?;
    last_insert_id(conn)
}

/// Changes an owner's values, if they are still those of `current`.
pub fn update(conn: &mut Connection, current: Owner, values: &Values) -> QueryResult<Updated> {
    let same = owner::table
        .find(current.id)
        .filter(owner::first_name.eq(current.first_name))
        .filter(owner::last_name.eq(current.last_name))
        .filter(owner::address.eq(current.address))
        .filter(owner::city.eq(current.city))
        .filter(owner::telephone.eq(current.telephone));
    diesel::update(same).set(values).execute(conn).map(Updated::of)
}
