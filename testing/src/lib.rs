//! What the tests of several crates stand on: skipping by name, servers that misbehave as told, and a real S3 server.
//! No part of the product; depends on nothing but the standard library.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

pub mod http_server;
pub mod s3_server;
mod skip;
pub mod weed;

pub use skip::skip;
