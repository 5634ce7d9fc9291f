//! Answers for programs: the same things as the pages as JSON, the description of the API, health checks, and requests that take long on purpose.

pub mod health;
pub mod info;
pub mod lists;
pub mod long_process;
pub mod openapi;
pub mod owners;
pub mod pets;
mod resource;
pub mod visits;
