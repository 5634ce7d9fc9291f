//! The log handoff: how a writer and logshipper share one file without losing a line.
//!
//! A writer appends to the *live file* of a stream under a shared lock. logshipper renames the live file to a *segment*
//! and compresses it once every writer has let go: the writer compares the file that it holds with the live name before
//! the first record of each millisecond (and on a timer when idle), and on a difference opens the new live file before it closes the old one.
//!
//! - [`name`]: the names of live files and segments.
//! - [`Writer`]: a writer's half.

pub mod name;
mod writer;

pub use name::{FileName, Form, Rolled, Segment, Stream, is_name_byte};
pub use writer::Writer;
