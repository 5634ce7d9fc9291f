//! Every route over real HTTP, on SQLite and on MySQL; a file a group of routes, a database a test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod support;

mod assets;
mod asvs;
mod bounded;
mod errors;
mod languages;
mod machines;
mod messages;
mod owners;
mod pets;
mod properties;
mod submissions;
mod texts;
mod vets;
mod visits;
mod welcome;
