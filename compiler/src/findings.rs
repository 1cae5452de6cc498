//! Collects findings. Equal findings of many hosts become one that names the hosts; the order is that of the places.

use cmc_types::{Diagnostic, FileId};
use std::collections::BTreeMap;

/// Findings by place and words.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: BTreeMap<Key, Diagnostic>,
}

/// What makes two findings equal. Findings without a place come first. Other places involved may differ by host; those
/// of the first host are shown.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: Option<(FileId, usize, usize)>,
    code: &'static str,
    message: String,
}

impl Findings {
    /// Adds a finding, or its hosts to an equal one.
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        let place =
            |label: &cmc_types::Label| (label.place.file, label.place.span.start, label.place.span.end);
        let key = Key {
            place: diagnostic.primary.as_ref().map(place),
            code: diagnostic.code.name(),
            message: diagnostic.message.clone(),
        };
        match self.found.get_mut(&key) {
            None => {
                self.found.insert(key, diagnostic);
            }
            // What holds for every host needs no list of hosts.
            Some(known) if known.hosts.is_empty() || diagnostic.hosts.is_empty() => known.hosts.clear(),
            Some(known) => {
                for host in diagnostic.hosts {
                    if let Err(index) = known.hosts.binary_search(&host) {
                        known.hosts.insert(index, host);
                    }
                }
            }
        }
    }

    /// Adds a finding unless one with its code and place is known.
    pub(crate) fn add_new(&mut self, diagnostic: Diagnostic) {
        let same = |known: &Diagnostic| {
            let place = |diagnostic: &Diagnostic| diagnostic.primary.as_ref().map(|label| label.place);
            known.code == diagnostic.code && place(known) == place(&diagnostic)
        };
        if !self.found.values().any(same) {
            self.add(diagnostic);
        }
    }

    /// Every finding, by place.
    pub(crate) fn into_sorted(self) -> Vec<Diagnostic> {
        self.found.into_values().collect()
    }

    /// How many errors there are.
    pub(crate) fn errors(&self) -> usize {
        self.found.values().filter(|diagnostic| diagnostic.is_error()).count()
    }
}
