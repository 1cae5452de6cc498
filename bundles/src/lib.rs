//! Every stored format of cmc: hash, seal, open, sign, trust, and the stores that hold the result.
//!
//! `docs/format.md` describes every stored byte. Nothing that a store answers is trusted: what a host or publisher
//! acts on hangs by hashes from statements whose signatures were verified against a root pinned beforehand.
//!
//! Where to start: [`init::init_fleet`] makes a fleet's keys; [`seal::Preparer`] packs a plan and refuses what has no
//! receipt; [`publish::Publisher`] seals, uploads and signs; [`publish::read_current`], [`publish::diff_host`] and
//! [`publish::verify_store`] look at what is there; [`client`] is what a host does; [`secretfile`] opens and makes
//! `secrets/NAME.age`; [`report`] is what a host says of its runs.
//!
//! This crate never prints, never reads the terminal, the user's environment or home directory, and asks no clock:
//! times are arguments, in Unix seconds.

pub mod bundle;
mod canon;
pub mod client;
pub mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod ids;
mod index;
pub mod init;
pub mod keys;
pub mod limits;
pub mod locator;
pub mod manifest;
mod member;
pub mod overrides;
mod pack;
mod parallel;
pub mod publish;
mod random;
pub mod records;
pub mod release;
pub mod report;
pub mod root;
pub mod seal;
pub mod secretfile;
pub mod signed;
pub mod span;
pub mod sshsig;
pub mod store;
pub mod vault;

pub use error::{Error, TrustError, TrustKind};
pub use ids::{Channel, FleetId, HostId};
pub use member::padme;

#[cfg(test)]
mod tests;
