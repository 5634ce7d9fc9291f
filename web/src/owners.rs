//! Owners: search, list, page, and the form that makes and changes them.

mod form;
pub mod store;

use schema::database::Connection;
use serde::Serialize;
use serde_json::json;

use crate::context::{Context, Id};
use crate::error::Error;
use crate::flash::Flash;
use crate::form::{Form, Problem};
use crate::store::Updated;
use crate::submission::Submission;
use crate::views::Reply;

/// Owners a page.
const PAGE: i64 = 5;
/// Pages that a list links to by their number, before and after the current one.
const NEAR: i64 = 3;

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
            let pages = Pages::new(page, total, &last_name);
            Reply::page("owners/list", &json!({ "lastName": last_name, "owners": owners, "total": total, "pages": pages }))
        }
    }
}

/// Where a list's other pages are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pages {
    current: i64,
    count: i64,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    last: Option<String>,
    /// The pages around the current one, to go to directly.
    near: Vec<Near>,
}

/// A page near the current one; without a path, the current one itself.
#[derive(Debug, Serialize)]
struct Near {
    page: i64,
    path: Option<String>,
}

impl Pages {
    fn new(current: i64, total: i64, last_name: &str) -> Self {
        let name = serde_urlencoded::to_string([("lastName", last_name)]).unwrap_or_default();
        let link = |page: i64| format!("/owners?{name}&page={page}");
        Self::linked(current, (total + PAGE - 1) / PAGE, link)
    }

    /// Page `current` of `count`; `link` names a page's path.
    pub fn linked(current: i64, count: i64, link: impl Fn(i64) -> String) -> Self {
        let (before, after) = (current > 1, current < count);
        // as many at either end of the list as in its middle
        let start = (current - NEAR).min(count - 2 * NEAR).max(1);
        let near = start..=(start + 2 * NEAR).min(count);
        Self {
            near: near.map(|page| Near { page, path: (page != current).then(|| link(page)) }).collect(),
            current,
            count,
            first: before.then(|| link(1)),
            previous: before.then(|| link(current - 1)),
            next: after.then(|| link(current + 1)),
            last: after.then(|| link(count)),
        }
    }
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
