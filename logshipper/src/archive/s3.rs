//! The client of S3.

use std::error::Error;
use std::time::Duration;

use object_store::ClientConfigKey::{AllowHttp, ProxyCaCertificate, ProxyExcludes, ProxyUrl};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::{Certificate, ClientOptions, ObjectStore, RetryConfig};

use super::error::{ArchiveError, innermost};

/// Time limit of one request: enough for a part over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is not reused: the server may have closed it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// A bucket, with the credentials and the endpoint of the `AWS_…` variables. Sends no request yet.
pub(super) fn store(bucket: &str) -> Result<Box<dyn ObjectStore>, String> {
    // If there is a provider already, it is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = AmazonS3Builder::from_env();
    let value = |key: &AmazonS3ConfigKey| builder.get_config_value(key);
    let endpoint = value(&AmazonS3ConfigKey::S3Endpoint).or_else(|| value(&AmazonS3ConfigKey::Endpoint));
    let allows_http = value(&AmazonS3ConfigKey::Client(AllowHttp)).is_some_and(|allowed| allowed == "true");
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) && !allows_http {
        return Err(String::from("AWS_ENDPOINT_URL is http://, in which anyone can read along: AWS_ALLOW_HTTP=true permits it"));
    }
    let mut options = ClientOptions::new()
        .with_timeout(REQUEST_TIMEOUT)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_pool_idle_timeout(IDLE_TIMEOUT);
    for key in [AllowHttp, ProxyUrl, ProxyExcludes, ProxyCaCertificate] {
        if let Some(value) = value(&AmazonS3ConfigKey::Client(key)) {
            options = options.with_config(key, value);
        }
    }
    // In addition to those of the system, which an image may lack.
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        options = options.with_root_certificate(Certificate::from_der(root).map_err(|error| error.to_string())?);
    }
    // Uploads are retried, and reported, by their caller.
    let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let store = builder.with_bucket_name(bucket).with_client_options(options).with_retry(retry).build();
    store.map(|store| Box::new(store) as _).map_err(|error| format!("its AWS_ variables: {}", innermost(&error)))
}

/// The error of a request that got no answer.
pub(super) fn transport(error: &(dyn Error + 'static)) -> Option<ArchiveError> {
    match error.downcast_ref::<HttpError>().map(HttpError::kind) {
        Some(HttpErrorKind::Timeout) => Some(ArchiveError::Timeout),
        Some(_) => Some(ArchiveError::Unreachable(innermost(error))),
        None => transport(error.source()?),
    }
}
