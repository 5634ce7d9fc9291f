//! Aborts a statement whose request has given up, by shutting its socket down: the blocked thread returns.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schema::database::Socket;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

/// Held by the request. Dropped before the work's end, because the time is up or the client has gone, it aborts the work at the
/// deadline.
pub(super) struct Watchdog {
    guard: Guard,
    deadline: Instant,
}

/// Held by the thread that does the work.
#[derive(Clone)]
pub(super) struct Guard(Arc<Mutex<State>>);

enum State {
    /// Waiting for a connection.
    Pending,
    /// Running on a connection; not every one has a socket that is known.
    Running(Option<Arc<Socket>>),
    /// Finished, or aborted before it began.
    Finished,
}

impl Watchdog {
    pub(super) fn until(deadline: Instant) -> Self {
        Self { guard: Guard(Arc::new(Mutex::new(State::Pending))), deadline }
    }

    pub(super) fn guard(&self) -> Guard {
        self.guard.clone()
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if self.guard.is_finished() {
            return;
        }
        let (guard, deadline) = (self.guard.clone(), self.deadline);
        match Handle::try_current() {
            // A client that goes away early costs no connection where the answer comes in time.
            Ok(runtime) if Instant::now() < deadline => {
                runtime.spawn(async move {
                    sleep_until(deadline).await;
                    guard.abort();
                });
            }
            _ => guard.abort(),
        }
    }
}

impl Guard {
    /// Runs `work` on the connection of `socket`, which may be aborted during it and not later. Returns `None` if it is too late to
    /// begin.
    pub(super) fn run<T>(&self, socket: Option<Arc<Socket>>, work: impl FnOnce() -> T) -> Option<T> {
        let mut state = self.state();
        if matches!(*state, State::Finished) {
            return None;
        }
        *state = State::Running(socket);
        drop(state);
        // Also where the work panics.
        let _finish = Finish(self);
        Some(work())
    }

    fn abort(&self) {
        if let State::Running(Some(socket)) = std::mem::replace(&mut *self.state(), State::Finished) {
            socket.shut_down();
        }
    }

    fn is_finished(&self) -> bool {
        matches!(*self.state(), State::Finished)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Finish<'a>(&'a Guard);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        *self.0.state() = State::Finished;
    }
}
