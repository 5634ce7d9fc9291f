//! Preferences of a request: language, HTML or JSON, and the message that waits for its page.

use std::sync::Arc;

use http::HeaderMap;
use http::header::ACCEPT;

use super::flash::Flash;
use super::i18n::{self, Language};
use super::mac::Key;

/// The parts of a request that its response depends on, besides the handler's reply.
pub struct RequestPreferences {
    pub(super) language: usize,
    chosen: bool,
    /// The query without the choice of a language, to be followed by one.
    pub(super) query: String,
    pub(super) json: bool,
    pub(super) flash: Option<Flash>,
    pub(super) path: String,
    id: Option<Arc<str>>,
    pub(super) cookies: Key,
}

impl RequestPreferences {
    /// Reads them from a request's head.
    pub fn new(headers: &HeaderMap, path: &str, query: &str, id: Option<Arc<str>>, cookies: Key) -> Self {
        let json = path.starts_with("/api/") || prefers_json(&i18n::joined(headers, ACCEPT));
        let chosen = Language::chosen(query);
        Self {
            language: chosen.unwrap_or_else(|| Language::of(headers)),
            chosen: chosen.is_some(),
            query: without_language(query),
            json,
            flash: Flash::of(headers, &cookies),
            path: path.to_owned(),
            id,
            cookies,
        }
    }

    /// `Set-Cookie` that keeps the language which the query has chosen.
    pub fn language_cookie(&self) -> Option<String> {
        self.chosen.then(|| Language::all()[self.language].set_cookie())
    }

    /// The request's id, as pages show it.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// `a=1&lang=ko&b=2` → `a=1&b=2&`
fn without_language(query: &str) -> String {
    let others = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang="));
    others.flat_map(|pair| [pair, "&"]).collect()
}

/// Returns true if an `Accept` weighs JSON higher than HTML.
fn prefers_json(accept: &str) -> bool {
    let weight = |of: [&str; 2]| {
        let named = i18n::weighted(accept).filter(|(kind, _)| of.iter().any(|of| of.eq_ignore_ascii_case(kind)));
        named.map(|(_, weight)| weight).fold(0.0, f32::max)
    };
    weight(["application/json", "application/problem+json"]) > weight(["text/html", "application/xhtml+xml"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_returned_for_accept_json() {
        for accept in [
            "application/json",
            "application/json, text/html;q=0.9",
            "text/html;q=0.5,application/problem+json",
            "Application/JSON",
        ] {
            assert!(prefers_json(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/html",
            "text/html,application/json",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "application/json;q=0",
        ] {
            assert!(!prefers_json(accept), "{accept}");
        }
    }
}
