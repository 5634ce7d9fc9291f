//! Style sheet, script, pictures and the API's description.
//!
//! Assets. Pages name one by a path with a hash of its content, so that browsers cache it permanently and still see a change at
//! once. The plain name works as well; it is asked for again each time.

use std::borrow::Cow;

use super::source::{Source, Text};

/// A file for the browser, as it is now.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its plain name.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its text.
    pub content: Cow<'static, str>,
    hash: u64,
}

/// A file for the browser, as the program knows it.
#[derive(Debug)]
struct Known {
    name: &'static str,
    kind: &'static str,
    text: Text,
    hash: u64,
}

macro_rules! assets {
    ($($name:literal: $kind:literal),+ $(,)?) => {
        static ASSETS: &[Known] = &[$({
            const TEXT: Text = text!("assets/", $name);
            const HASH: u64 = fingerprint(TEXT.built_in.as_bytes());
            Known { name: $name, kind: $kind, text: TEXT, hash: HASH }
        }),+];
    };
}

assets! {
    "style.css": "text/css; charset=utf-8",
    "search.js": "text/javascript; charset=utf-8",
    "icons.svg": "image/svg+xml; charset=utf-8",
    "welcome.svg": "image/svg+xml; charset=utf-8",
    "lost.svg": "image/svg+xml; charset=utf-8",
    "favicon.svg": "image/svg+xml; charset=utf-8",
    "openapi.json": "application/json",
}

impl Known {
    fn load(&self, source: &Source) -> anyhow::Result<Asset> {
        let content = source.read(self.text)?;
        let hash = if matches!(source, Source::BuiltIn) { self.hash } else { fingerprint(content.as_bytes()) };
        Ok(Asset { name: self.name, kind: self.kind, content, hash })
    }
}

impl Asset {
    /// The path that pages use: `/resources/style.<hash>.css`.
    pub fn path(&self) -> String {
        let (stem, extension) = self.name.split_once('.').unwrap_or((self.name, ""));
        format!("/resources/{stem}.{:016x}.{extension}", self.hash)
    }

    /// The entity tag.
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.hash)
    }
}

/// The asset with this name, plain or hashed; a hash of other content names none.
///
/// # Errors
/// It can't be read from the source's folder.
pub fn find(source: &Source, file: &str) -> anyhow::Result<Option<Asset>> {
    let hashed = hashed(file);
    let plain = hashed.as_ref().map_or(file, |(plain, _)| plain);
    let Some(known) = ASSETS.iter().find(|known| known.name == plain) else { return Ok(None) };
    let asset = known.load(source)?;
    Ok(Some(asset).filter(|asset| hashed.is_none_or(|(_, hash)| hash == asset.hash)))
}

/// `style.0123456789abcdef.css` → `style.css` and the hash.
fn hashed(file: &str) -> Option<(String, u64)> {
    let (stem, rest) = file.split_once('.')?;
    let (hash, extension) = rest.split_once('.')?;
    let hash = u64::from_str_radix(hash, 16).ok().filter(|_| hash.len() == 16)?;
    Some((format!("{stem}.{extension}"), hash))
}

/// FNV-1a, 64 bit: not secret and not safe against forgery, only fast, and computable when the program is compiled.
pub(crate) const fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}
