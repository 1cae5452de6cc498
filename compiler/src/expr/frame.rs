//! One rendering: its output, what it read, whether a secret is in it. The formatter is here: every value that a
//! template or expression writes passes through it and through the encoder of the target's format.

use super::failure::{Failure, not_a_text, secret_misplaced, secret_misused};
use super::opaque::{Opaque, POISON, Quoted, Tokens, is_reserved};
use crate::encode::{Context, Format, Kind, Quotes, Refusal, Tracker};
use cmc_types::{Place, codes};
use minijinja::value::{Object, Value, ValueKind};
use minijinja::{AutoEscape, Error, ErrorKind, Output, State};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// The name under which a rendering finds its frame; no expression can write it.
pub(super) const FRAME: &str = "\u{1}frame";

/// Where a value stands in a template: after which byte of its own text, as the how-manieth. Values of a loop have the
/// same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot(usize, usize);

/// What is written for a value that the encoder has refused, so that what follows it is judged as if it were there.
const STAND_IN: &str = "x";

/// How a rendering is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    /// The encoder.
    pub(crate) format: Format,
    /// Whether a first line that names an interpreter tells the encoder instead.
    pub(crate) file: bool,
    /// Whether secrets may be written.
    pub(crate) secrets: bool,
    /// Whether the value itself is wanted instead of its text: the text is exactly one expression.
    pub(crate) typed: bool,
    /// Bytes of output.
    pub(crate) limit: usize,
}

/// A name that was looked up and not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// At the top: neither an object nor a function.
    Root(String),
    /// A variable of a host, by index.
    Variable(usize, String),
    /// A variable of the service's environment.
    Env(String),
    /// An attribute of an object, which has these.
    Attribute(&'static str, &'static [&'static str], String),
}

/// A value that was written.
#[derive(Debug)]
pub(crate) struct Emission {
    /// Offset of its first byte in the output.
    pub(crate) start: usize,
    /// Offset after its last byte.
    pub(crate) end: usize,
    /// Definitions that were read for it.
    pub(crate) reads: Vec<Place>,
}

/// Text of a template that was written as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw {
    /// Offset in the output.
    pub(crate) start: usize,
    /// Bytes.
    pub(crate) length: usize,
    /// Address of its first byte: tells which byte of which template it is.
    pub(crate) address: usize,
}

/// What a rendering has made.
#[derive(Default)]
pub(crate) struct Made {
    /// The output.
    pub(crate) output: Zeroizing<Vec<u8>>,
    /// Values in it, in order.
    pub(crate) emissions: Vec<Emission>,
    /// Template text in it, in order.
    pub(crate) raws: Vec<Raw>,
    /// Whether a secret is in it.
    pub(crate) tainted: bool,
    /// The value, if it was wanted.
    pub(crate) value: Option<Value>,
    /// What was not found, each once, the last one last.
    misses: Vec<Miss>,
    pending: Vec<Place>,
    tokens: Tokens,
    tracker: Option<Option<Tracker>>,
    format: Option<Format>,
    closed: bool,
    in_value: bool,
    probed: bool,
    overflow: bool,
    /// How many values were to be written since the last of the template's own text.
    since: usize,
    /// Where the value stands that ended the rendering since it was refused, if one did.
    refused: Option<Spot>,
    /// Values that were refused where it was known that they might be, the first of each place.
    found: Vec<(Spot, Failure)>,
}

/// Names that were not found are kept up to this many.
const MISSES: usize = 64;

/// Bytes of most rendered files.
const TYPICAL: usize = 2048;

/// One rendering.
pub(crate) struct Frame {
    mode: Mode,
    /// Where values are known to be refused: [`STAND_IN`] is written for such, and the rendering goes on.
    known: Vec<Spot>,
    /// With how many values refused the rendering ends.
    limit: usize,
    made: Mutex<Made>,
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<rendering>")
    }
}

impl Object for Frame {}

