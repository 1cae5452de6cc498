//! `cmc import`.

use crate::exit::{FAILED, Failure, USAGE};
use crate::findings::Findings;
use crate::terminal::{Terminal, count};
use cmc_compiler::import::{self, Input, Kind, LARGEST, Options};
use cmc_types::ServiceName;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Print a definition for files that nobody here wrote: units, init scripts, login classes, crontabs, environment files …
///
/// What a file is follows from its path and content. Its mistakes are imported as they stand and shown as warnings at
/// their place in the file. Values of environment files are printed: store secrets with `cmc secret set` instead. A
/// file that only its owner may read is refused, unless `--as env` says what it is.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc import /etc/systemd/system/backup.service > services/backup.toml\n  cmc import nginx.service nginx.service.d/limits.conf --name nginx\n  cmc import --as env:sh /etc/default/api\n  cmc import --as daemon api.service\n  crontab -l | cmc import --as job --name backup -"
)]
pub(crate) struct Args {
    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Format of all of them: systemd, openbsd-rc, freebsd-rc, openrc, login-conf, login-conf:freebsd, env, env:systemd, env:sh, env:docker, env:pam_env, crontab, crontab:user, tmpfiles, sysusers, sysctl, modules-load, limits, logrotate, sudoers, default, hosts, rc-conf-local; or what they shall become: daemon, job
    #[arg(long = "as", value_name = "KIND")]
    kind: Option<String>,
    /// The service that they belong to; by default each file's name says
    #[arg(long, value_name = "SERVICE")]
    name: Option<String>,
}

/// Imports and prints.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<(), Failure> {
    let kind = args.kind.as_deref().map(|name| {
        Kind::parse(name).ok_or_else(|| {
            let failure = Failure::new(USAGE, format!("there is no format {name:?} to import"));
            let names: Vec<_> = Kind::names().collect();
            failure.help(format!("there are {}", names.join(", ")))
        })
    });
    let service = args.name.as_deref().map(|name| {
        ServiceName::parse(name)
            .map_err(|error| Failure::new(USAGE, format!("{name:?} names no service: {error}")))
    });
    let options = Options { kind: kind.transpose()?, service: service.transpose()? };
    let imported = import::import(args.files.iter().map(|file| read(file)).collect(), &options);
    let findings = Findings {
        sources: imported.sources,
        diagnostics: imported.diagnostics,
        elsewhere: args.files.iter().map(|file| file.display().to_string()).collect(),
    };
    findings.show(
        terminal,
        serde_json::json!({ "definition": imported.definition, "services": imported.services, "files": imported.readings }),
    )?;
    if !terminal.is_json() {
        terminal.out(&imported.definition)?;
        terminal.say(&format!(
            "{} imported: {}",
            count(imported.services.len(), "service"),
            findings.summary()
        ));
    }
    if findings.has_errors() { Err(Failure::shown(FAILED)) } else { Ok(()) }
}

fn read(file: &Path) -> Input {
    if file == Path::new("-") {
        let name = "standard input".to_owned();
        let content = limited(std::io::stdin().lock());
        return Input { name, path: String::new(), content, private: false };
    }
    let content = content(file);
    let private = matches!(&content, Ok((_, true)));
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    Input {
        name: file.display().to_string(),
        path: path.display().to_string(),
        content: content.map(|(bytes, _)| bytes),
        private,
    }
}

/// The bytes of a file, and whether only its owner may read it.
fn content(file: &Path) -> Result<(Vec<u8>, bool), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let failed = |error: &std::io::Error| format!("cannot be read: {error}");
    // Looked at before it is opened: opening a pipe would wait.
    let metadata = std::fs::metadata(file).map_err(|error| failed(&error))?;
    let of_descriptor = file.starts_with("/dev") || file.starts_with("/proc");
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    if !metadata.is_file() && !of_descriptor {
        // A mask is a link to /dev/null, which reads as empty.
        let null = std::fs::canonicalize(file).is_ok_and(|path| path == Path::new("/dev/null"));
        return if null { Ok((Vec::new(), false)) } else { Err("is no regular file".to_owned()) };
    }
    let bytes = limited(std::fs::File::open(file).map_err(|error| failed(&error))?)?;
    Ok((bytes, metadata.is_file() && metadata.permissions().mode() & 0o044 == 0))
}

/// All bytes, unless they are too many.
fn limited(from: impl std::io::Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("is larger than {} MiB", LARGEST >> 20));
    }
    Ok(bytes)
}
