//! The time that a peer has for its next request.
//!
//! hyper has one clock for all that comes before the end of a head. Here the wait for a request (`IDLE_TIMEOUT`) and for the
//! rest of its head (`HEADER_TIMEOUT`, from its first byte) are two.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::app::limits::Settings;

/// What a connection is at. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    const WAITS: u8 = 0;
    const ANSWERS: u8 = 1;
    const LATE: u8 = 2;

    /// A request has come: the connection's clock stands still until it is answered.
    pub(super) fn answers(&self) {
        self.0.store(Self::ANSWERS, Ordering::Relaxed);
    }

    /// The request is answered.
    pub(super) fn waits(&self) {
        self.0.store(Self::WAITS, Ordering::Relaxed);
    }

    /// Whether the connection ended because a head took too long.
    pub(super) fn is_late(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::LATE
    }
}

/// The time until the next request, and until its head is whole.
pub(super) struct Clock {
    phase: Phase,
    in_head: bool,
    /// The head's first byte, or the last write before it.
    since: Instant,
    idle_timeout: Duration,
    header_timeout: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    pub(super) fn new(limits: &Settings) -> Self {
        Self {
            phase: Phase::default(),
            in_head: false,
            since: Instant::now(),
            idle_timeout: limits.idle_timeout,
            header_timeout: limits.header_timeout,
            alarm: None,
        }
    }

    /// What the connection is at, as who answers its requests knows it.
    pub(super) fn phase(&self) -> Phase {
        self.phase.clone()
    }

    /// Something came.
    pub(super) fn read(&mut self) {
        if !self.in_head && !self.answers() {
            (self.in_head, self.since) = (true, Instant::now());
        }
    }

    /// What is written is an answer: the head before it was whole. hyper may not read after it before something comes, so
    /// the alarm is set here.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) {
        (self.in_head, self.since) = (false, Instant::now());
        let _ = self.poll_end(cx);
    }

    fn answers(&self) -> bool {
        self.phase.0.load(Ordering::Relaxed) == Phase::ANSWERS
    }

    /// Ready when the time is up: with the end of a connection that is idle, with an error within a head.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.answers() {
            return Poll::Pending;
        }
        let deadline = self.since + if self.in_head { self.header_timeout } else { self.idle_timeout };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            // An alarm that is too early is put off only when it goes off: most connections are used again before that.
            if deadline < alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= deadline {
                break;
            }
            alarm.as_mut().reset(deadline);
        }
        if !self.in_head {
            return Poll::Ready(Ok(()));
        }
        self.phase.0.store(Phase::LATE, Ordering::Relaxed);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the head took too long")))
    }
}
