//! The home page, which is the clinic's day, and the page that shows what an error looks like.

use std::sync::Arc;
use std::time::Instant;

use crate::app::extract::Context;
use crate::pages::visits::day;
use crate::views::flash::Flash;
use crate::views::{Error, Reply};

/// `GET /?date=&page=`: the visits of today, or another day, and of the days after it.
///
/// Today's list is kept for a second, except for a client that has just changed it. Without a database the page has no visits.
pub async fn welcome(cx: Context) -> Result<Reply, Error> {
    let query = cx.query()?;
    let is_plain = ["date", "page", "changed"].iter().all(|name| query.get(name).is_none());
    if !is_plain || Flash::of(cx.headers(), &cx.app.cookies).is_some() {
        return Reply::page("home", day::read(&cx, "/", None, day::wanted(&cx)?).await?);
    }
    let (now, today) = (Instant::now(), cx.app.today());
    if let Some(kept) = cx.app.day.get(now).filter(|kept| kept.0 == today) {
        return Reply::page("home", kept.1.clone());
    }
    match day::read(&cx, "/", None, today).await {
        Ok(data) => {
            cx.app.day.put(now, Arc::new((today, data.clone())));
            Reply::page("home", data)
        }
        Err(Error::Unavailable(_)) => Reply::page("home", day::unavailable(today)),
        Err(error) => Err(error),
    }
}

/// `GET /oups`
pub async fn oups(_: Context) -> Result<Reply, Error> {
    Err(Error::OnPurpose)
}
