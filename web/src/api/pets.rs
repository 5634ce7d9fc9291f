//! An owner's pets as JSON.

use http::StatusCode;
use schema::database::Connection;

use super::resource::{after, check_version, create as create_once, list_by_id, shown, size};
use crate::app::extract::{Context, Id};
use crate::db::Updated;
use crate::pages::owners::store as owners;
use crate::pages::pets::store::{self, Pet, Type, Values};
use crate::pages::pets::{form, violation};
use crate::views::form::Form;
use crate::views::{Error, Reply};

/// `GET /api/owners/{owner}/pets?size=&after=`
pub async fn index(cx: Context, owner: Id) -> Result<Reply, Error> {
    let query = cx.query()?;
    let (size, after) = (size(&query)?, after(&query)?);
    let read = move |conn: &mut Connection| {
        owners::get(conn, owner.0)?;
        store::list(conn, owner.0, after, size)
    };
    let pets = cx.app.db.run("pets of owner", read).await?;
    Ok(list_by_id(&format!("/api/owners/{}/pets", owner.0), size, &pets, |pet| pet.id))
}

/// `POST /api/owners/{owner}/pets`
pub async fn create(cx: Context, owner: Id) -> Result<Reply, Error> {
    let of_owner = move |conn: &mut Connection| owners::get(conn, owner.0).and_then(|_| store::types(conn));
    let types = cx.app.db.run("owner by id", of_owner).await?;
    let (form, values) = form::read(&cx.json()?, &types, cx.app.today(), None);
    let Some(values) = values else { return Err(form.into_error()) };
    let (form, path) = ((&values, form, "name"), format!("/api/owners/{}/pets", owner.0));
    let insert = move |conn: &mut Connection, values: &Values| store::insert(conn, owner.0, values);
    let (id, location) = create_once(&cx, "insert pet", path, form, insert).await?;
    let pet = values.of_pet(id, &types);
    Ok(shown(&pet, &form::of(&pet), Some(location)))
}

/// `GET /api/owners/{owner}/pets/{pet}`
pub async fn show(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let pet = read(&cx, owner, pet).await?.0;
    Ok(shown(&pet, &form::of(&pet), None))
}

/// `PUT /api/owners/{owner}/pets/{pet}`
pub async fn update(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let (current, types) = read(&cx, owner, pet).await?;
    check_version(&cx, &form::of(&current))?;
    let visited = cx.app.db.run("first visit", move |conn| store::first_visit(conn, pet.0)).await?;
    let (mut form, values): (Form, _) = form::read(&cx.json()?, &types, cx.app.today(), visited);
    let Some(values) = values else { return Err(form.into_error()) };
    let update = move |conn: &mut Connection| store::update(conn, owner.0, pet.0, Some(&current), &values);
    let updated = cx.app.db.run("update pet", update).await;
    if let Some(problem) = violation(&updated) {
        form.add_error("name", problem);
        return Err(form.into_error());
    }
    if updated? == Updated::Changed {
        return Err(Error::PreconditionFailed);
    }
    show(cx, owner, pet).await
}

/// `DELETE /api/owners/{owner}/pets/{pet}`: one without visits.
pub async fn delete(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    cx.app.db.run("delete pet", move |conn| store::delete(conn, owner.0, pet.0)).await?;
    Ok(Reply::Empty(StatusCode::NO_CONTENT))
}

async fn read(cx: &Context, owner: Id, pet: Id) -> Result<(Pet, Vec<Type>), Error> {
    let of_owner = move |conn: &mut Connection| Ok((store::get(conn, owner.0, pet.0)?.1, store::types(conn)?));
    Ok(cx.app.db.run("pet of owner", of_owner).await?)
}
