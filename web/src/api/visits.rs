//! A pet's visits as JSON.

use chrono::NaiveDate;
use http::StatusCode;
use schema::database::Connection;

use super::resource::{check_version, create as create_once, list, shown, size};
use crate::app::extract::{Context, Id};
use crate::db::Updated;
use crate::pages::pets::store as pets;
use crate::pages::visits::store::{self, Values, Visit};
use crate::pages::visits::{position, read as read_form};
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
    let (form, values) = read_form(&cx.json()?, born, cx.app.today());
    let Some(values) = values else { return Err(form.into_error()) };
    let (form, path) = ((&values, form, "date"), format!("/api/owners/{}/pets/{}/visits", owner.0, pet.0));
    let insert = move |conn: &mut Connection, values: &Values| store::insert(conn, pet.0, values);
    let (id, location) = create_once(&cx, "insert visit", path, form, insert).await?;
    let visit = Visit { id, date: values.visit_date, description: values.description };
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
    let (form, values) = read_form(&cx.json()?, born, cx.app.today());
    let Some(values) = values else { return Err(form.into_error()) };
    let update = move |conn: &mut Connection| store::update(conn, pet.0, &current, &values);
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

fn version_of(visit: &Visit) -> Form {
    Form::editing([("date", &*visit.date.to_string()), ("description", &visit.description)])
}
