//! Visits: the form that books one, below what is known of the pet.

mod store;

use schema::database::Connection;
use serde_json::json;

use crate::app::extract::{Context, Id};
use crate::pages::idempotency::Submission;
use crate::views::flash::Flash;
use crate::views::form::{Form, today};
use crate::views::{Error, Fields, Reply};

/// `GET /owners/{owner}/pets/{pet}/visits/new`
pub async fn new_form(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    form_page(&cx, owner, pet, &Form::creating([("date", &*today().to_string()), ("description", "")])).await
}

/// `POST /owners/{owner}/pets/{pet}/visits/new`
pub async fn create(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let fields = cx.form()?;
    let (form, values) = read(&fields);
    let Some(values) = values else { return form_page(&cx, owner, pet, &form).await };
    let submission = Submission::of(&fields, &format!("{} {}", owner.0, pet.0), &values);
    let save = move |conn: &mut Connection| {
        store::insert(conn, owner.0, pet.0, &values)?;
        Ok(format!("/owners/{}", owner.0))
    };
    let location = cx.app.db.run("insert visit", move |conn| submission.once(conn, save)).await?;
    Reply::saved(location, Flash::VisitBooked)
}

fn read(fields: &Fields<'_>) -> (Form, Option<store::Values>) {
    let mut form = Form::sent(fields);
    let visit_date = form.date(fields, "date", chrono::NaiveDate::MAX);
    let description = form.text(fields, "description");
    let values = || Some(store::Values { visit_date: visit_date?, description: description? });
    let values = values();
    (form, values)
}

async fn form_page(cx: &Context, owner: Id, pet: Id, form: &Form) -> Result<Reply, Error> {
    let of_pet = cx.app.db.run("pet of owner with visits", move |conn| store::visits(conn, owner.0, pet.0)).await?;
    Reply::form("visits/form", json!({ "owner": of_pet.owner, "pet": of_pet.pet, "visits": of_pet.visits }), form)
}
