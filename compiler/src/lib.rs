//! The compiler of cmc: loads definitions, checks and resolves them, renders every file, and plans what each host gets.
//!
//! Deterministic: the same files give the same plan, whatever the time, place or machine. It reads the fleet's
//! directory and nothing else; it runs no program and uses no network.

mod activity;
pub mod adopt;
mod checks;
mod claims;
mod compile;
pub mod encode;
mod envs;
mod expr;
mod files;
mod findings;
mod fleet;
pub mod fmt;
mod formats;
mod health;
mod hosts;
pub mod import;
mod limits;
pub mod load;
pub mod lower;
mod memo;
mod merge;
mod offsets;
mod order;
mod prepared;
mod query;
mod render;
pub mod resolved;
pub mod schema;
mod secret;
mod select;
mod services;
mod suggest;
mod templates;
pub mod tree;
mod unreached;
mod vars;
mod workers;
mod world;

pub use activity::Activity;
pub use compile::{CompileOptions, Compiled, compile};
pub use limits::Limits;
pub use load::{LoadOptions, Loaded, load};
pub use query::{HostInfo, VariableInfo, Variables};
pub use secret::{Dummies, SecretError, SecretValue, Secrets};
pub use vars::Rank;
pub use world::Losses;
