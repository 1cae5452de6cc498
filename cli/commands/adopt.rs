//! `cmc adopt`.

use crate::commands::{init, trust};
use crate::exit::{FAILED, FINDINGS, Failure, USAGE, io};
use crate::findings::Findings;
use crate::fleet;
use crate::interrupt::{self, Leftover};
use crate::secrets::FileSecrets;
use crate::terminal::{Terminal, called};
use cmc_bundles::init::NewFleet;
use cmc_bundles::keys::{Identities, Recipient};
use cmc_bundles::secretfile;
use cmc_compiler::adopt::{self, Adopted, Options, Outcome, Sink, Taken};
use cmc_types::codes::Code;
use cmc_types::{Arch, HostName, Os, SecretName, Severity};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Make a fleet of one host out of a machine's files: a live root, an unpacked package, a mounted image
///
/// Takes the configuration below ROOT (etc, usr/local/etc, units, crontabs and what lies beside them), with modes and owners,
/// and copies it byte for byte. Files that others may not read, and private keys, become secrets, encrypted at once to keys
/// made as `cmc init` makes them. Nothing of ROOT is run or changed. Everything that is not taken is listed. A file that its
/// reader would refuse is left as it is, with its check off, and told. Exits with 1 if something could not be read.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc adopt / --out my-fleet\n  cmc adopt /mnt --out my-fleet --os debian-12 --host web1 --no-secrets"
)]
pub(crate) struct Args {
    /// Directory that is the machine's root
    root: PathBuf,
    /// Directory of the fleet, which must be empty or absent, and outside of ROOT
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Operating system; by default ROOT tells
    #[arg(long, value_name = "OS")]
    os: Option<Os>,
    /// Architecture; by default a program in ROOT tells
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,
    /// Name of the host; by default ROOT tells
    #[arg(long, value_name = "NAME")]
    host: Option<HostName>,
    /// Leave secrets out, and list them
    #[arg(long)]
    no_secrets: bool,
}

/// Adopts, compiles what came of it, and compares.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let out = directory.join(&args.out);
    apart(&args.root, &out)?;
    if std::fs::read_dir(&out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::failed(format!("{} is not empty", out.display()))
            .help("name a directory that does not exist yet"));
    }
    let name = init::fleet_name(&std::path::absolute(&out).unwrap_or_else(|_| out.clone()));
    let options = Options {
        os: args.os.clone(),
        arch: args.arch.as_deref().map(arch).transpose()?,
        host: args.host.clone(),
        fleet: name.clone(),
        without_secrets: args.no_secrets,
    };
    let (temporary, left) = beside(&out)?;
    let made = make(args, &options, &temporary, terminal).and_then(|made| {
        let _whole = interrupt::whole();
        if let Some(new) = &made.keys {
            trust::write(new, &temporary, terminal)?;
        }
        // An empty directory gives way to what has its name.
        let _ = std::fs::remove_dir(&out);
        std::fs::rename(&temporary, &out).map_err(|error| io("write", &out, &error))?;
        Ok(made)
    });
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&temporary);
    }
    drop(left);
    show(&made?, &out, terminal)
}

/// Refuses a fleet that would be part of what it is made of, or the other way round, by their real paths. Everything lies
/// below `/`: of that only what adopt takes is meant.
fn apart(root: &Path, out: &Path) -> Result<(), Failure> {
    let Ok(real_root) = root.canonicalize() else { return Ok(()) };
    let real_out = real(out);
    let what = match (real_out.strip_prefix(&real_root), real_root.starts_with(&real_out)) {
        (Ok(below), _) if real_root != Path::new("/") || adopt::takes(&below.to_string_lossy()) => {
            "lies in what is adopted"
        }
        (_, true) => "holds what is adopted",
        _ => return Ok(()),
    };
    let message = format!("{} {what}, {}: the fleet would be part of itself", out.display(), root.display());
    Err(Failure::new(USAGE, message).help("name a directory elsewhere with --out"))
}

/// The path of what need not be there yet, without links and `..`.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut real = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(real.pop()),
            part => {
                real.push(part);
                real = real.canonicalize().unwrap_or(real);
            }
        }
    }
    real
}

fn arch(text: &str) -> Result<Arch, Failure> {
    serde_json::from_value(text.into()).map_err(|_| {
        Failure::new(USAGE, format!("{text:?} is no architecture"))
            .help("as `uname -m` says it: x86_64, aarch64, armv7l, i686, riscv64, ppc64le, s390x")
    })
}

