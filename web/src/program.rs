//! The program from its start to its end: logging, pool, server, drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use http::StatusCode;
use runtime::logging::{self, Logging, Stream};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_http::timeout::TimeoutLayer;
use tracing::Level;

use crate::app::App;
use crate::app::auth::AdminAuth;
use crate::app::health::Health;
use crate::config::Config;
use crate::db::Db;
use crate::middleware::{self, access_log};
use crate::server::{self, Server, Service};
use crate::shutdown::{Draining, Signals};
use crate::telemetry::metrics::{self, Metrics};
use crate::telemetry::tracing::export::Export;
use crate::views::Views;

/// The log streams: one line per request; the application's events with every SQL statement; errors only.
const STREAMS: [Stream; 3] = [
    Stream { name: "access", accepts: |event| event.target() == "access" },
    Stream { name: "app_db", accepts: |event| event.target() != "access" },
    Stream { name: "err", accepts: |event| *event.level() == Level::ERROR },
];

/// Maximum number of open files in addition to the clients' connections: those to the database, logs, the admin port.
const OTHER_FILES: u64 = 256;

/// Time for aborted requests to write their access lines at the end.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or SIGINT, drains, and returns.
///
/// # Errors
/// Where the program can't start: the listener, the database's settings.
pub fn run(config: &Config) -> anyhow::Result<()> {
    let logging = logging::start(&config.logging, config.log_dir.as_deref(), &STREAMS).context("logging can't be started")?;
    allow_open_files(config.server.max_connections);
    // A log volume that hangs keeps one.
    let workers = std::thread::available_parallelism().map_or(1, usize::from) + 1;
    // tokio starts one more whenever none is idle yet: on a busy machine they would pile up, each with memory of its own.
    let blocking = config.pool.database_max_connections as usize;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(workers).max_blocking_threads(blocking).enable_all().build()?;

    let export = Export::start(&config.traces)?;
    let served = runtime.block_on(start_and_serve(config, &logging, &export));
    export.end();
    // Requests that are given up write their access lines as they are dropped; statements may hold threads for longer.
    runtime.shutdown_timeout(LAST_LINES);
    drop(logging);
    served
}

async fn start_and_serve(config: &Config, logging: &Logging, export: &Export) -> anyhow::Result<()> {
    // Before anything says that this program is there: who reads it may send a signal.
    let signals = Signals::new()?;
    let pages = listen("LISTEN_ADDR", config.listen_addr)?;
    let admin = listen("ADMIN_ADDR", config.admin_addr)?;
    let draining = Draining::default();
    let (metrics, mut registry) = Metrics::new();
    let db = Db::new(config.database.url.clone(), &config.pool, metrics.clone());
    metrics::register(&mut registry, logging.outputs(), export.counts());
    db.register_metrics(&mut registry);
    let health = Health::new(db.clone(), draining.clone());
    let app = App {
        db,
        health: health.clone(),
        admin: AdminAuth::new(&config.admin),
        cookies: config.cookies.key()?,
        views: Arc::new(Views::new(config.pages.source())),
        cached_vets: Arc::default(),
        idempotency_keys: Arc::default(),
        day: Arc::default(),
        time_zone: config.time_zone,
        commit: config.git_commit.clone(),
    };
    let auth = app.admin.clone();
    if auth.is_open() {
        tracing::warn!("ADMIN_TOKEN is not set: everyone may switch /healthcheck and set /log-level");
    }
    config.database.warn_of_foreign_namespace();
    tracing::info!(address = %pages.local_addr()?, admin = %admin.local_addr()?, "listening");

    // The admin port stays open to the end: who watches a drain needs it.
    let routes = warp::service(crate::admin::routes(registry, health, auth, logging.threshold()));
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, config.limits.body_timeout);
    let service = ServiceBuilder::new().layer(timeout).service(routes);
    let admin = Server::new(admin, service, Draining::default(), &config.server, metrics.clone(), None);
    tokio::spawn(admin.run(std::future::pending::<()>()));
    let (limits, client) = (config.limits.clone(), config.client.clone());
    let (routes, templates) = crate::routes(app.clone());
    let service = middleware::stack(warp::service(routes), templates, &app, limits, client, export.traces(), metrics.clone());
    let server = Server::new(pages, service, draining, &config.server, metrics, Some(access_log::on_protocol_error));
    serve(server, signals, config.drain_timeout.saturating_sub(export.end_takes())).await
}

/// Each connection is an open file, and the shell's or the runtime's usual limit is far below what the system allows.
fn allow_open_files(connections: u32) {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, "failed to raise RLIMIT_NOFILE");
    }
    if limit.maximum.is_some_and(|most| most < u64::from(connections) + OTHER_FILES) {
        tracing::warn!(
            open_files = limit.maximum,
            connections,
            "fewer files may be open (ulimit -Hn) than MAX_CONNECTIONS allows"
        );
    }
}

fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    server::listen(address).with_context(|| format!("{setting} {address}: can't listen"))
}

async fn serve<S: Service>(server: Server<S>, mut signals: Signals, drain_timeout: Duration) -> anyhow::Result<()> {
    let (signal, drain) = server.run(signals.next()).await;
    tracing::info!(signal, "draining");
    tokio::select! {
        given_up = drain.finish(drain_timeout) => match given_up {
            0 => tracing::info!("drained"),
            connections => tracing::warn!(connections, "drain timeout; aborting connections"),
        },
        signal = signals.next() => tracing::warn!(signal, "second signal: shutting down immediately"),
    }
    Ok(())
}
