//! logshipper as its users meet it: the real program on a real directory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod archive;
mod daemon;
mod damage;
mod dashboard;
mod disk;
mod follow;
mod formats;
mod lossless;
mod node;
mod reader;
mod sql;
mod store;
mod supervise;
mod support;
mod terminal;
mod writers;