/// A directory beside another that will take its name.
fn beside(out: &Path) -> Result<(PathBuf, Leftover), Failure> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|error| io("create", parent, &error))?;
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let temporary = parent.join(format!(".{name}.{}.tmp", std::process::id()));
    let left = Leftover::directory(temporary.clone(), || std::fs::create_dir(&temporary));
    left.map(|left| (temporary.clone(), left)).map_err(|error| io("create", &temporary, &error))
}

/// A fleet that lies where it was written, and all there is to say of it.
struct Made {
    adopted: Adopted,
    outcomes: Vec<Outcome>,
    /// Files that their readers would refuse, and why.
    defects: BTreeMap<String, Vec<Code>>,
    findings: Findings,
    /// The keys that secrets are encrypted to, if there is a secret.
    keys: Option<NewFleet>,
}

fn make(args: &Args, options: &Options, dir: &Path, terminal: &Terminal) -> Result<Made, Failure> {
    let keys = match args.no_secrets {
        true => None,
        false => Some(trust::begin(&options.fleet, dir)?),
    };
    let operators = keys.iter().flat_map(|new| &new.trusted.root().operators);
    let mut writer = Writer {
        dir,
        recipients: operators.map(|operator| operator.recipient.clone()).collect(),
        secrets: 0,
    };
    let mut adopted = {
        let _progress = terminal.progress("reading");
        adopt::adopt(&args.root, options, &mut writer).map_err(|error| Failure::failed(error.to_string()))?
    };
    let keys = keys.filter(|_| writer.secrets > 0);
    writer.file(".gitignore", init::IGNORED.as_bytes()).map_err(Failure::failed)?;
    // What was encrypted is opened again: the comparison is of what a host would get.
    let identities = keys.as_ref().map(|new| Identities::parse(new.operator_key.as_bytes(), "the new key"));
    let secrets = FileSecrets::new(dir, identities.transpose()?);
    let compiled = fleet::compile_whole(dir, Arc::new(secrets), terminal)?;
    let report = adopt::report(&adopted, compiled);
    if !report.defects.is_empty() {
        let left = adopted.leave(&report.defects, &options.fleet, &mut writer);
        left.map_err(|error| Failure::failed(error.to_string()))?;
    }
    let names = (0..report.sources.len()).filter_map(|id| u32::try_from(id).ok());
    let elsewhere = names.map(|id| report.sources.name(cmc_types::FileId(id)).to_owned()).collect();
    let findings = Findings { sources: report.sources, diagnostics: report.diagnostics, elsewhere };
    Ok(Made { adopted, outcomes: report.outcomes, defects: report.defects, findings, keys })
}

/// Writes a fleet into a directory that has no name yet.
struct Writer<'d> {
    dir: &'d Path,
    recipients: Vec<Recipient>,
    secrets: usize,
}

impl Sink for Writer<'_> {
    fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.dir.join(path);
        let write = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, bytes)
        };
        interrupt::within(write).map_err(|error| format!("could not write {}: {error}", path.display()))
    }

    fn secret(&mut self, name: &SecretName, value: &[u8]) -> Result<(), String> {
        let sealed = secretfile::encrypt(value, &self.recipients).map_err(|error| error.to_string())?;
        self.secrets += 1;
        self.file(&format!("secrets/{name}.age"), &sealed)
    }
}

/// A path of every file of a kind.
fn paths(made: &Made, is: impl Fn(&Outcome) -> bool) -> Vec<&str> {
    made.outcomes.iter().filter(|outcome| is(outcome)).map(|outcome| outcome.file.path.as_str()).collect()
}

