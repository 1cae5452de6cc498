//! Files of a service: content rendered or found, mode and owner settled, checks chosen.

pub(crate) mod accounts;
mod block;
mod content;
pub(crate) mod elf;
mod owner;
mod provenance;
pub(crate) mod read;
pub(crate) mod source;

pub(crate) use owner::Accounts;
pub(crate) use provenance::{Origins, origin};

use crate::envs::ServiceScope;
use crate::formats;
use crate::lower::systemd::UnitsAtHand;
use crate::resolved::ResolvedService;
use crate::suggest;
use crate::tree::Node;
use crate::world::World;
use cmc_types::check::{FileEntry, FileKind};
use cmc_types::definition::{Check, File, SecretType, Source, Validation};
use cmc_types::file_format::format_of;
use cmc_types::name::ValidatorName;
use cmc_types::plan::{Checks, Content, Format, PlannedFile, Provenance};
use cmc_types::{Blake3, Diagnostic, Mode, Place, UnixPath, codes};
use content::Rendered;
use source::Payloads;
use std::sync::Arc;

/// What the files of one service on one host are made from.
pub(crate) struct Making<'a> {
    /// Values and findings.
    pub(crate) world: &'a Arc<World>,
    /// The host.
    pub(crate) host: usize,
    /// The service as expressions see it.
    pub(crate) scope: &'a Arc<ServiceScope>,
    /// The service.
    pub(crate) service: &'a ResolvedService,
    /// Files that are copied.
    pub(crate) payloads: &'a Payloads,
    /// Units of the host, if all of them are known.
    pub(crate) hand: Option<&'a UnitsAtHand>,
    /// Accounts of the host.
    pub(crate) accounts: &'a mut Accounts,
}

/// What the default mode of a file depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    Text,
    Program,
    Secret,
}

/// Directories in which no service may write, and why.
const RESERVED: &[(&str, &str)] = &[
    ("/dev", "the kernel and its devices are there"),
    ("/etc/cmc", "it is cmc's own: its identity, its configuration, the services' environment"),
    ("/proc", "the kernel is there"),
    ("/sys", "the kernel is there"),
    ("/var/lib/cmc", "it is cmc's own: what it has installed and verified"),
];

fn is_below(path: &UnixPath, directory: &str) -> bool {
    path.as_str().strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What is wrong with a file of part of a service, whatever the rest of the service is.
pub(crate) fn wrong_in_part(world: &World, service: &ResolvedService) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for (path, file) in &service.definition.file {
        findings.extend(wrong_check(world, &service.tree, path, file));
        let place = |key: &str| service.tree.place_of(&["file", path.as_str(), key]);
        if file.secret.is_some() && file.mode.is_some_and(Mode::world_readable) {
            findings.push(secret_readable(path, place("mode")));
        }
        let sources: Vec<(&String, Place)> = match &file.source {
            Some(Source::Path(source)) => vec![(source, place("source"))],
            Some(Source::PerArch(sources)) => {
                let at = |arch: &str| service.tree.place_of(&["file", path.as_str(), "source", arch]);
                sources.iter().map(|(arch, source)| (source, at(arch.name()))).collect()
            }
            None => Vec::new(),
        };
        let missing = |(source, place): (&String, Place)| {
            let error = world.templates.beside(source).err()?;
            Some(content::unusable(source, &error, place))
        };
        findings.extend(sources.into_iter().filter_map(missing));
    }
    findings
}

fn secret_readable(path: &UnixPath, place: Place) -> Diagnostic {
    let message = format!("{:?} holds a secret and everybody on the host could read it", path.as_str());
    Diagnostic::new(codes::SECRET_READABLE, message)
        .at(place, "")
        .help("use a mode such as \"0640\" and a group, or leave the mode out for \"0600\"")
}

