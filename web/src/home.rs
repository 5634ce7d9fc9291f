//! The welcome page, and the page that shows what an error looks like.

use crate::context::Context;
use crate::error::Error;
use crate::views::Reply;

/// `GET /`
pub async fn welcome(_: Context) -> Result<Reply, Error> {
    Reply::page("home", &serde_json::json!({}))
}

/// `GET /oups`
pub async fn oups(_: Context) -> Result<Reply, Error> {
    Err(Error::OnPurpose)
}
