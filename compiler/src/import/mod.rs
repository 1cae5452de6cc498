//! Import: files that nobody here wrote become a definition, as text. One file per format.
//!
//! It reads nothing but what it is given and runs nothing. A mistake that the format's own program would ignore is
//! imported as it stands and told as a warning at its place in the original file.

mod crontab;
pub(crate) mod definition;
mod env;
mod kind;
pub(crate) mod login;
mod meaning;
mod portable;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod portable_tests;
mod reading;
mod script;
mod small;
pub(crate) mod systemd;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;
mod units;

pub use kind::Kind;
pub use small::SmallKind;

use crate::lower::systemd::UnitsAtHand;
use cmc_types::diagnostic::Severity;
use cmc_types::{Diagnostic, FileId, Place, ServiceName, Sources, Span, codes};
use definition::{Definition, Service};

/// A file to import.
#[derive(Debug)]
pub struct Input {
    /// The name that findings call it by.
    pub name: String,
    /// Its absolute path, which tells what it is.
    pub path: String,
    /// Its content, or why it could not be read.
    pub content: Result<Vec<u8>, String>,
    /// Whether only its owner may read it.
    pub private: bool,
}

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What the files are; else path and content tell.
    pub kind: Option<Kind>,
    /// The service that all of them belong to; else each file's name tells.
    pub service: Option<ServiceName>,
}

/// What files became.
#[derive(Debug)]
pub struct Imported {
    /// The definition as TOML; empty if no file could be imported.
    pub definition: String,
    /// Names of the services that it defines.
    pub services: Vec<String>,
    /// The original files.
    pub sources: Sources,
    /// What is wrong with them. An error: that file is not in the definition.
    pub diagnostics: Vec<Diagnostic>,
    /// What each says, by its format's schema; without those that only their owner may read.
    pub readings: Vec<serde_json::Value>,
}

/// Largest file that is imported, in bytes.
pub const LARGEST: u64 = 16 << 20;

/// Imports files. Each is tried, whatever is wrong with others.
pub fn import(inputs: Vec<Input>, options: &Options) -> Imported {
    let mut hand = UnitsAtHand::default();
    for input in &inputs {
        hand.insert(kind::split(&input.path).1);
    }
    let mut import = Import { options, hand, sources: Sources::default(), diagnostics: Vec::new() };
    let mut definition = Definition::default();
    let mut readings = Vec::new();
    let originals: Vec<Original> = inputs.into_iter().filter_map(|input| import.open(input)).collect();
    for original in &originals {
        readings.extend(reading::reading(original, options.kind));
        for service in import.convert(original, &originals) {
            let name = service.name.clone();
            let Err(contradiction) = definition.add(service) else { continue };
            let message =
                format!("{} contradicts another file of service {name}: {contradiction}", original.name);
            let finding = Diagnostic::new(codes::NOT_IMPORTED, message);
            import.diagnostics.push(
                finding
                    .at(original.whole(), "")
                    .help("import it by itself, with --name for another service, and merge by hand"),
            );
        }
    }
    crate::secret::hide(&import.diagnostics, &mut import.sources);
    Imported {
        definition: definition.print(),
        services: definition.names().map(str::to_owned).collect(),
        sources: import.sources,
        diagnostics: import.diagnostics,
        readings,
    }
}

/// A file that could be read.
struct Original {
    name: String,
    path: String,
    text: String,
    file: FileId,
    private: bool,
}

impl Original {
    /// The file as a whole: its beginning.
    fn whole(&self) -> Place {
        self.place(0, 0)
    }

    fn place(&self, start: usize, end: usize) -> Place {
        Place { file: self.file, span: Span::new(start, end) }
    }
}

