//! The compiler of cmc: loads definitions, checks and resolves them, renders every file, and plans what each host gets.
//!
//! Deterministic: the same files give the same plan, whatever the time, place or machine. It reads the fleet's
//! directory and nothing else; it runs no program and uses no network.

pub mod load;
pub mod lower;
pub mod resolved;
pub mod schema;
pub mod tree;

pub use load::{LoadOptions, Loaded, load};
