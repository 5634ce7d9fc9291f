//! Pets: the form that makes and changes them.

mod form;
pub mod store;

use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;
use schema::database::Connection;
use serde_json::json;

use crate::app::extract::{Context, Id};
use crate::db::DbError;
use crate::db::Updated;
use crate::pages::idempotency::Submission;
use crate::pages::owners::store::{self as owners, Owner};
use crate::views::flash::Flash;
use crate::views::form::{Form, Problem};
use crate::views::{Error, Reply};

/// `GET /owners/{owner}/pets/new`
pub async fn new_form(cx: Context, owner: Id) -> Result<Reply, Error> {
    let (owner, types) = cx.app.db.run("owner by id", move |conn| Ok((owners::get(conn, owner.0)?, store::types(conn)?))).await?;
    form_page(&owner, None, &types, &form::empty())
}

/// `POST /owners/{owner}/pets/new`
pub async fn create(cx: Context, owner: Id) -> Result<Reply, Error> {
    let (owner, types) = cx.app.db.run("owner by id", move |conn| Ok((owners::get(conn, owner.0)?, store::types(conn)?))).await?;
    let fields = cx.form()?;
    let (mut form, values) = form::read(&fields, &types);
    let Some(values) = values else { return form_page(&owner, None, &types, &form) };
    let id = owner.id;
    let submission = Submission::of(&fields, &id.to_string(), &values);
    let save = move |conn: &mut Connection| store::insert(conn, id, &values).map(|()| format!("/owners/{id}"));
    let inserted = cx.app.db.run("insert pet", move |conn| submission.once(conn, save)).await;
    if name_is_taken(&inserted) {
        form.refuse("name", Problem::Duplicate);
        return form_page(&owner, None, &types, &form);
    }
    Reply::saved(inserted?, Flash::PetAdded)
}

/// `GET /owners/{owner}/pets/{pet}/edit`
pub async fn edit_form(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let of_owner = move |conn: &mut _| Ok((store::get(conn, owner.0, pet.0)?, store::types(conn)?));
    let ((owner, pet), types) = cx.app.db.run("pet of owner", of_owner).await?;
    form_page(&owner, Some(pet.id), &types, &form::of(&pet))
}

/// `POST /owners/{owner}/pets/{pet}/edit`: an edit that started from an older version comes back, and shows what has changed.
pub async fn update(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let of_owner = move |conn: &mut _| Ok((store::get(conn, owner.0, pet.0)?, store::types(conn)?));
    let ((owner, pet), types) = cx.app.db.run("pet of owner", of_owner).await?;
    let (mut form, values) = form::read(&cx.form()?, &types);
    let now = form::of(&pet);
    if form.is_outdated(&now) {
        form.show_changes(now);
        return form_page(&owner, Some(pet.id), &types, &form);
    }
    let Some(values) = values else { return form_page(&owner, Some(pet.id), &types, &form) };
    let current = pet.clone();
    let updated = cx.app.db.run("update pet", move |conn| store::update(conn, &current, &values)).await;
    if name_is_taken(&updated) {
        form.refuse("name", Problem::Duplicate);
        return form_page(&owner, Some(pet.id), &types, &form);
    }
    if updated? == Updated::Changed {
        let (owner_id, pet_id) = (owner.id, pet.id);
        let (_, pet) = cx.app.db.run("pet of owner", move |conn| store::get(conn, owner_id, pet_id)).await?;
        form.show_changes(form::of(&pet));
        return form_page(&owner, Some(pet.id), &types, &form);
    }
    Reply::saved(format!("/owners/{}", owner.id), Flash::PetUpdated)
}

/// A pet's name is unique within its owner; the database decides, whoever else saves at this moment.
fn name_is_taken<T>(result: &Result<T, DbError>) -> bool {
    matches!(result, Err(DbError::Query(DatabaseError(UniqueViolation, _))))
}

fn form_page(owner: &Owner, pet: Option<i32>, types: &[store::Type], form: &Form) -> Result<Reply, Error> {
    let today = crate::views::form::today();
    Reply::form("pets/form", json!({ "owner": owner, "id": pet, "types": types, "today": today }), form)
}
