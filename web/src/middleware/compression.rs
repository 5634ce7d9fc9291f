//! Compression of responses, for clients that accept it.

use http::Request;
use hyper::body::Incoming;
use warp::reply::Response;

use super::from_fn::Next;
use crate::views::compression::{accepts_gzip, compress};

/// Compresses the response of a client that accepts gzip.
pub(super) async fn gzip((): (), request: Request<Incoming>, next: Next<Incoming>) -> Response {
    let accepted = accepts_gzip(request.headers());
    compress(next.run(request).await, accepted).await
}
