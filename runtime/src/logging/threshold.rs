//! The least severe level that is logged, which an operator may change while the program runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use clap::ValueEnum;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Context;

use super::LogLevel;

/// The level. Clones share it.
///
/// Spans are there down to `info` whatever the level: they carry the request's id, which an error's line needs most.
#[derive(Debug, Clone)]
pub struct Threshold(Arc<AtomicU8>);

impl Threshold {
    pub(super) fn new(level: LogLevel) -> Self {
        Self(Arc::new(AtomicU8::new(level as u8)))
    }

    /// The level.
    pub fn get(&self) -> LogLevel {
        let level = usize::from(self.0.load(Ordering::Relaxed));
        LogLevel::value_variants().get(level).copied().unwrap_or(LogLevel::Info)
    }

    /// Changes it, from the next event on.
    pub fn set(&self, level: LogLevel) {
        self.0.store(level as u8, Ordering::Relaxed);
        tracing_core::callsite::rebuild_interest_cache();
    }

    fn lets_pass(&self, metadata: &Metadata<'_>) -> bool {
        let level = LevelFilter::from(self.get());
        *metadata.level() <= if metadata.is_span() { level.max(LevelFilter::INFO) } else { level }
    }
}

impl<S: Subscriber> Layer<S> for Threshold {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.lets_pass(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.lets_pass(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from(self.get()).max(LevelFilter::INFO))
    }
}
