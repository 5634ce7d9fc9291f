//! What operators alone may do, and the port that is theirs: metrics, the probes and the log's level, for the cluster's
//! inside and never for the public.

use std::sync::Arc;

use bytes::Buf;
use clap::ValueEnum;
use futures_util::Stream;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use prometheus_client::registry::Registry;
use runtime::logging::{LogLevel, Threshold};
use runtime::settings::{self, Secret};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::error::CHALLENGE;
use crate::health::Health;
use crate::limits::Limits;
use crate::mac::Key;
use crate::metrics;

/// The longest body that names a level, in bytes.
const LEVEL_LIMIT: u64 = 64;

/// What operators have to know.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct Settings {
    /// Token that DELETE and POST /healthcheck and PUT /log-level need (`Authorization: Bearer …`); without it, everyone may
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true, value_parser = settings::secret)]
    pub admin_token: Option<Secret>,

    /// File that holds it, such as a mounted Secret
    #[arg(long, env = "ADMIN_TOKEN_FILE", value_name = "PATH", value_parser = settings::secret_file, conflicts_with = "admin_token")]
    pub admin_token_file: Option<Secret>,
}

/// Who may pass: those with the token, or everyone where there is none. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gate(Option<Arc<Lock>>);

/// The token's code under a key of this process: comparing codes tells a guesser nothing, not even the token's length.
#[derive(Debug)]
struct Lock {
    key: Key,
    code: String,
}

impl Gate {
    /// The gate of these settings.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(settings: &Settings) -> std::io::Result<Self> {
        let token = settings.admin_token.as_ref().or(settings.admin_token_file.as_ref());
        let lock = |token: &Secret| {
            let key = Key::random()?;
            let code = key.sign(token.expose());
            Ok(Arc::new(Lock { key, code }))
        };
        token.map(lock).transpose().map(Self)
    }

    /// Whether everyone may pass.
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a request with these headers may.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(lock) = &self.0 else { return true };
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
        given.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && lock.key.verify(token.trim(), &lock.code))
    }
}

/// The routes of the admin port.
pub fn routes(
    registry: Registry,
    health: Health,
    gate: Gate,
    level: Threshold,
    limits: Limits,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let (registry, limits) = (Arc::new(registry), Arc::new(limits));
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
    let now = level.clone();
    let get_level = warp::path!("log-level").map(move || line(StatusCode::OK, now.get().name()));
    let put_level = warp::path!("log-level")
        .and(warp::put())
        .and(warp::header::headers_cloned())
        .and(warp::body::content_length_limit(LEVEL_LIMIT))
        .and(warp::body::stream())
        .then(move |headers: HeaderMap, body| {
            let (gate, level, limits) = (gate.clone(), level.clone(), Arc::clone(&limits));
            async move { if gate.admits(&headers) { put(&level, &limits, &headers, body).await } else { unauthorized() } }
        });
    warp::get().and(metrics.or(livez).unify().or(readyz).unify().or(get_level).unify()).or(put_level).unify()
}

fn line(status: StatusCode, text: &str) -> Response {
    warp::reply::with_status(format!("{text}\n"), status).into_response()
}

fn unauthorized() -> Response {
    warp::reply::with_header(line(StatusCode::UNAUTHORIZED, "the admin token is needed"), WWW_AUTHENTICATE, CHALLENGE)
        .into_response()
}

async fn put<S, B, E>(level: &Threshold, limits: &Limits, headers: &HeaderMap, body: S) -> Response
where
    S: Stream<Item = Result<B, E>> + Send,
    B: Buf,
{
    match limits.body(None, headers, body).await {
        Ok(name) => set_level(level, &name),
        Err(error) => line(error.status(), &error.to_string()),
    }
}

fn set_level(level: &Threshold, body: &[u8]) -> Response {
    let name = String::from_utf8_lossy(body.trim_ascii());
    let Ok(next) = LogLevel::from_str(&name, false) else {
        let all: Vec<_> = LogLevel::value_variants().iter().map(|level| level.name()).collect();
        let refusal = format!("LOG_LEVEL: \"{}\" can't be used: accepted are {}", name.escape_debug(), all.join(", "));
        return line(StatusCode::BAD_REQUEST, &refusal);
    };
    let before = level.get();
    // where either level shows it
    level.set(before.max(next));
    tracing::warn!(from = before.name(), to = next.name(), "log level changed");
    level.set(next);
    line(StatusCode::OK, next.name())
}
