//! Reading what is in the files, of pods alive and dead, on the node and in the archive.
//!
//! [`logs`] finds the pods and their streams; [`read`] is `cat` and `tail`: over [`stream`]s, which open only what a time asks
//! for, with [`select`]'s filters, [`show`]n to a person or a pipe. [`ls`] lists, [`verify`] checks.

pub mod logs;
pub mod ls;
pub mod read;
pub mod select;
pub mod show;
pub mod stream;
pub mod verify;
