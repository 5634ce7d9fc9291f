//! Owners in the database: one statement per page, whatever the size of the table.

use chrono::{NaiveDate, NaiveTime};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};
use schema::database::{Backend, Connection, Statement};
use schema::search;
use schema::tables::owner;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::db::{Updated, found, with_more};
use crate::pages::visit::{SHORT_NOTE, Visit};

/// Number of owners per page of a list.
pub const PAGE: i64 = 5;
/// Number of search results that are counted and reached by page number; those behind are reached by `after`.
pub const COUNTED: i64 = 1000;
/// Number of pets that a list names per owner.
const LISTED_PETS: i64 = 5;
/// Number of pets per page of an owner.
pub const PETS: i64 = 10;
/// Number of visits that an owner's page shows per pet.
pub const NEWEST_VISITS: i64 = 5;
/// Characters of a name that is tried as last name and first name without a space between them.
const JOINED_NAME: usize = 8;

/// An owner's row.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, QueryableByName, Selectable, Serialize)]
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
    /// The telephone number, as it is saved.
    pub telephone: String,
}

/// Values that a form enters.
#[derive(Clone, Debug, Insertable, AsChangeset)]
#[diesel(table_name = owner)]
pub struct Values {
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// Street and house number.
    pub address: String,
    /// The city.
    pub city: String,
    /// The telephone number.
    pub telephone: String,
}

impl Values {
    /// The row of an owner with these values.
    pub fn of_owner(self, id: i32) -> Owner {
        let Self { first_name, last_name, address, city, telephone } = self;
        Owner { id, first_name, last_name, address, city, telephone }
    }
}

/// Start of a page of search results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Number of results before the page.
    Offset(i64),
    /// The last result before the page.
    After(Position),
}

/// Position of an owner in a list: its search key and its id. Written as `ID,KEY` in a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    id: i32,
    key: String,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{}", self.id, self.key)
    }
}

impl std::str::FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (id, key) = text.split_once(',').ok_or(())?;
        Ok(Self { id: id.parse().map_err(|_| ())?, key: key.to_owned() })
    }
}

/// One page of search results.
#[derive(Debug, Default)]
pub struct Found {
    /// The owners on the page.
    pub owners: Vec<Listed>,
    /// Number of results; [`COUNTED`] + 1 stands for any larger number.
    pub total: i64,
    /// Position of the last owner, unless the page is the last one.
    pub last: Option<Position>,
}

/// An owner in a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The owner.
    #[serde(flatten)]
    pub owner: Owner,
    /// The names of the first pets.
    pets: Vec<String>,
    /// True if there are more of them.
    more_pets: bool,
}

/// A search in one index: its column, and the text that names begin with.
pub struct Lookup {
    /// The column of keys.
    pub column: &'static str,
    /// The beginning of the names.
    pub prefix: String,
}

impl Lookup {
    fn new(column: &'static str, prefix: impl Into<String>) -> Self {
        Self { column, prefix: prefix.into() }
    }
}

/// Lookups to try one after the other, until one finds somebody: by last name (or "last first"), by "last first" written
/// without a space, as Korean, Chinese and Japanese names are, and by first name (or "first last").
pub fn lookups(name: &str) -> Vec<Lookup> {
    let mut lookups = vec![Lookup::new("name_key", name)];
    let letters = name.chars().count();
    if (2..=JOINED_NAME).contains(&letters) && name.chars().all(search::is_unspaced_script) {
        let splits = name.char_indices().skip(1);
        lookups.extend(splits.map(|(at, _)| Lookup::new("name_key", format!("{} {}", &name[..at], &name[at..]))));
    }
    if !name.is_empty() {
        lookups.push(Lookup::new("given_name_key", name));
    }
    lookups
}

/// A page of `size` owners whose name begins with `name`, in the order of their names.
pub fn search(conn: &mut Connection, name: &str, start: &Start, size: i64) -> QueryResult<Found> {
    search::fill_keys(conn)?;
    let backend = conn.backend();
    let first = Start::Offset(0);
    for lookup in lookups(name) {
        let rows: Vec<ListRow> = page_statement(backend, &lookup, start, size).load(conn)?;
        if let Some(total) = rows.first().map(|row| row.total) {
            let full = i64::try_from(rows.len()) == Ok(size);
            let last = rows.last().filter(|_| full).map(|row| Position { id: row.owner.id, key: row.sort_key.clone() });
            let owners = rows.into_iter().map(ListRow::into_listed).collect::<QueryResult<_>>()?;
            return Ok(Found { owners, total, last });
        }
        // a page behind the last one of this lookup is empty, and no page of the next lookup
        if *start != first && !page_statement(backend, &lookup, &first, 1).load::<ListRow>(conn)?.is_empty() {
            break;
        }
    }
    Ok(Found::default())
}

