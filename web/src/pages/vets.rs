//! Veterinarians: few, and seldom changed, so that they are kept for some seconds.

use http::StatusCode;
use serde_json::json;

use crate::app::extract::{Context, Id, page_number};
use crate::db::vets::Vet;
use crate::pages::pagination::Pages;
use crate::pages::visits::day;
use crate::views::{Error, Reply};

/// Veterinarians a page.
const PAGE: usize = 5;

/// `GET /vets.html?page=`
pub async fn list(cx: Context) -> Result<Reply, Error> {
    let page = page_number(&cx.query()?)?;
    let all = cx.app.vets().await?;
    let count = all.len().div_ceil(PAGE).max(1);
    let shown = usize::try_from(page).ok().filter(|page| *page <= count).ok_or(Error::NotFound)?;
    let vets: Vec<&Vet> = all.iter().skip((shown - 1) * PAGE).take(PAGE).collect();
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let pages = Pages::numbered(page, count, |page| format!("/vets.html?page={page}"));
    Reply::page("vets/list", json!({ "vetList": vets, "total": all.len(), "pages": pages }))
}

/// `GET /vets/{vet}?date=&page=`: a veterinarian's visits of today, or another day, and of the days after it.
pub async fn show(cx: Context, vet: Id) -> Result<Reply, Error> {
    let all = cx.app.vets().await?;
    let shown = all.iter().find(|one| one.id == vet.0).ok_or(Error::NotFound)?;
    let mut data = day::read(&cx, &format!("/vets/{}", vet.0), Some(vet.0), day::wanted(&cx)?).await?;
    data["person"] = json!(shown);
    Reply::page("vets/show", data)
}

/// `GET /vets`
pub async fn json(cx: Context) -> Result<Reply, Error> {
    Ok(Reply::Json(StatusCode::OK, json!({ "vetList": &*cx.app.vets().await? })))
}
