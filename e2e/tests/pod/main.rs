//! End-to-end tests, one file per subject. They share one cluster, so one test runs at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apply;
mod backup;
mod database;
mod database_volume;
mod disruptions;
mod examples;
mod full_volume;
mod health;
mod images;
mod logs;
mod manifests;
mod operations;
mod orphans;
mod overlays;
mod rollout;
mod shipper_crash;
mod shipper_killed;
