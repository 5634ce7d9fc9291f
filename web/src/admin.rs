//! The admin port: metrics and the probes, for monitoring inside the cluster and never for the public.

use std::sync::Arc;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use prometheus_client::registry::Registry;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::health::Health;
use crate::metrics;

/// The routes of the admin port.
pub fn routes(registry: Registry, health: Health) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let registry = Arc::new(registry);
    let metrics = warp::path!("metrics").map(move || {
        let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        warp::reply::with_header(metrics::text(&registry), CONTENT_TYPE, form).into_response()
    });
    let livez = warp::path!("livez").map(|| StatusCode::OK.into_response());
    let readyz = warp::path!("readyz").then(move || {
        let health = health.clone();
        async move {
            let ready = health.readiness().await.is_ready();
            if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }.into_response()
        }
    });
    warp::get().and(metrics.or(livez).unify().or(readyz).unify())
}
