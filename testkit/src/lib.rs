//! Helpers for tests of real programs.
//!
//! - [`process`]: a real binary as a child that dies with the test;
//! - [`mysql`]: a real MySQL server: one shared by all tests (`with-mysql COMMAND…`), or one of a test's own to break;
//! - `http`, `load` and `nginx`, with the feature `http`: a client, a load generator, a reverse proxy;
//! - [`net`]: free ports; [`proxy`]: a proxy that stops a connection at an exact point, drops its packets or resets it;
//! - [`until`]: waiting until a condition holds.
//!
//! Everything here panics when it can't do its job: a test that lacks something fails and names it.

// this crate is tests' own code: a failure here is a failed test
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod load;
pub mod mysql;
pub mod net;
#[cfg(feature = "http")]
pub mod nginx;
pub mod process;
pub mod proxy;

use std::thread;
use std::time::{Duration, Instant};

/// Time after which a wait fails its test: long, since a slow machine is not a defect.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// Polls until `probe` returns a value, and returns it.
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
