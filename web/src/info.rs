//! Which program answers.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use crate::context::Context;
use crate::error::Error;
use crate::views::Reply;

/// What the program can't know of itself.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub struct Settings {
    /// The commit that the program was built from, as /api/info tells it
    #[arg(long, env = "GIT_COMMIT", default_value = "unknown")]
    pub git_commit: Arc<str>,
}

/// `GET /api/info`
pub async fn show(cx: Context) -> Result<Reply, Error> {
    let info = json!({ "name": "petclinic", "version": env!("CARGO_PKG_VERSION"), "commit": &*cx.app.commit });
    Ok(Reply::Json(StatusCode::OK, info))
}
