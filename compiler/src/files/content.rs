//! Content of files: templates, texts in definitions, secrets, copies.

use super::elf::{self, Kind};
use super::read::ReadError;
use super::{Making, Nature, provenance};
use crate::expr::{self, Failure, For, Made, Mode, Subject};
use cmc_types::definition::{Check, Source};
use cmc_types::plan::{Content, LineOrigin};
use cmc_types::{Bytes, Diagnostic, Place, UnixPath, codes};
use std::sync::Arc;

/// Rendered content.
pub(super) struct Rendered {
    /// The bytes.
    pub(super) bytes: Bytes,
    /// Whether a secret is in them.
    pub(super) tainted: bool,
    /// Where lines come from.
    pub(super) lines: Arc<[LineOrigin]>,
}

impl Making<'_> {
    fn mode_for(&self, path: &UnixPath) -> Mode {
        let check = self.service.definition.file.get(path).and_then(|file| file.check.as_ref());
        let declared = match check {
            Some(Check::One(name)) => std::slice::from_ref(name),
            Some(Check::Many(names)) => names,
            Some(Check::Off { .. }) | None => &[],
        };
        let format = self.world.format_of(path, declared);
        Mode { format, file: true, secrets: true, typed: false, limit: self.world.limits.output }
    }

    fn whom(&self) -> For {
        For { host: self.host, service: Some(self.scope.clone()) }
    }

    pub(super) fn template(&self, path: &UnixPath, name: &str) -> Option<Rendered> {
        let asked = self.place(path, "template");
        let subject = Subject::Template { asked };
        let made = self.world.render(name, &self.whom(), self.mode_for(path), &subject)?;
        let lines = provenance::lines(self.world, &made, None);
        Some(rendered(made, lines))
    }

    /// `content`: a text of the definition, which may hold expressions.
    pub(super) fn inline(&self, path: &UnixPath) -> Option<Rendered> {
        let node = self.written(&self.service.tree, path, "content")?;
        let text = node.as_text()?;
        if !expr::is_expression(text) {
            let lines = provenance::lines_as_written(self.world, node, text);
            return Some(Rendered { bytes: text.as_bytes().into(), tainted: false, lines });
        }
        let made = self.world.render_text(node, text, &self.whom(), self.mode_for(path))?;
        let lines = provenance::lines(self.world, &made, Some((node, text)));
        Some(rendered(made, lines))
    }

    pub(super) fn secret(&self, path: &UnixPath, name: &str) -> Option<Rendered> {
        match self.world.secret_bytes(name) {
            Ok(bytes) => Some(Rendered {
                bytes: Bytes::new(bytes.as_slice(), true),
                tainted: true,
                lines: Arc::default(),
            }),
            Err(failure) => {
                self.world.report_failure(self.host, failure, self.place(path, "secret"));
                None
            }
        }
    }

    /// `source`: a copy, for the host's architecture.
    pub(super) fn source(&self, path: &UnixPath, source: &Source) -> Option<(Content, Nature)> {
        let host = &self.world.fleet.hosts[self.host];
        let (file, place) = match source {
            Source::Path(file) => (file, self.place(path, "source")),
            Source::PerArch(files) => match files.get(&host.arch) {
                Some(file) => {
                    (file, self.service.tree.place_of(&["file", path.as_str(), "source", host.arch.name()]))
                }
                None => {
                    let known: Vec<&str> = files.keys().map(|arch| arch.name()).collect();
                    let message = format!("{:?} has no source for {}", path.as_str(), host.arch);
                    let diagnostic = Diagnostic::new(codes::NO_SOURCE_FOR_ARCH, message)
                        .at(self.place(path, "source"), format!("has {}", known.join(", ")))
                        .with(host.place, format!("is {}", host.arch));
                    self.report(diagnostic);
                    return None;
                }
            },
        };
        let payload = match self.payloads.get(file) {
            Ok(payload) => payload,
            Err(error) => {
                self.report(unusable(file, &error, place));
                return None;
            }
        };
        let nature = match payload.kind {
            Kind::Elf(_) | Kind::OtherElf(_) | Kind::Script => Nature::Program,
            Kind::Other => Nature::Text,
        };
        let wrong = match payload.kind {
            Kind::Elf(arch) if !elf::runs(host.arch, arch) => Some(arch.name().to_owned()),
            Kind::OtherElf(machine) => Some(format!("another machine (ELF number {machine})")),
            _ => None,
        };
        if let Some(machine) = wrong {
            let message = format!("{file} is a program for {machine}, the host is {}", host.arch);
            let diagnostic = Diagnostic::new(codes::WRONG_ARCHITECTURE, message)
                .at(place, format!("for {machine}"))
                .with(host.place, format!("is {}", host.arch))
                .help("give a file per architecture: source = { x86_64 = \"…\", aarch64 = \"…\" }");
            self.report(diagnostic);
            return None;
        }
        Some((Content::Source { path: file.clone(), size: payload.size, b3: payload.b3 }, nature))
    }
}

fn rendered(mut made: Made, lines: Arc<[LineOrigin]>) -> Rendered {
    let mut output = std::mem::take(&mut *made.output);
    if !made.tainted {
        // A secret is not copied: a copy would not be wiped.
        output.shrink_to_fit();
    }
    Rendered { bytes: Bytes::new(output, made.tainted), tainted: made.tainted, lines }
}

pub(super) fn unusable(file: &str, error: &ReadError, place: Place) -> Diagnostic {
    match error {
        ReadError::Outside => Diagnostic::new(codes::PATH_OUTSIDE, format!("{file} leaves the fleet's directory"))
            .at(place, "")
            .help("sources are paths relative to the fleet's directory, without `..`; symbolic links may not lead out"),
        _ => Diagnostic::new(codes::UNREADABLE_FILE, format!("{file} cannot be copied: {error}")).at(place, ""),
    }
}

impl crate::world::World {
    /// Reports a failure at a place, unless it is reported elsewhere.
    pub(crate) fn report_failure(&self, host: usize, failure: Failure, place: Place) {
        let Failure::Finding { code, message, help, others } = failure else { return };
        let mut diagnostic = Diagnostic::new(code, message).at(place, "");
        diagnostic.help = help;
        for (place, text) in others {
            diagnostic = diagnostic.with(place, text);
        }
        self.report_on(host, diagnostic);
    }
}
