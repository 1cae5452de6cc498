//! The validators of cmc.

pub mod sandbox;
