//! What the three programs have in common as Unix processes.
//!
//! - [`settings`]: every setting is a flag and an environment variable; a bad one ends the program with exit status 64
//!   and one line that names it.
//! - [`logging`]: `tracing` events become lines, formatted once, on standard output and in the pod's log streams; a reader of
//!   standard output that stops reading never stops a program.
//! - [`descriptor`]: what can be asked of file descriptors only in unsafe code.

pub mod descriptor;
pub mod logging;
pub mod settings;

/// Milliseconds for a log line: JSON has no 128-bit numbers.
pub fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
