//! The admin port: `/metrics`, `/livez` and `/readyz`, for monitoring inside the cluster.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use crate::metrics::Metrics;

/// Connections at a time; more wait.
const CONNECTIONS: usize = 16;
/// Maximum time for a client's request, and for a connection.
const HEADERS: Duration = Duration::from_secs(5);
const CONNECTION: Duration = Duration::from_mins(1);

/// Listens on `address` and answers in a thread of its own, until the program ends. Returns the address with its port.
pub fn start(address: SocketAddr, metrics: Arc<Metrics>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    thread::Builder::new().name(String::from("admin")).spawn(move || runtime.block_on(serve(listener, metrics)))?;
    Ok(bound)
}

async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "admin port closed"),
    };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(room) = Arc::clone(&room).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most often: not an error of this port, and over soon.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let metrics = Arc::clone(&metrics);
        tokio::spawn(async move {
            let service = service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(&request, &metrics))));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEADERS);
            // A client that goes away or sends nonsense has been answered by hyper.
            let _ = tokio::time::timeout(CONNECTION, builder.serve_connection(TokioIo::new(stream), service)).await;
            drop(room);
        });
    }
}

fn answer<B>(request: &Request<B>, metrics: &Metrics) -> Response<String> {
    let probe = |good| if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (status, text) = match request.uri().path() {
        _ if !matches!(*request.method(), Method::GET | Method::HEAD) => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        "/metrics" => (StatusCode::OK, metrics.text()),
        "/livez" => (probe(metrics.is_alive()), String::new()),
        "/readyz" => (probe(metrics.is_ready()), String::new()),
        _ => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let form = http::HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    if request.uri().path() == "/metrics" {
        response.headers_mut().insert(CONTENT_TYPE, form);
    }
    response
}
