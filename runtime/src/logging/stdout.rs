//! Bounded queue in front of standard output: senders never block, and dropped lines are counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

use super::counts::Counts;

/// Capacity in lines. At about 300 bytes a line this is 2.4 MB, and a second of a busy server.
const CAPACITY: usize = 8192;

/// Time a line waits for others: waking a thread for each one costs more than the line.
const GATHER: Duration = Duration::from_millis(1);

enum Message {
    Line(Box<[u8]>),
    Flush(SyncSender<()>),
    /// Checks whether there is room; nothing is written.
    Probe,
}

#[derive(Debug)]
pub(super) struct Stdout {
    queue: SyncSender<Message>,
    counts: Arc<Counts>,
    /// The last write failed: the reader has closed the pipe.
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
    /// Starts the thread that writes to `out`.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, messages) = mpsc::sync_channel(CAPACITY);
        let (counts, broken) = (Arc::<Counts>::default(), Arc::<AtomicBool>::default());
        let (counted, seen) = (Arc::clone(&counts), Arc::clone(&broken));
        thread::Builder::new().name(String::from("log-stdout")).spawn(move || write_all(&messages, out, &counted, &seen))?;
        Ok(Self { queue, counts, broken })
    }

    pub(super) fn send(&self, line: &[u8]) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Message::Line(line.into())) {
            self.counts.add_dropped(1);
        }
    }

    /// Written bytes and dropped lines.
    pub(super) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Returns true if a line sent now would be queued.
    pub(super) fn accepts(&self) -> bool {
        !self.broken.load(Ordering::Relaxed) && self.queue.try_send(Message::Probe).is_ok()
    }

    /// Waits until what was sent is written, for at most `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let (done, written) = mpsc::sync_channel(1);
        let queue = self.queue.clone();
        // `send` blocks on a full queue and has no timeout: it runs in a thread that may be left behind
        let _ = thread::Builder::new().name(String::from("log-flush")).spawn(move || queue.send(Message::Flush(done)));
        let _ = written.recv_timeout(limit);
    }
}

/// Writes in batches: one system call for all queued lines. Goes on after an error, such as a closed pipe.
fn write_all(messages: &mpsc::Receiver<Message>, mut out: impl Write, counts: &Counts, broken: &AtomicBool) {
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
                counts.add_bytes(batch.len());
            } else {
                counts.add_dropped(lines);
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A reader that takes nothing until it is released.
    struct Late {
        requested: mpsc::Sender<()>,
        released: mpsc::Receiver<()>,
    }

    impl Write for Late {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.requested.send(());
            // an error means that the test has released it
            let _ = self.released.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn flush_waits_for_slow_reader() {
        let (requested, was_requested) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let stdout = Stdout::start(Late { requested, released }).unwrap();
        stdout.send(b"first\n");
        was_requested.recv().unwrap();
        while stdout.counts().dropped() == 0 {
            stdout.send(b"line\n");
        }
        let (start, signal) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                signal.recv().unwrap();
                release.send(()).unwrap();
            });
            start.send(()).unwrap();
            stdout.flush(Duration::from_mins(1));
        });
        assert_eq!(stdout.counts().bytes(), 6 + 5 * CAPACITY as u64);
    }
}