impl Frame {
    pub(super) fn new(mode: Mode, known: Vec<Spot>, limit: usize) -> Arc<Self> {
        let mut made = Made::default();
        if mode.file {
            made.output.reserve(TYPICAL);
        }
        Arc::new(Self { mode, known, limit, made: Mutex::new(made) })
    }

    /// What was refused where it was known that it might be.
    pub(super) fn found(&self) -> Vec<(Spot, Failure)> {
        std::mem::take(&mut self.made().found)
    }

    /// Where the value stands that the encoder has refused, and that ended the rendering.
    pub(super) fn refused(&self) -> Option<Spot> {
        self.made().refused
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the value itself is wanted.
    pub(super) fn is_typed(&self) -> bool {
        self.mode.typed
    }

    /// Notes that a definition was read.
    pub(super) fn read(&self, place: Place) {
        let mut made = self.made();
        if !made.closed && made.pending.last() != Some(&place) {
            made.pending.push(place);
        }
    }

    /// Notes that a name was not found.
    pub(super) fn miss(&self, miss: Miss) {
        let misses = &mut self.made().misses;
        if misses.last() == Some(&miss) {
            return;
        }
        misses.retain(|known| *known != miss);
        if misses.len() == MISSES {
            misses.remove(0);
        }
        misses.push(miss);
    }

    /// The name that an error is about: the last that was not found of those that `detail`, such as "`vars.x` is
    /// undefined", ends with; or the last. While it makes the error the engine looks up every name of the template.
    pub(super) fn missed(&self, detail: &str) -> Option<Miss> {
        let made = self.made();
        let mut misses = made.misses.iter().rev();
        let about = detail.split('`').nth(1).unwrap_or(detail);
        if detail.is_empty() {
            return misses.next().cloned();
        }
        let words: Vec<&str> = about.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        // The last of several is looked up in something.
        let is_of = |miss: &Miss, index: usize| {
            miss.name() == words[index]
                && (index == 0 || index + 1 < words.len() || !matches!(miss, Miss::Root(_)))
        };
        (0..words.len()).rev().find_map(|index| misses.clone().find(|miss| is_of(miss, index))).cloned()
    }

    /// Whether the output grew too large.
    pub(super) fn overflowed(&self) -> bool {
        self.made().overflow
    }

    /// Ends the rendering and takes what it has made, with secrets put in place of their tokens.
    pub(super) fn finish(&self) -> Result<Made, Failure> {
        let mut made = std::mem::take(&mut *self.made());
        let found = std::mem::take(&mut made.found);
        {
            let mut left = self.made();
            left.closed = true;
            left.found = found;
        }
        if !made.tokens.is_empty() {
            let text = std::str::from_utf8(&made.output).ok().and_then(|text| made.tokens.replace(text));
            let (text, offsets) = text.ok_or_else(secret_misused)?;
            made.output = Zeroizing::new(text.as_bytes().to_vec());
            // Tokens stand in values only.
            for emission in &mut made.emissions {
                (emission.start, emission.end) = (offsets.at(emission.start), offsets.at(emission.end));
            }
            made.raws.iter_mut().for_each(|raw| raw.start = offsets.at(raw.start));
        }
        Ok(made)
    }

    /// The encoder, settled when something stands in the output.
    fn format(&self) -> Format {
        let mut made = self.made();
        if let Some(format) = made.format {
            return format;
        }
        let script = if self.mode.file { Format::of_script(&made.output) } else { None };
        let format = script.unwrap_or(self.mode.format);
        if !made.output.is_empty() {
            made.format = Some(format);
        }
        format
    }

    /// Writes a value.
    fn emit(&self, out: &mut Output<'_>, escape: &AutoEscape, value: &Value) -> Result<(), Error> {
        if matches!(escape, AutoEscape::None) && self.format() != Format::Plain {
            return Err(Failure::new(
                codes::EXPRESSION,
                format!("`{{% autoescape false %}}` may not be used in a {} file", self.format()),
            )
            .into());
        }
        if self.mode.typed {
            self.made().value = Some(value.clone());
            return Ok(());
        }
        let direct = self.is_direct(out)?;
        let reads = std::mem::take(&mut self.made().pending);
        let spot = {
            let mut made = self.made();
            made.since += 1;
            Spot(made.raws.last().map_or(0, |raw| raw.address + raw.length), made.since)
        };
        let checked = match self.checked(value, direct, &reads) {
            Ok(checked) => checked,
            Err(error) => match Failure::of(&error) {
                Some(failure @ Failure::Finding { code: codes::VALUE_NEEDS_QUOTING, .. }) => {
                    let mut made = self.made();
                    if made.found.iter().all(|(other, _)| *other != spot) {
                        if !self.known.contains(&spot) || made.found.len() + 1 >= self.limit {
                            made.refused = Some(spot);
                            drop(made);
                            return Err(error);
                        }
                        made.found.push((spot, failure.clone()));
                    }
                    drop(made);
                    return self.write(out, STAND_IN, reads);
                }
                _ => return Err(error),
            },
        };
        let (text, secret): (&str, bool) = match &checked {
            Checked::Nothing => return Ok(()),
            Checked::Plain(text) => (text, false),
            Checked::Secret(text) => (text, true),
        };
        if !secret {
            return self.write(out, text, reads);
        }
        self.made().tainted = true;
        if direct {
            return self.write(out, text, reads);
        }
        let token = self.made().tokens.issue(text);
        self.write(out, &token, reads)
    }

    fn write(&self, out: &mut Output<'_>, text: &str, reads: Vec<Place>) -> Result<(), Error> {
        let start = {
            let mut made = self.made();
            made.in_value = true;
            made.output.len()
        };
        let result = out.write_str(text);
        let mut made = self.made();
        made.in_value = false;
        let end = made.output.len();
        if end > start {
            made.emissions.push(Emission { start, end, reads });
        } else {
            // Captured: what was read counts for where the captured text is written.
            made.pending.extend(reads);
        }
        result.map_err(Error::from)
    }

    /// Whether output goes to the file, and not into a captured text.
    fn is_direct(&self, out: &mut Output<'_>) -> Result<bool, Error> {
        self.made().probed = false;
        out.write_str("")?;
        Ok(self.made().probed)
    }

    /// The text of a value, if the format can take it where it stands.
    fn checked<'v>(&self, value: &'v Value, direct: bool, reads: &[Place]) -> Result<Checked<'v>, Error> {
        let format = self.format();
        if let Some(secret) = value.downcast_object_ref::<Opaque>() {
            if !self.mode.secrets {
                return Err(secret_misplaced().into());
            }
            match secret.quoted {
                Some(quoted) if format.takes(quoted, &secret.text) => {
                    self.check_quoted(&secret.text, Kind::Secret, direct, reads)?;
                }
                _ => self.check(&secret.text, Kind::Secret, direct, reads)?,
            }
            return Ok(Checked::Secret(secret.text.clone()));
        }
        if let Some(quoted) = value.downcast_object_ref::<Quoted>() {
            match format.takes(quoted.format, &quoted.text) {
                true => self.check_quoted(&quoted.text, Kind::Text, direct, reads)?,
                false => self.check(&quoted.text, Kind::Text, direct, reads)?,
            }
            return Ok(Checked::Plain(quoted.text.as_str().into()));
        }
        match value.kind() {
            // An `if` without `else`: meant to be nothing.
            ValueKind::Undefined => Ok(Checked::Nothing),
            ValueKind::Bool => Ok(Checked::Plain(if value.is_true() { "true" } else { "false" }.into())),
            ValueKind::Number => {
                let text = value.to_string();
                self.check(&text, Kind::Number, direct, reads)?;
                Ok(Checked::Plain(text.into()))
            }
            ValueKind::String => {
                let text = value.as_str().unwrap_or_default();
                if text.contains(POISON) {
                    return Err(secret_misused().into());
                }
                // What a macro or `{% set %}` has captured went through here before.
                if value.is_safe() {
                    self.check_by(Kind::Text, direct, reads, |format, context, before| {
                        format.check_quoted(text, Quotes::Captured, context, before)
                    })?;
                } else {
                    if is_reserved(text) && !self.made().tokens.is_empty() {
                        return Err(secret_misused().into());
                    }
                    if is_reserved(text) {
                        return Err(Failure::new(
                            codes::EXPRESSION,
                            "the value holds a character that is no text (U+FDD0 to U+FDEF)",
                        )
                        .into());
                    }
                    self.check(text, Kind::Text, direct, reads)?;
                }
                Ok(Checked::Plain(text.into()))
            }
            ValueKind::None => {
                Err(Failure::new(codes::EXPRESSION, "the expression gives `none`, which has no text").into())
            }
            kind => Err(not_a_text(kind, format).into()),
        }
    }

    /// Refuses a text that may not be written as it is.
    fn check(&self, text: &str, kind: Kind, direct: bool, reads: &[Place]) -> Result<(), Error> {
        self.check_by(kind, direct, reads, |format, context, _| format.check(text, kind, context))
    }

    /// Refuses a text with quotes of its own where those protect nothing.
    fn check_quoted(&self, text: &str, kind: Kind, direct: bool, reads: &[Place]) -> Result<(), Error> {
        self.check_by(kind, direct, reads, |format, context, before| {
            format.check_quoted(text, Quotes::OfFilter, context, before)
        })
    }

    fn check_by(
        &self,
        kind: Kind,
        direct: bool,
        reads: &[Place],
        check: impl FnOnce(Format, Context<'_>, &[u8]) -> Result<(), Refusal>,
    ) -> Result<(), Error> {
        let format = self.format();
        let mut made = self.made();
        let made = &mut *made;
        let context = match direct {
            true => Context {
                line: last_line(&made.output),
                within: made
                    .tracker
                    .get_or_insert_with(|| format.tracker())
                    .as_mut()
                    .map(|tracker| tracker.within(&made.output)),
            },
            false => Context::UNKNOWN,
        };
        check(format, context, &made.output).map_err(|refusal| {
            let mut failure = Failure::new(codes::VALUE_NEEDS_QUOTING, refusal.message(kind, format))
                .help(refusal.help(format));
            for place in reads {
                failure = failure.with(*place, "the value comes from here");
            }
            failure.into()
        })
    }
}

