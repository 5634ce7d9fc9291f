//! A load generator for keep-alive connections. It retries nothing: a request that the server didn't answer is a
//! failure with its cause, also where HTTP would let a client try again. A connection that the server has closed
//! between two requests is opened anew, as every client does.

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

/// What to send, and how hard.
#[derive(Clone)]
pub struct Plan {
    /// Where to connect.
    pub address: SocketAddr,
    /// Connections kept alive, each with one request at a time.
    pub connections: usize,
    /// What a connection waits between an answer and its next request.
    pub pause: Duration,
    /// Path of a request; `{n}` becomes its number, unique within the load.
    pub path: String,
    /// How long one may take.
    pub timeout: Duration,
}

impl Plan {
    /// Eight connections that ask for `path` about 25 times a second each.
    pub fn gentle(address: SocketAddr, path: &str) -> Self {
        Self {
            address,
            connections: 8,
            pause: Duration::from_millis(40),
            path: path.to_owned(),
            timeout: Duration::from_secs(15),
        }
    }
}

/// One request's end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The number that stood for `{n}`.
    pub number: u64,
    /// When it was sent, counted from the start of the load.
    pub at: Duration,
    /// Until the last byte of the answer, or the failure.
    pub took: Duration,
    /// The status, or why there was none.
    pub outcome: Result<u16, String>,
}

/// A running load.
pub struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    started: Instant,
    thread: JoinHandle<Result<Vec<Answer>>>,
}

impl Load {
    /// Starts the load on a thread of its own.
    pub fn start(plan: Plan) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let sent = Arc::new(AtomicU64::new(0));
        let started = Instant::now();
        let thread = {
            let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
            std::thread::spawn(move || run(&plan, started, &stop, &sent))
        };
        Self { stop, sent, started, thread }
    }

    /// Requests sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the load once the requests in flight are answered.
    ///
    /// # Errors
    /// The load could not run at all.
    pub fn stop(self) -> Result<Report> {
        self.stop.store(true, Ordering::Relaxed);
        let answers = self.thread.join().map_err(|_| anyhow!("the load panicked"))??;
        Ok(Report { answers })
    }
}

/// All answers of a load.
pub struct Report {
    /// In no particular order.
    pub answers: Vec<Answer>,
}

impl Report {
    /// How many answers had this outcome; causes of failures are words, statuses are numbers.
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

    /// The answers that were not `200`.
    pub fn failures(&self) -> Vec<&Answer> {
        self.answers.iter().filter(|answer| answer.outcome != Ok(200)).collect()
    }

    /// The slowest answer.
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

/// One request on a connection of its own.
///
/// # Errors
/// Why there was no answer within `timeout`.
pub fn get(address: SocketAddr, path: &str, timeout: Duration) -> Result<(u16, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
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

fn run(plan: &Plan, started: Instant, stop: &Arc<AtomicBool>, sent: &Arc<AtomicU64>) -> Result<Vec<Answer>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connections = tokio::task::JoinSet::new();
        for _ in 0..plan.connections {
            connections.spawn(connection(plan.clone(), started, Arc::clone(stop), Arc::clone(sent)));
        }
        Ok(connections.join_all().await.concat())
    })
}

async fn connection(plan: Plan, started: Instant, stop: Arc<AtomicBool>, sent: Arc<AtomicU64>) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut open: Option<SendRequest<Empty<Bytes>>> = None;
    while !stop.load(Ordering::Relaxed) {
        let number = sent.fetch_add(1, Ordering::Relaxed);
        let path = plan.path.replace("{n}", &number.to_string());
        let at = started.elapsed();
        let request = request(&mut open, plan.address, &path);
        let outcome = match tokio::time::timeout(plan.timeout, request).await {
            Ok(outcome) => outcome,
            Err(_) => Err("no answer in time".to_owned()),
        };
        if outcome.is_err() {
            open = None;
        }
        answers.push(Answer { number, at, took: started.elapsed().saturating_sub(at), outcome });
        tokio::time::sleep(plan.pause).await;
    }
    answers
}

/// Sends on the open connection, or on a new one where the server has closed it.
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

/// hyper's errors hide the cause ("connection error"): tell all of them.
fn chain(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
