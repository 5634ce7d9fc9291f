//! The load generator: one thread, raw connections that are kept alive, nothing retried.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::http::{Answer, answer};

/// How long one answer may take before the connection is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came of a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// From each request to the last byte of its answer, sorted.
    pub(crate) times: Vec<Duration>,
    /// Requests without an answer, or with another one than 200 or 302.
    pub(crate) failed: usize,
    /// How long it all took.
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { count(self.times.len()) / self.elapsed.as_secs_f64() }
    }

    /// The time within which so many of a thousand requests were answered.
    pub(crate) fn per_mille(&self, share: usize) -> Duration {
        let index = (self.times.len() * share / 1000).min(self.times.len().saturating_sub(1));
        self.times.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn of(parts: impl IntoIterator<Item = Outcome>, elapsed: Duration) -> Self {
        let mut whole = Self { elapsed, ..Self::default() };
        for part in parts {
            whole.times.extend(part.times);
            whole.failed += part.failed;
        }
        whole.times.sort_unstable();
        whole
    }
}

/// A number of things as a number to calculate with.
pub(crate) fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// As many requests as `connections` can have answered one after the other in `time`.
///
/// # Errors
/// Where no connection can be opened.
pub(crate) fn closed(address: SocketAddr, requests: &[Bytes], connections: u16, time: Duration) -> Result<Outcome> {
    run(async {
        let opened = open(address, connections).await?;
        let next = Arc::new(AtomicUsize::new(0));
        let started = Instant::now();
        let mut all = JoinSet::new();
        for connection in opened {
            let (requests, next) = (requests.to_vec(), next.clone());
            all.spawn(async move {
                let (mut connection, mut outcome) = (connection, Outcome::default());
                while started.elapsed() < time {
                    let request = &requests[next.fetch_add(1, Ordering::Relaxed) % requests.len()];
                    connection.exchange(address, request, Instant::now(), &mut outcome).await;
                }
                outcome
            });
        }
        let parts = all.join_all().await;
        Ok(Outcome::of(parts, started.elapsed()))
    })
}

/// `rate` requests a second, whether the server keeps up or not. Times count from when a request was due, not from when a
/// connection was free for it.
///
/// # Errors
/// Where no connection can be opened.
pub(crate) fn fixed(address: SocketAddr, requests: &[Bytes], connections: u16, rate: f64, time: Duration) -> Result<Outcome> {
    run(async {
        let opened = open(address, connections).await?;
        let (sender, due) = mpsc::unbounded_channel();
        let due = Arc::new(Mutex::new(due));
        let started = Instant::now();
        // a thread of its own, since tokio's timer knows milliseconds only
        let pacer = std::thread::spawn(move || {
            for number in 0_u32.. {
                let at = Duration::from_secs_f64(f64::from(number) / rate.max(1.0));
                if at > time {
                    break;
                }
                std::thread::sleep(at.saturating_sub(started.elapsed()));
                if sender.send((number, started + at)).is_err() {
                    break;
                }
            }
        });
        let mut all = JoinSet::new();
        for connection in opened {
            let (requests, due) = (requests.to_vec(), due.clone());
            all.spawn(async move {
                let (mut connection, mut outcome) = (connection, Outcome::default());
                loop {
                    let next = due.lock().await.recv().await;
                    let Some((number, at)) = next else { break outcome };
                    let request = &requests[number as usize % requests.len()];
                    connection.exchange(address, request, at, &mut outcome).await;
                }
            });
        }
        let parts = all.join_all().await;
        let _ = pacer.join();
        Ok(Outcome::of(parts, started.elapsed()))
    })
}

/// One request on a connection of its own; gives the answer's bytes.
///
/// # Errors
/// Where there is no connection, or no answer.
pub(crate) fn fetch(address: SocketAddr, request: &Bytes) -> Result<(Answer, Vec<u8>)> {
    run(async {
        let mut connection = Connection::open(address).await?;
        let answer = connection.send(request).await.context("no answer")?;
        Ok((answer, connection.buffer))
    })
}

fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

async fn open(address: SocketAddr, connections: u16) -> Result<Vec<Connection>> {
    let mut all = Vec::new();
    for _ in 0..connections {
        all.push(Connection::open(address).await.with_context(|| format!("no connection to {address}"))?);
    }
    Ok(all)
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request that was due at `due`, and notes how it ended. A connection that is gone is replaced.
    async fn exchange(&mut self, address: SocketAddr, request: &Bytes, due: Instant, outcome: &mut Outcome) {
        let answer = timeout(PATIENCE, self.send(request)).await.ok().flatten();
        match answer {
            Some(Answer { status: 200 | 302, .. }) => outcome.times.push(due.elapsed()),
            _ => outcome.failed += 1,
        }
        if answer.is_none_or(|answer| answer.closes) {
            match Self::open(address).await {
                Ok(connection) => *self = connection,
                // the server is gone, or full: no reason to spin
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn send(&mut self, request: &Bytes) -> Option<Answer> {
        self.buffer.clear();
        self.stream.write_all(request).await.ok()?;
        loop {
            if self.stream.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
            if let Some(answer) = answer(&self.buffer) {
                return Some(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_connections() {
        let part = |ms: std::ops::Range<u64>| Outcome { times: ms.map(Duration::from_millis).collect(), ..Outcome::default() };
        let whole = Outcome::of([part(500..1000), part(0..500)], Duration::from_secs(2));
        assert!((whole.rate() - 500.0).abs() < f64::EPSILON);
        assert_eq!([whole.per_mille(500), whole.per_mille(990)], [500, 990].map(Duration::from_millis));
        assert_eq!(whole.per_mille(1000), Duration::from_millis(999));
        assert_eq!(Outcome::default().per_mille(500), Duration::ZERO);
    }
}
