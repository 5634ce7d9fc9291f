//! Log level that an operator may change at run time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use clap::ValueEnum;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Context;

use super::LogLevel;

/// The least severe level that is logged. Clones share it.
///
/// Spans are enabled down to `info` at any level: they carry the request id, which an error's line needs most.
#[derive(Debug, Clone)]
pub struct Threshold(Arc<AtomicU8>);

impl Threshold {
    pub(super) fn new(level: LogLevel) -> Self {
        Self(Arc::new(AtomicU8::new(level as u8)))
    }

    /// Returns the level.
    pub fn get(&self) -> LogLevel {
        let level = usize::from(self.0.load(Ordering::Relaxed));
        LogLevel::value_variants().get(level).copied().unwrap_or(LogLevel::Info)
    }

    /// Changes the level, from the next event on.
    pub fn set(&self, level: LogLevel) {
        self.0.store(level as u8, Ordering::Relaxed);
        tracing_core::callsite::rebuild_interest_cache();
    }

    fn is_enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = LevelFilter::from(self.get());
        *metadata.level() <= if metadata.is_span() { level.max(LevelFilter::INFO) } else { level }
    }
}

impl<S: Subscriber> Layer<S> for Threshold {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.is_enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.is_enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from(self.get()).max(LevelFilter::INFO))
    }
}
