//! Visits of a pet: the form that books one, and the list of all of them.

pub mod store;

use chrono::{Months, NaiveDate};
use diesel::result::DatabaseErrorKind::CheckViolation;
use diesel::result::Error::DatabaseError;
use schema::database::Connection;
use serde_json::json;

use self::store::{OfPet, Position};
use crate::app::extract::{Context, Id};
use crate::db::DbError;
use crate::pages::idempotency::IdempotencyKey;
use crate::pages::owners::store::NEWEST_VISITS;
use crate::pages::pagination::Pages;
use crate::views::flash::Flash;
use crate::views::form::{Form, MAX_YEARS_AHEAD, Problem};
use crate::views::{Error, Fields, Reply};

/// Number of visits per page.
const PAGE: i64 = 50;

/// `GET /owners/{owner}/pets/{pet}/visits?before=`: a page of a pet's visits, the newest first.
pub async fn list(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let query = cx.query()?;
    let before = query.get("before").map(|text| position(text).ok_or(Error::NotFound)).transpose()?;
    let read = move |conn: &mut Connection| store::visits(conn, owner.0, pet.0, before, PAGE);
    let OfPet { owner, pet, visits, more } = cx.app.db.run("visits of pet", read).await?;
    let path = format!("/owners/{}/pets/{}/visits", owner.id, pet.id);
    let next = visits.last().filter(|_| more).map(|last| format!("{path}?before={},{}", last.date, last.id));
    let pages = Pages::unnumbered(before.is_some().then_some(path), next);
    Reply::page("visits/list", &json!({ "owner": owner, "pet": pet, "visits": visits, "pages": pages }))
}

/// Reads `DATE,ID`.
pub fn position(text: &str) -> Option<Position> {
    let (date, id) = text.split_once(',')?;
    Some((date.parse().ok()?, id.parse().ok()?))
}

/// `GET /owners/{owner}/pets/{pet}/visits/new`
pub async fn new_form(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let of_pet = read_pet(&cx, owner, pet).await?;
    form_page(of_pet, &Form::creating([("date", &*cx.app.today().to_string()), ("description", "")]))
}

/// `POST /owners/{owner}/pets/{pet}/visits/new`
pub async fn create(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let fields = cx.form()?;
    let of_pet = read_pet(&cx, owner, pet).await?;
    let (mut form, values) = read(&fields, of_pet.pet.birth_date, cx.app.today());
    let Some(values) = values else { return form_page(of_pet, &form) };
    let key = IdempotencyKey::of(&fields, &format!("{} {}", owner.0, pet.0), &values);
    let save = move |conn: &mut Connection| store::insert(conn, pet.0, &values).map(|_| format!("/owners/{}", owner.0));
    let inserted = cx.app.db.run("insert visit", move |conn| key.execute_once(conn, &save)).await;
    if let Err(DbError::Query(DatabaseError(CheckViolation, _))) = inserted {
        form.add_error("date", Problem::TooMany);
        return form_page(of_pet, &form);
    }
    Reply::saved(inserted?, Flash::VisitBooked)
}

/// The form as it was sent, and the values where none has a problem.
pub fn read(fields: &Fields<'_>, birth_date: NaiveDate, today: NaiveDate) -> (Form, Option<store::Values>) {
    let mut form = Form::sent(fields);
    let visit_date = form.date(fields, "date", |date| {
        let latest = today.checked_add_months(Months::new(12 * u32::from(MAX_YEARS_AHEAD))).unwrap_or(NaiveDate::MAX);
        match date {
            date if date < birth_date => Err(Problem::BeforeBirth),
            date if date > latest => Err(Problem::TooFar),
            date => Ok(date),
        }
    });
    let description = form.text(fields, "description");
    let values = || Some(store::Values { visit_date: visit_date?, description: description? });
    let values = values();
    (form, values)
}

async fn read_pet(cx: &Context, owner: Id, pet: Id) -> Result<OfPet, Error> {
    let read = move |conn: &mut Connection| store::visits(conn, owner.0, pet.0, None, NEWEST_VISITS);
    Ok(cx.app.db.run("pet of owner with visits", read).await?)
}

fn form_page(OfPet { owner, pet, visits, more }: OfPet, form: &Form) -> Result<Reply, Error> {
    Reply::form("visits/form", json!({ "owner": owner, "pet": pet, "visits": visits, "moreVisits": more }), form)
}
