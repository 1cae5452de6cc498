//! Findings for people, drawn by miette: the offending text with a caret, the other places, what to do.

use cmc_types::{Diagnostic, Label, Place, Severity, Sources, Span};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, SourceCode, SpanContents};
use std::fmt;

/// Draws one finding; the text ends without a line break. `key` is the path of its place in a generated document.
pub(super) fn render(diagnostic: &Diagnostic, key: Option<String>, sources: &Sources, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_context_lines(1);
    let mut text = String::new();
    if handler.render_report(&mut text, &Shown::new(diagnostic, key, sources)).is_err() {
        return format!("{}: {}", diagnostic.code, diagnostic.message);
    }
    text.trim_end().to_owned()
}

/// A finding as miette wants it: labels of one file, further files as related findings.
#[derive(Debug)]
struct Shown<'a> {
    title: String,
    code: Option<&'static str>,
    severity: miette::Severity,
    help: Option<String>,
    file: Option<File<'a>>,
    labels: Vec<LabeledSpan>,
    related: Vec<Shown<'a>>,
}

impl<'a> Shown<'a> {
    fn new(diagnostic: &'a Diagnostic, key: Option<String>, sources: &'a Sources) -> Self {
        let file = diagnostic.primary.as_ref().map(|label| label.place.file);
        let mut primary = diagnostic.primary.clone();
        if let (Some(label), Some(key)) = (&mut primary, key) {
            label.text = if label.text.is_empty() { key } else { format!("{key}: {}", label.text) };
        }
        let mut labels: Vec<_> = primary.iter().map(|label| labeled(label, sources, true)).collect();
        let mut related = Vec::new();
        for other in &diagnostic.others {
            if primary.as_ref().is_some_and(|primary| is_near(&primary.place, &other.place, sources)) {
                labels.push(labeled(other, sources, false));
            } else {
                related.push(Self::related(other, sources));
            }
        }
        let mut help = diagnostic.help.clone();
        if let Some(hosts) = hosts(&diagnostic.hosts) {
            help = Some(help.map_or(hosts.clone(), |help| format!("{help}\n{hosts}")));
        }
        Self {
            title: diagnostic.message.clone(),
            code: Some(diagnostic.code.name()),
            severity: severity(diagnostic.severity),
            help,
            file: file.map(|file| File { name: sources.name(file), text: sources.text(file) }),
            labels,
            related,
        }
    }

    fn related(label: &'a Label, sources: &'a Sources) -> Self {
        Self {
            title: if label.text.is_empty() { "see also".to_owned() } else { label.text.clone() },
            code: None,
            severity: miette::Severity::Advice,
            help: None,
            file: Some(File { name: sources.name(label.place.file), text: sources.text(label.place.file) }),
            labels: vec![labeled(&Label { place: label.place, text: String::new() }, sources, true)],
            related: Vec::new(),
        }
    }
}

/// Lines that may lie between two places which are shown together: all between them are.
const NEAR: usize = 20;

fn is_near(one: &Place, other: &Place, sources: &Sources) -> bool {
    let line = |place: &Place| sources.line_column(place.file, place.span.start).line as usize;
    one.file == other.file && line(one).abs_diff(line(other)) <= NEAR
}

/// Bytes of a line from which on only what is around a finding is shown.
const LONG: usize = 1000;
/// Bytes of a long line that are shown before and after.
const AROUND: usize = 60;

fn labeled(label: &Label, sources: &Sources, primary: bool) -> LabeledSpan {
    let text = sources.text(label.place.file);
    let Span { start, end } = label.place.span;
    let (start, end) = (start.min(text.len()), end.min(text.len()));
    let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let end = if end.min(line_end) - start > AROUND { floor(text, start + AROUND) } else { end };
    let text = (!label.text.is_empty()).then(|| label.text.clone());
    if primary {
        LabeledSpan::new_primary_with_span(text, (start, end - start))
    } else {
        LabeledSpan::new_with_span(text, (start, end - start))
    }
}

fn severity(severity: Severity) -> miette::Severity {
    match severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Note => miette::Severity::Advice,
    }
}

/// `on web1, web2 and 98 more`.
pub(super) fn hosts(hosts: &[String]) -> Option<String> {
    match hosts {
        [] => None,
        [one] => Some(format!("on {one}")),
        [one, two] => Some(format!("on {one} and {two}")),
        [one, two, three] => Some(format!("on {one}, {two} and {three}")),
        [one, two, rest @ ..] => Some(format!("on {one}, {two} and {} more", rest.len())),
    }
}

#[derive(Debug)]
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

impl SourceCode for File<'_> {
    fn read_span<'b>(
        &'b self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        if inner.data().split(|byte| *byte == b'\n').any(|line| line.len() > LONG) {
            return Ok(self.around(*span, before));
        }
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.name.to_owned(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

impl<'a> File<'a> {
    /// A part of the line on which a span begins.
    fn around(&self, span: miette::SourceSpan, before: usize) -> Box<dyn SpanContents<'a> + 'a> {
        let text = self.text;
        let at = floor(text, span.offset());
        let line_start = text[..at].rfind('\n').map_or(0, |index| index + 1);
        let line_end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        // Without lines of context the place itself is asked for.
        let start = if before == 0 { at } else { floor(text, at.saturating_sub(AROUND)).max(line_start) };
        let end = floor(text, at + span.len().min(AROUND) + AROUND).min(line_end);
        let line = text[..line_start].matches('\n').count();
        let column = text[line_start..start].chars().count();
        let part = (start, end.max(start) - start).into();
        let data = &text.as_bytes()[start..end.max(start)];
        Box::new(miette::MietteSpanContents::new_named(self.name.to_owned(), data, part, line, column, 1))
    }
}

/// The last character boundary up to an offset.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as _)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.file.as_ref().map(|file| file as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        let related = self.related.iter().map(|one| one as &dyn miette::Diagnostic);
        if self.related.is_empty() { None } else { Some(Box::new(related)) }
    }
}
