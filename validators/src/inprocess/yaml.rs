//! YAML 1.2: a stream of documents, no key twice in a mapping.

use super::Problem;
use saphyr::{LoadableYamlNode, MarkedYaml};

/// Levels that brackets may nest, so that recursion ends.
const DEPTH: usize = 200;

pub(super) fn check(text: &str) -> Vec<Problem> {
    if let Some(problem) = too_deep(text) {
        return vec![problem];
    }
    let Err(error) = MarkedYaml::load_from_str(text) else { return Vec::new() };
    let marker = error.marker();
    vec![Problem {
        line: Some(marker.line() as u32),
        column: Some(marker.col() as u32 + 1),
        message: error.info().to_owned(),
    }]
}

/// Where flow collections or indentation nest too deep, counted without parsing.
fn too_deep(text: &str) -> Option<Problem> {
    let mut depth = 0usize;
    for (number, line) in text.lines().enumerate() {
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        let dashes = line.split(' ').take_while(|word| matches!(*word, "-" | "?" | "")).count();
        if depth > DEPTH || dashes > 2 * DEPTH {
            let message = format!("nested deeper than {DEPTH} levels");
            return Some(Problem { line: Some(number as u32 + 1), column: None, message });
        }
    }
    None
}
