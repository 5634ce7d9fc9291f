//! Metrics and traces.

pub mod limit;
pub mod metrics;
pub mod tracing;