/// A row of a list.
#[derive(QueryableByName)]
struct ListRow {
    #[diesel(embed)]
    owner: Owner,
    #[diesel(sql_type = Text)]
    sort_key: String,
    /// The names of the first pets, as JSON.
    #[diesel(sql_type = Nullable<Text>)]
    pets: Option<String>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl ListRow {
    fn into_listed(self) -> QueryResult<Listed> {
        Listed::new(self.owner, self.pets)
    }
}

impl Listed {
    /// An owner with the JSON of [`first_pets`].
    pub fn new(owner: Owner, pets: Option<String>) -> QueryResult<Self> {
        let (pets, more_pets) = with_more(from_json(pets)?, LISTED_PETS);
        Ok(Self { owner, pets, more_pets })
    }
}

/// SQL of the names of the first pets of the owner with `page.id`, as JSON.
pub fn first_pets(backend: Backend) -> String {
    json_array(backend, "name", "name", "pet WHERE owner_id = page.id", "name, id", LISTED_PETS + 1)
}

/// The owners of a page with the names of their first pets, and the number of results where the page begins at an offset.
/// Cut from the index alone: the rows are read afterwards. The sizes are literals, since SQLite plans by their values.
fn page_statement(backend: Backend, lookup: &Lookup, start: &Start, size: i64) -> Statement {
    let column = lookup.column;
    let range = format!("{column} >= ? AND {column} < ?");
    let (page, total) = match start {
        Start::Offset(_) => (
            format!("SELECT id, {column} AS sort_key FROM owner WHERE {range} ORDER BY {column}, id LIMIT {size} OFFSET ?"),
            format!("(SELECT COUNT(*) FROM (SELECT 1 FROM owner WHERE {range} LIMIT {}) AS counted)", COUNTED + 1),
        ),
        Start::After(_) => (
            format!(
                "SELECT id, sort_key FROM (SELECT id, {column} AS sort_key FROM owner WHERE {column} = ? AND id > ? \
                     ORDER BY {column}, id LIMIT {size}) AS same \
                 UNION ALL SELECT id, sort_key FROM (SELECT id, {column} AS sort_key FROM owner \
                     WHERE {column} > ? AND {column} < ? ORDER BY {column}, id LIMIT {size}) AS later \
                 ORDER BY sort_key, id LIMIT {size}"
            ),
            (COUNTED + 1).to_string(),
        ),
    };
    let pets = first_pets(backend);
    let sql = format!(
        "SELECT owner.id, first_name, last_name, address, city, telephone, sort_key, {total} AS total, {pets} AS pets
         FROM ({page}) AS page JOIN owner ON owner.id = page.id ORDER BY sort_key, owner.id"
    );
    let (from, below) = search::range(backend, &lookup.prefix);
    let statement = Statement::new(sql);
    match start {
        Start::Offset(offset) => statement.bind(&*from).bind(&*below).bind(&*from).bind(&*below).bind(*offset),
        Start::After(Position { id, key }) => statement.bind(&**key).bind(*id).bind(&**key).bind(&*below),
    }
}

/// SQL for the first `most` values of some rows as a JSON array, as text. MariaDB has no derived table that refers to the outer
/// query, but an aggregate with an order and a limit: comments with a version are read by one kind of server only.
fn json_array(backend: Backend, value: &str, columns: &str, rows: &str, order: &str, most: i64) -> String {
    let first = format!("FROM (SELECT {columns} FROM {rows} ORDER BY {order} LIMIT {most}) AS first_rows");
    match backend {
        Backend::Mysql => format!(
            "/*!80000 (SELECT CAST(JSON_ARRAYAGG({value}) AS CHAR) {first}) */\
             /*M! (SELECT JSON_ARRAYAGG({value} ORDER BY {order} LIMIT {most}) FROM {rows}) */"
        ),
        Backend::Sqlite => format!("(SELECT json_group_array({value}) {first})"),
    }
}

/// The elements of an array that the database has written.
fn from_json<T: DeserializeOwned>(text: Option<String>) -> QueryResult<Vec<T>> {
    let Some(text) = text else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|error| diesel::result::Error::DeserializationError(error.into()))
}

/// An owner's row.
pub fn get(conn: &mut Connection, id: i32) -> QueryResult<Owner> {
    owner::table.find(id).select(Owner::as_select()).get_result(conn)
}

/// An owner with a page of pets, and the newest visits of each.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The owner.
    #[serde(flatten)]
    pub owner: Owner,
    /// The pets, by name.
    pub pets: Vec<PetDetails>,
    /// True if there are pets behind this page.
    pub more_pets: bool,
}

/// A pet with its newest visits.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PetDetails {
    id: i32,
    name: String,
    birth_date: NaiveDate,
    r#type: String,
    visits: Vec<Visit>,
    /// True if there are older visits.
    more_visits: bool,
}

