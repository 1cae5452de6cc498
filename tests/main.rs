//! One binary for the tests that need the whole: layering, the command line, end to end through the real programs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod adopt;
mod bad_definitions;
mod bad_keys;
mod bad_stores;
mod blocks;
mod ci;
mod command_line;
mod docs;
mod editors;
mod generators;
mod import;
mod interruption;
mod layering;
mod losses;
mod main_job;
mod memory;
mod packages;
mod publishing;
mod reports;
mod schemas;
mod secrets;
mod shop;
mod support;
mod validation;
