//! Adopt: the configuration below a root (a live machine's, an unpacked package's, a mounted image's) becomes a fleet of one
//! host that renders the same bytes.
//!
//! Nothing of the root is run, opened unless it is a regular file, or followed through a symbolic link. What is taken goes to
//! a [`Sink`] file by file, each read once; what is secret goes there alone, and into no definition or finding. What is not
//! taken is told: nothing is passed by in silence.

mod accounts;
mod compare;
mod group;
mod machine;
mod read;
mod scope;
mod secrets;
mod walk;
mod write;

pub use compare::{Outcome, Report, report};
pub use machine::Machine;

use crate::files::accounts as base;
use accounts::Accounts;
use cmc_types::codes::Code;
use cmc_types::file_format::format_of;
use cmc_types::name::AccountName;
use cmc_types::{Arch, Blake3, HostName, Os, SecretName, Severity, UnixPath, codes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use walk::{Kind, Seen};

/// Largest secret, in bytes.
const LARGEST_SECRET: usize = 1 << 20;

/// How to adopt.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The operating system; else the root tells.
    pub os: Option<Os>,
    /// The architecture; else a program in the root tells.
    pub arch: Option<Arch>,
    /// The host's name; else the root tells.
    pub host: Option<HostName>,
    /// The fleet's name.
    pub fleet: String,
    /// Whether what is secret is left out instead of stored.
    pub without_secrets: bool,
}

/// What takes the parts of the fleet that is made.
pub trait Sink {
    /// Writes a file of the fleet, at a path relative to its directory. The error is a sentence.
    fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), String>;
    /// Stores a secret's value, encrypted.
    fn secret(&mut self, name: &SecretName, value: &[u8]) -> Result<(), String>;
}

/// What a file of the root became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// A copy that a typed model reads as a whole: the name of the format.
    Typed(&'static str),
    /// A copy of what no typed model reads.
    Verbatim,
    /// A symbolic link to this.
    Link(String),
    /// A secret of this name.
    Secret(SecretName),
}

/// A file that was adopted, as it was in the root.
#[derive(Debug, Clone)]
pub struct File {
    /// Where it lies on the host.
    pub path: UnixPath,
    /// The service it went to.
    pub service: String,
    /// What it became.
    pub taken: Taken,
    /// Permission bits, set-id and sticky bits included.
    pub mode: u32,
    /// Owner and group by name, or by number where the root knows no name.
    pub owner: (String, String),
    /// blake3 of the content; none of a link.
    pub b3: Option<Blake3>,
}

/// Something that could not be adopted, or not as it was.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What kind of trouble.
    pub code: Code,
    /// How bad it is; an error: the file was not read.
    pub severity: Severity,
    /// The path on the host, printable.
    pub path: String,
    /// What is wrong, a sentence that names the path.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// A root, adopted.
#[derive(Debug)]
pub struct Adopted {
    /// The root, as messages name it.
    pub root: PathBuf,
    /// What the root says of its machine.
    pub machine: Machine,
    /// Services, by name.
    pub services: BTreeSet<String>,
    /// What was taken, by path.
    pub files: Vec<File>,
    /// Secrets that were left out on request, by path.
    pub left_out: Vec<String>,
    /// Directories that the fleet does not make as they are: path, and in what.
    pub directories: Vec<(String, String)>,
    /// Files beyond what adopt takes, counted by directory.
    pub outside: BTreeMap<String, usize>,
    /// What could not be taken, or not as it was.
    pub troubles: Vec<Trouble>,
    definition: write::Fleet,
}

/// Why nothing was adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The root is no directory that can be read.
    #[error("{0}")]
    Root(String),
    /// There is nothing in it that adopt takes.
    #[error("{0} holds no configuration: no etc, no units below lib or usr/lib")]
    Nothing(String),
    /// The fleet could not be written.
    #[error("{0}")]
    Write(String),
}

/// Whether what lies at a path, relative to the root, is configuration that is taken.
pub fn takes(path: &str) -> bool {
    scope::of(path) == scope::Scope::Taken
}