/// What is wrong with `check`: names that no validator has, or no reason.
fn wrong_check(world: &World, tree: &Node, path: &UnixPath, file: &File) -> Vec<Diagnostic> {
    let at = |steps: &[&str]| tree.place_of(&[&["file", path.as_str(), "check"], steps].concat());
    let names = match &file.check {
        Some(Check::One(name)) => std::slice::from_ref(name),
        Some(Check::Many(names)) => names,
        Some(Check::Off { off }) if off.trim().is_empty() => {
            let finding = Diagnostic::new(codes::INVALID_VALUE, "the reason why nothing is checked is blank");
            return vec![finding.at(at(&["off"]), "").help("say why, for whoever reads the receipts")];
        }
        Some(Check::Off { .. }) | None => &[],
    };
    let known = || world.validators.iter().map(String::as_str).chain(world.fleet.names("validator"));
    let exists = |name: &str| known().any(|known| known == name) || world.validators.is_empty();
    let unknown = names.iter().enumerate().filter(|(_, name)| !exists(name.as_str()));
    let finding = |(index, name): (usize, &ValidatorName)| {
        let place = match &file.check {
            Some(Check::Many(_)) => at(&[index.to_string().as_str()]),
            _ => at(&[]),
        };
        let message = format!("there is no validator {:?}", name.as_str());
        let help = match suggest::nearest(name.as_str(), known()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
        };
        Diagnostic::new(codes::UNKNOWN_VALIDATOR, message).at(place, "").help(help)
    };
    unknown.map(finding).collect()
}

