//! Source texts and places in them. A place is a byte span in a file; lines and columns are computed only for display.

use serde::{Deserialize, Serialize};

/// A half-open range of bytes in a source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to `end`, in bytes.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Whether it holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Names one text in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A span in a named source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The text.
    pub file: FileId,
    /// Where in it.
    pub span: Span,
}

/// A line and a column, both counted from 1; the column counts characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

#[derive(Debug, Clone)]
struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

/// Every text that a diagnostic may point into: definitions, templates, and rendered files that are no secret.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a text under the name people know it by (a path relative to the fleet, or `HOST:/path` of a rendered file).
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        let line_starts = line_starts.collect();
        self.files.push(Source { name: name.into(), text, line_starts });
        FileId((self.files.len() - 1) as u32)
    }

    /// Puts `*` for every byte of a place, so that nothing that shows the text shows what stands there.
    pub fn redact(&mut self, place: Place) {
        let Some(source) = self.files.get_mut(place.file.0 as usize) else { return };
        let Some(written) = source.text.get(place.span.start..place.span.end) else { return };
        let stars: String = written.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
        source.text.replace_range(place.span.start..place.span.end, &stars);
    }

    /// Gives texts other names, where `name` has one for theirs.
    pub fn rename(&mut self, name: impl Fn(&str) -> Option<String>) {
        for source in &mut self.files {
            if let Some(new) = name(&source.name) {
                source.name = new;
            }
        }
    }

    /// How many texts there are; their ids are below.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The name of a text; empty if the id is not of this collection.
    pub fn name(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |source| &source.name)
    }

    /// The text itself; empty if the id is not of this collection.
    pub fn text(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |source| &source.text)
    }

    /// The text with this name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.files.iter().position(|source| source.name == name).map(|i| FileId(i as u32))
    }

    /// Line of a byte offset, from 1; offsets past the end give the last.
    pub fn line(&self, file: FileId, offset: usize) -> u32 {
        let starts = self.files.get(file.0 as usize).map(|source| source.line_starts.as_slice());
        starts.map_or(1, |starts| starts.partition_point(|start| *start <= offset).max(1) as u32)
    }

    /// Line and column of a byte offset; offsets past the end give the end.
    pub fn line_column(&self, file: FileId, offset: usize) -> LineColumn {
        let Some(source) = self.files.get(file.0 as usize) else {
            return LineColumn { line: 1, column: 1 };
        };
        let offset = offset.min(source.text.len());
        let line = source.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = source.line_starts[line - 1];
        let head = source.text.as_bytes().get(start..offset).unwrap_or_default();
        let column = String::from_utf8_lossy(head).chars().count() + 1;
        LineColumn { line: line as u32, column: column as u32 }
    }

    /// The span of a whole line (from 1) without its line break; `None` if there is no such line.
    pub fn line_span(&self, file: FileId, line: u32) -> Option<Span> {
        let source = self.files.get(file.0 as usize)?;
        let start = *source.line_starts.get((line as usize).checked_sub(1)?)?;
        let end = source.line_starts.get(line as usize).map_or(source.text.len(), |next| next - 1);
        Some(Span::new(start, end))
    }
}
