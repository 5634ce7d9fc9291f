//! A closed-loop load generator on keep-alive connections. It retries nothing: a request without an answer is a failure with
//! its cause, also where HTTP would let a client try again. A connection that the server has closed between two requests is
//! replaced, as every client does.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Target and intensity of a load.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// Server to connect to.
    pub address: SocketAddr,
    /// Connections kept alive, each with one request at a time.
    pub connections: usize,
    /// Pause of a connection between an answer and its next request.
    pub pause: Duration,
    /// Paths, requested one after the other; `{n}` becomes the request's number, unique within the load.
    pub paths: Vec<String>,
    /// Time limit of one request.
    pub timeout: Duration,
}

impl RunConfig {
    /// Connections that send their next request as soon as the last one is answered.
    pub fn closed_loop(address: SocketAddr, connections: usize, paths: &[&str]) -> Self {
        let paths = paths.iter().map(ToString::to_string).collect();
        Self { address, connections, pause: Duration::ZERO, paths, timeout: crate::DEADLINE }
    }

    /// Eight connections that request `path` about 25 times a second each.
    pub fn gentle(address: SocketAddr, path: &str) -> Self {
        let timeout = Duration::from_secs(15);
        Self { pause: Duration::from_millis(40), timeout, ..Self::closed_loop(address, 8, &[path]) }
    }
}

/// One request and its outcome.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Number that replaced `{n}`.
    pub number: u64,
    /// Time of sending, counted from the start of the load.
    pub at: Duration,
    /// Time until the last byte of the answer, or until the failure.
    pub took: Duration,
    /// Status of the answer, or the reason why there was none.
    pub outcome: Result<u16, String>,
}

/// A running load.
pub struct Load {
    counters: Arc<Counters>,
    started: Instant,
    thread: JoinHandle<Vec<Answer>>,
}

#[derive(Default)]
struct Counters {
    stop: AtomicBool,
    sent: AtomicU64,
    answered: AtomicU64,
}

impl Load {
    /// Starts the load on a thread of its own.
    ///
    /// # Panics
    /// If the thread's runtime can't be created.
    pub fn start(config: RunConfig) -> Self {
        let counters = Arc::<Counters>::default();
        let started = Instant::now();
        let of_thread = Arc::clone(&counters);
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let mut connections = tokio::task::JoinSet::new();
                for _ in 0..config.connections {
                    connections.spawn(connection(config.clone(), started, Arc::clone(&of_thread)));
                }
                connections.join_all().await.concat()
            })
        });
        Self { counters, started, thread }
    }

    /// Requests answered so far, with any status.
    pub fn answered(&self) -> u64 {
        self.counters.answered.load(Ordering::Relaxed)
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Answers per second, measured over `time` from now on.
    ///
    /// # Panics
    /// If more than 2³² requests are answered in that time.
    pub fn rate(&self, time: Duration) -> f64 {
        let (start, before) = (Instant::now(), self.answered());
        std::thread::sleep(time);
        let more = u32::try_from(self.answered() - before).unwrap();
        f64::from(more) / start.elapsed().as_secs_f64()
    }

    /// Stops sending and waits for the requests in flight.
    ///
    /// # Panics
    /// If the load itself panicked.
    #[track_caller]
    pub fn stop(self) -> Report {
        self.counters.stop.store(true, Ordering::Relaxed);
        Report { answers: self.thread.join().unwrap() }
    }
}

/// All answers of a load.
#[derive(Debug)]
pub struct Report {
    /// Answers in no particular order.
    pub answers: Vec<Answer>,
}

impl Report {
    /// Number of answers by outcome: a status, or the reason of a failure.
    pub fn outcomes(&self) -> BTreeMap<String, usize> {
        let mut outcomes = BTreeMap::new();
        for answer in &self.answers {
            let key = match &answer.outcome {
                Ok(status) => status.to_string(),
                Err(cause) => cause.clone(),
            };
            *outcomes.entry(key).or_default() += 1;
        }
        outcomes
    }

    /// Answers with another outcome than 200.
    pub fn failures(&self) -> Vec<&Answer> {
        self.answers.iter().filter(|answer| answer.outcome != Ok(200)).collect()
    }

    /// Longest time of a request.
    pub fn slowest(&self) -> Duration {
        self.answers.iter().map(|answer| answer.took).max().unwrap_or_default()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut times: Vec<_> = self.answers.iter().map(|answer| answer.took).collect();
        times.sort_unstable();
        let at = |per_mille: usize| times.get(times.len() * per_mille / 1000).copied().unwrap_or_default();
        write!(
            f,
            "{} requests, {} failed, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms, {:?}",
            self.answers.len(),
            self.failures().len(),
            at(500).as_secs_f64() * 1e3,
            at(990).as_secs_f64() * 1e3,
            self.slowest().as_secs_f64() * 1e3,
            self.outcomes()
        )?;
        for failure in self.failures().iter().take(5) {
            write!(f, "\n      number {} at {:.3} s: {:?}", failure.number, failure.at.as_secs_f64(), failure.outcome)?;
        }
        Ok(())
    }
}

