//! Collects findings. Equal findings of many hosts become one that names the hosts; the order is that of the places,
//! whoever reports first.

use cmc_types::{Diagnostic, FileId, Label, Sources, Span};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Findings by place and words.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: BTreeMap<Key, Diagnostic>,
    /// What places are in; the ids of templates depend on who read them first.
    sources: Arc<Mutex<Sources>>,
}

/// What makes two findings equal. Findings without a place come first. Other places involved may differ by host; those
/// of the first host by name are shown.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: Option<(FileId, usize, usize)>,
    code: &'static str,
    message: String,
}

impl Key {
    fn of(diagnostic: &Diagnostic) -> Self {
        let place = |label: &Label| (label.place.file, label.place.span.start, label.place.span.end);
        Self {
            place: diagnostic.primary.as_ref().map(place),
            code: diagnostic.code.name(),
            message: diagnostic.message.clone(),
        }
    }
}

/// Adds an equal finding to one that is known. What holds for every host needs no list of hosts, and is shown.
fn join(known: &mut Diagnostic, mut other: Diagnostic, sources: &Sources) {
    if shown_first(&other, sources) < shown_first(known, sources) {
        std::mem::swap(known, &mut other);
    }
    if known.hosts.is_empty() {
        return;
    }
    for host in other.hosts {
        if let Err(index) = known.hosts.binary_search(&host) {
            known.hosts.insert(index, host);
        }
    }
}

/// What tells which of two equal findings is shown: the first host, then what is shown beside the place, then the help.
type ShownFirst<'a> = (Option<&'a String>, Vec<(&'a str, Span, &'a String)>, &'a Option<String>);

fn shown_first<'a>(finding: &'a Diagnostic, sources: &'a Sources) -> ShownFirst<'a> {
    let others =
        finding.others.iter().map(|Label { place, text }| (sources.name(place.file), place.span, text));
    (finding.hosts.first(), others.collect(), &finding.help)
}

impl Findings {
    /// Takes over the texts that places point into.
    pub(crate) fn share(&mut self, sources: &Arc<Mutex<Sources>>) {
        self.sources = sources.clone();
    }

    /// Adds a finding, or its hosts to an equal one.
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        let key = Key::of(&diagnostic);
        match self.found.get_mut(&key) {
            None => {
                self.found.insert(key, diagnostic);
            }
            Some(known) => {
                join(known, diagnostic, &self.sources.lock().unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    /// Adds a finding unless one with its code and place is known.
    pub(crate) fn add_new(&mut self, diagnostic: Diagnostic) {
        let Key { place, code, .. } = Key::of(&diagnostic);
        let first = Key { place, code, message: String::new() };
        let next = self.found.range(first..).next();
        if next.is_none_or(|(known, _)| known.place != place || known.code != code) {
            self.add(diagnostic);
        }
    }

    /// Every finding, by place: definitions, which are the first texts, in their order, then templates by name.
    pub(crate) fn into_sorted(self, definitions: usize) -> Vec<Diagnostic> {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let mut findings: Vec<_> = self.found.into_iter().collect();
        let template = |key: &Key| {
            let (file, start, end) = key.place.filter(|(file, ..)| file.0 as usize >= definitions)?;
            Some((sources.name(file), start, end))
        };
        // Those of definitions stay as they are: in the order of places.
        findings.sort_by(|(a, _), (b, _)| template(a).cmp(&template(b)));
        findings.into_iter().map(|(_, finding)| finding).collect()
    }

    /// How many errors there are.
    pub(crate) fn errors(&self) -> usize {
        self.found.values().filter(|diagnostic| diagnostic.is_error()).count()
    }
}
