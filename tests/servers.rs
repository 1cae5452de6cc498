//! The servers of the store's own tests: those that misbehave, and a real one.

#[path = "../bundles/tests/stores/support/http_server.rs"]
pub(crate) mod http_server;
#[path = "../bundles/tests/stores/support/s3_server.rs"]
pub(crate) mod s3_server;
#[path = "../bundles/tests/stores/support/weed.rs"]
pub(crate) mod weed;
