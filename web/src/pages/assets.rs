//! Files for the browser.

use http::header::IF_NONE_MATCH;

use crate::app::extract::Context;
use crate::views::assets;
use crate::views::{Error, Reply};

/// `GET /resources/{file}`
pub async fn serve(cx: Context, file: String) -> Result<Reply, Error> {
    let asset = assets::find(cx.app.views.source(), &file).map_err(|error| Error::Render(format!("{error:#}")))?;
    let asset = asset.ok_or(Error::NotFound)?;
    let not_modified =
        cx.headers().get_all(IF_NONE_MATCH).iter().any(|tags| tags.to_str().is_ok_and(|tags| asset.is_known(tags)));
    Ok(Reply::Asset { immutable: asset.name != file, asset, not_modified })
}

/// `GET /favicon.ico`, which browsers ask for where no page told them better.
pub async fn favicon(cx: Context) -> Result<Reply, Error> {
    serve(cx, "favicon.svg".to_owned()).await
}
