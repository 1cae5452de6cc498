//! Errors of the template engine become findings: at the expression in a definition, or at the template's line with
//! the definition that asks for it.

use super::failure::Failure;
use super::failure::secret_misused;
use super::frame::{Frame, Miss};
use super::{DEFINITION, For};
use crate::offsets::Offsets;
use crate::suggest;
use crate::tree::Node;
use crate::world::World;
use cmc_types::codes::{self, Code};
use cmc_types::{Diagnostic, Place, Span};
use minijinja::{Error, ErrorKind};

/// Where something is shown: at its own place, and at those that lead there.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    primary: Place,
    others: Vec<(Place, &'static str)>,
}

/// The finding of a failure; none if it is reported elsewhere.
pub(super) fn finding(failure: Failure, shown: &Shown) -> Option<Diagnostic> {
    let Failure::Finding { code, message, help, others } = failure else { return None };
    let mut diagnostic = Diagnostic::new(code, message).at(shown.primary, "");
    diagnostic.help = help;
    let leading = shown.others.iter().map(|(place, text)| (*place, (*text).to_owned()));
    for (place, text) in leading.chain(others) {
        if !is_shown(&diagnostic, place) {
            diagnostic = diagnostic.with(place, text);
        }
    }
    Some(diagnostic)
}

/// What was rendered.
pub(crate) enum Subject<'a> {
    /// A text of a definition.
    Text {
        /// The text's node.
        node: &'a Node,
        /// The text as the engine got it.
        text: &'a str,
    },
    /// A template.
    Template {
        /// The definition that asks for it.
        asked: Place,
    },
}

impl World {
    /// Reports why a rendering failed, unless the cause is reported elsewhere.
    pub(super) fn diagnose(
        &self,
        error: &Error,
        misused: bool,
        frame: &Frame,
        whom: &For,
        subject: &Subject<'_>,
    ) {
        let host = self.fleet.hosts[whom.host].name.as_str();
        let found = self.diagnosis(error, misused, Some((frame, whom)), subject);
        found.into_iter().for_each(|diagnostic| self.report(diagnostic.on_host(host)));
    }

    /// What is wrong with the syntax of an expression in a definition.
    pub(crate) fn misspelt(&self, node: &Node, text: &str) -> Option<Diagnostic> {
        let text = if super::is_single(text) { text.trim() } else { text };
        let error = self.engine.get_template(&format!("{DEFINITION}{text}")).err()?;
        self.diagnosis(&error, false, None, &Subject::Text { node, text })
    }

    /// Why a template cannot be used for any host.
    pub(crate) fn unusable_template(&self, name: &str, asked: Place) -> Option<Diagnostic> {
        let error = self.engine.get_template(name).err()?;
        self.diagnosis(&error, false, None, &Subject::Template { asked })
    }

    /// The finding of an error, unless it is reported elsewhere. `run` is the rendering in which it happened.
    fn diagnosis(
        &self,
        error: &Error,
        misused: bool,
        run: Option<(&Frame, &For)>,
        subject: &Subject<'_>,
    ) -> Option<Diagnostic> {
        let chain = chain(error);
        let innermost = chain.last()?;
        let failure = match Failure::of(error) {
            Some(Failure::Reported) => return None,
            Some(failure) => failure.clone(),
            None if misused => secret_misused(),
            None => self.failure(innermost, run),
        };
        finding(failure, &self.shown_at(error, subject))
    }

    /// The places of an error.
    pub(super) fn shown_at(&self, error: &Error, subject: &Subject<'_>) -> Shown {
        let chain = chain(error);
        let place = chain.last().and_then(|innermost| self.place(innermost, subject));
        let place = place.or_else(|| self.place(error, subject));
        match subject {
            Subject::Text { node, .. } => Shown { primary: place.unwrap_or(node.place), others: Vec::new() },
            Subject::Template { asked } => {
                let Some(primary) = place else { return Shown { primary: *asked, others: Vec::new() } };
                let mut others = vec![(*asked, "rendered for this file")];
                let outer = chain.iter().rev().skip(1).filter_map(|outer| self.place(outer, subject));
                others.extend(outer.map(|place| (place, "included from here")));
                Shown { primary, others }
            }
        }
    }

