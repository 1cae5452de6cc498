//! The servers that misbehave, of the store's own tests.

#[path = "../bundles/tests/stores/support/http_server.rs"]
pub(crate) mod http_server;
#[path = "../bundles/tests/stores/support/s3_server.rs"]
pub(crate) mod s3_server;
