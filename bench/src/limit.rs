//! The limits of a page: hyper with the same bytes, and, for a page of the database, the same statements by diesel in
//! `spawn_blocking` before them.

use std::convert::Infallible;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use schema::database::{Connection, DatabaseUrl, connect};
use web::pages::owners::store;

use crate::config::Limit;

/// Connections to the database: web's default.
const CONNECTIONS: u32 = 10;

/// Database work of a page.
pub(crate) type Statements = fn(&mut Connection) -> Result<()>;

/// Returns true if a page has a limit.
pub(crate) fn has(page: &str) -> bool {
    page == "/" || statements(page).is_some()
}

/// The statements that web executes for a page.
pub(crate) fn statements(page: &str) -> Option<Statements> {
    match page {
        "/owners?lastName=" => {
            Some(|connection| Ok(store::search(connection, "", &store::Start::Offset(0), store::PAGE).map(drop)?))
        }
        "/owners/1" => Some(|connection| Ok(store::details(connection, 1, 0).map(drop)?)),
        _ => None,
    }
}

struct Manager(DatabaseUrl);

impl r2d2::ManageConnection for Manager {
    type Connection = Connection;
    type Error = schema::database::ConnectError;

    fn connect(&self) -> Result<Connection, Self::Error> {
        connect(&self.0)
    }

    fn is_valid(&self, _: &mut Connection) -> Result<(), Self::Error> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}

/// Serves until the process is killed.
pub(crate) fn serve(settings: &Limit) -> Result<()> {
    let response = parse(&std::fs::read(&settings.answer)?).context("no HTTP answer in the file")?;
    let pool = match &settings.database_url {
        Some(url) => Some(r2d2::Pool::builder().max_size(CONNECTIONS).test_on_check_out(false).build(Manager(url.clone()))?),
        None => None,
    };
    let work = pool.zip(statements(&settings.page));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(settings.listen_addr).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (response, work) = (response.clone(), work.clone());
            let service = service_fn(move |_| {
                let (mut response, work) = (response.clone(), work.clone());
                async move {
                    if let Some((pool, statements)) = work {
                        let done = tokio::task::spawn_blocking(move || statements(&mut *pool.get()?)).await;
                        if !matches!(done, Ok(Ok(()))) {
                            *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
                        }
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}

/// Parses an answer with its headers, without those that hyper adds itself.
fn parse(bytes: &[u8]) -> Option<Response<Full<Bytes>>> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    let mut response = Response::builder();
    for line in std::str::from_utf8(&bytes[..head]).ok()?.lines().skip(1) {
        let (name, value) = line.split_once(": ")?;
        if !["content-length", "date", "connection"].contains(&name) {
            response = response.header(name, value);
        }
    }
    response.body(Full::new(Bytes::copy_from_slice(&bytes[head + 4..]))).ok()
}

#[cfg(test)]
mod tests {
    use hyper::body::Body;

    use super::*;

    #[test]
    fn answer_keeps_its_headers_and_bytes() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 5\r\ndate: now\r\n\r\nhello").unwrap();
        assert_eq!(answer.headers().len(), 1);
        assert_eq!((answer.headers()["x-a"].as_bytes(), answer.body().size_hint().exact()), (&b"b"[..], Some(5)));
    }
}
