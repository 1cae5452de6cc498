//! Stores: one suite of promises over every kind, faults that servers are known for, credentials from fake services.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod conformance;
#[cfg(feature = "s3")]
mod credentials;
mod dir;
#[cfg(feature = "s3")]
mod faults;
mod http;
#[cfg(feature = "s3")]
mod probe;
