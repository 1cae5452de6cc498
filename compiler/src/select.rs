//! Selectors: which hosts a service goes to, and which an overlay is for.

use crate::fleet::{Fleet, Host};
use crate::suggest;
use crate::tree::Node;
use cmc_types::codes::{self, Code};
use cmc_types::os::FAMILIES;
use cmc_types::{Diagnostic, Place};

/// One selector without its `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// `@all`.
    All,
    /// `@TAG`.
    Tag(String),
    /// `os:FAMILY`.
    Os(String),
    /// A host's name.
    Host(String),
}

/// Why a text selects nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectError {
    /// The code of the finding.
    pub(crate) code: Code,
    /// One sentence.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

impl SelectError {
    /// The finding, at the selector.
    pub(crate) fn at(self, place: Place) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(self.code, self.message).at(place, "");
        diagnostic.help = self.help;
        diagnostic
    }
}

impl Selector {
    /// Parses a selector and checks that what it names exists.
    pub(crate) fn parse(text: &str, fleet: &Fleet) -> Result<Self, SelectError> {
        if text == "@all" {
            return Ok(Self::All);
        }
        if let Some(tag) = text.strip_prefix('@') {
            return match fleet.has_tag(tag) {
                true => Ok(Self::Tag(tag.to_owned())),
                false => {
                    let known = fleet.tag_names().chain(["all"]);
                    let mut error = unknown(codes::UNKNOWN_TAG, "tag", tag, known, "@");
                    let begins = || format!("a tag begins with a host that has it, or with [tag.{tag}]");
                    error.help.get_or_insert_with(begins);
                    Err(error)
                }
            };
        }
        if let Some(family) = text.strip_prefix("os:") {
            let known = FAMILIES.iter().map(|family| family.name);
            return match known.clone().any(|name| name == family) {
                true => Ok(Self::Os(family.to_owned())),
                false => Err(unknown(codes::INVALID_SELECTOR, "operating system", family, known, "os:")),
            };
        }
        if text.is_empty() || text.contains(['!', '@', ' ', ':', '*', '{']) {
            return Err(SelectError {
                code: codes::INVALID_SELECTOR,
                message: format!("{text:?} is not a selector"),
                help: Some("a selector is a host's name, \"@tag\", \"@all\" or \"os:family\"; in `on`, \"!\" before one leaves out".into()),
            });
        }
        match fleet.has_host(text) {
            true => Ok(Self::Host(text.to_owned())),
            false => {
                let mut error = unknown(codes::UNKNOWN_HOST, "host", text, fleet.host_names(), "");
                if text == "all" {
                    error.help = Some("every host is \"@all\"".to_owned());
                } else if fleet.has_tag(text) {
                    error.help = Some(format!("there is a tag of this name: write \"@{text}\""));
                }
                Err(error)
            }
        }
    }

    /// Whether it selects this host.
    pub(crate) fn selects(&self, host: &Host) -> bool {
        match self {
            Self::All => true,
            Self::Tag(tag) => host.tags.iter().any(|own| own == tag),
            Self::Os(family) => host.os.family() == family,
            Self::Host(name) => host.name.as_str() == name,
        }
    }
}

fn unknown<'a>(
    code: Code,
    what: &str,
    given: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
    prefix: &str,
) -> SelectError {
    let help = suggest::nearest(given, known.clone())
        .map(|name| format!("did you mean \"{prefix}{name}\"?"))
        .or_else(|| suggest::help(given, known));
    SelectError { code, message: format!("there is no {what} {given:?}"), help }
}

/// A list of selectors: `on`, or the argument of `hosts(…)`.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    include: Vec<Selector>,
    exclude: Vec<Selector>,
    bad: bool,
}

impl Selection {
    /// Adds a selector, with `!` if it leaves out.
    pub(crate) fn add(&mut self, text: &str, fleet: &Fleet) -> Result<(), SelectError> {
        match text.strip_prefix('!') {
            Some(rest) => self.exclude.push(Selector::parse(rest, fleet)?),
            None => self.include.push(Selector::parse(text, fleet)?),
        }
        Ok(())
    }

    /// The selection of an `on` list; what is wrong is reported and left out.
    pub(crate) fn of_node(node: &Node, fleet: &Fleet, mut report: impl FnMut(Diagnostic)) -> Self {
        let mut selection = Self::default();
        if let crate::tree::Value::List(items) = &node.value {
            for item in items {
                let result = item.as_text().map(|text| selection.add(text, fleet));
                if let Some(Err(error)) = result {
                    selection.bad = true;
                    if !fleet.incomplete {
                        report(error.at(item.place));
                    }
                }
            }
        }
        selection
    }

    /// Whether every selector is known.
    pub(crate) fn is_good(&self) -> bool {
        !self.bad
    }

    /// Whether it selects this host.
    pub(crate) fn selects(&self, host: &Host) -> bool {
        self.include.iter().any(|selector| selector.selects(host))
            && !self.exclude.iter().any(|selector| selector.selects(host))
    }
}
