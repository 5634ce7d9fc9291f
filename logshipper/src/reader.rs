//! The lines of all pods, alive and dead, on the node and in the archive, in the order of their times.
//!
//! [`pods`] finds pods and streams, [`stream`] reads one stream, file by file (`piece`), and of a compressed one only the
//! members that a time range needs (`members`), [`merge`] puts many streams in order, [`filter`] selects lines, [`mod@print`]
//! formats them for a terminal or a pipe.

pub mod filter;
pub(crate) mod members;
pub mod merge;
#[cfg(test)]
mod model;
mod piece;
pub mod pods;
pub mod print;
pub mod stream;
