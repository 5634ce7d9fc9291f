//! The real binary as the kubelet and an operator meet it: settings, health, logs, its end.

mod drain;
mod health;
mod logs;
mod settings;
mod support;
