//! What a host promises: see the names of the tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, unreachable_pub)]

mod bench;
mod decisions;
mod faults;
mod fleet;
mod hostile;
mod install;
mod kept;
mod program;
mod restore;
mod rollback;
mod statedir;
mod taken;
