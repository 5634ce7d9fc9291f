//! The application: the state that requests share, what handlers get of a request, and the way from a route to its handler.

pub mod auth;
pub mod extract;
pub mod health;
#[macro_use]
pub(crate) mod router;
mod state;

pub use self::state::App;
