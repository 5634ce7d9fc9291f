//! Visits of a pet: the form that books and corrects one, its status, and the list of all of them.

pub mod day;
pub mod form;
pub mod store;

use schema::database::Connection;
use schema::tables::STATUSES;
use serde_json::json;

use self::store::{OfPet, Position};
use crate::app::extract::{Context, Id, page_size};
use crate::db::Updated;
use crate::db::vets::Vet;
use crate::pages::idempotency::IdempotencyKey;
use crate::pages::owners::store::NEWEST_VISITS;
use crate::pages::pagination::Pages;
use crate::pages::pets::store as pets;
use crate::pages::pets::violation;
use crate::pages::visit::Visit;
use crate::views::flash::Flash;
use crate::views::form::Form;
use crate::views::{Error, Reply};

/// Numbers of visits per page to choose from.
const SIZES: [i64; 3] = [20, 50, 100];
/// Number of visits per page, unless another one is chosen.
const SIZE: i64 = 50;

/// `GET /owners/{owner}/pets/{pet}/visits?before=&size=`: a page of a pet's visits, the newest first.
pub async fn list(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let query = cx.query()?;
    let before = query.get("before").map(|text| position(text).ok_or(Error::NotFound)).transpose()?;
    let size = page_size(&query, SIZE, &SIZES)?;
    let read = move |conn: &mut Connection| store::visits(conn, owner.0, pet.0, before, size);
    let OfPet { owner, pet, mut visits, more } = cx.app.db.run("visits of pet", read).await?;
    visits.iter_mut().for_each(Visit::shorten);
    let link = |size: i64| format!("/owners/{}/pets/{}/visits?size={size}", owner.id, pet.id);
    let next = visits.last().filter(|_| more).map(|last| format!("{}&before={},{}", link(size), last.date, last.id));
    let is_long = before.is_some() || more || size != SIZE;
    let pages = Pages::unnumbered(before.is_some().then(|| link(size)), next);
    let pages = if is_long { pages.with_sizes(size, &SIZES, link) } else { pages };
    let data = json!({ "owner": owner, "pet": pet, "visits": visits, "pages": pages });
    Reply::page("visits/list", data)
}

/// Reads `DATE,ID`.
pub fn position(text: &str) -> Option<Position> {
    let (date, id) = text.split_once(',')?;
    Some((date.parse().ok()?, id.parse().ok()?))
}

/// `GET /owners/{owner}/pets/{pet}/visits/new`
pub async fn new_form(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let of_pet = read_pet(&cx, owner, pet).await?;
    let form = form::empty(cx.app.today());
    form_page(&cx, of_pet, None, &form).await
}

/// `POST /owners/{owner}/pets/{pet}/visits/new`
pub async fn create(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let fields = cx.form()?;
    let (_, found) = cx.app.db.run("pet of owner", move |conn: &mut Connection| pets::get(conn, owner.0, pet.0)).await?;
    let (mut form, values) = form::read(&fields, found.birth_date, cx.app.today(), &cx.app.vets().await?);
    let Some(values) = values else { return form_page(&cx, read_pet(&cx, owner, pet).await?, None, &form).await };
    let key = IdempotencyKey::of(&fields, &format!("{} {}", owner.0, pet.0), &values);
    let save =
        move |conn: &mut Connection| store::insert(conn, pet.0, &values, STATUSES[0]).map(|()| format!("/owners/{}", owner.0));
    let inserted = cx.app.db.run("insert visit", move |conn| key.execute_once(conn, &save)).await;
    if let Some(problem) = violation(&inserted) {
        form.add_error("date", problem);
        return form_page(&cx, read_pet(&cx, owner, pet).await?, None, &form).await;
    }
    Reply::saved(inserted?, Flash::VisitBooked)
}

/// `GET /owners/{owner}/pets/{pet}/visits/{visit}/edit`
pub async fn edit_form(cx: Context, owner: Id, pet: Id, visit: Id) -> Result<Reply, Error> {
    let (of_pet, visit) = read_visit(&cx, owner, pet, visit).await?;
    let form = form::of(&visit);
    form_page(&cx, of_pet, Some(visit), &form).await
}