    /// What an error of the engine itself means.
    fn failure(&self, error: &Error, run: Option<(&Frame, &For)>) -> Failure {
        let detail = error.detail().unwrap_or_default();
        let missed = run.and_then(|(frame, whom)| Some((frame.missed(detail)?, whom)));
        if run.is_some_and(|(frame, _)| frame.overflowed()) {
            return Failure::new(
                codes::LIMIT_EXCEEDED,
                format!("the output is larger than {} bytes", self.limits.output),
            )
            .help(Some("a loop may be writing without end".to_owned()));
        }
        match error.kind() {
            ErrorKind::OutOfFuel => Failure::new(
                codes::LIMIT_EXCEEDED,
                format!("it runs more than {} instructions", self.limits.fuel),
            )
            .help(Some("a loop may be running without end".to_owned())),
            ErrorKind::InvalidOperation if detail.contains("cycle in template inheritance") => {
                Failure::new(codes::TEMPLATE_LOOP, "templates extend each other in a circle")
            }
            ErrorKind::InvalidOperation if detail.contains("recursion limit") => {
                Failure::new(codes::TEMPLATE_LOOP, "templates or macros use each other without end")
            }
            ErrorKind::SyntaxError => {
                Failure::new(codes::EXPRESSION_SYNTAX, format!("syntax error: {detail}"))
            }
            ErrorKind::UndefinedError | ErrorKind::UnknownFunction => match missed {
                Some((miss, whom)) => self.unknown(&miss, whom),
                _ if detail.is_empty() => {
                    Failure::new(codes::EXPRESSION, "something in the expression is not defined")
                }
                // The engine guesses of what it is.
                _ if detail.contains("[...]") => {
                    Failure::new(codes::EXPRESSION, "there is nothing under the key or index in brackets")
                }
                _ => Failure::new(codes::EXPRESSION, detail.to_owned()),
            },
            ErrorKind::UnknownFilter | ErrorKind::UnknownTest => unknown_filter(detail),
            ErrorKind::TemplateNotFound => {
                let names = quoted(detail);
                let name = names.first().copied().unwrap_or_default();
                let known = self.templates.names();
                let message = match names[..] {
                    [_, _, ..] => format!("there is none of the templates {}", list(&names)),
                    _ => format!("there is no template {name:?}"),
                };
                Failure::new(codes::UNKNOWN_TEMPLATE, message)
                    .help(suggest::help(name, known.iter().map(String::as_str)))
            }
            kind if detail.is_empty() => Failure::new(codes::EXPRESSION, kind.to_string()),
            _ => Failure::new(codes::EXPRESSION, detail.to_owned()),
        }
    }

    /// A name that was not found.
    fn unknown(&self, miss: &Miss, whom: &For) -> Failure {
        match miss {
            Miss::Root(name) => {
                let names = super::scope::NAMES.iter().chain(super::filters::FUNCTIONS).copied();
                let mut failure = Failure::new(codes::EXPRESSION, format!("expressions know no {name:?}"))
                    .help(suggest::help(name, names));
                if self.variables[whom.host].contains_key(name) {
                    failure = failure.help(Some(format!("variables are read as `vars.{name}`")));
                } else if whom.service.as_ref().is_some_and(|scope| scope.env.contains_key(name)) {
                    failure = failure.help(Some(format!("the environment is read as `env.{name}`")));
                }
                failure
            }
            Miss::Variable(host, name) => {
                let variables = &self.variables[*host];
                let of = match *host == whom.host {
                    true => "the host".to_owned(),
                    false => format!("host {:?}", self.fleet.hosts[*host].name.as_str()),
                };
                let mut failure =
                    Failure::new(codes::UNKNOWN_VARIABLE, format!("{of} has no variable {name:?}"))
                        .help(suggest::help(name, variables.keys().map(String::as_str)));
                if let Some(near) = suggest::nearest(name, variables.keys().map(String::as_str)) {
                    let place = variables[near].definition.node.place;
                    failure = failure.with(place, format!("{near:?} is defined here"));
                }
                failure
            }
            Miss::Env(name) => {
                let empty = std::collections::BTreeMap::new();
                let env = whom.service.as_ref().map_or(&empty, |scope| &scope.env);
                let known = env.keys().map(String::as_str);
                let mut failure = Failure::new(
                    codes::UNKNOWN_ENV,
                    format!("the service's environment has no variable {name:?}"),
                )
                .help(suggest::help(name, known.clone()));
                if let Some(slot) = suggest::nearest(name, known).and_then(|near| env.get(near)) {
                    failure = failure.with(slot.place, format!("{:?} is defined here", slot.name));
                }
                failure
            }
            Miss::Attribute(object, known, name) => {
                Failure::new(codes::EXPRESSION, format!("`{object}` has no attribute {name:?}"))
                    .help(suggest::help(name, known.iter().copied()))
            }
        }
    }

