//! Where rendered lines come from: the template's line, exactly, since the engine writes a template's own text from
//! the template's memory; and the definitions that were read for the values on the line. `content` in a definition is
//! a template whose lines stand in the definition's file.

use crate::expr::{self, Made};
use crate::memo::Memo;
use crate::offsets::Offsets;
use crate::templates::Memory;
use crate::tree::Node;
use crate::world::World;
use cmc_types::plan::{LineOrigin, Origin, TemplateLine};
use cmc_types::{FileId, Place};
use std::sync::Arc;

/// A place as people name it. Hosts read the same definitions over and over: each is looked up once.
pub(crate) fn origin(world: &World, place: Place) -> Arc<Origin> {
    world.origins.places.get(place, || {
        let sources = world.sources();
        let position = sources.line_column(place.file, place.span.start);
        Arc::new(Origin {
            file: sources.name(place.file).to_owned(),
            line: position.line,
            column: position.column,
            key: world.fleet.key_of(place).unwrap_or_default().to_owned(),
        })
    })
}

/// The places that were named so far, and the texts of definitions that were followed.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    places: Memo<Place, Arc<Origin>>,
    texts: Memo<Place, Option<Arc<Text>>>,
    names: Memo<FileId, Arc<str>>,
}

/// A text of a definition that becomes the content of a file.
#[derive(Debug)]
pub(super) struct Text {
    /// Where it stands, quotes included.
    place: Place,
    literal: Offsets,
    /// Where its lines begin.
    starts: Vec<usize>,
    /// Where the engine keeps it, if it holds an expression: first address and length.
    memory: Option<(usize, usize)>,
    /// What the engine's bytes are in the text.
    guards: Arc<Offsets>,
    /// The lines of a text without expressions.
    lines: Arc<[LineOrigin]>,
}

impl Origins {
    /// Follows a text once, however many hosts get it.
    fn text(&self, world: &World, node: &Node, text: &str) -> Option<Arc<Text>> {
        self.texts.get(node.place, || Text::follow(world, node.place, text).map(Arc::new))
    }

    /// The name of a text, shared by the lines that come from it.
    fn name(&self, world: &World, file: FileId) -> Arc<str> {
        self.names.get(file, || world.sources().name(file).into())
    }
}

impl Text {
    fn follow(world: &World, place: Place, text: &str) -> Option<Self> {
        let literal = {
            let sources = world.sources();
            Offsets::of_literal(sources.text(place.file).get(place.span.start..place.span.end)?, text)?
        };
        let memory = expr::memory(&world.engine, text);
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect();
        let guards = world.templates.guards(&expr::name_of(text));
        let mut followed = Self { place, literal, starts, memory, guards, lines: Arc::default() };
        if memory.is_none() {
            let (mut lines, mut last) = (Vec::new(), None);
            for (line, start) in (1..).zip(followed.starts.iter().filter(|start| **start < text.len())) {
                let position = Some(followed.position(world, *start));
                if !follows(last, line, position) {
                    let template = position.map(|position| world.template_line(position));
                    lines.push(LineOrigin { line, template, values: Vec::new() });
                    last = Some((line, position));
                }
            }
            followed.lines = lines.into();
        }
        Some(followed)
    }

    fn position(&self, world: &World, offset: usize) -> Position {
        let sources = world.sources();
        let start = self.starts.partition_point(|start| *start <= offset).max(1) - 1;
        let [line, found] = [self.starts[start], offset].map(|offset| {
            sources.line_column(self.place.file, self.place.span.start + self.literal.at(offset))
        });
        let column = if line.line == found.line { line.column } else { 1 };
        Position { file: self.place.file, line: found.line, column }
    }
}

/// The lines of a text of a definition without expressions, which becomes a file as it is.
pub(super) fn lines_as_written(world: &World, node: &Node, text: &str) -> Arc<[LineOrigin]> {
    world.origins.text(world, node, text).map(|text| text.lines.clone()).unwrap_or_default()
}

/// The lines of an output that say something new: those with values, and those where the template's lines do not
/// simply go on from the entry before. `text` is the definition's text that was rendered, if it is no template.
pub(super) fn lines(world: &Arc<World>, made: &Made, text: Option<(&Node, &str)>) -> Arc<[LineOrigin]> {
    let text = text.and_then(|(node, text)| world.origins.text(world, node, text));
    let text = text.as_deref();
    let memory = world.templates.memory(&world.engine);
    let position = |address| world.position(address, text, &memory);
    let (raws, output) = (&made.raws, made.output.as_slice());
    let mut lines: Vec<LineOrigin> = Vec::new();
    let mut last: Option<(u32, Option<Position>)> = None;
    let (mut raw, mut emission) = (0, 0);
    let mut begin = 0;
    for (index, length) in output.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::len).enumerate() {
        let end = begin + length;
        while raws.get(raw).is_some_and(|raw| raw.start + raw.length <= begin) {
            raw += 1;
        }
        let position = match raws.get(raw) {
            Some(piece) if piece.start < end => position(piece.address + begin.saturating_sub(piece.start)),
            // Only values on the line: it stands where the template's text before it ends.
            _ => raw.checked_sub(1).and_then(|before| position(raws[before].address + raws[before].length)),
        };
        let mut values: Vec<Arc<Origin>> = Vec::new();
        while let Some(written) = made.emissions.get(emission).filter(|written| written.start < end) {
            for place in &written.reads {
                let origin = origin(world, *place);
                if !values.contains(&origin) {
                    values.push(origin);
                }
            }
            if written.end > end {
                break;
            }
            emission += 1;
        }
        let line = index as u32 + 1;
        if !values.is_empty() || !follows(last, line, position) {
            let template = position.map(|position| world.template_line(position));
            lines.push(LineOrigin { line, template, values });
            last = Some((line, position));
        }
        begin = end;
    }
    lines.into()
}

/// Whether a line is what one expects after the last entry.
fn follows(last: Option<(u32, Option<Position>)>, line: u32, now: Option<Position>) -> bool {
    match (last, now) {
        (None | Some((_, None)), None) => true,
        (Some((at, Some(before))), Some(now)) => {
            before.file == now.file && before.line + (line - at) == now.line && now.column == 1
        }
        _ => false,
    }
}

/// A line of a template, or of a text in a definition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    file: FileId,
    line: u32,
    /// Where the text begins on the line, in characters from 1.
    column: u32,
}

impl World {
    /// The line of a template, or of the text, that a byte of the engine's memory belongs to.
    fn position(&self, address: usize, text: Option<&Text>, memory: &Memory) -> Option<Position> {
        if let Some(text) = text
            && let Some((start, length)) = text.memory
            && (start..=start + length).contains(&address)
        {
            return Some(text.position(self, text.guards.at(address - start)));
        }
        let (file, line) = memory.line_at(address)?;
        Some(Position { file, line, column: 1 })
    }

    fn template_line(&self, position: Position) -> TemplateLine {
        let Position { file, line, column } = position;
        TemplateLine { file: self.origins.name(self, file), line, column }
    }
}
