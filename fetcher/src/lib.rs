//! The host side of cmc: fetch, verify, install atomically, roll back.
//!
//! It knows files, commands and health checks; it knows nothing of init systems, schemas or templates. Everything is
//! a function over a store's reader, a root directory, a clock and what runs commands, and returns data: `cmc-fetch`
//! and `cmc fetch` print it.

pub mod actions;
pub mod atomic;
pub mod block;
pub mod cache;
pub mod capsule;
pub mod changes;
pub mod clock;
pub mod command;
pub mod config;
pub mod converge;
pub mod cores;
pub mod decide;
pub mod drift;
pub mod enroll;
pub mod error;
pub mod event;
pub mod fetch;
pub mod fixed;
pub mod groups;
pub mod health;
pub mod help;
pub mod host;
pub mod journal;
pub mod lock;
pub mod metrics;
pub mod originals;
pub mod output;
pub mod owner;
pub mod plan;
pub mod preflight;
pub mod prepare;
pub mod record;
pub mod report;
pub mod root;
pub mod run;
pub mod settle;
pub mod setup;
pub mod stage;
pub mod state;
pub mod status;
pub mod steps;
pub mod supervise;
mod system;
mod table;
pub mod transaction;
pub mod verify;
pub mod wish;
pub mod xattr;

pub use error::{Error, Exit, Result};