/// An owner, once per pet or without one.
#[derive(QueryableByName)]
struct DetailsRow {
    #[diesel(embed)]
    owner: Owner,
    #[diesel(sql_type = Nullable<Integer>)]
    pet_id: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    pet_name: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    birth_date: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    pet_type: Option<String>,
    /// Arrays of a visit's values, as JSON.
    #[diesel(sql_type = Nullable<Text>)]
    visits: Option<String>,
}

/// Id, date, time, status, description, note, and the veterinarian's id and names.
type VisitRow = (i32, NaiveDate, Option<NaiveTime>, String, String, Option<String>, Option<i32>, Option<String>, Option<String>);

impl DetailsRow {
    /// The row's pet, if it has one.
    fn into_pet(self) -> QueryResult<Option<PetDetails>> {
        let rows: Vec<VisitRow> = from_json(self.visits)?;
        let of_row = |(id, date, time, status, description, note, vet_id, first, last): VisitRow| {
            let vet = first.zip(last);
            let mut visit = Visit { id, date, time, status, description, note, vet_id, vet };
            visit.shorten();
            visit
        };
        let mut visits: Vec<Visit> = rows.into_iter().map(of_row).collect();
        visits.sort_by_key(|visit| std::cmp::Reverse((visit.date, visit.id)));
        let (visits, more_visits) = with_more(visits, NEWEST_VISITS);
        let pet = self.pet_id.zip(self.pet_name).zip(self.birth_date.zip(self.pet_type));
        Ok(pet.map(|((id, name), (birth_date, r#type))| PetDetails { id, name, birth_date, r#type, visits, more_visits }))
    }
}

/// An owner with [`PETS`] pets by name, after `skip` others, and the newest visits of each.
pub fn details(conn: &mut Connection, id: i32, skip: i64) -> QueryResult<Details> {
    let backend = conn.backend();
    let columns = "id, visit_date, visit_time, status, description, note, vet_id";
    let vet = |column| format!("(SELECT {column} FROM vet WHERE vet.id = vet_id)");
    let visit = format!(
        "JSON_ARRAY(id, visit_date, visit_time, status, description, SUBSTR(note, 1, {}), vet_id, {}, {})",
        SHORT_NOTE + 1,
        vet("first_name"),
        vet("last_name")
    );
    let rows = "visit WHERE pet_id = some_pets.id";
    let visits = json_array(backend, &visit, columns, rows, "visit_date DESC, id DESC", NEWEST_VISITS + 1);
    let sql = format!(
        "SELECT owner.id, first_name, last_name, address, city, telephone,
                some_pets.id AS pet_id, some_pets.name AS pet_name, birth_date, pet_type.name AS pet_type, {visits} AS visits
         FROM owner
         LEFT JOIN (SELECT id, name, birth_date, type_id, owner_id FROM pet WHERE owner_id = ?
                    ORDER BY name, id LIMIT {} OFFSET ?) AS some_pets ON some_pets.owner_id = owner.id
         LEFT JOIN pet_type ON pet_type.id = some_pets.type_id
         WHERE owner.id = ? ORDER BY some_pets.name, some_pets.id",
        PETS + 1,
    );
    let rows: Vec<DetailsRow> = Statement::new(sql).bind(id).bind(skip).bind(id).load(conn)?;
    let owner = rows.first().map(|row| row.owner.clone()).ok_or(diesel::result::Error::NotFound)?;
    let pets = rows.into_iter().filter_map(|row| row.into_pet().transpose()).collect::<QueryResult<_>>()?;
    let (pets, more_pets) = with_more(pets, PETS);
    Ok(Details { owner, pets, more_pets })
}

/// Inserts an owner.
pub fn insert(conn: &mut Connection, values: &Values) -> QueryResult<()> {
    diesel::insert_into(owner::table).values(values).execute(conn)?;
    Ok(())
}

/// Changes an owner's values, if they are still those of `current`; whatever they are without it.
pub fn update(conn: &mut Connection, id: i32, current: Option<&Owner>, values: &Values) -> QueryResult<Updated> {
    let Some(current) = current else {
        return diesel::update(owner::table.find(id)).set(values).execute(conn).map(Updated::of);
    };
    let same = owner::table
        .find(id)
        .filter(owner::first_name.eq(&current.first_name))
        .filter(owner::last_name.eq(&current.last_name))
        .filter(owner::address.eq(&current.address))
        .filter(owner::city.eq(&current.city))
        .filter(owner::telephone.eq(&current.telephone));
    diesel::update(same).set(values).execute(conn).map(Updated::of)
}

/// Deletes an owner without pets; fails as a foreign key does where there are some.
pub fn delete(conn: &mut Connection, id: i32) -> QueryResult<()> {
    found(diesel::delete(owner::table.find(id)).execute(conn)?)
}

#[cfg(test)]
mod tests;
