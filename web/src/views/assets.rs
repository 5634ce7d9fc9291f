//! Style sheet, script, pictures and the API's description.
//!
//! Assets. Pages name one by a path with a hash of its content, so that browsers cache it permanently and still see a change at
//! once. The plain name works as well; it is asked for again each time.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;

use super::compression::{MIN_SIZE, TAG_SUFFIX, gzip, is_text};
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
    /// The text compressed, where that is worth it.
    pub compressed: Option<Bytes>,
    hash: u64,
}

/// A file for the browser, as the program knows it.
#[derive(Debug)]
struct Known {
    name: &'static str,
    kind: &'static str,
    text: Text,
    hash: u64,
    compressed: &'static OnceLock<Bytes>,
}

macro_rules! assets {
    ($($name:literal: $kind:literal),+ $(,)?) => {
        static ASSETS: &[Known] = &[$({
            const TEXT: Text = text!("assets/", $name);
            const HASH: u64 = fingerprint(TEXT.built_in.as_bytes());
            static COMPRESSED: OnceLock<Bytes> = OnceLock::new();
            Known { name: $name, kind: $kind, text: TEXT, hash: HASH, compressed: &COMPRESSED }
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
        if let Source::Folder(_) = source {
            let hash = fingerprint(content.as_bytes());
            return Ok(Asset { name: self.name, kind: self.kind, content, compressed: None, hash });
        }
        let compress = || self.compressed.get_or_init(|| gzip(content.as_bytes(), Compression::best())).clone();
        let compressed = (content.len() >= MIN_SIZE && is_text(self.kind)).then(compress);
        Ok(Asset { name: self.name, kind: self.kind, content, compressed, hash: self.hash })
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

    /// Returns true if a value of `If-None-Match` names the asset, compressed or not.
    pub fn is_known(&self, tags: &str) -> bool {
        let plain = self.etag();
        tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/").replacen(TAG_SUFFIX, "", 1) == plain)
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
