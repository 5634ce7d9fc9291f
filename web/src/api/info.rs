//! Name, version and commit of the program.

use http::StatusCode;
use serde_json::json;

use crate::app::extract::Context;
use crate::views::{Error, Reply};

/// `GET /api/info`
pub async fn show(cx: Context) -> Result<Reply, Error> {
    let info = json!({ "name": "petclinic", "version": env!("CARGO_PKG_VERSION"), "commit": &*cx.app.commit });
    Ok(Reply::Json(StatusCode::OK, info))
}
