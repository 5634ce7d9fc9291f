//! Headers of every response.

use http::header::{Entry, HeaderName, HeaderValue, SET_COOKIE, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, Request};
use hyper::body::Incoming;
use warp::reply::Response;

use super::from_fn::Next;
use crate::app::extract::Client;

/// Sets the security headers of a response, and those for HTTPS if the browser's connection is encrypted.
pub(super) async fn set((): (), request: Request<Incoming>, next: Next<Incoming>) -> Response {
    let https = request.extensions().get::<Client>().is_some_and(|client| client.https == Some(true));
    let mut response = next.run(request).await;
    set_security_headers(response.headers_mut());
    if https {
        set_hsts_and_secure_cookies(response.headers_mut());
    }
    response
}

/// Restricts what a browser may do with a response to what our pages need.
fn set_security_headers(headers: &mut HeaderMap) {
    const HEADERS: [(&str, &str); 7] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    headers.reserve(HEADERS.len());
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// Has later connections encrypted as well, and binds the cookies to them.
fn set_hsts_and_secure_cookies(headers: &mut HeaderMap) {
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    if let Entry::Occupied(mut cookies) = headers.entry(SET_COOKIE) {
        for cookie in cookies.iter_mut() {
            let plain = cookie.to_str().unwrap_or_default();
            if let Ok(secured) = HeaderValue::try_from(format!("__Host-{plain}; Secure")) {
                *cookie = secured;
            }
        }
    }
}
