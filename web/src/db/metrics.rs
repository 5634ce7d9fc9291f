//! Metrics of the pool, read when Prometheus asks.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Db;

impl Db {
    /// Adds the pool's metrics to `registry`.
    pub fn register_metrics(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(Pool(self.clone())));
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
