//! The message after a save, shown on the next page.
//!
//! It travels in a cookie, so that any pod behind the Service can show it. The cookie holds a key out of a fixed list:
//! whoever forges one can show one of our own messages, and nothing else.

use http::HeaderMap;
use http::header::COOKIE;

const COOKIE_NAME: &str = "flash";

/// What was saved.
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
}

impl Flash {
    const ALL: [Self; 5] = [Self::OwnerCreated, Self::OwnerUpdated, Self::PetAdded, Self::PetUpdated, Self::VisitBooked];

    /// The message's id in the catalogue, which is the cookie's value as well.
    pub fn message(self) -> &'static str {
        match self {
            Self::OwnerCreated => "flash-owner-created",
            Self::OwnerUpdated => "flash-owner-updated",
            Self::PetAdded => "flash-pet-added",
            Self::PetUpdated => "flash-pet-updated",
            Self::VisitBooked => "flash-visit-booked",
        }
    }

    /// `Set-Cookie` that leaves the message for the next page.
    pub fn set_cookie(self) -> String {
        format!("{COOKIE_NAME}={}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax", self.message())
    }

    /// `Set-Cookie` that takes it away once it was shown.
    pub const CLEAR_COOKIE: &str = "flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";

    /// The message that waits for this request's page.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let key = cookie(headers, COOKIE_NAME)?;
        Self::ALL.into_iter().find(|flash| flash.message() == key)
    }
}

/// The value of the request's cookie called `name`.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(n, value)| (n == name).then_some(value))
}
