//! What a host promises: see the names of the tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, unreachable_pub)]

mod calls;
mod decisions;
mod faults;
mod fleet;
mod hostile;
mod install;
mod kept;
mod leaving;
mod machine;
mod owners;
mod probes;
mod program;
mod reach;
mod reports;
mod restore;
mod rollback;
mod statedir;
mod taken;
mod tamper;
mod world;
