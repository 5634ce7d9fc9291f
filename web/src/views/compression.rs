//! Compression of responses with gzip.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use warp::reply::Response;

use super::error::Error;
use super::i18n::{joined, weighted};

/// Size from which a text is compressed: a smaller one fits into a packet as it is.
pub const MIN_SIZE: usize = 1024;
/// End of the entity tag of a compressed response: with another representation it has another tag.
pub const TAG_SUFFIX: &str = "-gzip";

/// The compressed content of a response, computed before: an extension of it.
#[derive(Clone, Debug)]
pub struct Precompressed(pub Bytes);

/// Returns true if a client accepts gzip at least as much as an uncompressed response.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    if !headers.contains_key(ACCEPT_ENCODING) {
        return false;
    }
    let accepted = joined(headers, ACCEPT_ENCODING);
    let weight = |names: &[&str]| {
        let named = weighted(&accepted).filter(|(coding, _)| names.iter().any(|name| name.eq_ignore_ascii_case(coding)));
        named.map(|(_, weight)| weight).reduce(f32::max)
    };
    let gzip = weight(&["gzip", "x-gzip"]).or_else(|| weight(&["*"])).unwrap_or(0.0);
    gzip > 0.0 && gzip >= weight(&["identity"]).unwrap_or(0.0)
}

/// Compresses a text of at least [`MIN_SIZE`] if the client accepts it. Caches keep the two apart by `Vary`.
pub async fn compress(response: Response, accepted: bool) -> Response {
    let (mut head, body) = response.into_parts();
    let precompressed = head.extensions.remove::<Precompressed>();
    let size = hyper::body::Body::size_hint(&body).exact().and_then(|size| usize::try_from(size).ok());
    if precompressed.is_none() && !is_compressible(&head, size.unwrap_or(0)) {
        return Response::from_parts(head, body);
    }
    head.headers.entry(VARY).or_insert(HeaderValue::from_static("accept-encoding"));
    if !accepted {
        return Response::from_parts(head, body);
    }
    if let Some(tag) = head.headers.get(ETAG).and_then(|tag| tag.to_str().ok()?.strip_suffix('"'))
        && let Ok(tag) = HeaderValue::try_from(format!("{tag}{TAG_SUFFIX}\""))
    {
        head.headers.insert(ETAG, tag);
    }
    if head.status == StatusCode::NOT_MODIFIED {
        return Response::from_parts(head, body);
    }
    let compressed = match precompressed {
        Some(Precompressed(compressed)) => Ok(compressed),
        None => body.collect().await.map(|body| gzip(&body.to_bytes(), Compression::fast())),
    };
    // A body in memory doesn't fail.
    let Ok(compressed) = compressed else { return Error::Render("body not read".to_owned()).into_response() };
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, compressed.into())
}

/// Compresses `content`.
pub fn gzip(content: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 3), level);
    // Writing to a Vec doesn't fail.
    let _ = encoder.write_all(content);
    encoder.finish().unwrap_or_default().into()
}

/// Returns true if a media type is a text.
pub fn is_text(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default();
    essence.starts_with("text/") || ["application/json", "application/problem+json", "image/svg+xml"].contains(&essence)
}

fn is_compressible(head: &Parts, size: usize) -> bool {
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_whole = !head.headers.contains_key(CONTENT_ENCODING) && !head.headers.contains_key(CONTENT_RANGE);
    size >= MIN_SIZE && is_text(kind) && is_whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_encoding_is_weighed() {
        let accepts = |lines: &[&'static str]| {
            accepts_gzip(&lines.iter().map(|line| (ACCEPT_ENCODING, HeaderValue::from_static(line))).collect())
        };
        for yes in ["gzip", "GZIP", "x-gzip", "deflate, gzip;q=1.0, *;q=0.5", "*", "gzip;q=0.001", "br, gzip", "identity;q=0, *"]
        {
            assert!(accepts(&[yes]), "{yes}");
        }
        for no in ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=0, *", "gzip;q=0.5, identity", "gzipped", "gzip;q=x"] {
            assert!(!accepts(&[no]), "{no}");
        }
        assert!(!accepts(&[]) && accepts(&["br", "gzip"]));
    }
}