/// Adopts a root into a fleet.
pub fn adopt(root: &Path, options: &Options, sink: &mut dyn Sink) -> Result<Adopted, AdoptError> {
    let listed = walk::walk(root)?;
    if listed.seen.is_empty() && listed.troubles.is_empty() {
        return Err(AdoptError::Nothing(root.display().to_string()));
    }
    let machine = Machine::of(root, options)?;
    let accounts = Accounts::of(root, &machine.os);
    let grouping = group::Grouping::of(listed.seen.iter().map(|seen| seen.path.as_str()));
    let mut adopting = Adopting {
        options,
        sink,
        secret_names: BTreeSet::new(),
        nameless: BTreeMap::new(),
        accounts,
        adopted: Adopted {
            definition: write::Fleet::new(&machine),
            root: root.to_owned(),
            machine,
            services: BTreeSet::new(),
            files: Vec::new(),
            left_out: Vec::new(),
            directories: listed.directories,
            outside: listed.outside,
            troubles: listed.troubles,
        },
    };
    for seen in &listed.seen {
        adopting.take(root, seen, grouping.service(seen.path.as_str()))?;
    }
    adopting.finish()
}

impl Adopted {
    fn write(&self, fleet: &str, sink: &mut dyn Sink) -> Result<(), AdoptError> {
        for (path, text) in self.definition.print(fleet, &self.machine.host) {
            sink.file(&path, text.as_bytes()).map_err(AdoptError::Write)?;
        }
        Ok(())
    }

    /// Writes the definitions once more, with the checks of these files off: they are as they were found, mistakes
    /// included, and the fleet is one that can be rendered.
    pub fn leave(
        &mut self,
        defects: &BTreeMap<String, Vec<Code>>,
        fleet: &str,
        sink: &mut dyn Sink,
    ) -> Result<(), AdoptError> {
        self.definition.leave(defects);
        self.write(fleet, sink)
    }
}

struct Adopting<'a> {
    options: &'a Options,
    sink: &'a mut dyn Sink,
    accounts: Accounts,
    secret_names: BTreeSet<SecretName>,
    /// Owners without a name, and how many files each has.
    nameless: BTreeMap<String, (usize, String)>,
    adopted: Adopted,
}

