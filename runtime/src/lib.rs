//! Configuration, logging and file descriptors: what web, logshipper and dbinit share as Unix processes.
//!
//! - [`settings`]: every setting is a flag and an environment variable; a bad one ends the program with exit status 64
//!   and one line that names it.
//! - [`logging`]: `tracing` events become lines, formatted once, on standard output and in the pod's log streams; neither a
//!   reader that stops reading nor a log volume that stalls stops a program.
//! - [`descriptor`]: safe wrappers around file descriptor system calls; all unsafe code of the workspace.

pub mod descriptor;
pub mod logging;
pub mod settings;

/// Converts a duration to milliseconds for a log line: JSON has no 128-bit numbers.
pub fn milliseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
