//! The message after a save, shown on the next page.
//!
//! It travels in a cookie, so that any pod behind the Service can show it: `<message>.<time>.<code>`, the message's id out of
//! a fixed list, the second since 1970 until which it is shown, and the code of both that only a pod with `COOKIE_KEY` can make.

use chrono::Utc;
use http::HeaderMap;
use http::header::COOKIE;
use runtime::settings::{self, Secret};

use super::mac::Key;

const COOKIE_NAME: &str = "flash";
/// Time for which the message waits for its page, in seconds.
const LIFETIME: i64 = 60;

/// Key that cookies are signed with.
#[derive(clap::Args, Debug, Clone, Default)]
#[group(skip)]
pub struct Settings {
    /// Secret that cookies are signed with, the same in all pods; without it, a random one of this process
    #[arg(long, env = "COOKIE_KEY", hide_env_values = true, value_parser = settings::secret)]
    pub cookie_key: Option<Secret>,

    /// File that holds it, such as a mounted Secret
    #[arg(long, env = "COOKIE_KEY_FILE", value_name = "PATH", value_parser = settings::secret_file, conflicts_with = "cookie_key")]
    pub cookie_key_file: Option<Secret>,
}

impl Settings {
    /// The key.
    pub fn key(&self) -> Result<Key, getrandom::Error> {
        match self.cookie_key.as_ref().or(self.cookie_key_file.as_ref()) {
            Some(secret) => Ok(Key::new(secret.expose().as_bytes())),
            None => Key::random(),
        }
    }
}

/// Message after a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flash {
    /// A new owner.
    OwnerCreated,
    /// An owner's values.
    OwnerUpdated,
    /// A new pet.
    PetAdded,
    /// A pet's values.
    PetUpdated,
    /// A new visit.
    VisitBooked,
    /// A visit's values or status.
    VisitUpdated,
    /// A visit that somebody else has changed, so that it was not saved.
    VisitChanged,
}

impl Flash {
    const ALL: [Self; 7] = [
        Self::OwnerCreated,
        Self::OwnerUpdated,
        Self::PetAdded,
        Self::PetUpdated,
        Self::VisitBooked,
        Self::VisitUpdated,
        Self::VisitChanged,
    ];

    /// The message's id in the catalogue, which is the cookie's value as well.
    pub fn message(self) -> &'static str {
        match self {
            Self::OwnerCreated => "flash-owner-created",
            Self::OwnerUpdated => "flash-owner-updated",
            Self::PetAdded => "flash-pet-added",
            Self::PetUpdated => "flash-pet-updated",
            Self::VisitBooked => "flash-visit-booked",
            Self::VisitUpdated => "flash-visit-updated",
            Self::VisitChanged => "flash-visit-changed",
        }
    }

    /// `Set-Cookie` that leaves the message for the next page.
    pub fn set_cookie(self, key: &Key) -> String {
        let value = self.signed(key, Utc::now().timestamp() + LIFETIME);
        format!("{COOKIE_NAME}={value}; Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Lax")
    }

    fn signed(self, key: &Key, until: i64) -> String {
        let text = format!("{}.{until}", self.message());
        let code = key.sign(&format!("{COOKIE_NAME} {text}"));
        format!("{text}.{code}")
    }

    /// `Set-Cookie` that takes it away once it was shown.
    pub const CLEAR_COOKIE: &str = "flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";

    /// The message that waits for this request's page.
    pub fn of(headers: &HeaderMap, key: &Key) -> Option<Self> {
        Self::read(cookie(headers, COOKIE_NAME)?, key, Utc::now().timestamp())
    }

    fn read(value: &str, key: &Key, now: i64) -> Option<Self> {
        let (text, code) = value.rsplit_once('.')?;
        let (message, until) = text.split_once('.')?;
        let valid = key.verify(&format!("{COOKIE_NAME} {text}"), code) && until.parse::<i64>().ok()? >= now;
        Self::ALL.into_iter().find(|flash| valid && flash.message() == message)
    }
}

/// The value of the request's cookie called `name`; or `__Host-` and that, as it is called behind HTTPS.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(n, value)| (n.strip_prefix("__Host-").unwrap_or(n) == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flash_message_expires_with_its_signature() {
        let (key, flash) = (Key::new(b"key"), Flash::PetAdded);
        let value = flash.signed(&key, 100);
        assert_eq!(Flash::read(&value, &key, 100), Some(flash));
        assert_eq!(Flash::read(&value, &key, 101), None);
        assert_eq!(Flash::read(&value, &Key::new(b"another"), 100), None);
        for forged in
            [value.replace("100", "999"), value.replace("pet-added", "pet-updated"), "flash-pet-added".to_owned(), String::new()]
        {
            assert_eq!(Flash::read(&forged, &key, 100), None, "{forged}");
        }
    }
}
