//! Error pages: the errors of handlers and layers, rendered in the client's language and format; and compression.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::Request;
use http::header::{HeaderValue, SET_COOKIE};
use hyper::body::Incoming;
use warp::reply::Response;

use super::from_fn::Next;
use crate::app::extract::RequestId;
use crate::views::compression::{accepts_gzip, compress};
use crate::views::mac::Key;
use crate::views::{Error, RequestPreferences, Views};

/// Inserts the [`RequestPreferences`] for the router, renders the error that a response carries, and compresses the response.
pub(super) async fn render(
    (views, cookies): (Arc<Views>, Key),
    mut request: Request<Incoming>,
    next: Next<Incoming>,
) -> Response {
    let (uri, extensions) = (request.uri(), request.extensions());
    let id = extensions.get::<RequestId>().map(|id| id.0.clone());
    let query = uri.query().unwrap_or_default();
    let preferences = Arc::new(RequestPreferences::new(request.headers(), uri.path(), query, id, cookies));
    let gzip = accepts_gzip(request.headers());
    request.extensions_mut().insert(Arc::clone(&preferences));
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        response = views.error(&error, &preferences);
    }
    if let Some(cookie) = preferences.language_cookie().and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    compress(response, gzip).await
}

/// Answers for a handler that panicked. The panic hook has logged where.
pub(super) async fn catch_panic((): (), request: Request<Incoming>, next: Next<Incoming>) -> Response {
    or_panicked(next.run(request)).await
}

async fn or_panicked(answer: impl Future<Output = Response>) -> Response {
    let response = AssertUnwindSafe(answer).catch_unwind().await;
    response.unwrap_or_else(|_| Error::Panicked.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panicking_handler_becomes_an_error() {
        let response = or_panicked(async { panic!("on purpose") }).await;
        assert!(matches!(response.extensions().get(), Some(Error::Panicked)));
    }
}
