//! Aborts a statement that no request waits for any more: the thread that runs it can't be stopped, but its connection can
//! be cut, and then it stops by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schema::database::Socket;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

/// Held by the request. Dropped before the work's end, because the time is up or the client has gone, it sees to it that the work
/// ends by the deadline.
pub(super) struct Watch {
    watched: Watched,
    deadline: Instant,
}

/// Held by the thread that does the work.
#[derive(Clone)]
pub(super) struct Watched(Arc<Mutex<State>>);

enum State {
    /// Has no connection yet.
    Waits,
    /// At work. Not every connection has a socket that is known.
    Works(Option<Arc<Socket>>),
    /// Done, or not to begin any more.
    Over,
}

impl Watch {
    pub(super) fn until(deadline: Instant) -> Self {
        Self { watched: Watched(Arc::new(Mutex::new(State::Waits))), deadline }
    }

    pub(super) fn watched(&self) -> Watched {
        self.watched.clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.watched.is_over() {
            return;
        }
        let (watched, deadline) = (self.watched.clone(), self.deadline);
        match Handle::try_current() {
            // A client that goes away early costs no connection where the answer comes in time.
            Ok(runtime) if Instant::now() < deadline => {
                runtime.spawn(async move {
                    sleep_until(deadline).await;
                    watched.cut();
                });
            }
            _ => watched.cut(),
        }
    }
}

impl Watched {
    /// Does `work` on the connection of `socket`, which may be aborted during it and not later; nothing where it is too late to begin.
    pub(super) fn over<T>(&self, socket: Option<Arc<Socket>>, work: impl FnOnce() -> T) -> Option<T> {
        let mut state = self.state();
        if matches!(*state, State::Over) {
            return None;
        }
        *state = State::Works(socket);
        drop(state);
        // Also where the work panics.
        let _done = Done(self);
        Some(work())
    }

    fn cut(&self) {
        if let State::Works(Some(socket)) = std::mem::replace(&mut *self.state(), State::Over) {
            socket.shut_down();
        }
    }

    fn is_over(&self) -> bool {
        matches!(*self.state(), State::Over)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Done<'a>(&'a Watched);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        *self.0.state() = State::Over;
    }
}
