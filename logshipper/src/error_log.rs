//! Errors that last: a line when one begins or changes and a line when it is over, not one each time.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use crate::metrics::Metrics;

/// The operations that fail at present, each with what it was done to and why.
#[derive(Debug, Default)]
pub struct ErrorLog {
    metrics: Arc<Metrics>,
    present: HashMap<(&'static str, String), String>,
}

impl ErrorLog {
    /// None yet. Each failure is counted in `metrics`.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, present: HashMap::new() }
    }

    /// Notes how `operation` on `subject` ended, logs the news in it, and says whether it went well.
    pub fn record<T, E: Display>(&mut self, operation: &'static str, subject: &str, result: &Result<T, E>) -> bool {
        self.record_by(operation, subject, result, ToString::to_string)
    }

    /// The same where errors of one kind are one state, however their texts differ.
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
                    tracing::info!(operation, subject, "works again");
                }
            }
            Err(error) => {
                self.metrics.failed(operation);
                let kind = kind(error);
                if self.present.get(&key) != Some(&kind) {
                    tracing::error!(operation, subject, %error, "failed; it is tried again");
                    self.present.insert(key, kind);
                }
            }
        }
        result.is_ok()
    }
}
