//! What bounds web: hyper alone with the same bytes, and diesel alone with the same statements.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use diesel::QueryResult;
use http_body_util::Full;
use hyper::Response;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use memchr::memmem;
use schema::database::{Connection, DatabaseUrl, connect};
use web::pages::owners::store;

use crate::http::Page;
use crate::load::Outcome;

/// Connections to the database: as many as web has where nothing is set.
const CONNECTIONS: usize = 10;

/// Serves the answer in a file, head and body as they were received, at `address` and for ever.
///
/// # Errors
/// Where that can't be.
pub(crate) fn serve(answer: &Path, address: SocketAddr) -> Result<()> {
    let bytes = std::fs::read(answer)?;
    let response = parse(&bytes).context("no HTTP answer")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let response = response.clone();
            let service = service_fn(move |_| {
                let response = response.clone();
                async move { Ok::<_, Infallible>(response) }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}

/// An answer with its headers, but for those that hyper makes itself.
fn parse(bytes: &[u8]) -> Option<Response<Full<Bytes>>> {
    let head = memmem::find(bytes, b"\r\n\r\n")?;
    let mut response = Response::builder();
    for line in std::str::from_utf8(&bytes[..head]).ok()?.lines().skip(1) {
        let (name, value) = line.split_once(": ")?;
        if !["content-length", "date", "connection"].contains(&name) {
            response = response.header(name, value);
        }
    }
    response.body(Full::new(Bytes::copy_from_slice(&bytes[head + 4..]))).ok()
}

type Work = fn(&mut Connection) -> QueryResult<()>;

/// What web asks the database for a page, where a loop of it is to be compared.
pub(crate) fn statements(page: &Page) -> Option<Work> {
    match page.name {
        "/owners?lastName=" => Some(|connection| store::search(connection, "", 0, 5).map(|_| ())),
        "/owners/1" => Some(|connection| store::details(connection, 1).map(|_| ())),
        _ => None,
    }
}

/// Runs `work` again and again for `time`, on as many connections as web has.
///
/// # Errors
/// Where a connection can't be had.
pub(crate) fn database(url: &DatabaseUrl, work: Work, time: Duration) -> Result<Outcome> {
    let connections: Vec<Connection> = (0..CONNECTIONS).map(|_| connect(url)).collect::<Result<_, _>>()?;
    let started = Instant::now();
    let threads: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            thread::spawn(move || {
                let mut outcome = Outcome::default();
                while started.elapsed() < time {
                    let begun = Instant::now();
                    match work(&mut connection) {
                        Ok(()) => outcome.times.push(begun.elapsed()),
                        Err(_) => outcome.failed += 1,
                    }
                }
                outcome
            })
        })
        .collect();
    let parts: Vec<Outcome> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
    Ok(Outcome::of(parts, started.elapsed()))
}

#[cfg(test)]
mod tests {
    use hyper::body::Body;

    use super::*;

    #[test]
    fn an_answer_keeps_its_headers_and_bytes() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 5\r\ndate: now\r\n\r\nhello").unwrap();
        assert_eq!(answer.headers().len(), 1);
        assert_eq!((answer.headers()["x-a"].as_bytes(), answer.body().size_hint().exact()), (&b"b"[..], Some(5)));
    }
}
