//! Layers around every request.

pub mod access_log;
pub mod client;
mod csrf;
mod errors;
mod from_fn;
mod headers;
pub mod limits;
pub mod protocol;
mod trace;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper::body::Incoming;
use tower::{Service, ServiceBuilder};
use warp::reply::Response;

use self::from_fn::from_fn;
use self::limits::Limits;
use crate::app::App;
use crate::app::router::Templates;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::tracing::Traces;

/// Puts the layers around `routes`. A request passes them from top to bottom, its response from bottom to top.
pub fn stack<S>(
    routes: S,
    templates: Templates,
    app: &App,
    limits: limits::Settings,
    client: client::Settings,
    traces: Traces,
    metrics: Metrics,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
where
    S: Service<Request<Empty<Bytes>>, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    templates.0.iter().for_each(|(route, methods)| metrics.register_route(route, methods));
    let limits = Arc::new(Limits::new(limits, metrics.clone()));
    let client::Settings { trusted_proxies, allowed_origins } = client;
    let renderer = (app.views.clone(), app.cookies.clone());
    ServiceBuilder::new()
        .layer(from_fn(traces, trace::record))
        .map_request(move |request| client::identify(request, &trusted_proxies))
        .layer(from_fn((metrics, templates), access_log::write))
        .layer(from_fn((), headers::set))
        .layer(from_fn(renderer, errors::render))
        .layer(from_fn((), errors::catch_panic))
        .layer(from_fn((), protocol::validate))
        .layer(from_fn(allowed_origins, csrf::reject_cross_site))
        .layer(from_fn(limits.clone(), limits::read_body))
        .layer(from_fn(limits.clone(), limits::limit_in_flight))
        .layer(from_fn(limits, limits::time_out))
        .service(routes)
}
