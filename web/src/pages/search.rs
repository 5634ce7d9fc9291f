//! One search for owners: by name, initials, pet and telephone number.

pub mod store;

use schema::database::Connection;
use serde_json::json;

use crate::app::extract::Context;
use crate::views::{Error, Reply};

/// `GET /search?q=`: the only owner found is shown at once, unless the query asks for the list by `live`.
pub async fn show(cx: Context) -> Result<Reply, Error> {
    let query = cx.query()?;
    let typed = query.get("q").unwrap_or_default().trim().to_owned();
    if typed.is_empty() && query.get("live").is_none() {
        return Reply::redirect("/owners?lastName=");
    }
    let text = typed.clone();
    let (owners, more) = cx.app.db.run("search", move |conn: &mut Connection| store::search(conn, &text)).await?;
    if let [only] = &owners[..]
        && query.get("live").is_none()
    {
        let place = only.pet_id.map_or("pets".to_owned(), |pet| format!("pet-{pet}"));
        return Reply::redirect(format!("/owners/{}#{place}", only.listed.owner.id));
    }
    let add = format!("/owners/new?{}", serde_urlencoded::to_string([("name", &typed)]).unwrap_or_default());
    Reply::page("search", json!({ "query": typed, "owners": owners, "more": more, "add": add }))
}
