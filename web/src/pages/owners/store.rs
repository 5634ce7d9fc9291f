//! Owners in the database. At most two statements a page, whichever it is and however many owners there are.

use chrono::NaiveDate;
use dbinit::owner_list::{self, Change, Entry, Place};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use schema::database::{Connection, last_insert_id};
use schema::search;
use schema::tables::{owner, pet, pet_type, visit};
use serde::Serialize;

use crate::db::Updated;

/// An owner's row.
#[derive(Debug, Queryable, QueryableByName, Selectable, Serialize)]
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

    /// Where the owner of this id stands in the list.
    fn entry(&self, id: i32) -> Entry {
        Entry { key: self.last_name_key.clone(), id }
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
    let Some(Place { range, skip, total }) = owner_list::find(conn, prefix, skip)? else {
        return Ok(Found { owners: Vec::new(), total: 0 });
    };
    let page = owner_list::query(conn, range, |part| page_statement(part, take)).bind(skip);
    let rows: Vec<OwnerWithPet> = page.load(conn)?;
    let mut owners: Vec<Listed> = Vec::new();
    for OwnerWithPet { owner, pet } in rows {
        match owners.last_mut().filter(|last| last.id == owner.id) {
            Some(last) => last.pets.extend(pet),
            None => owners.push(Listed { id: owner.id, owner, pets: pet.into_iter().collect() }),
        }
    }
    Ok(Found { owners, total })
}

/// A row of the list: an owner once for each pet, or without one.
#[derive(QueryableByName)]
struct OwnerWithPet {
    #[diesel(embed)]
    owner: Owner,
    #[diesel(sql_type = Nullable<Text>)]
    pet: Option<String>,
}

/// The owners of a page with their pets. The page is cut from the index alone; the rows are read afterwards. SQLite would
/// prepare the statement anew each time if the limit were bound: it plans by its value.
fn page_statement(part: &str, take: i64) -> String {
    format!(
        "SELECT owner.id, first_name, last_name, address, city, telephone, pet.name AS pet
         FROM ({part} ORDER BY last_name_key, id LIMIT {take} OFFSET ?) AS page
         JOIN owner ON owner.id = page.id
         LEFT JOIN pet ON pet.owner_id = owner.id
         ORDER BY owner.last_name_key, owner.id, pet.name, pet.id"
    )
}

/// An owner's row.
pub fn get(conn: &mut Connection, id: i32) -> QueryResult<Owner> {
    owner::table.find(id).select(Owner::as_select()).get_result(conn)
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
    conn.transaction(|conn| {
        diesel::insert_into(owner::table).values(values).execute(conn)?;
        let id = last_insert_id(conn)?;
        owner_list::changed(conn, vec![Change::added(values.entry(id), 1)])?;
        Ok(id)
    })
}

/// Changes an owner's values, if they are still those of `current`.
pub fn update(conn: &mut Connection, current: Owner, values: &Values) -> QueryResult<Updated> {
    let before = Entry { key: search::key(&current.last_name), id: current.id };
    let after = values.entry(current.id);
    conn.transaction(|conn| {
        let same = owner::table
            .find(current.id)
            .filter(owner::first_name.eq(current.first_name))
            .filter(owner::last_name.eq(current.last_name))
            .filter(owner::address.eq(current.address))
            .filter(owner::city.eq(current.city))
            .filter(owner::telephone.eq(current.telephone));
        let updated = diesel::update(same).set(values).execute(conn).map(Updated::of)?;
        if updated == Updated::Saved && before != after {
            owner_list::changed(conn, vec![Change::removed(before), Change::added(after, 1)])?;
        }
        Ok(updated)
    })
}

#[cfg(test)]
mod tests;