/// The text of the output after its last line break; nothing if the line is very long, so that checking a value
/// does not take the longer the more was written.
fn last_line(output: &[u8]) -> Option<&str> {
    const LONGEST: usize = 4096;
    let tail = &output[output.len().saturating_sub(LONGEST)..];
    let start = match tail.iter().rposition(|byte| *byte == b'\n') {
        Some(index) => index + 1,
        None if tail.len() == output.len() => 0,
        None => return None,
    };
    std::str::from_utf8(&tail[start..]).ok()
}

enum Checked<'v> {
    Nothing,
    Plain(std::borrow::Cow<'v, str>),
    Secret(Zeroizing<String>),
}

/// The formatter of every environment: looks up the frame of this rendering and lets it write.
pub(super) fn formatter(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let frame = state.lookup(FRAME).and_then(|value| value.downcast_object::<Frame>());
    let frame = frame.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "no rendering"))?;
    frame.emit(out, state.auto_escape(), value)
}

/// The end of a rendering's output that the engine writes to.
pub(super) struct Sink<'a>(pub(super) &'a Frame);

impl std::io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut made = self.0.made();
        if bytes.is_empty() {
            made.probed = true;
            return Ok(());
        }
        if made.output.len() + bytes.len() > self.0.mode.limit {
            made.overflow = true;
            return Err(std::io::Error::other("the output is too large"));
        }
        if !made.in_value {
            let raw = Raw { start: made.output.len(), length: bytes.len(), address: bytes.as_ptr() as usize };
            made.raws.push(raw);
            made.since = 0;
        }
        made.output.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
