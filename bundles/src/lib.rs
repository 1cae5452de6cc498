//! Every stored format of cmc: hash, seal, open, sign, trust, and the stores that hold the result.

pub mod store;
