//! The settings of web, read once at its start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use clap::Parser;
use runtime::settings::Renamed;
use runtime::{logging, settings};

use crate::app::auth;
use crate::db;
use crate::middleware::{client, limits};
use crate::server;
use crate::telemetry::tracing::export;
use crate::views::{flash, source};

/// Petclinic's web server.
///
/// Every setting is a flag and an environment variable of the same name. A bad one ends the program with exit status 64.
#[derive(Parser, Debug)]
#[command(name = "web", version)]
pub struct Config {
    /// Address and port that pages are served on
    #[arg(long, env = "LISTEN_ADDR", default_value = "0.0.0.0:8080")]
    pub listen_addr: SocketAddr,

    /// Address and port of metrics and probes, not for the public
    #[arg(long, env = "ADMIN_ADDR", default_value = "0.0.0.0:9090")]
    pub admin_addr: SocketAddr,

    /// The database
    #[command(flatten)]
    pub database: schema::database::Settings,

    /// Its connections
    #[command(flatten)]
    pub pool: db::Settings,

    /// Limits of connections
    #[command(flatten)]
    pub server: server::Settings,

    /// Limits of requests
    #[command(flatten)]
    pub limits: limits::Settings,

    /// Directory of this pod's log files; without it, or until it can be used, lines go to standard output only
    #[arg(long, env = "LOG_DIR")]
    pub log_dir: Option<PathBuf>,

    /// Admin token
    #[command(flatten)]
    pub admin: auth::Settings,

    /// Key that cookies are signed with
    #[command(flatten)]
    pub cookies: flash::Settings,

    /// Whom to believe
    #[command(flatten)]
    pub client: client::Settings,

    /// Destination of traces
    #[command(flatten)]
    pub traces: export::Settings,

    /// Form and level of log lines
    #[command(flatten)]
    pub logging: logging::Settings,

    /// Time zone of the clinic's day, an IANA name such as Asia/Seoul; the default is that of TZ, else UTC
    #[arg(long, env = "TIME_ZONE", default_value = default_time_zone(), hide_default_value = true, value_parser = time_zone)]
    pub time_zone: Tz,

    /// Templates, messages and assets
    #[command(flatten)]
    pub pages: source::Settings,

    /// The commit that the program was built from, as /api/info tells it
    #[arg(long, env = "GIT_COMMIT", default_value = "unknown")]
    pub git_commit: Arc<str>,

    /// Time from SIGTERM to the end in which requests in flight may finish
    #[arg(long, env = "DRAIN_TIMEOUT", default_value = "22s", value_parser = settings::duration)]
    pub drain_timeout: Duration,
}

/// Settings that were called otherwise in the previous release.
pub const RENAMED: &[Renamed] = &[
    ("BODY_BYTES", "MAX_BODY_BYTES"),
    ("BODY_BYTES_IN_FLIGHT", "MAX_BODY_BYTES_IN_FLIGHT"),
    ("CONNECTIONS", "MAX_CONNECTIONS"),
    ("CONNECTION_REQUESTS", "KEEPALIVE_REQUESTS"),
    ("DATABASE_CONNECTIONS", "DATABASE_MAX_CONNECTIONS"),
    ("HEADER_BYTES", "MAX_HEADER_BYTES"),
    ("OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ("POOL_TIMEOUT", "DATABASE_ACQUIRE_TIMEOUT"),
    ("RELOAD_FROM", "DEV_ASSETS_DIR"),
    ("REQUESTS_IN_FLIGHT", "MAX_IN_FLIGHT_REQUESTS"),
];

fn time_zone(name: &str) -> Result<Tz, &'static str> {
    name.parse().map_err(|_| "must be an IANA name, such as Asia/Seoul")
}

/// The time zone that TZ names, as clap's default: a static text, allocated once per start.
fn default_time_zone() -> &'static str {
    match std::env::var("TZ") {
        Ok(name) if !name.is_empty() => name.trim_start_matches(':').to_owned().leak(),
        _ => "UTC",
    }
}
