//! The archive: a bucket, or a directory, that keeps compressed segments when their pod and node are gone.
//!
//! A segment's key is `<prefix>/stream=<stream>/date=<date>/<pod>.<sequence>.<UTC time>.<CRC-32 of its lines>.log.gz`, where
//! `<pod>` is the name of the pod's directory, unique in the cluster, and `<date>` that of its first line: query engines take
//! stream and date as columns. An object under that key is that segment, no matter which logshipper uploaded it.
//!
//! [`store`] talks to the object store, `s3` makes the one of a bucket, [`upload`] takes closed segments there, [`state`] knows which are archived, and
//! [`error`] is the one error type, into which `classify` turns the store's errors.

mod classify;
pub mod error;
#[cfg(feature = "s3")]
mod s3;
#[cfg(not(feature = "s3"))]
#[path = "archive/no_s3.rs"]
mod s3;
pub mod state;
pub mod store;
pub mod upload;

pub use error::ArchiveError;
pub use state::ArchiveState;
pub use store::{Archive, Object, Wanted};