impl Adopting<'_> {
    fn trouble(&mut self, code: Code, severity: Severity, path: &str, message: String, help: Option<&str>) {
        let (path, help) = (path.to_owned(), help.map(str::to_owned));
        self.adopted.troubles.push(Trouble { code, severity, path, message, help });
    }

    fn take(&mut self, root: &Path, seen: &Seen, service: String) -> Result<(), AdoptError> {
        let path = seen.path.as_str();
        let owner = self.owner(seen);
        let mut entry = write::Entry { path: path.to_owned(), ..write::Entry::default() };
        let mut file = File {
            path: seen.path.clone(),
            service: service.clone(),
            taken: Taken::Verbatim,
            mode: seen.mode,
            owner: (owner.0.0, owner.1.0),
            b3: None,
        };
        if let Kind::Link(target) = &seen.kind {
            file.taken = Taken::Link(target.clone());
            entry.link = Some(target.clone());
            return self.add(service, file, entry);
        }
        let bytes = match read::read(root, seen) {
            // Wiped: it may be secret.
            Ok(bytes) => zeroize::Zeroizing::new(bytes),
            Err(problem) => {
                let message = format!("{path} {problem}");
                self.trouble(codes::NOT_ADOPTED, Severity::Error, path, message, None);
                return Ok(());
            }
        };
        (entry.user, entry.group) = (owner.0.1, owner.1.1);
        if seen.mode & 0o7000 != 0 {
            let message =
                format!("{path} has the mode {:04o}: set-id and sticky bits are not taken", seen.mode);
            self.trouble(codes::NOT_ADOPTED, Severity::Warning, path, message, None);
        }
        file.b3 = Some(Blake3(*blake3::hash(&bytes).as_bytes()));
        let found = format_of(&seen.path, &self.adopted.machine.os).map(|found| found.format);
        let mode = seen.mode & 0o777;
        if let Some(why) = secrets::why(path, mode, &bytes) {
            return self.secret(service, file, entry, &bytes, why);
        }
        let program = bytes.starts_with(b"#!") || bytes.starts_with(b"\x7fELF");
        let script = found.is_some_and(|format| format.script_mode().is_some());
        entry.mode = (program || script || mode != 0o644).then_some(mode);
        if let (Some(format), Ok(text)) = (found, std::str::from_utf8(&bytes))
            && format.reads(text)
        {
            file.taken = Taken::Typed(format.name());
        }
        let copy = format!("files{path}");
        self.sink.file(&copy, &bytes).map_err(AdoptError::Write)?;
        entry.source = Some(copy);
        self.add(service, file, entry)
    }

    fn secret(
        &mut self,
        service: String,
        mut file: File,
        mut entry: write::Entry,
        bytes: &[u8],
        why: &str,
    ) -> Result<(), AdoptError> {
        let path = entry.path.clone();
        if self.options.without_secrets {
            self.adopted.left_out.push(path);
            return Ok(());
        }
        if bytes.len() > LARGEST_SECRET {
            let message = format!("{path} {why}, and is larger than {LARGEST_SECRET} bytes");
            let help = "a secret is a password or a key; give the host such a file another way";
            self.trouble(codes::NOT_ADOPTED, Severity::Error, &path, message, Some(help));
            return Ok(());
        }
        let mut mode = file.mode & 0o777;
        if mode & 0o004 != 0 {
            mode &= 0o770;
            let message =
                format!("{path} {why}, and everybody on the host could read it: it becomes {mode:04o}");
            let help = "replace the key, which others may have read, or set another mode and group";
            self.trouble(codes::SECRET_READABLE, Severity::Warning, &path, message, Some(help));
        }
        let name = secrets::name(&path, &self.secret_names);
        self.sink.secret(&name, bytes).map_err(AdoptError::Write)?;
        self.secret_names.insert(name.clone());
        let found = format_of(&file.path, &self.adopted.machine.os);
        let script = found.is_some_and(|found| found.format.script_mode().is_some());
        entry.mode = (script || mode != 0o600).then_some(mode);
        entry.secret = Some(name.to_string());
        file.taken = Taken::Secret(name);
        self.add(service, file, entry)
    }

    fn add(&mut self, service: String, file: File, entry: write::Entry) -> Result<(), AdoptError> {
        self.adopted.definition.add(&service, entry);
        self.adopted.services.insert(service);
        self.adopted.files.push(file);
        Ok(())
    }

    /// Owner and group as they are, and as definitions say them, if they need to.
    #[allow(clippy::type_complexity)]
    fn owner(&mut self, seen: &Seen) -> ((String, Option<String>), (String, Option<String>)) {
        let family = self.adopted.machine.os.family().to_owned();
        let mut known = |name: Option<String>, what: &str, id: u32| match name {
            Some(name) if AccountName::parse(&name).is_ok() => Some(name),
            _ => {
                let (count, _) =
                    self.nameless.entry(format!("{what} {id}")).or_insert((0, seen.path.to_string()));
                *count += 1;
                None
            }
        };
        let is_link = matches!(seen.kind, Kind::Link(_));
        let (user, group) = match is_link {
            // A link's owner is of no use to anybody.
            true => (Some("root".to_owned()), Some(base::primary_group(&family, "root").to_owned())),
            false => (
                known(self.accounts.user(seen.uid), "user", seen.uid),
                known(self.accounts.group(seen.gid), "group", seen.gid),
            ),
        };
        let said_user = user.clone().filter(|user| user != "root");
        let usual = base::primary_group(&family, said_user.as_deref().unwrap_or("root")).to_owned();
        let said_group = group.clone().filter(|group| *group != usual);
        (
            (user.unwrap_or_else(|| seen.uid.to_string()), said_user),
            (group.unwrap_or_else(|| seen.gid.to_string()), said_group),
        )
    }

    fn finish(mut self) -> Result<Adopted, AdoptError> {
        for (account, (count, first)) in std::mem::take(&mut self.nameless) {
            let message = match count {
                1 => format!("{first} belongs to {account}, which has no name in the root; it goes to root"),
                _ => format!(
                    "{count} files belong to {account}, which has no name in the root; they go to root, {first} among them"
                ),
            };
            let help = "name the owner with `user` and `group` of the file";
            self.trouble(codes::NOT_ADOPTED, Severity::Warning, &first, message, Some(help));
        }
        self.adopted.write(&self.options.fleet, self.sink)?;
        self.adopted.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.adopted.left_out.sort();
        Ok(self.adopted)
    }
}
