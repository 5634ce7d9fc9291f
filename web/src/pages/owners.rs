//! Owners: search, list, page, and the form that makes and changes them.

mod form;
pub mod store;

use schema::database::Connection;
use serde_json::json;

use crate::app::extract::{Context, Id};
use crate::db::Updated;
use crate::pages::idempotency::Submission;
use crate::pages::pagination::Pages;
use crate::views::flash::Flash;
use crate::views::form::{Form, Problem};
use crate::views::{Error, Reply};

/// Owners a page.
const PAGE: i64 = 5;
/// `GET /owners/find`
pub async fn find(_: Context) -> Result<Reply, Error> {
    Reply::page("owners/find", &json!({ "form": Form::filled([("lastName", "")]) }))
}

/// `GET /owners?lastName=&page=`: one owner is shown at once, several as a list, none as the form again.
pub async fn list(cx: Context) -> Result<Reply, Error> {
    let query = cx.query()?;
    let last_name = query.get("lastName").unwrap_or_default().trim().to_owned();
    let page = match query.get("page") {
        None | Some("") => 1,
        Some(page) => i64::from(page.parse::<Id>().map_err(|()| Error::NotFound)?.0),
    };
    let prefix = last_name.clone();
    let found = cx.app.db.run("owners by last name", move |conn| store::search(conn, &prefix, (page - 1) * PAGE, PAGE)).await?;
    match (&found.owners[..], found.total) {
        ([], _) if page > 1 => Err(Error::NotFound),
        ([], _) => {
            let mut form = Form::filled([("lastName", &*last_name)]);
            form.refuse("lastName", Problem::NotFound);
            Reply::page("owners/find", &json!({ "form": form }))
        }
        ([owner], 1) => Reply::redirect(format!("/owners/{}", owner.id)),
        (owners, total) => {
            let pages = pages(page, total, &last_name);
            Reply::page("owners/list", &json!({ "lastName": last_name, "owners": owners, "total": total, "pages": pages }))
        }
    }
}

/// The other pages of a search.
fn pages(current: i64, total: i64, last_name: &str) -> Pages {
    let name = serde_urlencoded::to_string([("lastName", last_name)]).unwrap_or_default();
    Pages::linked(current, (total + PAGE - 1) / PAGE, |page| format!("/owners?{name}&page={page}"))
}

/// `GET /owners/new`
pub async fn new_form(_: Context) -> Result<Reply, Error> {
    form_page(None, &form::empty())
}

/// `POST /owners/new`
pub async fn create(cx: Context) -> Result<Reply, Error> {
    let fields = cx.form()?;
    let (form, values) = form::read(&fields);
    let Some(values) = values else { return form_page(None, &form) };
    let submission = Submission::of(&fields, "owner", &values);
    let save = move |conn: &mut Connection| store::insert(conn, &values).map(|id| format!("/owners/{id}"));
    let location = cx.app.db.run("insert owner", move |conn| submission.once(conn, save)).await?;
    Reply::saved(location, Flash::OwnerCreated)
}

/// `GET /owners/{owner}`
pub async fn show(cx: Context, owner: Id) -> Result<Reply, Error> {
    let owner = cx.app.db.run("owner with pets and visits", move |conn| store::details(conn, owner.0)).await?;
    Reply::page("owners/show", &json!({ "owner": owner }))
}

/// `GET /owners/{owner}/edit`
pub async fn edit_form(cx: Context, owner: Id) -> Result<Reply, Error> {
    let current = cx.app.db.run("owner by id", move |conn| store::get(conn, owner.0)).await?;
    form_page(Some(owner), &form::of(&current))
}

/// `POST /owners/{owner}/edit`: an edit that started from an older version comes back, and shows what has changed.
pub async fn update(cx: Context, owner: Id) -> Result<Reply, Error> {
    let current = cx.app.db.run("owner by id", move |conn| store::get(conn, owner.0)).await?;
    let (mut form, values) = form::read(&cx.form()?);
    let now = form::of(&current);
    if form.is_outdated(&now) {
        form.show_changes(now);
        return form_page(Some(owner), &form);
    }
    let Some(values) = values else { return form_page(Some(owner), &form) };
    match cx.app.db.run("update owner", move |conn| store::update(conn, current, &values)).await? {
        Updated::Saved => Reply::saved(format!("/owners/{}", owner.0), Flash::OwnerUpdated),
        Updated::Changed => {
            let current = cx.app.db.run("owner by id", move |conn| store::get(conn, owner.0)).await?;
            form.show_changes(form::of(&current));
            form_page(Some(owner), &form)
        }
    }
}

fn form_page(owner: Option<Id>, form: &Form) -> Result<Reply, Error> {
    Reply::form("owners/form", json!({ "id": owner.map(|owner| owner.0) }), form)
}
