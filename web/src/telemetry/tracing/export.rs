//! Spans on their way to a collector: OTLP (protobuf over HTTP), in batches, from a thread of their own.
//!
//! A request leaves its spans in a bounded queue and goes on; without a collector they are dropped, counted, and one line
//! tells when that begins and when it is over.

mod client;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use http::Uri;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter};
use tokio::runtime::Handle;

use self::client::{Client, Trouble};
use super::Traces;

/// How long the last batch may take at the program's end.
const FLUSH: Duration = Duration::from_secs(1);
/// How long a span waits for others to travel with.
const DELAY: Duration = Duration::from_secs(1);
/// Spans that may wait: at about 1 KB each, 4 MB.
const QUEUE: usize = 4096;

/// Where traces go.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct Settings {
    /// OpenTelemetry collector that traces go to, such as `http://collector:4318`; without it, none
    #[arg(long, env = "OTLP_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub otlp_endpoint: Option<Uri>,
}

/// A collector's address: what follows the port is the path, `/v1/traces` where there is none.
fn endpoint(text: &str) -> Result<Uri, String> {
    let accepted = "accepted is the address of a collector's OTLP/HTTP port, such as http://collector:4318";
    let uri: Uri = text.parse().map_err(|_| accepted.to_owned())?;
    let plain = uri.scheme_str() == Some("http") && uri.query().is_none();
    let authority = uri.authority().filter(|authority| plain && !authority.as_str().contains('@')).ok_or(accepted)?;
    let path = if uri.path() == "/" { "/v1/traces" } else { uri.path() };
    format!("http://{authority}{path}").parse().map_err(|_| accepted.to_owned())
}

/// What became of spans. Clones share the numbers.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<[AtomicU64; 2]>);

impl Counts {
    /// Spans that a collector took.
    pub fn sent(&self) -> u64 {
        self.0[0].load(Ordering::Relaxed)
    }

    /// Spans that no collector took.
    pub fn lost(&self) -> u64 {
        self.0[1].load(Ordering::Relaxed)
    }
}

/// The way to the collector, where there is one.
#[derive(Debug, Default)]
pub struct Export {
    provider: Option<SdkTracerProvider>,
    counts: Counts,
}

impl Export {
    /// Starts it. `runtime` is what the batches are sent on.
    ///
    /// # Errors
    /// OpenTelemetry refuses the setting.
    pub fn start(settings: &Settings, runtime: &Handle) -> anyhow::Result<Self> {
        let Some(endpoint) = &settings.otlp_endpoint else { return Ok(Self::default()) };
        let trouble = Trouble::default();
        let otlp = Otlp::builder()
            .with_http()
            .with_http_client(Client::new(runtime.clone(), trouble.clone()))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.to_string())
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .with_context(|| format!("OTLP_ENDPOINT {endpoint}"))?;
        let counts = Counts::default();
        let watched = Watched { otlp, counts: counts.clone(), trouble, failing: AtomicBool::new(false) };
        let batches = BatchConfigBuilder::default().with_scheduled_delay(DELAY).with_max_queue_size(QUEUE).build();
        let resource = Resource::builder()
            .with_service_name("petclinic-web")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(watched).with_batch_config(batches).build())
            .with_resource(resource)
            .build();
        Ok(Self { provider: Some(provider), counts })
    }

    /// What begins the traces of requests.
    pub fn traces(&self) -> Traces {
        Traces { tracer: self.provider.as_ref().map(|provider| provider.tracer("web")) }
    }

    /// What became of spans; none where they are not made.
    pub fn counts(&self) -> Option<Counts> {
        self.provider.as_ref().map(|_| self.counts.clone())
    }

    /// The time that [`end`](Self::end) may take.
    pub fn end_takes(&self) -> Duration {
        if self.provider.is_some() { FLUSH } else { Duration::ZERO }
    }

    /// Sends what waits. Blocks, and needs the runtime.
    pub fn end(self) {
        if let Some(provider) = self.provider
            && let Err(error) = provider.shutdown_with_timeout(FLUSH)
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The exporter, with numbers and a line a change of state.
#[derive(Debug)]
struct Watched {
    otlp: Otlp,
    counts: Counts,
    trouble: Trouble,
    failing: AtomicBool,
}

impl SpanExporter for Watched {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let result = self.otlp.export(batch).await;
        self.counts.0[usize::from(result.is_err())].fetch_add(spans, Ordering::Relaxed);
        let cause = self.trouble.take();
        match (&result, self.failing.swap(result.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => {
                let error = if cause.is_empty() { error.to_string() } else { cause };
                tracing::warn!(error, "traces can't be sent to OTLP_ENDPOINT");
            }
            (Ok(()), true) => tracing::info!(lost = self.counts.lost(), "traces are sent again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_plain_http() {
        let path = |text: &str| endpoint(text).map(|uri| uri.to_string());
        assert_eq!(path("http://collector:4318").unwrap(), "http://collector:4318/v1/traces");
        assert_eq!(path("http://[::1]:4318/otel/v1/traces").unwrap(), "http://[::1]:4318/otel/v1/traces");
        for wrong in
            ["", "collector:4318", "https://collector:4318", "grpc://collector", "http://user:pass@collector", "http://c?x=1"]
        {
            assert!(path(wrong).is_err(), "{wrong}");
        }
    }
}
