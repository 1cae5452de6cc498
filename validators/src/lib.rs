//! The validators of cmc: rendered trees in, receipts and findings out.
//!
//! [`validate`] checks every file of a compiled plan: structured text in this process ([`inprocess`]), everything else
//! with the real programs of the software being configured ([`registry`]), each in a private root ([`sandbox`]) in
//! which the host's files lie at their final paths.
//!
//! This crate never touches the fleet's directory, the store or the network, writes nothing to disk, and never lets
//! content with secrets into a message.

mod glob;
pub mod inprocess;
pub mod registry;
mod runner;
pub mod sandbox;

pub use runner::{ForHosts, Memory, Report, Selection, Settings, ValidateError, known_names, validate};
