//! The exit codes of all programs (DESIGN §6).

/// Done, or nothing to do.
pub const DONE: u8 = 0;
/// The operation failed.
pub const FAILED: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// Definitions or rendered files have errors.
pub const FINDINGS: u8 = 3;
/// A required check could not be made.
pub const UNCHECKED: u8 = 4;
/// Trust is refused: what was read is not signed, fresh or whole.
pub const TRUST: u8 = 5;
/// The store is unreachable or unfit.
pub const STORE: u8 = 6;
