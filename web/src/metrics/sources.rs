//! What others count for themselves, asked for when Prometheus asks.

use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use runtime::logging::Counts;

use crate::db::Db;
use crate::trace::export;

/// Adds what the log's outputs, the pool and the export of traces count for themselves to `registry`.
pub fn register(registry: &mut Registry, outputs: Vec<(&'static str, Arc<Counts>)>, db: Db, spans: Option<export::Counts>) {
    registry.register_collector(Box::new(Logs(outputs)));
    registry.register_collector(Box::new(Pool(db)));
    if let Some(spans) = spans {
        registry.register_collector(Box::new(Spans(spans)));
    }
}

/// The outputs of the log.
#[derive(Debug)]
struct Logs(Vec<(&'static str, Arc<Counts>)>);

impl Collector for Logs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut family = |name, help, unit: Option<&Unit>, of: fn(&Counts) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Counter)?;
            for (output, counts) in &self.0 {
                ConstCounter::new(of(counts)).encode(family.encode_family(&[("output", *output)])?)?;
            }
            Ok(())
        };
        family("log", "Bytes of log lines written", Some(&Unit::Bytes), Counts::bytes)?;
        family("log_lines_dropped", "Log lines that could not be written", None, Counts::dropped)
    }
}

/// The export of traces.
#[derive(Debug)]
struct Spans(export::Counts);

impl Collector for Spans {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, help, number) in [
            ("trace_spans_sent", "Spans that the collector took", self.0.sent()),
            ("trace_spans_lost", "Spans that could not be sent", self.0.lost()),
        ] {
            ConstCounter::new(number).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        Ok(())
    }
}

/// The database's pool.
struct Pool(Db);

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pool")
    }
}

impl Collector for Pool {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let pool = self.0.pool();
        let help = "Open connections to the database";
        let mut family = encoder.encode_descriptor("database_connections", help, None, MetricType::Gauge)?;
        for (state, number) in [("idle", pool.idle), ("used", pool.open - pool.idle)] {
            ConstGauge::new(i64::from(number)).encode(family.encode_family(&[("state", state)])?)?;
        }
        let help = "Most connections to the database that may be open";
        let most = encoder.encode_descriptor("database_connections_max", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(pool.most)).encode(most)
    }
}
