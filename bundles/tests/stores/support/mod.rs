//! What the tests of stores stand on. Each file works by itself, so that other test binaries can take it by `#[path]`.

pub mod http_server;
pub mod s3_server;
pub mod weed;
