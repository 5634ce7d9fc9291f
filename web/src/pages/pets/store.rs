//! Pets in the database.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::{CheckViolation, UniqueViolation};
use schema::database::Connection;
use schema::search;
use schema::tables::{owner, pet, pet_type, visit};
use serde::Serialize;

use crate::db::{Updated, found, violation};
use crate::pages::owners::store::Owner;

/// Largest number of pets that an owner may be given.
pub const MAX_PETS: i64 = 100;
/// Largest number of kinds that are offered.
const MAX_TYPES: i64 = 200;

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

/// Columns that the form sets.
#[derive(Clone, Debug, Insertable, AsChangeset)]
#[diesel(table_name = pet)]
pub struct Values {
    /// The name.
    pub name: String,
    /// The birth date.
    pub birth_date: NaiveDate,
    /// The kind.
    pub type_id: i32,
}

impl Values {
    /// A pet with these values.
    pub fn of_pet(self, id: i32, types: &[Type]) -> Pet {
        let Self { name, birth_date, type_id } = self;
        let kind = types.iter().find(|kind| kind.id == type_id).map_or_else(String::new, |kind| kind.name.clone());
        Pet { id, name, birth_date, r#type: kind, type_id }
    }
}

/// All kinds of pets, by name.
pub fn types(conn: &mut Connection) -> QueryResult<Vec<Type>> {
    pet_type::table.order(pet_type::name).limit(MAX_TYPES).select((pet_type::id, pet_type::name)).load(conn)
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

/// The day of a pet's first visit.
pub fn first_visit(conn: &mut Connection, pet: i32) -> QueryResult<Option<NaiveDate>> {
    let days = visit::table.filter(visit::pet_id.eq(pet)).order(visit::visit_date).select(visit::visit_date);
    days.first(conn).optional()
}

/// Fails as the unique index does where another pet of the owner has the name. SQLite's index alone would take É and é for
/// two names. Fails as a check does where the owner has [`MAX_PETS`] others already.
fn check_name(conn: &mut Connection, owner: i32, pet: Option<i32>, name: &str) -> QueryResult<()> {
    let names = pet::table.filter(pet::owner_id.eq(owner)).order(pet::name).select((pet::id, pet::name));
    let others: Vec<(i32, String)> = names.limit(MAX_PETS).load(conn)?;
    let key = search::case_key(name);
    if others.iter().any(|(id, other)| Some(*id) != pet && search::case_key(other) == key) {
        return Err(violation(UniqueViolation, "the owner has a pet of this name"));
    }
    if pet.is_none() && i64::try_from(others.len()).is_ok_and(|pets| pets >= MAX_PETS) {
        return Err(violation(CheckViolation, "the owner has too many pets"));
    }
    Ok(())
}

/// Inserts a pet of an owner.
pub fn insert(conn: &mut Connection, owner: i32, values: &Values) -> QueryResult<()> {
    check_name(conn, owner, None, &values.name)?;
    diesel::insert_into(pet::table).values((values, pet::owner_id.eq(owner))).execute(conn)?;
    Ok(())
}

/// Changes the values of an owner's pet, if they are still those of `current`; whatever they are without it.
pub fn update(conn: &mut Connection, owner: i32, id: i32, current: Option<&Pet>, values: &Values) -> QueryResult<Updated> {
    check_name(conn, owner, Some(id), &values.name)?;
    let Some(current) = current else {
        return diesel::update(pet::table.find(id)).set(values).execute(conn).map(Updated::of);
    };
    let same = pet::table
        .find(id)
        .filter(pet::name.eq(&current.name))
        .filter(pet::birth_date.eq(current.birth_date))
        .filter(pet::type_id.eq(current.type_id));
    diesel::update(same).set(values).execute(conn).map(Updated::of)
}

/// An owner's pets behind the one called `after` in the order of their ids, at most `size`.
pub fn list(conn: &mut Connection, owner: i32, after: i32, size: i64) -> QueryResult<Vec<Pet>> {
    pet::table
        .inner_join(pet_type::table)
        .filter(pet::owner_id.eq(owner))
        .filter(pet::id.gt(after))
        .order(pet::id)
        .limit(size)
        .select((pet::id, pet::name, pet::birth_date, pet_type::name, pet::type_id))
        .load(conn)
}

/// Deletes an owner's pet without visits; fails as a foreign key does where there are some.
pub fn delete(conn: &mut Connection, owner: i32, id: i32) -> QueryResult<()> {
    found(diesel::delete(pet::table.find(id).filter(pet::owner_id.eq(owner))).execute(conn)?)
}
