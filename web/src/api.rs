//! Answers for programs: the description of the API, health checks, and requests that take long on purpose.

pub mod health;
pub mod info;
pub mod long_process;
pub mod openapi;
