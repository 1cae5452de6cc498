//! Who owns a path: two services, or two parts of one, cannot write the same file, nor one where another needs a
//! directory, nor names that differ in case only.

use crate::world::World;
use cmc_types::check::FileKind;
use cmc_types::plan::PlannedFile;
use cmc_types::{Diagnostic, Place, Severity, UnixPath, codes};
use std::collections::{BTreeMap, HashMap};

/// What was claimed on a host so far.
#[derive(Default)]
pub(crate) struct Claims {
    paths: BTreeMap<UnixPath, Vec<Claim>>,
    lower: HashMap<String, UnixPath>,
}

#[derive(Clone)]
struct Claim {
    place: Place,
    service: String,
    block: Option<String>,
    /// What begins a comment around the block.
    comment: Option<String>,
}

impl Claims {
    /// Claims a path. A clash is reported; the second claim then does not count.
    pub(crate) fn claim(
        &mut self,
        world: &World,
        host: usize,
        service: &str,
        file: &PlannedFile,
        place: Place,
    ) -> bool {
        let path = &file.entry.path;
        let (block, comment) = match (&file.entry.kind, &file.entry.block) {
            (FileKind::Block, Some(block)) => (Some(block.name.clone()), Some(block.comment.clone())),
            _ => (None, None),
        };
        let claim = Claim { place, service: service.to_owned(), block, comment };
        if let Some(others) = self.paths.get_mut(path) {
            let clash = others.iter().find(|other| match (&other.block, &claim.block) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            });
            if let Some(other) = clash {
                let message = match (&other.block, &claim.block) {
                    (Some(block), Some(_)) if other.service != service => format!(
                        "services {:?} and {service:?} both have a block {block:?} in {:?}",
                        other.service,
                        path.as_str()
                    ),
                    (Some(block), Some(_)) => {
                        format!("service {service:?} has two blocks {block:?} in {:?}", path.as_str())
                    }
                    _ if other.service == service => {
                        format!("service {service:?} writes {:?} twice", path.as_str())
                    }
                    _ => {
                        format!("services {:?} and {service:?} both write {:?}", other.service, path.as_str())
                    }
                };
                let diagnostic = Diagnostic::new(codes::PATH_CLAIMED_TWICE, message)
                    .at(place, format!("by {service:?}"))
                    .with(other.place, format!("by {:?}", other.service));
                world.report_on(host, diagnostic);
                return false;
            }
            let differing = others.iter().find(|other| other.comment != claim.comment);
            if let (Some(other), Some(mine)) = (differing, &claim.comment) {
                let theirs = other.comment.as_deref().unwrap_or_default();
                let message = format!(
                    "comments of {:?} begin with {theirs:?} for one block and {mine:?} for another",
                    path.as_str()
                );
                let mut diagnostic = Diagnostic::new(codes::BLOCK_COMMENT, message)
                    .at(place, format!("of {service:?}"))
                    .with(other.place, format!("of {:?}", other.service))
                    .help("a file has one syntax: give both blocks the same `comment`");
                diagnostic.severity = Severity::Warning;
                world.report_on(host, diagnostic);
            }
            others.push(claim);
            return true;
        }
        let lower = path.as_str().to_lowercase();
        if let Some(other) = self.lower.get(&lower) {
            let message = format!("{:?} and {:?} differ in case only", other.as_str(), path.as_str());
            let mut diagnostic = Diagnostic::new(codes::PATH_CLASH, message)
                .at(place, "")
                .help("a host can hold both; a machine whose file system knows no case cannot, and `cmc render` fails there");
            diagnostic.severity = Severity::Warning;
            if let Some(claim) = self.paths.get(other).and_then(|claims| claims.first()) {
                diagnostic = diagnostic.with(claim.place, "and here");
            }
            world.report_on(host, diagnostic);
            // Others may claim it too.
            self.paths.insert(path.clone(), vec![claim]);
            return true;
        }
        self.lower.insert(lower, path.clone());
        self.paths.insert(path.clone(), vec![claim]);
        true
    }

    /// Whether a path is claimed.
    pub(crate) fn has(&self, path: &UnixPath) -> bool {
        self.paths.contains_key(path)
    }

    /// Reports paths that lie below a path that is a file.
    pub(crate) fn check_prefixes(&self, world: &World, host: usize) {
        for (path, claims) in &self.paths {
            let mut parent = path.parent();
            while parent != "/" {
                if let Some((above, others)) = self.paths.get_key_value(parent)
                    && let (Some(claim), Some(other)) = (claims.first(), others.first())
                {
                    let message =
                        format!("{:?} lies below {:?}, which is a file", path.as_str(), above.as_str());
                    let diagnostic = Diagnostic::new(codes::PATH_CLASH, message)
                        .at(claim.place, "")
                        .with(other.place, "a file, not a directory");
                    world.report_on(host, diagnostic);
                }
                parent = match parent.rfind('/') {
                    Some(0) | None => "/",
                    Some(end) => &parent[..end],
                };
            }
        }
    }
}
