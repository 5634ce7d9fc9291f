//! Headers of every response.

use http::header::{
    CONTENT_SECURITY_POLICY, Entry, HeaderName, HeaderValue, REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
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
    const HEADERS: [(HeaderName, HeaderValue); 7] = [
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            ),
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"),
        ),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    headers.extend(HEADERS);
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