    /// Where an error of the engine happened.
    fn place(&self, error: &Error, subject: &Subject<'_>) -> Option<Place> {
        let name = error.name()?;
        let guards = self.templates.guards(name);
        let range = error.range().map(|range| guards.at(range.start)..guards.at(range.end));
        if name.starts_with(DEFINITION) || !self.templates.is_loaded(name) {
            let Subject::Text { node, text } = subject else { return None };
            return Some(self.place_in_text(node, text, range?));
        }
        let sources = self.sources();
        let file = sources.find(&self.templates.path_of(name))?;
        let span = match range {
            Some(range) => Span::new(range.start, range.end),
            None => sources.line_span(file, error.line()? as u32)?,
        };
        Some(Place { file, span })
    }

    /// Where a part of a definition's text stands in its file: exactly, unless it is not
    /// written there.
    pub(crate) fn place_in_text(&self, node: &Node, text: &str, range: std::ops::Range<usize>) -> Place {
        let sources = self.sources();
        let whole = node.place;
        let written = sources.text(whole.file).get(whole.span.start..whole.span.end);
        let found = node.as_text().zip(written).and_then(|(own, written)| {
            let skipped = own.find(text)?;
            let offsets = Offsets::of_literal(written, own).filter(|_| !range.is_empty())?;
            Some([range.start, range.end].map(|offset| whole.span.start + offsets.at(skipped + offset)))
        });
        found.map_or(whole, |[start, end]| Place { file: whole.file, span: Span::new(start, end) })
    }
}

fn is_shown(diagnostic: &Diagnostic, place: Place) -> bool {
    diagnostic.primary.iter().chain(&diagnostic.others).any(|label| label.place == place)
}

impl Miss {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Root(name) | Self::Variable(_, name) | Self::Env(name) | Self::Attribute(_, _, name) => {
                name
            }
        }
    }
}

/// The engine's errors from the outermost to the innermost (includes nest them).
fn chain(error: &Error) -> Vec<&Error> {
    let mut chain = vec![error];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(inner) = cause.downcast_ref::<Error>() {
            chain.push(inner);
        }
        source = cause.source();
    }
    chain
}

/// The texts in quotes of either kind.
fn quoted(text: &str) -> Vec<&str> {
    let Some(mark) = text.chars().find(|c| matches!(c, '"' | '\'')) else { return Vec::new() };
    text.split(mark).skip(1).step_by(2).collect()
}

/// `"a", "b" and "c"`.
fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let (last, rest) = shown.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
    format!("{} and {last}", rest.join(", "))
}

fn unknown_filter(detail: &str) -> Failure {
    let name = detail.split(' ').nth(1).unwrap_or_default();
    let code: Code = codes::EXPRESSION;
    let failure = Failure::new(code, format!("there is no {detail}").replace(" is unknown", ""));
    match name {
        "safe" | "escape" | "e" => failure.help(Some(
            "every value is checked for the format it is written to; quote one with the format's filter, such as `|yaml`".to_owned(),
        )),
        "tojson" => failure.help(Some("it is called `|json`".to_owned())),
        _ => failure,
    }
}
