//! The welcome page, and the page that shows what an error looks like.

use crate::app::extract::Context;
use crate::views::{Error, Reply};

/// `GET /`
pub async fn welcome(_: Context) -> Result<Reply, Error> {
    Reply::page("home", &serde_json::json!({}))
}

/// `GET /oups`
pub async fn oups(_: Context) -> Result<Reply, Error> {
    Err(Error::OnPurpose)
}
