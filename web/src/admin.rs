//! The admin port: metrics, probes and the log level, for the inside of the cluster and never for the public.

use std::sync::Arc;

use bytes::{Buf, BufMut};
use clap::ValueEnum;
use futures_util::{Stream, TryStreamExt};
use http::header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use prometheus_client::registry::Registry;
use runtime::logging::{LogLevel, Threshold};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::app::auth::AdminAuth;
use crate::app::health::Health;
use crate::telemetry::metrics;
use crate::views::CHALLENGE;

/// The longest body that names a level, in bytes.
const LEVEL_LIMIT: u64 = 64;

/// The routes of the admin port.
pub fn routes(
    registry: Registry,
    health: Health,
    auth: AdminAuth,
    level: Threshold,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let registry = Arc::new(registry);
    let metrics = warp::path!("metrics").and(warp::header::headers_cloned()).map(move |headers: HeaderMap| {
        let accepts = |name: &str| headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|a| a.contains(name)));
        // Without a preference it is what the library encodes.
        if accepts("text/plain") && !accepts("openmetrics") {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            return warp::reply::with_header(metrics::plain_text(&registry), CONTENT_TYPE, kind).into_response();
        }
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        warp::reply::with_header(metrics::openmetrics(&registry), CONTENT_TYPE, kind).into_response()
    });
    let livez = warp::path!("livez").map(|| StatusCode::OK.into_response());
    let readyz = warp::path!("readyz").then(move || {
        let health = health.clone();
        async move {
            let ready = health.readiness().await.is_ready();
            if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }.into_response()
        }
    });
    let now = level.clone();
    let get_level = warp::path!("log-level").map(move || line(StatusCode::OK, now.get().name()));
    let put_level = warp::path!("log-level")
        .and(warp::put())
        .and(warp::header::headers_cloned())
        .and(warp::body::content_length_limit(LEVEL_LIMIT))
        .and(warp::body::stream())
        .then(move |headers: HeaderMap, body| {
            let (auth, level) = (auth.clone(), level.clone());
            async move {
                if !auth.authorize(&headers) {
                    return unauthorized();
                }
                read(body)
                    .await
                    .map_or_else(|_| line(StatusCode::BAD_REQUEST, "malformed request"), |name| set_level(&level, &name))
            }
        });
    warp::get()
        .or(warp::head())
        .unify()
        .and(metrics.or(livez).unify().or(readyz).unify().or(get_level).unify())
        .or(put_level)
        .unify()
}

fn line(status: StatusCode, text: &str) -> Response {
    warp::reply::with_status(format!("{text}\n"), status).into_response()
}

fn unauthorized() -> Response {
    warp::reply::with_header(line(StatusCode::UNAUTHORIZED, "the admin token is needed"), WWW_AUTHENTICATE, CHALLENGE)
        .into_response()
}

async fn read<B: Buf, E>(body: impl Stream<Item = Result<B, E>>) -> Result<Vec<u8>, E> {
    let append = |mut read: Vec<u8>, chunk| async {
        read.put(chunk);
        Ok(read)
    };
    body.try_fold(Vec::new(), append).await
}

fn set_level(level: &Threshold, body: &[u8]) -> Response {
    let name = String::from_utf8_lossy(body.trim_ascii());
    let Ok(next) = LogLevel::from_str(&name, false) else {
        let all: Vec<_> = LogLevel::value_variants().iter().map(|level| level.name()).collect();
        let refusal = format!("LOG_LEVEL: \"{}\" can't be used: must be one of {}", name.escape_debug(), all.join(", "));
        return line(StatusCode::BAD_REQUEST, &refusal);
    };
    let before = level.get();
    // where either level shows it
    level.set(before.max(next));
    tracing::warn!(from = before.name(), to = next.name(), "log level changed");
    level.set(next);
    line(StatusCode::OK, next.name())
}
