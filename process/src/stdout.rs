//! The queue in front of standard output: bounded, never waited for, and what it drops is counted.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

/// Lines that may wait. At about 300 bytes a line this is 2.4 MB, and a second of a busy server.
const CAPACITY: usize = 8192;

enum Message {
    Line(Box<[u8]>),
    Flush(SyncSender<()>),
}

#[derive(Debug)]
pub(crate) struct Stdout {
    queue: SyncSender<Message>,
    dropped: AtomicU64,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Line(_) => "Line",
            Self::Flush(_) => "Flush",
        })
    }
}

impl Stdout {
    pub(crate) fn start() -> io::Result<Self> {
        let (queue, messages) = mpsc::sync_channel(CAPACITY);
        thread::Builder::new().name(String::from("log-stdout")).spawn(move || write_all(&messages))?;
        Ok(Self { queue, dropped: AtomicU64::new(0) })
    }

    pub(crate) fn send(&self, line: &[u8]) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Message::Line(line.into())) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines dropped since the last call.
    pub(crate) fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }

    /// Waits until what was sent is written, for at most `limit`.
    pub(crate) fn flush(&self, limit: Duration) {
        let (done, written) = mpsc::sync_channel(1);
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            let _ = written.recv_timeout(limit);
        }
    }
}

/// Writes in batches: one system call for all lines that wait. A reader that went away ends nothing.
fn write_all(messages: &mpsc::Receiver<Message>) {
    let mut out = io::stdout();
    let mut batch = Vec::new();
    while let Ok(first) = messages.recv() {
        let mut flushed = Vec::new();
        for message in std::iter::once(first).chain(messages.try_iter().take(CAPACITY)) {
            match message {
                Message::Line(line) => batch.extend_from_slice(&line),
                Message::Flush(done) => flushed.push(done),
            }
        }
        let _ = out.write_all(&batch).and_then(|()| out.flush());
        batch.clear();
        batch.shrink_to(1 << 20);
        for done in flushed {
            let _ = done.send(());
        }
    }
}
