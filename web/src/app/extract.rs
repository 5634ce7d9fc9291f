//! Extractors: the request as its handler sees it, and the typed extensions that layers and router put on requests and responses.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::state::App;
use crate::views::{Error, Fields};

/// The id of a request in responses, pages and log lines.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// The client of a request, as far as a trusted proxy names it.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its address.
    pub forwarded: Option<IpAddr>,
    /// True if its connection to the proxy is encrypted.
    pub https: Option<bool>,
    /// The host, with the port if it isn't the scheme's own, that it sent its request to.
    pub host: Option<String>,
}

/// The route of a request, as it stands in the table (`/owners/{owner}/edit`). The router sets it, layers read it.
#[derive(Clone, Debug, Default)]
pub struct MatchedRoute(Arc<OnceLock<&'static str>>);

impl MatchedRoute {
    /// Sets the route.
    pub fn set(&self, route: &'static str) {
        let _ = self.0.set(route);
    }

    /// The route; none for a path that no route has.
    pub fn get(&self) -> Option<&'static str> {
        self.0.get().copied()
    }
}

/// The body of a request, read to its end.
#[derive(Clone, Debug, Default)]
pub struct RequestBody(pub Bytes);

/// A request as its handler sees it.
pub struct Context {
    /// State that all requests share.
    pub app: App,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Context {
    pub(crate) fn new(app: App, query: String, headers: HeaderMap, body: Bytes) -> Self {
        Self { app, query, headers, body }
    }

    /// The request's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Checks the admin token.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] without the token that is set.
    pub fn require_admin(&self) -> Result<(), Error> {
        if self.app.admin.authorize(&self.headers) { Ok(()) } else { Err(Error::Unauthorized) }
    }

    /// The parameters of the query.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it isn't percent-encoded UTF-8.
    pub fn query(&self) -> Result<Fields<'_>, Error> {
        Fields::decode(self.query.as_bytes())
    }

    /// The fields of a posted form.
    ///
    /// # Errors
    /// [`Error::UnsupportedMediaType`] for anything but a form in plain, [`Error::Malformed`] where it isn't percent-encoded UTF-8.
    pub fn form(&self) -> Result<Fields<'_>, Error> {
        if let Some(kind) = self.headers.get(CONTENT_TYPE) {
            let essence = kind.as_bytes().split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
            if !essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
                return Err(Error::UnsupportedMediaType);
            }
        }
        let mut encodings = self.headers.get_all(CONTENT_ENCODING).iter();
        if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Error::UnsupportedMediaType);
        }
        Fields::decode(&self.body)
    }

    /// The members of a JSON object in the body.
    ///
    /// # Errors
    /// [`Error::UnsupportedMediaType`] for anything but JSON, [`Error::Malformed`] where it isn't an object.
    pub fn json(&self) -> Result<Fields<'static>, Error> {
        let kind = self.headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
        let essence = kind.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
        if !essence.eq_ignore_ascii_case(b"application/json") {
            return Err(Error::UnsupportedMediaType);
        }
        Fields::from_json(&self.body)
    }
}

/// The id in a path: a positive number, written as the program writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub i32);

impl FromStr for Id {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if !text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with('0') {
            return Err(());
        }
        text.parse().map(Self).map_err(|_| ())
    }
}

/// The page number of a query, counted from 1, which is also that of a query without one.
///
/// # Errors
/// [`Error::NotFound`] for anything that is no page number.
pub fn page_number(query: &Fields<'_>) -> Result<i64, Error> {
    match query.get("page") {
        None => Ok(1),
        Some(page) => page.parse::<Id>().map(|page| page.0.into()).map_err(|()| Error::NotFound),
    }
}

/// The number of rows per page that a query asks for, one of `sizes`.
///
/// # Errors
/// [`Error::NotFound`] for any other.
pub fn page_size(query: &Fields<'_>, usual: i64, sizes: &[i64]) -> Result<i64, Error> {
    match query.get("size") {
        None | Some("") => Ok(usual),
        Some(size) => size.parse().ok().filter(|size| sizes.contains(size)).ok_or(Error::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_accepts_positive_numbers_only() {
        assert_eq!("7".parse(), Ok(Id(7)));
        assert_eq!("2147483647".parse(), Ok(Id(i32::MAX)));
        for text in ["", "0", "-1", "+1", "01", "2147483648", "99999999999", "abc", "1x", "1%20", "١"] {
            assert_eq!(text.parse::<Id>(), Err(()), "{text}");
        }
    }
}
