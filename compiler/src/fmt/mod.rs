//! Lays definitions out: one way to write blanks, line breaks and columns of comments. Works on the tokens of TOML, so
//! that order, comments, quotes and numbers stay exactly as they were written.

mod lines;
mod printer;

use cmc_types::{Diagnostic, Place, Sources, Span, codes};

/// Lays a text out. `None` if it is not valid TOML.
///
/// The result means the same, and laying it out once more changes nothing.
pub fn format(text: &str) -> Option<String> {
    let before: toml::Table = text.parse().ok()?;
    let laid_out = lines::join(printer::lines(text));
    // Never a file that says something else, whatever the rules above it do.
    let same = laid_out.parse::<toml::Table>().is_ok_and(|after| after == before);
    Some(if same { laid_out } else { text.to_owned() })
}

/// Lays a definition file out, or says where it is not valid TOML. `name` is what people know the file by.
pub fn format_file(name: &str, text: &str, sources: &mut Sources) -> Result<String, Box<Diagnostic>> {
    if let Some(laid_out) = format(text) {
        return Ok(laid_out);
    }
    let file = sources.add(name, text);
    let error = text.parse::<toml::Table>().err();
    let span = error.as_ref().and_then(toml::de::Error::span).unwrap_or_default();
    let message = error.as_ref().map_or("this is not valid TOML", |error| error.message()).to_owned();
    if text.contains("secret") {
        // Where the value of one stands, if somebody wrote it there, is not known.
        sources.redact(Place { file, span: Span::new(0, text.len()) });
    }
    let place = Place { file, span: Span::new(span.start, span.end) };
    let help = "a file with such a mistake is left as it is";
    Err(Box::new(Diagnostic::new(codes::SYNTAX, message).at(place, "").help(help)))
}

#[cfg(test)]
mod tests;
