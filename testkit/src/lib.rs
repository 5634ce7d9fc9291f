//! What tests need of the world around a program.
//!
//! - [`process`]: a real binary as a child that dies with the test;
//! - [`mysql`]: a real MySQL server: one shared by all tests (`with-mysql COMMAND…`), or one of a test's own to break;
//! - `http`, with the feature of that name: a client for tests over HTTP;
//! - [`net`]: free ports; [`proxy`]: a proxy that stops a conversation at an exact point;
//! - [`until`]: waiting for something to become true.
//!
//! Everything here panics where it can't do its job: a test that lacks something fails, and says what.

// this crate is tests' own code: a failure here is a failed test
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "http")]
pub mod http;
pub mod mysql;
pub mod net;
pub mod process;
pub mod proxy;

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for anything before it fails: long, since a slow machine is not a defect.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// Waits until `probe` gives something, and returns it.
///
/// # Panics
/// After [`DEADLINE`], naming `what`.
#[track_caller]
pub fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(start.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}");
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
