//! Pets: the form that makes and changes them.

pub mod form;
pub mod store;

use diesel::result::DatabaseErrorKind::{CheckViolation, UniqueViolation};
use diesel::result::Error::DatabaseError;
use schema::database::Connection;
use serde_json::json;

use crate::app::extract::{Context, Id};
use crate::db::DbError;
use crate::db::Updated;
use crate::pages::idempotency::IdempotencyKey;
use crate::pages::owners::store::{self as owners, Owner};
use crate::views::flash::Flash;
use crate::views::form::{Form, Problem};
use crate::views::{Error, Reply};

/// `GET /owners/{owner}/pets/new`
pub async fn new_form(cx: Context, owner: Id) -> Result<Reply, Error> {
    let (owner, types) = cx.app.db.run("owner by id", move |conn| Ok((owners::get(conn, owner.0)?, store::types(conn)?))).await?;
    form_page(&cx, &owner, None, &types, &form::empty())
}

/// `POST /owners/{owner}/pets/new`
pub async fn create(cx: Context, owner: Id) -> Result<Reply, Error> {
    let (owner, types) = cx.app.db.run("owner by id", move |conn| Ok((owners::get(conn, owner.0)?, store::types(conn)?))).await?;
    let fields = cx.form()?;
    let (mut form, values) = form::read(&fields, &types, cx.app.today(), None);
    let Some(values) = values else { return form_page(&cx, &owner, None, &types, &form) };
    let id = owner.id;
    let key = IdempotencyKey::of(&fields, &id.to_string(), &values);
    let save = move |conn: &mut Connection| store::insert(conn, id, &values).map(|()| format!("/owners/{id}"));
    let inserted = cx.app.db.run("insert pet", move |conn| key.execute_once(conn, &save)).await;
    if let Some(problem) = violation(&inserted) {
        form.add_error("name", problem);
        return form_page(&cx, &owner, None, &types, &form);
    }
    Reply::saved(inserted?, Flash::PetAdded)
}

/// `GET /owners/{owner}/pets/{pet}/edit`
pub async fn edit_form(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let of_owner = move |conn: &mut _| Ok((store::get(conn, owner.0, pet.0)?, store::types(conn)?));
    let ((owner, pet), types) = cx.app.db.run("pet of owner", of_owner).await?;
    form_page(&cx, &owner, Some(pet.id), &types, &form::of(&pet))
}

/// `POST /owners/{owner}/pets/{pet}/edit`: an edit of an older version is shown again with what has changed since. One
/// without a version overwrites.
pub async fn update(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let of_owner =
        move |conn: &mut _| Ok((store::get(conn, owner.0, pet.0)?, store::types(conn)?, store::first_visit(conn, pet.0)?));
    let ((owner, pet), types, visited) = cx.app.db.run("pet of owner", of_owner).await?;
    let (mut form, values) = form::read(&cx.form()?, &types, cx.app.today(), visited);
    let now = form::of(&pet);
    if form.is_outdated(&now) {
        form.show_changes(now);
        return form_page(&cx, &owner, Some(pet.id), &types, &form);
    }
    let Some(values) = values else { return form_page(&cx, &owner, Some(pet.id), &types, &form) };
    let (owner_id, pet_id) = (owner.id, pet.id);
    let current = form.has_version().then_some(pet);
    let update = move |conn: &mut _| store::update(conn, owner_id, pet_id, current.as_ref(), &values);
    let updated = cx.app.db.run("update pet", update).await;
    if let Some(problem) = violation(&updated) {
        form.add_error("name", problem);
        return form_page(&cx, &owner, Some(pet_id), &types, &form);
    }
    if updated? == Updated::Changed {
        let (_, pet) = cx.app.db.run("pet of owner", move |conn| store::get(conn, owner_id, pet_id)).await?;
        form.show_changes(form::of(&pet));
        return form_page(&cx, &owner, Some(pet_id), &types, &form);
    }
    Reply::saved(format!("/owners/{owner_id}"), Flash::PetUpdated)
}

/// The problem of a row that the database refuses: an owner's pets have different names, and pets and visits are limited.
pub fn violation<T>(result: &Result<T, DbError>) -> Option<Problem> {
    match result {
        Err(DbError::Query(DatabaseError(UniqueViolation, _))) => Some(Problem::Duplicate),
        Err(DbError::Query(DatabaseError(CheckViolation, _))) => Some(Problem::TooMany),
        _ => None,
    }
}

fn form_page(cx: &Context, owner: &Owner, pet: Option<i32>, types: &[store::Type], form: &Form) -> Result<Reply, Error> {
    let today = cx.app.today();
    Reply::form("pets/form", json!({ "owner": owner, "id": pet, "types": types, "today": today }), form)
}