/// `POST /owners/{owner}/pets/{pet}/visits/{visit}/edit`: an edit of an older version is shown again with what has changed
/// since. One without a version overwrites.
pub async fn update(cx: Context, owner: Id, pet: Id, visit: Id) -> Result<Reply, Error> {
    let (of_pet, current) = read_visit(&cx, owner, pet, visit).await?;
    let (mut form, values) = form::read(&cx.form()?, of_pet.pet.birth_date, cx.app.today(), &cx.app.vets().await?);
    let now = form::of(&current);
    if form.is_outdated(&now) {
        form.show_changes(now);
        return form_page(&cx, of_pet, Some(current), &form).await;
    }
    let Some(values) = values else { return form_page(&cx, of_pet, Some(current), &form).await };
    let expected = form.has_version().then_some(current);
    let update = move |conn: &mut Connection| store::update(conn, pet.0, visit.0, expected.as_ref(), &values, None);
    if cx.app.db.run("update visit", update).await? == Updated::Changed {
        let (of_pet, current) = read_visit(&cx, owner, pet, visit).await?;
        form.show_changes(form::of(&current));
        return form_page(&cx, of_pet, Some(current), &form).await;
    }
    Reply::saved(format!("/owners/{}", owner.0), Flash::VisitUpdated)
}

/// `POST /owners/{owner}/pets/{pet}/visits/{visit}/status`: a click on a visit of a day's list, or in its form.
pub async fn set_status(cx: Context, owner: Id, pet: Id, visit: Id) -> Result<Reply, Error> {
    let fields = cx.form()?;
    let status = |name| fields.get(name).and_then(store::known_status).ok_or(Error::Malformed);
    let (from, to) = (status("from")?, status("status")?);
    let set = move |conn: &mut Connection| {
        pets::get(conn, owner.0, pet.0)?;
        let updated = store::set_status(conn, pet.0, visit.0, from, to)?;
        // a second click finds the status that the first one has set
        Ok(updated == Updated::Saved || store::get(conn, pet.0, visit.0)?.status == to)
    };
    let saved = cx.app.db.run("set status of visit", set).await?;
    let flash = if saved { Flash::VisitUpdated } else { Flash::VisitChanged };
    let id = |name| fields.get(name).and_then(|id| id.parse::<Id>().ok());
    let path = match (fields.get("day").and_then(|day| day.parse::<chrono::NaiveDate>().ok()), id("vet")) {
        (Some(day), Some(vet)) => format!("/vets/{}?date={day}&changed={}", vet.0, visit.0),
        (Some(day), None) => format!("/?date={day}&changed={}", visit.0),
        (None, _) => format!("/owners/{}", owner.0),
    };
    Reply::saved(path, flash)
}

async fn read_pet(cx: &Context, owner: Id, pet: Id) -> Result<OfPet, Error> {
    let read = move |conn: &mut Connection| store::visits(conn, owner.0, pet.0, None, NEWEST_VISITS);
    Ok(cx.app.db.run("pet of owner with visits", read).await?)
}

async fn read_visit(cx: &Context, owner: Id, pet: Id, visit: Id) -> Result<(OfPet, Visit), Error> {
    let read = move |conn: &mut Connection| {
        Ok((store::visits(conn, owner.0, pet.0, None, NEWEST_VISITS)?, store::get(conn, pet.0, visit.0)?))
    };
    Ok(cx.app.db.run("visit of pet", read).await?)
}

async fn form_page(cx: &Context, of_pet: OfPet, visit: Option<Visit>, form: &Form) -> Result<Reply, Error> {
    let OfPet { owner, pet, mut visits, more } = of_pet;
    visits.iter_mut().for_each(Visit::shorten);
    let vets = cx.app.vets().await?;
    let choice = |vet: &Vet| {
        let mut choice = json!(vet);
        choice["selected"] = json!(form.value("vetId") == vet.id.to_string());
        choice
    };
    let data = json!({
        "owner": owner, "pet": pet, "visits": visits, "moreVisits": more, "vets": vets.iter().map(choice).collect::<Vec<_>>(),
        "id": visit.as_ref().map(|visit| visit.id), "status": visit.as_ref().map(|visit| &visit.status),
    });
    Reply::form("visits/form", data, form)
}
