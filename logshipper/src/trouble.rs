//! Errors that last: a line when one begins or changes and a line when it is over, not one each time.

use std::collections::HashMap;
use std::fmt::Display;

/// The operations that fail at present, each with what it was done to and why it failed.
#[derive(Debug, Default)]
pub struct Troubles(HashMap<(&'static str, String), String>);

impl Troubles {
    /// Notes how `operation` on `subject` ended, logs the news in it, and says whether it went well.
    pub fn settle<T, E: Display>(&mut self, operation: &'static str, subject: &str, result: &Result<T, E>) -> bool {
        let key = (operation, subject.to_owned());
        match result {
            Ok(_) => {
                if self.0.remove(&key).is_some() {
                    tracing::info!(operation, subject, "works again");
                }
            }
            Err(error) => {
                let error = error.to_string();
                if self.0.get(&key) != Some(&error) {
                    tracing::error!(operation, subject, %error, "failed; it is tried again");
                    self.0.insert(key, error);
                }
            }
        }
        result.is_ok()
    }

    /// Whether anything fails at present.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }
}
