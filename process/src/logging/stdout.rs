//! The queue in front of standard output: bounded, never waited for, and what it drops is counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

use super::counts::Counts;

/// Lines that may wait. At about 300 bytes a line this is 2.4 MB, and a second of a busy server.
const CAPACITY: usize = 8192;

/// How long a line waits for others: to wake a thread for each one costs more than the line.
const GATHER: Duration = Duration::from_millis(1);

enum Message {
    Line(Box<[u8]>),
    Flush(SyncSender<()>),
    /// Nothing to write: sent to see whether there is room.
    Probe,
}

#[derive(Debug)]
pub(super) struct Stdout {
    queue: SyncSender<Message>,
    counts: Arc<Counts>,
    /// The last write failed: the reader went away.
    broken: Arc<AtomicBool>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Line(_) => "Line",
            Self::Flush(_) => "Flush",
            Self::Probe => "Probe",
        })
    }
}

impl Stdout {
    pub(super) fn start() -> io::Result<Self> {
        let (queue, messages) = mpsc::sync_channel(CAPACITY);
        let (counts, broken) = (Arc::<Counts>::default(), Arc::<AtomicBool>::default());
        let (counted, seen) = (Arc::clone(&counts), Arc::clone(&broken));
        thread::Builder::new().name(String::from("log-stdout")).spawn(move || write_all(&messages, &counted, &seen))?;
        Ok(Self { queue, counts, broken })
    }

    pub(super) fn send(&self, line: &[u8]) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Message::Line(line.into())) {
            self.counts.lost(1);
        }
    }

    /// What was written and dropped.
    pub(super) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Whether a line sent now would not be dropped.
    pub(super) fn accepts(&self) -> bool {
        !self.broken.load(Ordering::Relaxed) && self.queue.try_send(Message::Probe).is_ok()
    }

    /// Waits until what was sent is written, for at most `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let (done, written) = mpsc::sync_channel(1);
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            let _ = written.recv_timeout(limit);
        }
    }
}

/// Writes in batches: one system call for all lines that wait. A reader that went away ends nothing.
fn write_all(messages: &mpsc::Receiver<Message>, counts: &Counts, broken: &AtomicBool) {
    let mut out = io::stdout();
    let mut batch = Vec::new();
    while let Ok(first) = messages.recv() {
        thread::sleep(GATHER);
        let (mut flushed, mut lines) = (Vec::new(), 0);
        for message in std::iter::once(first).chain(messages.try_iter().take(CAPACITY)) {
            match message {
                Message::Line(line) => {
                    batch.extend_from_slice(&line);
                    lines += 1;
                }
                Message::Flush(done) => flushed.push(done),
                Message::Probe => {}
            }
        }
        if lines > 0 {
            let written = out.write_all(&batch).and_then(|()| out.flush()).is_ok();
            if written {
                counts.wrote(batch.len());
            } else {
                counts.lost(lines);
            }
            broken.store(!written, Ordering::Relaxed);
            batch.clear();
        }
        batch.shrink_to(1 << 20);
        for done in flushed {
            let _ = done.send(());
        }
    }
}
