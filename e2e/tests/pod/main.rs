//! The proofs, a file a subject. Test threads don't help: one cluster, one test at a time, in the order of their names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apply;
mod database;
mod full_volume;
mod health;
mod images;
mod logs;
mod manifests;
mod orphans;
mod rollout;
mod shipper_killed;
