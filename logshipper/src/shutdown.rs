//! Graceful shutdown: one token per scope of work, with children that end with their parent.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A request to end, and the time left until work is given up. Clones share the request.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<Token>);

#[derive(Debug)]
struct Token {
    requested: OnceLock<Instant>,
    grace: Duration,
    parent: Option<Shutdown>,
}

impl Shutdown {
    /// Creates a token whose work may go on for `grace` after the request.
    pub fn new(grace: Duration) -> Self {
        Self(Arc::new(Token { requested: OnceLock::new(), grace, parent: None }))
    }

    /// Creates a token that is requested with this one, or alone by its own [`request`](Self::request).
    #[must_use]
    pub fn child(&self, grace: Duration) -> Self {
        Self(Arc::new(Token { requested: OnceLock::new(), grace, parent: Some(self.clone()) }))
    }

    /// Asks for the end. Only the first request counts.
    pub fn request(&self) {
        let _ = self.0.requested.set(Instant::now());
    }

    /// Returns true if the end was asked for.
    pub fn is_requested(&self) -> bool {
        self.requested_at().is_some()
    }

    /// Returns true if the grace period is over.
    pub fn is_expired(&self) -> bool {
        self.requested_at().is_some_and(|requested| requested.elapsed() >= self.0.grace)
    }

    /// Returns an error once the grace period is over.
    pub fn check(&self) -> io::Result<()> {
        if self.is_expired() { Err(io::Error::new(io::ErrorKind::TimedOut, "stopped")) } else { Ok(()) }
    }

    fn requested_at(&self) -> Option<Instant> {
        let parent = self.0.parent.as_ref().and_then(Self::requested_at);
        self.0.requested.get().copied().into_iter().chain(parent).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_end_with_their_parent() {
        let parent = Shutdown::new(Duration::from_mins(1));
        let (patient, hasty) = (parent.child(Duration::from_mins(1)), parent.child(Duration::ZERO));
        hasty.request();
        assert!(hasty.check().is_err() && !parent.is_requested() && !patient.is_requested());
        parent.request();
        assert!(patient.is_requested() && patient.check().is_ok() && parent.check().is_ok());
        assert!(parent.child(Duration::ZERO).is_expired());
    }
}
