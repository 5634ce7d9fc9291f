//! The description of the API.

use crate::app::extract::Context;
use crate::pages::assets;
use crate::views::{Error, Reply};

/// `GET /openapi.json`
pub async fn show(cx: Context) -> Result<Reply, Error> {
    assets::serve(cx, "openapi.json".to_owned()).await
}
