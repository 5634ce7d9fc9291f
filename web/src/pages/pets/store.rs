//! Pets in the database.

use chrono::NaiveDate;
use diesel::prelude::*;
use schema::database::Connection;
use schema::tables::{owner, pet, pet_type};
use serde::Serialize;

use crate::db::Updated;
use crate::pages::owners::store::Owner;

/// A pet, as its form has it.
#[derive(Clone, Debug, Queryable, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pet {
    /// The id.
    pub id: i32,
    /// The name.
    pub name: String,
    /// The birth date.
    pub birth_date: NaiveDate,
    /// The name of its kind.
    pub r#type: String,
    #[serde(skip)]
    type_id: i32,
}

/// A kind of pet.
#[derive(Debug, Queryable, Serialize)]
pub struct Type {
    /// The id.
    pub id: i32,
    /// The name.
    pub name: String,
}

/// What the form enters.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = pet)]
pub struct Values {
    /// The name.
    pub name: String,
    /// The birth date.
    pub birth_date: NaiveDate,
    /// The kind.
    pub type_id: i32,
}

/// All kinds of pets, by name.
pub fn types(conn: &mut Connection) -> QueryResult<Vec<Type>> {
    pet_type::table.order(pet_type::name).select((pet_type::id, pet_type::name)).load(conn)
}

/// A pet and its owner; not found where the pet is another owner's.
pub fn get(conn: &mut Connection, owner: i32, pet: i32) -> QueryResult<(Owner, Pet)> {
    owner::table
        .inner_join(pet::table.inner_join(pet_type::table))
        .filter(owner::id.eq(owner))
        .filter(pet::id.eq(pet))
        .select((Owner::as_select(), (pet::id, pet::name, pet::birth_date, pet_type::name, pet::type_id)))
        .get_result(conn)
}

/// Inserts a pet of an owner.
pub fn insert(conn: &mut Connection, owner: i32, values: &Values) -> QueryResult<()> {
    diesel::insert_into(pet::table).values((values, pet::owner_id.eq(owner))).execute(conn).map(drop)
}

/// Changes a pet's values, if they are still those of `current`.
pub fn update(conn: &mut Connection, current: &Pet, values: &Values) -> QueryResult<Updated> {
    let same = pet::table
        .find(current.id)
        .filter(pet::name.eq(&current.name))
        .filter(pet::birth_date.eq(current.birth_date))
        .filter(pet::type_id.eq(current.type_id));
    diesel::update(same).set(values).execute(conn).map(Updated::of)
}
