//! TOML 1.0.

use super::{Problem, line_column};

pub(super) fn check(text: &str) -> Vec<Problem> {
    let Err(error) = text.parse::<toml::Table>() else { return Vec::new() };
    let place = error.span().and_then(|span| text.get(..span.start)).map(line_column);
    vec![Problem {
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        message: error.message().to_owned(),
    }]
}
