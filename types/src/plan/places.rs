//! Where people wrote a line of a rendered file, as places in the texts at hand.

use super::{Content, Origin, PlannedFile, TemplateLine};
use crate::{Label, Place, Sources, Span};

/// What is said of a place in a rendered file, which is no file of the repository.
pub const RENDERED: &str = "as rendered";

/// The rendered line, as a source text of its own.
pub fn rendered(
    name: &str,
    bytes: &[u8],
    line: u32,
    column: Option<u32>,
    sources: &mut Sources,
) -> Option<Label> {
    let text = std::str::from_utf8(bytes).ok()?;
    let file = sources.find(name).unwrap_or_else(|| sources.add(name, text));
    let span = sources.line_span(file, line)?;
    let in_line = text.get(span.start..span.end).unwrap_or_default();
    let skipped = column.and_then(|column| in_line.char_indices().nth(column.saturating_sub(1) as usize));
    let indent = in_line.len() - in_line.trim_start().len();
    let start = span.start + skipped.map_or(indent, |(offset, _)| offset);
    let place = Place { file, span: Span::new(start, span.end) };
    Some(Label { place, text: RENDERED.to_owned() })
}

/// Where a rendered line comes from: the line of the template or of the text in a definition, the definitions of its
/// values, or the file's definition.
pub fn written(
    file: &PlannedFile,
    line: Option<u32>,
    column: Option<u32>,
    sources: &Sources,
) -> Vec<(Place, String)> {
    let mut places = Vec::new();
    if let Some(number) = line {
        let (template, values) = file.provenance.line(number);
        if let Some(template) = template
            && let Some(place) = copied(file, number, column, &template, sources)
        {
            places.push((place, "written here".to_owned()));
        }
        for value in values {
            places.extend(
                place_of(value, sources).map(|place| (place, format!("{} comes from here", value.key))),
            );
        }
    }
    if places.is_empty()
        && let Some(place) = line.and_then(|line| literal(file, line, sources))
    {
        places.push((place, "written here".to_owned()));
    }
    if places.is_empty() {
        let text = "the file is defined here".to_owned();
        places.extend(place_of(&file.provenance.definition, sources).map(|place| (place, text)));
    }
    places
}

/// What was written for a rendered line: from the column on if the line is a copy, else all that the line may be.
fn copied(
    file: &PlannedFile,
    line: u32,
    column: Option<u32>,
    at: &TemplateLine,
    sources: &Sources,
) -> Option<Place> {
    let source = sources.find(&at.file)?;
    let span = sources.line_span(source, at.line)?;
    let text = sources.text(source).get(span.start..span.end)?;
    let offset = |text: &str, column: u32| {
        text.char_indices().nth(column.saturating_sub(1) as usize).map_or(text.len(), |(offset, _)| offset)
    };
    let begin = offset(text, at.column);
    let rendered = match &file.content {
        Content::Bytes(bytes) => {
            std::str::from_utf8(bytes).ok()?.lines().nth(line.checked_sub(1)? as usize)?
        }
        _ => return None,
    };
    let (skipped, length) = match text[begin..].starts_with(rendered) && !rendered.trim().is_empty() {
        true => (column.map_or(0, |column| offset(rendered, column)), rendered.len()),
        false => (0, text.len() - begin),
    };
    let start = span.start + begin;
    Some(Place { file: source, span: Span::new(start + skipped, start + length) })
}

/// The line of the template that a rendered line without values is a copy of, if there is exactly one such line.
fn literal(file: &PlannedFile, line: u32, sources: &Sources) -> Option<Place> {
    let Content::Bytes(bytes) = &file.content else { return None };
    let rendered = std::str::from_utf8(bytes).ok()?.lines().nth(line.checked_sub(1)? as usize)?;
    let template = sources.find(file.provenance.template.as_ref()?)?;
    let mut same = sources.text(template).lines().enumerate().filter(|(_, text)| *text == rendered);
    let (number, _) = same.next()?;
    if same.next().is_some() || rendered.trim().is_empty() {
        return None;
    }
    let span = sources.line_span(template, u32::try_from(number + 1).ok()?)?;
    Some(Place { file: template, span })
}

/// Where an origin stands, up to the end of its line.
pub fn place_of(origin: &Origin, sources: &Sources) -> Option<Place> {
    let file = sources.find(&origin.file)?;
    let line = sources.line_span(file, origin.line)?;
    let text = sources.text(file).get(line.start..line.end)?;
    let offset =
        text.char_indices().nth(origin.column.saturating_sub(1) as usize).map_or(0, |(offset, _)| offset);
    Some(Place { file, span: Span::new(line.start + offset, line.end) })
}
