//! Every stored format of cmc: hash, seal, open, sign, trust, and the stores that hold the result.
//!
//! `docs/format.md` describes every stored byte. Nothing that a store answers is trusted: what a host or publisher
//! acts on hangs by hashes from statements whose signatures were verified against a root pinned beforehand.
//!
//! This crate never prints, never reads the terminal, the user's environment or home directory, and asks no clock:
//! times are arguments, in Unix seconds.

pub mod bundle;
mod canon;
pub mod client;
pub mod error;
pub mod ids;
pub mod keys;
pub mod limits;
pub mod locator;
pub mod manifest;
pub mod overrides;
pub mod store;

pub use error::{Error, TrustError, TrustKind};
pub use ids::{Channel, FleetId, HostId};