impl Making<'_> {
    /// The service's own `file` entries, in the order of their paths.
    pub(crate) fn files(&mut self) -> Vec<PlannedFile> {
        let service = self.service;
        service.definition.file.iter().filter_map(|(path, file)| self.file(path, file)).collect()
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.world.report_on(self.host, diagnostic);
    }

    /// Where a key of a file stands.
    fn place(&self, path: &UnixPath, key: &str) -> Place {
        self.service.tree.place_of(&["file", path.as_str(), key])
    }

    fn file(&mut self, path: &UnixPath, file: &File) -> Option<PlannedFile> {
        let key_place = self.service.tree.key_place_of(&["file", path.as_str()]);
        let kinds = [
            ("template", file.template.is_some()),
            ("source", file.source.is_some()),
            ("content", file.content.is_some()),
            ("secret", file.secret.is_some()),
            ("link", file.link.is_some()),
            ("absent", file.absent == Some(true)),
        ];
        let set: Vec<&str> = kinds.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
        let [kind] = set[..] else {
            let problem = match set[..] {
                [] => "has none of `template`, `source`, `content`, `secret`, `link` and `absent = true`"
                    .to_owned(),
                _ => format!("has {}", set.join(" and ")),
            };
            let message = format!("the file {:?} {problem}", path.as_str());
            self.report(
                Diagnostic::new(codes::EXCLUSIVE_KEYS, message).at(key_place, "exactly one is needed"),
            );
            return None;
        };
        if let Some((above, why)) = RESERVED.iter().find(|(above, _)| is_below(path, above)) {
            let message = format!("{:?} may not be a file of a service: {why}", path.as_str());
            let diagnostic =
                Diagnostic::new(codes::PATH_RESERVED, message).at(key_place, format!("below {above}"));
            self.report(diagnostic);
            return None;
        }
        let checks = self.checks(path, file);
        let mut planned = PlannedFile {
            entry: FileEntry::new(path.clone(), FileKind::File),
            tainted: false,
            content: Content::None,
            format: Format::Text,
            checks,
            provenance: Provenance {
                definition: origin(self.world, key_place).as_ref().clone(),
                ..Provenance::default()
            },
        };
        if let Some(name) = file.block.as_ref().filter(|_| kind != "link") {
            return self.block(path, file, name, planned);
        }
        self.meaningless(path, "no `block`", &[("comment", file.comment.is_some())]);
        if kind == "link" || kind == "absent" {
            let target = file.link.clone();
            planned.entry.kind = if kind == "link" { FileKind::Link } else { FileKind::Absent };
            planned.format = Format::Opaque;
            let bad = |target: &String| target.is_empty() || target.chars().any(char::is_control);
            if target.as_ref().is_some_and(bad) {
                let message = format!("the link {:?} leads to no path", path.as_str());
                self.report(Diagnostic::new(codes::INVALID_VALUE, message).at(self.place(path, "link"), ""));
                return None;
            }
            // It has neither mode nor owner, nor content to check.
            let given = [
                ("mode", file.mode.is_some()),
                ("user", file.user.is_some()),
                ("group", file.group.is_some()),
                ("check", file.check.is_some()),
                ("validation", file.validation.is_some()),
            ];
            self.meaningless(path, &format!("`{kind}`"), &given);
            planned.entry.target = target;
            return Some(planned);
        }
        // Mode and owner are checked even if there is no content, so that all that is wrong is found.
        let rendered = self.content(path, file, &mut planned);
        let user = self.user(path, file);
        let group = self.group(path, file, user.as_deref());
        let nature = rendered?;
        planned.tainted = nature == Nature::Secret;
        planned.entry.mode = Some(self.mode(path, file, nature)?);
        planned.entry.user = Some(user?);
        planned.entry.group = Some(group?);
        if planned.tainted {
            (planned.entry.size, planned.entry.b3) = (None, None);
        }
        formats::check(self.world, self.host, self.payloads, self.hand, &planned, key_place);
        Some(planned)
    }

    /// Renders or finds the content.
    fn content(&mut self, path: &UnixPath, file: &File, planned: &mut PlannedFile) -> Option<Nature> {
        if let Some(source) = &file.source {
            let (content, nature) = self.source(path, source)?;
            if let Content::Source { size, b3, .. } = &content {
                (planned.entry.size, planned.entry.b3) = (Some(*size), Some(*b3));
            }
            planned.content = content;
            planned.format = Format::Opaque;
            return Some(nature);
        }
        let rendered = if let Some(name) = &file.template {
            planned.provenance.template = Some(self.world.templates.path_of(name));
            self.template(path, name)?
        } else if let Some(secret) = &file.secret {
            planned.format = self.format_of_secret(secret.as_str());
            self.secret(path, secret.as_str())?
        } else {
            self.inline(path)?
        };
        let Rendered { bytes, tainted, lines } = rendered;
        planned.provenance.lines = lines;
        planned.entry.size = Some(bytes.len() as u64);
        planned.entry.b3 = Some(Blake3(*blake3::hash(&bytes).as_bytes()));
        planned.content = Content::Bytes(bytes);
        Some(if tainted { Nature::Secret } else { Nature::Text })
    }

    /// Dummies of keys and certificates are such; those of texts stand for anything.
    fn format_of_secret(&self, name: &str) -> Format {
        let kind = self.world.fleet.secrets.get(name).and_then(|secret| secret.definition.kind);
        match kind {
            Some(SecretType::TlsKey | SecretType::TlsCertificate | SecretType::SshKey) => Format::Opaque,
            _ => Format::Secret,
        }
    }

    fn mode(&self, path: &UnixPath, file: &File, nature: Nature) -> Option<Mode> {
        let os = &self.world.fleet.hosts[self.host].os;
        let script = format_of(path, os).and_then(|found| found.format.script_mode());
        let default = match (nature, script) {
            (Nature::Secret, Some(_)) => 0o700,
            (_, Some(script)) => script.bits(),
            (Nature::Text, None) => 0o644,
            (Nature::Program, None) => 0o755,
            (Nature::Secret, None) => 0o600,
        };
        let mode = file.mode.unwrap_or(Mode::from_bits(default));
        if nature == Nature::Secret && mode.world_readable() {
            self.report(secret_readable(path, self.place(path, "mode")));
            return None;
        }
        Some(mode)
    }

    /// Keys that are given and have no meaning for a file with such another.
    fn meaningless(&self, path: &UnixPath, with: &str, given: &[(&str, bool)]) {
        for (key, _) in given.iter().filter(|(_, given)| *given) {
            let message = format!("`{key}` has no meaning for a file with {with}");
            let place = self.service.tree.key_place_of(&["file", path.as_str(), key]);
            self.report(Diagnostic::new(codes::EXCLUSIVE_KEYS, message).at(place, ""));
        }
    }

    fn checks(&self, path: &UnixPath, file: &File) -> Checks {
        let fleet = self.world.fleet.definition.as_ref().and_then(|fleet| fleet.validation);
        let validation = file.validation.or(self.service.definition.validation).or(fleet);
        let required = validation != Some(Validation::Optional);
        let wrong = wrong_check(self.world, &self.service.tree, path, file);
        wrong.into_iter().for_each(|finding| self.report(finding));
        match &file.check {
            None => Checks::Auto { required },
            Some(Check::One(name)) => Checks::Named { validators: vec![name.clone()], required },
            Some(Check::Many(names)) => Checks::Named { validators: names.clone(), required },
            Some(Check::Off { off }) => Checks::Off { reason: off.clone() },
        }
    }

    /// The content's node of a file as written.
    fn written<'n>(&self, tree: &'n Node, path: &UnixPath, key: &str) -> Option<&'n Node> {
        tree.get(&["file", path.as_str(), key])
    }
}
