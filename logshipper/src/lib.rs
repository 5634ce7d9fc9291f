//! logshipper: the sidecar that rotates, compresses and keeps the log files of a pod, without losing a line.
//!
//! - [`daemon`]: the threads, and what wakes them: [`watch`] as a hint, a poll behind it; [`stop`] ends them.
//! - [`pod`]: a pod's directory, its lock and its listing; [`dir`]: reaching files by descriptor only.
//! - [`reap`]: order on the node: dead pods and the quota.
//! - [`archive`]: the store and its keys, what takes segments there, and what knows which are.
//! - [`plan`]: what should happen, without doing it.
//! - [`rotate`] names segments; [`worker`] asks for them ([`handover`], [`lease`]) and compresses or removes them
//!   ([`compress`]); [`gzip`] is the compressed form, with [`mod@line`]'s times in its index.
//! - `fault` (private): points at which tests make system calls fail.
//! - [`trouble`]: errors that last are logged when they begin and when they end.
//! - [`command`]: what else the program can do, above all [`reading`]: `ls`, `cat`, `tail` and `verify`.
//! - [`metrics`]: what is counted; [`admin`]: the port where it is read.
//! - [`config`]: the settings.

pub mod admin;
pub mod archive;
pub mod command;
pub mod compress;
pub mod config;
pub mod daemon;
pub mod dir;
mod fault;
pub mod gzip;
pub mod handover;
pub mod lease;
pub mod line;
pub mod metrics;
pub mod plan;
pub mod pod;
pub mod reading;
pub mod reap;
pub mod rotate;
pub mod stop;
pub mod trouble;
pub mod watch;
pub mod worker;

#[cfg(test)]
mod model;