fn show(made: &Made, out: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let typed = paths(made, |outcome| matches!(outcome.file.taken, Taken::Typed(_)));
    let verbatim = paths(made, |outcome| outcome.file.taken == Taken::Verbatim);
    let links = paths(made, |outcome| matches!(outcome.file.taken, Taken::Link(_)));
    let secrets = paths(made, |outcome| matches!(outcome.file.taken, Taken::Secret(_)));
    let identical = paths(made, |outcome| outcome.differs.is_empty());
    let differing: Vec<(&str, String)> = made
        .outcomes
        .iter()
        .filter(|outcome| !outcome.differs.is_empty())
        .map(|outcome| (outcome.file.path.as_str(), outcome.differs.join(", ")))
        .collect();
    let of = |severity: Severity| {
        let troubles = made.adopted.troubles.iter().filter(move |trouble| trouble.severity == severity);
        troubles.map(|trouble| trouble.path.as_str()).collect::<Vec<_>>()
    };
    let unreadable = of(Severity::Error);
    let outside: usize = made.adopted.outside.values().sum();
    let machine = &made.adopted.machine;
    made.findings.show(
        terminal,
        serde_json::json!({
            "directory": out,
            "host": machine.host,
            "os": machine.os,
            "arch": machine.arch,
            "assumed": machine.assumed,
            "services": made.adopted.services,
            "count": {
                "typed": typed.len(), "verbatim": verbatim.len(), "links": links.len(), "secrets": secrets.len(),
                "identical": identical.len(), "differing": differing.len(), "left-out": made.adopted.left_out.len(),
                "unreadable": unreadable.len(), "skipped": outside,
            },
            "files": made.outcomes.iter().map(file).collect::<Vec<_>>(),
            "left-out": made.adopted.left_out,
            "unreadable": unreadable,
            "defects": made.defects.iter().map(|(path, codes)| (path.clone(), names(codes).into())).collect::<serde_json::Map<_, _>>(),
            "directories": made.adopted.directories.iter().cloned().collect::<BTreeMap<_, _>>(),
            "skipped": made.adopted.outside,
        }),
    )?;
    if !terminal.is_json() {
        machine.assumed.iter().for_each(|assumed| terminal.warn(assumed));
        let mut text = String::new();
        let rows = [
            ("typed", typed.len()),
            ("verbatim", verbatim.len()),
            ("links", links.len()),
            ("secrets", secrets.len()),
            ("identical", identical.len()),
            ("differing", differing.len()),
            ("mistakes", made.defects.len()),
            ("left out", made.adopted.left_out.len()),
            ("unreadable", unreadable.len()),
            ("skipped", outside),
        ];
        let line = |path: &str| format!("  {path}");
        let lists = [
            ("verbatim, since no typed model reads them", by_directory(&verbatim)),
            ("differing", differing.iter().map(|(path, why)| format!("  {path}: {why}")).collect()),
            ("secrets, encrypted", secrets.iter().map(|path| line(path)).collect()),
            ("secrets, left out", made.adopted.left_out.iter().map(|path| line(path)).collect()),
            ("unreadable", unreadable.iter().map(|path| line(path)).collect()),
            (
                "left as they are with their checks off, since their readers would refuse them",
                made.defects.iter().map(|(path, codes)| format!("  {path}: {}", names(codes))).collect(),
            ),
            (
                "directories that are made with their files only, for root with mode 0755",
                made.adopted.directories.iter().map(|(path, why)| format!("  {path}: {why}")).collect(),
            ),
            (
                "skipped, since adopt takes configuration only",
                made.adopted.outside.iter().map(|(path, count)| format!("  {path}: {count}")).collect(),
            ),
        ];
        for (title, lines) in lists {
            let lines: Vec<String> = lines;
            if !lines.is_empty() {
                let _ = writeln!(text, "{title}:\n{}\n", lines.join("\n"));
            }
        }
        for (what, count) in rows {
            let _ = writeln!(text, "{what:<10} {count:>7}");
        }
        terminal.out(&text)?;
        terminal.say(&format!(
            "{} ({}, {}) adopted into {}: {}",
            machine.host,
            machine.os,
            machine.arch,
            called(out),
            made.findings.summary()
        ));
    }
    if !unreadable.is_empty() {
        return Err(Failure::shown(FAILED));
    }
    if made.findings.has_errors() { Err(Failure::shown(FINDINGS)) } else { Ok(()) }
}

/// Paths, with those of one directory together: a machine has hundreds.
fn by_directory(paths: &[&str]) -> Vec<String> {
    const WIDTH: usize = 110;
    let mut lines: Vec<String> = Vec::new();
    let mut last = None;
    for (directory, name) in paths.iter().filter_map(|path| path.rsplit_once('/')) {
        match lines.last_mut() {
            Some(line) if last == Some(directory) && line.len() + name.len() < WIDTH => {
                let _ = write!(line, ", {name}");
            }
            _ => lines.push(format!("  {directory}/: {name}")),
        }
        last = Some(directory);
    }
    lines
}

fn names(codes: &[Code]) -> String {
    codes.iter().map(|code| code.name()).collect::<Vec<_>>().join(", ")
}

fn file(outcome: &Outcome) -> serde_json::Value {
    let (became, format) = match &outcome.file.taken {
        Taken::Typed(format) => ("typed", Some(*format)),
        Taken::Verbatim => ("verbatim", None),
        Taken::Link(_) => ("link", None),
        Taken::Secret(_) => ("secret", None),
    };
    serde_json::json!({
        "path": outcome.file.path,
        "service": outcome.file.service,
        "became": became,
        "format": format,
        "differs": outcome.differs,
    })
}
