//! Authorization of operators by a bearer token.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use runtime::settings::{self, Secret};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The admin token.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct Settings {
    /// Token that DELETE and POST /healthcheck and PUT /log-level need (`Authorization: Bearer …`); without it, everyone may
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true, value_parser = settings::secret)]
    pub admin_token: Option<Secret>,

    /// File that holds it, such as a mounted Secret
    #[arg(long, env = "ADMIN_TOKEN_FILE", value_name = "PATH", value_parser = settings::secret_file, conflicts_with = "admin_token")]
    pub admin_token_file: Option<Secret>,
}

/// Checks the admin token; without one, everyone is authorized. Clones share it.
///
/// Only hashes are compared, in constant time: that tells a guesser nothing, not even the token's length.
#[derive(Clone, Debug, Default)]
pub struct AdminAuth(Option<Arc<[u8]>>);

impl AdminAuth {
    /// Returns the check that `settings` ask for.
    pub fn new(settings: &Settings) -> Self {
        let token = settings.admin_token.as_ref().or(settings.admin_token_file.as_ref());
        Self(token.map(|token| hash(token.expose()).into()))
    }

    /// Returns true if everyone is authorized.
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// Returns true if a request with these headers has the token.
    pub fn authorize(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = &self.0 else { return true };
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
        given.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && hash(token.trim()).as_slice().ct_eq(expected).into()
        })
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
