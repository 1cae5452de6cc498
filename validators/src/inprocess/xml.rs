//! XML 1.0: well-formed; a document type is allowed and not fetched, entities are expanded within bounds.

use super::Problem;

/// Levels that elements may nest, so that recursion ends.
const DEPTH: usize = 1_000;

pub(super) fn check(text: &str) -> Vec<Problem> {
    if let Some(at) = too_deep(text) {
        let (line, column) = super::line_column(&String::from_utf8_lossy(&text.as_bytes()[..at]));
        let message = format!("nested deeper than {DEPTH} levels");
        return vec![Problem { line: Some(line), column: Some(column), message }];
    }
    let options =
        roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: 10_000_000, ..Default::default() };
    let Err(error) = roxmltree::Document::parse_with_options(text, options) else { return Vec::new() };
    let place = error.pos();
    let message = error.to_string();
    // The crate appends the place to its message.
    let message = message.rsplit_once(" at ").map_or(message.as_str(), |(message, _)| message).to_owned();
    vec![Problem { line: Some(place.row), column: Some(place.col), message }]
}

/// Where elements nest too deep, counted without parsing: opening tags less closing and empty ones.
fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut in_tag) = (0usize, false);
    for (at, byte) in bytes.iter().enumerate() {
        match (byte, bytes.get(at + 1)) {
            (b'<', Some(b'/')) => depth = depth.saturating_sub(1),
            (b'<', Some(b'!' | b'?')) => {}
            (b'<', _) => {
                depth += 1;
                in_tag = true;
            }
            (b'>', _) => {
                if in_tag && at > 0 && bytes[at - 1] == b'/' {
                    depth = depth.saturating_sub(1);
                }
                in_tag = false;
            }
            _ => {}
        }
        if depth > DEPTH {
            return Some(at);
        }
    }
    None
}
