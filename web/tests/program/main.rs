//! The real binary as the kubelet and an operator meet it: settings, health, logs, its end.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod backends;
mod dashboard;
mod databases;
mod drain;
mod fuzz;
mod generated;
mod health;
mod jmeter;
mod limits;
mod logs;
mod memory;
mod metrics;
mod operators;
mod outage;
mod reload;
mod rfc9112;
mod settings;
mod slow;
mod soak;
mod support;
mod traces;
