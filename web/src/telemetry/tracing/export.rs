//! Export of spans to a collector: OTLP (protobuf over HTTP), in batches, from a thread of its own.
//!
//! A request leaves its spans in a bounded queue and goes on. Spans that can't be sent are dropped and counted; one line
//! reports when that begins, and one when it is over. The `OTEL_…` variables of headers, timeouts, sampling, batches and
//! resource attributes apply as the OpenTelemetry specification has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use http::Uri;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, SpanId, TraceId};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{IdGenerator, SdkTracerProvider, SpanData, SpanExporter};

use super::Traces;
use super::parent::new_trace_id;

/// Timeout of the last batch at the program's end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Export of traces.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct Settings {
    /// OpenTelemetry collector that receives traces, such as `http://collector:4318`; without it, there are none
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub otel_exporter_otlp_endpoint: Option<Uri>,

    /// Name of the service in traces
    #[arg(long, env = "OTEL_SERVICE_NAME", value_name = "NAME", default_value = "petclinic-web")]
    pub otel_service_name: String,
}

/// Reads the address of a collector; `/v1/traces` is added to its path.
fn endpoint(text: &str) -> Result<Uri, String> {
    let expected = "must be the address of a collector's OTLP/HTTP port, such as http://collector:4318";
    let uri: Uri = text.parse().map_err(|_| expected.to_owned())?;
    let plain = uri.scheme_str() == Some("http") && uri.query().is_none();
    let authority = uri.authority().filter(|authority| plain && !authority.as_str().contains('@')).ok_or(expected)?;
    let path = uri.path().trim_end_matches('/').trim_end_matches("/v1/traces");
    format!("http://{authority}{path}/v1/traces").parse().map_err(|_| expected.to_owned())
}

/// Numbers of spans. Clones share them.
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

/// The exporter, if there is a collector.
#[derive(Debug, Default)]
pub struct Export {
    provider: Option<SdkTracerProvider>,
    counts: Counts,
}

impl Export {
    /// Starts the exporter. Blocks, and must not be called on the runtime.
    ///
    /// # Errors
    /// OpenTelemetry rejects a setting.
    pub fn start(settings: &Settings) -> anyhow::Result<Self> {
        let Some(endpoint) = &settings.otel_exporter_otlp_endpoint else { return Ok(Self::default()) };
        // Built together with logshipper, the HTTP client has TLS and panics without a default provider. An error means
        // that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let otlp = Otlp::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint.to_string())
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .with_context(|| format!("OTEL_EXPORTER_OTLP_ENDPOINT {endpoint}"))?;
        let counts = Counts::default();
        let exporter =
            CountingExporter { otlp, counts: counts.clone(), endpoint: endpoint.clone(), failing: AtomicBool::new(false) };
        let resource = Resource::builder()
            .with_service_name(settings.otel_service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider =
            SdkTracerProvider::builder().with_id_generator(Ids).with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Self { provider: Some(provider), counts })
    }

    /// Returns what begins the traces of requests.
    pub fn traces(&self) -> Traces {
        Traces { tracer: self.provider.as_ref().map(|provider| provider.tracer("web")) }
    }

    /// Returns the numbers of spans; none without a collector.
    pub fn counts(&self) -> Option<Counts> {
        self.provider.as_ref().map(|_| self.counts.clone())
    }

    /// Returns the time that [`end`](Self::end) may take.
    pub fn end_takes(&self) -> Duration {
        if self.provider.is_some() { FLUSH_TIMEOUT } else { Duration::ZERO }
    }

    /// Sends the spans that are left. Blocks.
    pub fn end(self) {
        if let Some(provider) = self.provider
            && let Err(error) = provider.shutdown_with_timeout(FLUSH_TIMEOUT)
        {
            tracing::warn!(%error, "failed to send the last traces");
        }
    }
}

/// The ids of recorded traces, the same as of others.
#[derive(Debug)]
struct Ids;

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        TraceId::from(new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from(fastrand::u64(1..))
    }
}

/// An exporter that counts spans, and logs when sending starts to fail and when it recovers.
#[derive(Debug)]
struct CountingExporter {
    otlp: Otlp,
    counts: Counts,
    endpoint: Uri,
    failing: AtomicBool,
}

impl SpanExporter for CountingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let result = self.otlp.export(batch).await;
        self.counts.0[usize::from(result.is_err())].fetch_add(spans, Ordering::Relaxed);
        match (&result, self.failing.swap(result.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => tracing::warn!(%error, endpoint = %self.endpoint, "failed to send traces; spans are dropped"),
            (Ok(()), true) => tracing::info!(lost = self.counts.lost(), "recovered: traces are sent again"),
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
    fn endpoint_must_be_plain_http() {
        let path = |text: &str| endpoint(text).map(|uri| uri.to_string());
        assert_eq!(path("http://collector:4318").unwrap(), "http://collector:4318/v1/traces");
        assert_eq!(path("http://collector:4318/otel/").unwrap(), "http://collector:4318/otel/v1/traces");
        assert_eq!(path("http://[::1]:4318/otel/v1/traces").unwrap(), "http://[::1]:4318/otel/v1/traces");
        for wrong in
            ["", "collector:4318", "https://collector:4318", "grpc://collector", "http://user:pass@collector", "http://c?x=1"]
        {
            assert!(path(wrong).is_err(), "{wrong}");
        }
    }
}
