//! The pages in a real Chromium, each test with a browser and a web of its own.
//!
//! `./dev test` installs what this needs: chromium, its driver, axe-core. Pictures of every page, and of the page on which a
//! test has failed, are left in `target/tmp/screenshots`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

mod browser;
mod flows;
mod forms;
mod front_desk;
mod keyboard;
mod live_search;
mod looks;
mod phone;
mod print;
mod proxy;
#[path = "../program/support.rs"]
#[allow(dead_code, clippy::print_stdout)]
mod support;
