//! Owners as JSON.

use http::StatusCode;
use schema::database::Connection;

use super::resource::{check_version, create as create_once, list, shown, size};
use crate::app::extract::{Context, Id};
use crate::db::Updated;
use crate::pages::owners::form;
use crate::pages::owners::store::{self, Owner, Start};
use crate::views::{Error, Reply};

/// `GET /api/owners?lastName=&size=&after=`
pub async fn index(cx: Context) -> Result<Reply, Error> {
    let query = cx.query()?;
    let (size, name) = (size(&query)?, query.get("lastName").unwrap_or_default().trim().to_owned());
    let after = query.get("after").map(str::parse).transpose().map_err(|()| Error::Malformed)?;
    let start = after.map_or(Start::Offset(0), Start::After);
    let path = format!("/api/owners?{}", serde_urlencoded::to_string([("lastName", &name)]).unwrap_or_default());
    let found = cx.app.db.run("owners by name", move |conn| store::search(conn, &name, &start, size)).await?;
    let last = found.last.map(|last| last.to_string());
    Ok(list(&path, size, &found.owners, last.as_deref()))
}

/// `POST /api/owners`
pub async fn create(cx: Context) -> Result<Reply, Error> {
    let (form, values) = form::read(&cx.json()?);
    let Some(values) = values else { return Err(form.into_error()) };
    let form = (&values, form, "lastName");
    let (id, location) = create_once(&cx, "insert owner", "/api/owners".to_owned(), form, store::insert).await?;
    let owner = values.of_owner(id);
    Ok(shown(&owner, &form::of(&owner), Some(location)))
}

/// `GET /api/owners/{owner}`: with a page of pets and their newest visits.
pub async fn show(cx: Context, owner: Id) -> Result<Reply, Error> {
    let details = cx.app.db.run("owner with pets and visits", move |conn| store::details(conn, owner.0, 0)).await?;
    Ok(shown(&details, &form::of(&details.owner), None))
}

/// `PUT /api/owners/{owner}`
pub async fn update(cx: Context, owner: Id) -> Result<Reply, Error> {
    let current = read(&cx, owner.0).await?;
    check_version(&cx, &form::of(&current))?;
    let (form, values) = form::read(&cx.json()?);
    let Some(values) = values else { return Err(form.into_error()) };
    let update = move |conn: &mut Connection| store::update(conn, owner.0, Some(&current), &values);
    if cx.app.db.run("update owner", update).await? == Updated::Changed {
        return Err(Error::PreconditionFailed);
    }
    let owner = read(&cx, owner.0).await?;
    Ok(shown(&owner, &form::of(&owner), None))
}

/// `DELETE /api/owners/{owner}`: one without pets.
pub async fn delete(cx: Context, owner: Id) -> Result<Reply, Error> {
    cx.app.db.run("delete owner", move |conn| store::delete(conn, owner.0)).await?;
    Ok(Reply::Empty(StatusCode::NO_CONTENT))
}

async fn read(cx: &Context, id: i32) -> Result<Owner, Error> {
    Ok(cx.app.db.run("owner by id", move |conn| store::get(conn, id)).await?)
}
