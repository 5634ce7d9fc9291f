//! logshipper: the sidecar that rotates, compresses and keeps the log files of a pod, without losing a line.
//!
//! - [`daemon`]: the threads, which poll once per second; [`watch`] wakes them earlier through [`wakeup`]; [`shutdown`] ends them.
//! - [`pod`]: a pod's directory and its lock; [`survey`]: the facts about its files; [`dir`]: file access by descriptor only.
//! - [`gc`]: garbage collection of dead pods and the node quota.
//! - [`archive`]: the object store and its keys, uploads, and which segments are archived.
//! - [`plan`]: plans actions from facts, without executing them.
//! - [`rotate`] names segments; [`compactor`] acquires them ([`handover`]) and compresses or removes them ([`compress`]);
//!   [`gzip`] is the compressed form, with [`mod@line`]'s times in its index.
//! - [`in_place`]: rotation of files whose writers never let go of them.
//! - [`reopen`]: programs that open their files again on a signal.
//! - `fault` (private): points at which tests make system calls fail.
//! - [`error_log`]: logs each lasting error once, and its recovery.
//! - [`cli`]: the command line; [`cmd`]: the commands; [`reader`]: the lines that they print.
//! - [`metrics`] and [`admin`], the port where they are read.
//! - [`config`]: the settings; [`log_files`]: the names of the files that are managed.

pub mod admin;
pub mod archive;
pub mod cli;
pub mod cmd;
pub mod compactor;
pub mod compress;
pub mod config;
pub mod daemon;
pub mod dir;
pub mod error_log;
mod fault;
pub mod gc;
pub mod gzip;
pub mod handover;
pub mod in_place;
pub mod line;
pub mod log_files;
pub mod metrics;
pub mod plan;
pub mod pod;
pub mod reader;
pub mod reopen;
pub mod rotate;
pub mod shutdown;
pub mod survey;
pub mod wakeup;
pub mod watch;

#[cfg(test)]
mod model;
