//! What a handler gets of its request, decoded strictly: text that isn't what it claims to be is refused, never guessed.

use std::borrow::Cow;
use std::str::FromStr;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::App;
use crate::error::Error;

/// A request as its handler sees it.
pub struct Context {
    /// What all requests share.
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

    /// Goes on for those who may do what only operators may.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] without the token that the settings have.
    pub fn for_operators(&self) -> Result<(), Error> {
        if self.app.admin.admits(&self.headers) { Ok(()) } else { Err(Error::Unauthorized) }
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
    /// [`Error::UnsupportedMediaType`] for anything but a form, [`Error::Malformed`] where it isn't percent-encoded UTF-8.
    pub fn form(&self) -> Result<Fields<'_>, Error> {
        if let Some(kind) = self.headers.get(CONTENT_TYPE) {
            let essence = kind.as_bytes().split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
            if !essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
                return Err(Error::UnsupportedMediaType);
            }
        }
        Fields::decode(&self.body)
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

/// Decoded `name=value` pairs, of a query or a form.
pub struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    fn decode(text: &'a [u8]) -> Result<Self, Error> {
        text.split(|&b| b == b'&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let end = pair.iter().position(|&b| b == b'=').unwrap_or(pair.len());
                Ok((decode(&pair[..end])?, decode(pair.get(end + 1..).unwrap_or_default())?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The first value called `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }
}

/// `application/x-www-form-urlencoded`, as the URL standard has it, but a `%` that escapes nothing and bytes that aren't
/// UTF-8 are errors.
fn decode(text: &[u8]) -> Result<Cow<'_, str>, Error> {
    let bytes = if text.iter().any(|b| matches!(b, b'%' | b'+')) { Cow::Owned(unescape(text)?) } else { Cow::Borrowed(text) };
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Error::Malformed),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Error::Malformed),
    }
}

fn unescape(text: &[u8]) -> Result<Vec<u8>, Error> {
    let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).ok_or(Error::Malformed);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'+' => b' ',
            b'%' => u8::try_from(hex(rest.next())? * 16 + hex(rest.next())?).map_err(|_| Error::Malformed)?,
            b => b,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_positive_number() {
        assert_eq!("7".parse(), Ok(Id(7)));
        assert_eq!("2147483647".parse(), Ok(Id(i32::MAX)));
        for text in ["", "0", "-1", "+1", "01", "2147483648", "99999999999", "abc", "1x", "1%20", "١"] {
            assert_eq!(text.parse::<Id>(), Err(()), "{text}");
        }
    }

    #[test]
    fn forms_are_decoded_strictly() {
        let fields = Fields::decode(b"a=1+2&b=%EA%B0%80&&c&d==&a=second").unwrap();
        assert_eq!(fields.get("a"), Some("1 2"));
        assert_eq!(fields.get("b"), Some("가"));
        assert_eq!(fields.get("c"), Some(""));
        assert_eq!(fields.get("d"), Some("="));
        assert_eq!(fields.get("e"), None);
        for malformed in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"%=1", b"a=\xff", b"a=%+1"] {
            assert!(matches!(Fields::decode(malformed), Err(Error::Malformed)), "{malformed:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_a_browser_encodes_is_decoded(pairs in proptest::collection::vec((".{1,9}", ".{0,9}"), 0..6)) {
            let sent = serde_urlencoded::to_string(&pairs).unwrap();
            let fields = Fields::decode(sent.as_bytes()).unwrap();
            let decoded: Vec<_> = fields.0.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            assert_eq!(decoded, pairs);
        }

        #[test]
        fn any_bytes_are_fields_or_malformed(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)) {
            if let Ok(fields) = Fields::decode(&bytes) {
                // each byte of the pairs comes from one to three that were sent
                let length: usize = fields.0.iter().map(|(name, value)| name.len() + value.len()).sum();
                assert!(length <= bytes.len());
            }
        }
    }
}
