//! Requests that RFC 9112 has a server reject, and that hyper lets pass.

use http::header::{ALLOW, HOST, HeaderValue, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, StatusCode, Version};
use hyper::body::Incoming;
use warp::reply::Response;

use super::from_fn::Next;
use crate::views::Error;

/// The status of a request with a head beyond the limit: an extension of it.
#[derive(Clone, Copy, Debug)]
pub struct HeadTooLarge(pub StatusCode);

/// Rejects a request whose host or framing is doubtful, and answers `OPTIONS *`.
pub(super) async fn validate((): (), request: Request<Incoming>, next: Next<Incoming>) -> Response {
    if let Some(HeadTooLarge(status)) = request.extensions().get() {
        return Error::Rejected(*status).into_response();
    }
    if !is_valid(request.version(), request.headers()) {
        return Error::Malformed.into_response();
    }
    if request.uri().path() == "*" {
        if request.method() != Method::OPTIONS {
            return Error::Malformed.into_response();
        }
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS"));
        return response;
    }
    next.run(request).await
}

fn is_host(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let port = host.strip_prefix(authority.host()).map(|rest| rest.trim_start_matches(':'));
    port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok())
}

fn is_valid(version: Version, headers: &HeaderMap) -> bool {
    // RFC 9112, 3.2: exactly one; 1.0 knew none
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(is_host),
        (None, None) => version < Version::HTTP_11,
        _ => false,
    };
    // RFC 9112, 6.1: codings other than chunked are not implemented, and chunked is applied once
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let framing = codings.next().is_none_or(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"));
    host && framing && codings.next().is_none()
}
