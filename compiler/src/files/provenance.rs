//! Where rendered lines come from: the template's line, exactly, since the engine writes a template's own text from
//! the template's memory; and the definitions that were read for the values on the line.

use crate::expr::Made;
use crate::world::World;
use cmc_types::plan::{LineOrigin, Origin, TemplateLine};
use cmc_types::{FileId, Place};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A place as people name it. Hosts read the same definitions over and over: each is looked up once.
pub(crate) fn origin(world: &World, place: Place) -> Arc<Origin> {
    world.origins.get(place, || {
        let sources = world.sources();
        let position = sources.line_column(place.file, place.span.start);
        Origin {
            file: sources.name(place.file).to_owned(),
            line: position.line,
            column: position.column,
            key: world.fleet.key_of(place).unwrap_or_default().to_owned(),
        }
    })
}

/// The places that were named so far.
#[derive(Debug, Default)]
pub(crate) struct Origins(Mutex<HashMap<Place, Arc<Origin>>>);

impl Origins {
    fn get(&self, place: Place, name: impl FnOnce() -> Origin) -> Arc<Origin> {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        named.entry(place).or_insert_with(|| Arc::new(name())).clone()
    }
}

/// The lines of an output that say something new: those with values, and those where the template's lines do not
/// simply go on from the entry before.
pub(super) fn lines(world: &Arc<World>, made: &Made) -> Vec<LineOrigin> {
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
            Some(piece) if piece.start < end => {
                world.position(piece.address + begin.saturating_sub(piece.start))
            }
            // Only values on the line: it stands where the template's text before it ends.
            _ => raw
                .checked_sub(1)
                .and_then(|before| world.position(raws[before].address + raws[before].length)),
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
    lines
}

/// Whether a line is what one expects after the last entry.
fn follows(last: Option<(u32, Option<Position>)>, line: u32, now: Option<Position>) -> bool {
    match (last, now) {
        (None | Some((_, None)), None) => true,
        (Some((at, Some(before))), Some(now)) => {
            before.file == now.file && before.line + (line - at) == now.line
        }
        _ => false,
    }
}

/// A line of a template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    file: FileId,
    line: u32,
}

impl World {
    /// The line of a template that a byte of the engine's memory belongs to.
    fn position(&self, address: usize) -> Option<Position> {
        let (file, offset) = self.templates.at_address(address, &self.engine)?;
        Some(Position { file, line: self.sources().line(file, offset) })
    }

    fn template_line(&self, position: Position) -> TemplateLine {
        TemplateLine { file: self.sources().name(position.file).to_owned(), line: position.line }
    }
}
