//! Owners: search, list, page, and the form that makes and changes them.

pub mod form;
pub mod store;

use schema::database::{Connection, last_insert_id};
use serde_json::json;

use crate::app::extract::{Context, Id, page_number, page_size};
use crate::db::Updated;
use crate::pages::idempotency::IdempotencyKey;
use crate::pages::owners::store::{COUNTED, Found, PAGE, PETS, Start};
use crate::pages::pagination::Pages;
use crate::views::flash::Flash;
use crate::views::form::{Form, Problem};
use crate::views::{Error, Reply};

/// Numbers of owners per page to choose from.
const SIZES: [i64; 3] = [PAGE, 20, 50];
/// Number of the last page of an owner's pets that is read.
const MAX_PETS_PAGE: i64 = 1000;

/// `GET /owners/find`
pub async fn find(_: Context) -> Result<Reply, Error> {
    Reply::page("owners/find", json!({ "form": Form::filled([("lastName", "")]) }))
}

/// `GET /owners?lastName=&size=&page=` or `&after=`: one owner is shown at once, several as a list, none as the form again.
pub async fn list(cx: Context) -> Result<Reply, Error> {
    let query = cx.query()?;
    let last_name = query.get("lastName").unwrap_or_default().trim().to_owned();
    let after = query.get("after").map(str::parse).transpose().map_err(|()| Error::NotFound)?;
    let page = page_number(&query)?;
    let size = page_size(&query, PAGE, &SIZES)?;
    let start = after.map_or(Start::Offset((page - 1) * size), Start::After);
    if matches!(start, Start::Offset(offset) if offset >= COUNTED) {
        return Err(Error::PageTooFar);
    }
    let (name, begin) = (last_name.clone(), start.clone());
    let found = cx.app.db.run("owners by name", move |conn| store::search(conn, &name, &begin, size)).await?;
    match (&found.owners[..], start) {
        ([], Start::Offset(0)) => {
            let mut form = Form::filled([("lastName", &*last_name)]);
            form.add_error("lastName", Problem::NotFound);
            Reply::page("owners/find", json!({ "form": form }))
        }
        ([], _) => Err(Error::NotFound),
        ([listed], Start::Offset(0)) if found.total == 1 => Reply::redirect(format!("/owners/{}", listed.owner.id)),
        (owners, start) => {
            let pages = pages(&last_name, size, page, &start, &found);
            let (total, more) = (found.total.min(COUNTED), found.total > COUNTED);
            let data = json!({ "lastName": last_name, "owners": owners, "total": total, "more": more, "pages": pages });
            Reply::page("owners/list", data)
        }
    }
}

/// Links of a list, and to the sizes of its pages if it has several: by number up to [`COUNTED`] results, and from there on by the last owner of a page.
fn pages(last_name: &str, size: i64, page: i64, start: &Start, found: &Found) -> Pages {
    let chosen = if size == PAGE { String::new() } else { format!("&size={size}") };
    let link = |place: (&str, &str)| {
        format!("/owners?{}{chosen}", serde_urlencoded::to_string([("lastName", last_name), place]).unwrap_or_default())
    };
    let numbered = |page: i64| link(("page", &page.to_string()));
    let behind = || found.last.as_ref().map(|last| link(("after", &last.to_string())));
    let pages = match start {
        Start::After(_) => Pages::unnumbered(Some(numbered(1)), behind()),
        Start::Offset(_) => {
            let count = (found.total.min(COUNTED) + size - 1) / size;
            let mut pages = Pages::numbered(page, count, numbered);
            if found.total > COUNTED {
                pages.last = None;
                pages.next = pages.next.or_else(behind);
            }
            pages
        }
    };
    let sized = |size: i64| {
        let query = [("lastName", last_name), ("size", &size.to_string())];
        format!("/owners?{}", serde_urlencoded::to_string(query).unwrap_or_default())
    };
    if found.total > PAGE { pages.with_sizes(size, &SIZES, sized) } else { pages }
}

/// `GET /owners/new?name=`: with a name or a telephone number filled in.
pub async fn new_form(cx: Context) -> Result<Reply, Error> {
    form_page(None, &form::begun(cx.query()?.get("name").unwrap_or_default().trim()))
}

/// `POST /owners/new`
pub async fn create(cx: Context) -> Result<Reply, Error> {
    let fields = cx.form()?;
    let (form, values) = form::read(&fields);
    let Some(values) = values else { return form_page(None, &form) };
    let key = IdempotencyKey::of(&fields, "owner", &values);
    let save = move |conn: &mut Connection| {
        store::insert(conn, &values)?;
        Ok(format!("/owners/{}", last_insert_id(conn)?))
    };
    let location = cx.app.db.run("insert owner", move |conn| key.execute_once(conn, &save)).await?;
    Reply::saved(location, Flash::OwnerCreated)
}

/// `GET /owners/{owner}?page=`: a page of an owner's pets.
pub async fn show(cx: Context, owner: Id) -> Result<Reply, Error> {
    let page = page_number(&cx.query()?)?;
    if page > MAX_PETS_PAGE {
        return Err(Error::PageTooFar);
    }
    let details = move |conn: &mut Connection| store::details(conn, owner.0, (page - 1) * PETS);
    let owner = cx.app.db.run("owner with pets and visits", details).await?;
    if page > 1 && owner.pets.is_empty() {
        return Err(Error::NotFound);
    }
    let link = |page: i64| format!("/owners/{}?page={page}", owner.owner.id);
    let pages = Pages::uncounted(page, owner.more_pets, link);
    Reply::page("owners/show", json!({ "owner": owner, "pages": pages }))
}

/// `GET /owners/{owner}/edit`
pub async fn edit_form(cx: Context, owner: Id) -> Result<Reply, Error> {
    let current = cx.app.db.run("owner by id", move |conn| store::get(conn, owner.0)).await?;
    form_page(Some(owner), &form::of(&current))
}

/// `POST /owners/{owner}/edit`: an edit of an older version is shown again with what has changed since. One without a version
/// overwrites.
pub async fn update(cx: Context, owner: Id) -> Result<Reply, Error> {
    let read = move |conn: &mut Connection| store::get(conn, owner.0);
    let current = cx.app.db.run("owner by id", read).await?;
    let (mut form, values) = form::read(&cx.form()?);
    let now = form::of(&current);
    if form.is_outdated(&now) {
        form.show_changes(now);
        return form_page(Some(owner), &form);
    }
    let Some(values) = values else { return form_page(Some(owner), &form) };
    let current = form.has_version().then_some(current);
    match cx.app.db.run("update owner", move |conn| store::update(conn, owner.0, current.as_ref(), &values)).await? {
        Updated::Saved => Reply::saved(format!("/owners/{}", owner.0), Flash::OwnerUpdated),
        Updated::Changed => {
            form.show_changes(form::of(&cx.app.db.run("owner by id", read).await?));
            form_page(Some(owner), &form)
        }
    }
}

fn form_page(owner: Option<Id>, form: &Form) -> Result<Reply, Error> {
    Reply::form("owners/form", json!({ "id": owner.map(|owner| owner.0) }), form)
}
