//! Style sheet and pictures, compiled in.
//!
//! Pages name an asset by a path that has a hash of its content, so that browsers keep it for good and still see a change at
//! once. The plain name works as well; it is asked for again each time.

use http::header::IF_NONE_MATCH;

use crate::context::Context;
use crate::error::Error;
use crate::fingerprint::fingerprint;
use crate::views::Reply;

/// A file that came with the program.
#[derive(Debug)]
pub struct Asset {
    /// Its plain name.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its text.
    pub content: &'static str,
    hash: u64,
}

macro_rules! assets {
    ($($name:literal: $kind:literal),+ $(,)?) => {
        static ASSETS: &[Asset] = &[$({
            const CONTENT: &str = include_str!(concat!("../assets/", $name));
            const HASH: u64 = fingerprint(CONTENT.as_bytes());
            Asset { name: $name, kind: $kind, content: CONTENT, hash: HASH }
        }),+];
    };
}

assets! {
    "style.css": "text/css; charset=utf-8",
    "icons.svg": "image/svg+xml",
    "welcome.svg": "image/svg+xml",
    "lost.svg": "image/svg+xml",
    "favicon.svg": "image/svg+xml",
}

impl Asset {
    /// The path that pages use: `/resources/style.<hash>.css`.
    pub fn path(&self) -> String {
        let (stem, extension) = self.name.split_once('.').unwrap_or((self.name, ""));
        format!("/resources/{stem}.{:016x}.{extension}", self.hash)
    }

    /// The entity tag.
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.hash)
    }

    fn is_called(&self, file: &str) -> bool {
        let Some((stem, rest)) = file.split_once('.') else { return false };
        let Some((hash, extension)) = rest.split_once('.') else { return false };
        self.name.split_once('.') == Some((stem, extension)) && hash.len() == 16 && u64::from_str_radix(hash, 16) == Ok(self.hash)
    }
}

/// The asset with this plain name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// `GET /resources/{file}`
pub async fn serve(cx: Context, file: String) -> Result<Reply, Error> {
    let hashed = ASSETS.iter().find(|asset| asset.is_called(&file));
    let asset = hashed.or_else(|| find(&file)).ok_or(Error::NotFound)?;
    let tag = asset.etag();
    let is_known = |tags: &str| tags.split(',').map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag);
    let known = cx.headers().get_all(IF_NONE_MATCH).iter().any(|tags| tags.to_str().is_ok_and(is_known));
    Ok(Reply::Asset { asset, forever: hashed.is_some(), known })
}

/// `GET /favicon.ico`, which browsers ask for where no page told them better.
pub async fn favicon(cx: Context) -> Result<Reply, Error> {
    serve(cx, "favicon.svg".to_owned()).await
}
