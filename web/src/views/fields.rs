//! Form fields, decoded strictly: text that isn't what it claims to be is refused, never guessed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::error::Error;

/// Decoded `name=value` pairs, of a query or a form.
pub struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// Decodes the text of a query or a form.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it isn't percent-encoded UTF-8.
    pub fn decode(text: &'a [u8]) -> Result<Self, Error> {
        text.split(|&b| b == b'&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let end = pair.iter().position(|&b| b == b'=').unwrap_or(pair.len());
                Ok((decode(&pair[..end])?, decode(pair.get(end + 1..).unwrap_or_default())?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The members of a JSON object that are strings; others are absent.
    ///
    /// # Errors
    /// [`Error::Malformed`] for anything but an object.
    pub fn from_json(text: &[u8]) -> Result<Fields<'static>, Error> {
        let members: BTreeMap<String, Value> = serde_json::from_slice(text).map_err(|_| Error::Malformed)?;
        let value = |(name, value): (String, Value)| match value {
            Value::String(text) => Some((name.into(), text.into())),
            _ => None,
        };
        Ok(Fields(members.into_iter().filter_map(value).collect()))
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
        fn browser_encoded_form_is_decoded(pairs in proptest::collection::vec((".{1,9}", ".{0,9}"), 0..6)) {
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
