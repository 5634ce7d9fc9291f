//! A pet's visits as JSON.

use chrono::NaiveDate;
use http::StatusCode;
use schema::database::Connection;
use schema::tables::STATUSES;
use serde_json::json;

use super::resource::{check_version, create as create_once, list, shown, size};
use crate::app::extract::{Context, Id};
use crate::db::Updated;
use crate::pages::pets::store as pets;
use crate::pages::visit::Visit;
use crate::pages::visits::store::{self, Values};
use crate::pages::visits::{form, position};
use crate::views::form::Form;
use crate::views::{Error, Reply};

/// `GET /api/owners/{owner}/pets/{pet}/visits?size=&after=`: the newest first.
pub async fn index(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let query = cx.query()?;
    let size = size(&query)?;
    let before = query.get("after").map(|text| position(text).ok_or(Error::Malformed)).transpose()?;
    let read = move |conn: &mut Connection| store::visits(conn, owner.0, pet.0, before, size);
    let of_pet = cx.app.db.run("visits of pet", read).await?;
    let last = of_pet.visits.last().filter(|_| of_pet.more).map(|last| format!("{},{}", last.date, last.id));
    Ok(list(&format!("/api/owners/{}/pets/{}/visits", owner.0, pet.0), size, &of_pet.visits, last.as_deref()))
}

/// `POST /api/owners/{owner}/pets/{pet}/visits`
pub async fn create(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let born = birth_date(&cx, owner, pet).await?;
    let fields = cx.json()?;
    let vets = cx.app.vets().await?;
    let (mut form, values) = form::read(&fields, born, cx.app.today(), &vets);
    let status = form::status(&mut form, &fields).unwrap_or(STATUSES[0]);
    let Some(values) = values.filter(|_| form.is_ok()) else { return Err(form.into_error()) };
    let values = (values, status);
    let (form, path) = ((&values, form, "date"), format!("/api/owners/{}/pets/{}/visits", owner.0, pet.0));
    let insert = move |conn: &mut Connection, values: &(Values, &str)| store::insert(conn, pet.0, &values.0, values.1);
    let (id, location) = create_once(&cx, "insert visit", path, form, insert).await?;
    let vet = vets.iter().find(|vet| Some(vet.id) == values.0.vet_id);
    let visit = values.0.of_visit(id, status, vet.map(|vet| (vet.first_name.clone(), vet.last_name.clone())));
    Ok(shown(&visit, &version_of(&visit), Some(location)))
}

/// `GET /api/owners/{owner}/pets/{pet}/visits/{visit}`
pub async fn show(cx: Context, owner: Id, pet: Id, visit: Id) -> Result<Reply, Error> {
    let visit = read(&cx, owner, pet, visit).await?;
    Ok(shown(&visit, &version_of(&visit), None))
}

/// `PUT /api/owners/{owner}/pets/{pet}/visits/{visit}`
pub async fn update(cx: Context, owner: Id, pet: Id, visit: Id) -> Result<Reply, Error> {
    let current = read(&cx, owner, pet, visit).await?;
    check_version(&cx, &version_of(&current))?;
    let born = birth_date(&cx, owner, pet).await?;
    let fields = cx.json()?;
    let (mut form, values) = form::read(&fields, born, cx.app.today(), &cx.app.vets().await?);
    let status = form::status(&mut form, &fields);
    let Some(values) = values.filter(|_| form.is_ok()) else { return Err(form.into_error()) };
    let update = move |conn: &mut Connection| store::update(conn, pet.0, visit.0, Some(&current), &values, status);
    if cx.app.db.run("update visit", update).await? == Updated::Changed {
        return Err(Error::PreconditionFailed);
    }
    show(cx, owner, pet, visit).await
}

/// `DELETE /api/owners/{owner}/pets/{pet}/visits/{visit}`
pub async fn delete(cx: Context, owner: Id, pet: Id, visit: Id) -> Result<Reply, Error> {
    let delete = move |conn: &mut Connection| {
        pets::get(conn, owner.0, pet.0)?;
        store::delete(conn, pet.0, visit.0)
    };
    cx.app.db.run("delete visit", delete).await?;
    Ok(Reply::Empty(StatusCode::NO_CONTENT))
}

async fn read(cx: &Context, owner: Id, pet: Id, visit: Id) -> Result<Visit, Error> {
    let read = move |conn: &mut Connection| {
        pets::get(conn, owner.0, pet.0)?;
        store::get(conn, pet.0, visit.0)
    };
    Ok(cx.app.db.run("visit of pet", read).await?)
}

async fn birth_date(cx: &Context, owner: Id, pet: Id) -> Result<NaiveDate, Error> {
    let (_, pet) = cx.app.db.run("pet of owner", move |conn| pets::get(conn, owner.0, pet.0)).await?;
    Ok(pet.birth_date)
}

/// A version of all values, the status included.
fn version_of(visit: &Visit) -> Form {
    Form::editing([("values", &*json!(visit).to_string())])
}
