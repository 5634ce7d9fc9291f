//! Wake-ups between threads: a channel that holds at most one.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Wakes a thread. Sent while it works, a wake-up counts for its next wait.
pub type Wakeup = SyncSender<()>;

/// Creates a wake-up channel.
pub fn wakeup() -> (Wakeup, Receiver<()>) {
    sync_channel(1)
}

/// Wakes the thread behind `wakeup`, unless a wake-up is on its way.
pub fn notify(wakeup: &Wakeup) {
    let _ = wakeup.try_send(());
}
