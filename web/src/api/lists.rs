//! Veterinarians, kinds of pets and specialties as JSON: read only.

use diesel::prelude::*;
use schema::database::Connection;
use schema::tables::specialty;
use serde::Serialize;
use serde_json::json;

use super::resource::{after, list_by_id, size};
use crate::app::extract::{Context, Id};
use crate::db::vets::Specialty;
use crate::pages::pets::store::types;
use crate::views::{Error, Reply};

/// `GET /api/vets?size=&after=`
pub async fn vets(cx: Context) -> Result<Reply, Error> {
    let all = cx.app.vets().await?;
    page(&cx, "/api/vets", &all, |vet| vet.id)
}

/// `GET /api/vets/{vet}`
pub async fn vet(cx: Context, vet: Id) -> Result<Reply, Error> {
    let all = cx.app.vets().await?;
    one(all.iter().find(|one| one.id == vet.0))
}

/// `GET /api/pet-types?size=&after=`
pub async fn pet_types(cx: Context) -> Result<Reply, Error> {
    let mut all = cx.app.db.run("pet types", types).await?;
    all.sort_by_key(|kind| kind.id);
    page(&cx, "/api/pet-types", &all, |kind| kind.id)
}

/// `GET /api/pet-types/{pet_type}`
pub async fn pet_type(cx: Context, pet_type: Id) -> Result<Reply, Error> {
    let all = cx.app.db.run("pet types", types).await?;
    one(all.iter().find(|one| one.id == pet_type.0))
}

/// `GET /api/specialties?size=&after=`
pub async fn specialties(cx: Context) -> Result<Reply, Error> {
    let query = cx.query()?;
    let (size, after) = (size(&query)?, after(&query)?);
    let read = move |conn: &mut Connection| {
        let behind = specialty::table.filter(specialty::id.gt(after)).order(specialty::id);
        behind.limit(size).select((specialty::id, specialty::name)).load::<Specialty>(conn)
    };
    let all = cx.app.db.run("specialties", read).await?;
    Ok(list_by_id("/api/specialties", size, &all, |specialty| specialty.id))
}

/// `GET /api/specialties/{specialty}`
pub async fn specialty(cx: Context, id: Id) -> Result<Reply, Error> {
    let read = move |conn: &mut Connection| {
        specialty::table.find(id.0).select((specialty::id, specialty::name)).first::<Specialty>(conn)
    };
    one(Some(&cx.app.db.run("specialty by id", read).await?))
}

/// The page of `all`, which is in the order of ids, that the query asks for.
fn page<T: Serialize>(cx: &Context, path: &str, all: &[T], id: impl Fn(&T) -> i32) -> Result<Reply, Error> {
    let query = cx.query()?;
    let (size, after) = (size(&query)?, after(&query)?);
    let limit = usize::try_from(size).unwrap_or(0);
    let items: Vec<&T> = all.iter().filter(|item| id(item) > after).take(limit).collect();
    Ok(list_by_id(path, size, &items, |item| id(item)))
}

fn one(item: Option<&impl Serialize>) -> Result<Reply, Error> {
    let item = item.ok_or(Error::NotFound)?;
    Ok(Reply::Resource { data: json!(item), version: None, location: None })
}
