//! Pages for people: handlers, with the forms and the SQL that they need beside them.

pub mod assets;
pub mod home;
pub mod idempotency;
pub mod owners;
pub mod pagination;
pub mod pets;
pub mod vets;
pub mod visits;
