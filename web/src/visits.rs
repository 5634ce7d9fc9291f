//! Visits: the form that books one, below what is known of the pet.

mod store;

use serde_json::json;

use crate::context::{Context, Fields, Id};
use crate::error::Error;
use crate::flash::Flash;
use crate::form::{Form, today};
use crate::views::Reply;

/// `GET /owners/{owner}/pets/{pet}/visits/new`
pub async fn new_form(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    form_page(&cx, owner, pet, &Form::filled([("date", &*today().to_string()), ("description", "")])).await
}

/// `POST /owners/{owner}/pets/{pet}/visits/new`
pub async fn create(cx: Context, owner: Id, pet: Id) -> Result<Reply, Error> {
    let (form, values) = read(&cx.form()?);
    match values {
        None => form_page(&cx, owner, pet, &form).await,
        Some(values) => {
            cx.app.db.run("insert visit", move |conn| store::insert(conn, owner.0, pet.0, &values)).await?;
            Reply::saved(format!("/owners/{}", owner.0), Flash::VisitBooked)
        }
    }
}

fn read(fields: &Fields<'_>) -> (Form, Option<store::Values>) {
    let mut form = Form::default();
    let visit_date = form.date(fields, "date", chrono::NaiveDate::MAX);
    let description = form.text(fields, "description");
    let values = || Some(store::Values { visit_date: visit_date?, description: description? });
    let values = values();
    (form, values)
}

async fn form_page(cx: &Context, owner: Id, pet: Id, form: &Form) -> Result<Reply, Error> {
    let of_pet = cx.app.db.run("pet of owner with visits", move |conn| store::visits(conn, owner.0, pet.0)).await?;
    Reply::page("visits/form", &json!({ "owner": of_pet.owner, "pet": of_pet.pet, "visits": of_pet.visits, "form": form }))
}
