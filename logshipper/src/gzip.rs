//! The compressed form of a segment: an ordinary gzip file of many members, so that a reader can begin in the middle.
//!
//! Each member holds about 1 MiB of whole lines. An empty member follows them whose extra field is the [`index`]: the place of
//! each member and the times of its lines. `zcat`, `zgrep` and `gzip -t` skip it. [`mod@write`] compresses, [`read`] decodes.

pub mod index;
pub mod read;
pub mod write;
