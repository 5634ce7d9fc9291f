//! Lasting errors: one log line when an error begins or changes and one when it is over, not one per attempt.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use crate::metrics::Metrics;

/// The operations that fail at present, by operation and subject, each with its cause.
#[derive(Debug, Default)]
pub struct ErrorLog {
    metrics: Arc<Metrics>,
    present: HashMap<(&'static str, String), String>,
}

impl ErrorLog {
    /// Creates an empty log that counts each failure in `metrics`.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, present: HashMap::new() }
    }

    /// Records the result of `operation` on `subject`, logs it if it changed, and returns whether it succeeded.
    pub fn record<T, E: Display>(&mut self, operation: &'static str, subject: &str, result: &Result<T, E>) -> bool {
        self.record_by(operation, subject, result, ToString::to_string)
    }

    /// Does the same with errors grouped by `kind`, however their texts differ.
    pub fn record_by<T, E: Display>(
        &mut self,
        operation: &'static str,
        subject: &str,
        result: &Result<T, E>,
        kind: impl Fn(&E) -> String,
    ) -> bool {
        let key = (operation, subject.to_owned());
        match result {
            Ok(_) => {
                if self.present.remove(&key).is_some() {
                    tracing::info!(operation, subject, "recovered");
                }
            }
            Err(error) => {
                self.metrics.failed(operation);
                let kind = kind(error);
                if self.present.get(&key) != Some(&kind) {
                    tracing::error!(operation, subject, %error, "failed; will retry");
                    self.present.insert(key, kind);
                }
            }
        }
        result.is_ok()
    }
}
