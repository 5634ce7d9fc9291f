//! From data to a response: the one place that knows about HTML, JSON, languages and headers.

#[macro_use]
pub mod source;

pub mod assets;
pub mod compression;
mod error;
mod fields;
pub mod flash;
pub mod form;
pub mod i18n;
pub mod mac;
pub mod people;
mod preferences;
mod response;
mod templates;

pub use self::error::{CHALLENGE, Error};
pub use self::fields::Fields;
pub use self::preferences::RequestPreferences;
pub use self::response::{Reply, Views};
