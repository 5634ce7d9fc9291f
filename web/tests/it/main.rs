//! Every route over real HTTP, on SQLite and on MySQL; one file per group of routes, one database per test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[macro_use]
mod support;

mod api;
mod assets;
mod asvs;
mod bounded;
mod compression;
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
