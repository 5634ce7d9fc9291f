//! The HTTP client of the exporter: hyper, on the program's runtime, whatever thread asks. One connection, kept while it lasts.

use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

/// How long a batch may take, the connection included.
const SEND_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

type Connection = Arc<Mutex<Option<SendRequest<Full<Bytes>>>>>;

#[derive(Debug)]
pub(super) struct Client {
    runtime: Handle,
    connection: Connection,
    trouble: Trouble,
}

/// Why the last batch could not be sent: what the exporter says of it has no cause. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble(Arc<std::sync::Mutex<String>>);

impl Trouble {
    fn note(&self, error: &HttpError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = error.to_string();
    }

    pub(super) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Client {
    pub(super) fn new(runtime: Handle, trouble: Trouble) -> Self {
        Self { runtime, connection: Connection::default(), trouble }
    }
}

impl HttpClient for Client {
    fn send_bytes<'client, 'sent>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'client: 'sent,
        Self: 'sent,
    {
        let (connection, trouble) = (Arc::clone(&self.connection), self.trouble.clone());
        let sent = self.runtime.spawn(async move {
            let answered = tokio::time::timeout(SEND_TIMEOUT, send(&connection, request)).await;
            let answered = answered.unwrap_or_else(|_| Err(format!("no answer within {SEND_TIMEOUT:?}").into()));
            answered.inspect_err(|error| trouble.note(error))
        });
        Box::pin(async move { sent.await? })
    }
}

async fn send(connection: &Connection, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut kept = connection.lock().await;
    let usable = match kept.take() {
        Some(mut sender) => sender.ready().await.is_ok().then_some(sender),
        None => None,
    };
    let mut sender = match usable {
        Some(sender) => sender,
        None => connect(request.uri()).await?,
    };
    let host = HeaderValue::from_str(request.uri().authority().map_or("", |authority| authority.as_str()))?;
    request.headers_mut().insert(HOST, host);
    let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    let (head, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
    *kept = Some(sender);
    Ok(Response::from_parts(head, body))
}

async fn connect(uri: &Uri) -> Result<SendRequest<Full<Bytes>>, HttpError> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Ends with the sender, or when the collector closes it; the sender tells.
    tokio::spawn(connection);
    Ok(sender)
}