struct Import<'a> {
    options: &'a Options,
    /// Units among the files.
    hand: UnitsAtHand,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Import<'_> {
    /// The text of a file, unless it is none or must not be imported.
    fn open(&mut self, input: Input) -> Option<Original> {
        let Input { name, path, content, private } = input;
        let refuse = |import: &mut Self, text: String, at: Option<usize>, problem: &str| {
            let file = import.sources.add(name.as_str(), text);
            let at = at.unwrap_or_default();
            let place = Place { file, span: Span::new(at, at) };
            let finding = Diagnostic::new(codes::NOT_IMPORTED, format!("{name} {problem}")).at(place, "");
            import.diagnostics.push(finding);
            None
        };
        let bytes = match content {
            Ok(bytes) => bytes,
            Err(problem) => return refuse(self, String::new(), None, &problem),
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let head = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
                let (head, at) = if private { (String::new(), None) } else { (head, Some(valid)) };
                return refuse(self, head, at, "is not UTF-8 text");
            }
        };
        let is_env = matches!(self.options.kind, Some(Kind::Env(_)));
        if holds_key(&text) || (private && !is_env) {
            let why = if holds_key(&text) { "holds a private key" } else { "may be read by its owner only" };
            let file = self.sources.add(name.as_str(), "");
            let place = Place { file, span: Span::new(0, 0) };
            let finding = Diagnostic::new(codes::PRIVATE_FILE, format!("{name} {why}")).at(place, "");
            let help = match holds_key(&text) {
                true => {
                    "store it with `cmc secret set NAME`, and write it to the host by `file.\"/its/path\".secret`"
                }
                false => {
                    "store what is secret in it with `cmc secret set NAME`; an environment file is imported with --as env, another one when its mode lets others read it"
                }
            };
            self.diagnostics.push(finding.help(help));
            return None;
        }
        if let Some(at) = text.find('\0') {
            let (text, at) = if private { (String::new(), None) } else { (text, Some(at)) };
            return refuse(self, text, at, "is a binary file: it holds zero bytes");
        }
        if text.trim().is_empty() {
            refuse(self, text, None, "is empty");
            if kind::Kind::detect(&path, "") == Some(Kind::Systemd)
                && let Some(finding) = self.diagnostics.last_mut()
            {
                let help =
                    "an empty unit masks one: write `file.\"/etc/systemd/system/NAME\".link = \"/dev/null\"`";
                finding.help = Some(help.to_owned());
            }
            return None;
        }
        let file = self.sources.add(name.as_str(), text.as_str());
        Some(Original { name, path, text, file, private })
    }

    /// What a file becomes: a service, or several where it is one of units that are imported together.
    fn convert(&mut self, original: &Original, all: &[Original]) -> Vec<Service> {
        if self.options.kind == Some(Kind::Job) && units::unit(original).is_some() {
            return units::job(self, original, all);
        }
        self.convert_alone(original, all).into_iter().collect()
    }

    fn convert_alone(&mut self, original: &Original, all: &[Original]) -> Option<Service> {
        let kind = self.options.kind.or_else(|| Kind::detect(&original.path, &original.text));
        let Some(kind) = kind else {
            let names: Vec<_> = Kind::names().collect();
            self.diagnostics.push(
                Diagnostic::new(codes::UNKNOWN_FORMAT, format!("cannot tell what {} is", original.name))
                    .at(original.whole(), "")
                    .help(format!("name its format with --as: {}", names.join(", "))),
            );
            return None;
        };
        match kind {
            Kind::Systemd => systemd::import(self, original),
            Kind::Env(dialect) => env::import(self, original, dialect),
            Kind::LoginConf(system) => login::import(self, original, system),
            Kind::OpenbsdRc | Kind::FreebsdRc | Kind::Openrc => script::import(self, original, kind),
            Kind::Small(kind) => small::import(self, original, kind),
            Kind::Daemon => units::daemon(self, original, all),
            Kind::Job => crontab::import(self, original),
        }
    }

    /// The service that a file belongs to: as asked for, or by a name such as `nginx@`.
    fn service(&mut self, original: &Original, stem: &str) -> Option<ServiceName> {
        if let Some(service) = &self.options.service {
            return Some(service.clone());
        }
        let lower = stem.to_ascii_lowercase();
        let clean: String = lower
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
            .collect();
        let clean = clean.trim_start_matches(['-', '.', '_']).trim_end_matches(['-', '.']);
        let name = ServiceName::parse(clean.get(..63).unwrap_or(clean)).ok();
        if name.is_none() {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::NOT_IMPORTED,
                    format!("the name of {} names no service", original.name),
                )
                .at(original.whole(), "")
                .help("give one with --name"),
            );
        }
        name
    }

    /// A file that is not of its format, by a line of it if one is to blame.
    fn malformed(&mut self, original: &Original, kind: Kind, line: Option<u32>, problem: &str) {
        let place = self.line(original, line);
        let message = format!("{} is not {}: {problem}", original.name, kind.describe());
        self.diagnostics.push(Diagnostic::new(codes::NOT_IMPORTED, message).at(place, "").help(kind.lines()));
    }

    /// A line of a file, or its beginning.
    fn line(&self, original: &Original, line: Option<u32>) -> Place {
        let span = line.and_then(|line| self.sources.line_span(original.file, line));
        span.map_or_else(|| original.whole(), |span| original.place(span.start, span.end))
    }

    /// Takes findings over as warnings: the file is imported all the same.
    fn warn(&mut self, findings: impl IntoIterator<Item = Diagnostic>) {
        self.diagnostics.extend(findings.into_iter().map(|mut finding| {
            finding.severity = finding.severity.min(Severity::Warning);
            finding
        }));
    }
}

/// Whether a text holds a private key in a form that is meant to be stored.
fn holds_key(text: &str) -> bool {
    text.contains("AGE-SECRET-KEY-1")
        || text.lines().any(|line| line.contains("-----BEGIN ") && line.contains("PRIVATE KEY"))
}
