//! HTTP clients for tests.

use std::sync::OnceLock;

use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::redirect::Policy;

/// A client that shows redirects instead of following them.
///
/// # Panics
/// Where the system gives it no thread.
#[track_caller]
pub fn client() -> Client {
    builder().build().unwrap()
}

/// The same, still to be set up further.
pub fn builder() -> ClientBuilder {
    provide_tls();
    Client::builder().redirect(Policy::none()).no_proxy()
}

/// GET on a connection of its own.
///
/// # Panics
/// Where there is no answer.
#[track_caller]
pub fn get(url: impl AsRef<str>) -> Response {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let client = CLIENT.get_or_init(|| builder().pool_max_idle_per_host(0).build().unwrap());
    client.get(url.as_ref()).send().unwrap()
}

/// Lets reqwest make clients. Tests speak no TLS, but in one build with logshipper their reqwest is built for it, without a
/// provider of its own.
pub fn provide_tls() {
    // another one that is there already serves as well
    let _ = rustls::crypto::ring::default_provider().install_default();
}
