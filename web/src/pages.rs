//! Pages for people: handlers, each with its form and its SQL.

pub mod assets;
pub mod home;
pub mod idempotency;
pub mod owners;
pub mod pagination;
pub mod pets;
pub mod search;
pub mod vets;
pub mod visit;
pub mod visits;