/// Status and body of one request on a connection of its own.
///
/// # Errors
/// The reason why there was no answer within `timeout`.
pub fn get(address: SocketAddr, path: &str, timeout: Duration) -> Result<(u16, String)> {
    runtime().block_on(async {
        let answer = async {
            let mut sender = connect(address).await.map_err(|cause| anyhow!(cause))?;
            exchange(&mut sender, address, path).await.map_err(|cause| anyhow!(cause))
        };
        match tokio::time::timeout(timeout, answer).await {
            Ok(Ok((status, body))) => Ok((status, String::from_utf8_lossy(&body).into_owned())),
            Ok(Err(error)) => Err(error.context(format!("GET {path}"))),
            Err(_) => Err(anyhow!("GET {path}: no answer within {} s", timeout.as_secs())),
        }
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn connection(config: RunConfig, started: Instant, counters: Arc<Counters>) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut open: Option<SendRequest<Empty<Bytes>>> = None;
    while !counters.stop.load(Ordering::Relaxed) {
        let number = counters.sent.fetch_add(1, Ordering::Relaxed);
        let paths = config.paths.len() as u64;
        let path = config.paths[usize::try_from(number % paths).unwrap()].replace("{n}", &number.to_string());
        let at = started.elapsed();
        let request = request(&mut open, config.address, &path);
        let outcome = match tokio::time::timeout(config.timeout, request).await {
            Ok(outcome) => outcome,
            Err(_) => Err("no answer in time".to_owned()),
        };
        match outcome {
            Ok(_) => drop(counters.answered.fetch_add(1, Ordering::Relaxed)),
            Err(_) => open = None,
        }
        answers.push(Answer { number, at, took: started.elapsed().saturating_sub(at), outcome });
        if !config.pause.is_zero() {
            tokio::time::sleep(config.pause).await;
        }
    }
    answers
}

/// Sends on the open connection, or on a new one if the server has closed it.
async fn request(open: &mut Option<SendRequest<Empty<Bytes>>>, address: SocketAddr, path: &str) -> Result<u16, String> {
    let kept = match open.as_mut() {
        Some(sender) => sender.ready().await.is_ok(),
        None => false,
    };
    if !kept {
        *open = Some(connect(address).await?);
    }
    let sender = open.as_mut().ok_or("no connection")?;
    let age = if kept { "kept connection" } else { "new connection" };
    match exchange(sender, address, path).await {
        Ok((status, _)) => Ok(status),
        Err(cause) => Err(format!("{age}: {cause}")),
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Empty<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| format!("connect: {error}"))?;
    stream.set_nodelay(true).map_err(|error| format!("connect: {error}"))?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| format!("connect: {}", chain(&error)))?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn exchange(sender: &mut SendRequest<Empty<Bytes>>, address: SocketAddr, path: &str) -> Result<(u16, Bytes), String> {
    let request =
        Request::get(path).header("host", address.to_string()).body(Empty::new()).map_err(|error| format!("request: {error}"))?;
    let answer = sender.send_request(request).await.map_err(|error| chain(&error))?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.map_err(|error| format!("body: {}", chain(&error)))?;
    Ok((status, body.to_bytes()))
}

/// The error and all its causes: hyper's own text names none of them ("connection error").
fn chain(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers `/closed` by closing the connection and anything else with 200.
    fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
                    while let Some(Ok(line)) = lines.next() {
                        if line.contains(" /closed ") {
                            return;
                        }
                        if line.is_empty() {
                            (&client).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
                        }
                    }
                });
            }
        });
        address
    }

    #[test]
    fn load_counts_answers_and_failures() {
        let load = Load::start(RunConfig::closed_loop(server(), 2, &["/{n}", "/closed"]));
        crate::until("answers", || (load.answered() > 10).then_some(()));
        let report = load.stop();
        let (answers, failures) = (report.answers.len(), report.failures().len());
        assert_eq!(report.outcomes()["200"], answers - failures, "{report}");
        assert!(failures >= 10 && report.failures().iter().all(|answer| answer.number % 2 == 1), "{report}");
    }

    #[test]
    fn get_returns_status_and_body() {
        assert_eq!(get(server(), "/", crate::DEADLINE).unwrap(), (200, "ok".to_owned()));
        assert!(get(server(), "/closed", crate::DEADLINE).unwrap_err().to_string().contains("/closed"));
    }
}
