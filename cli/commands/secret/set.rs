//! `cmc secret set`.

use super::LARGEST;
use crate::exit::{Failure, USAGE, io};
use crate::interrupt::Leftover;
use crate::terminal::Terminal;
use crate::{fleet, lock, secrets, trust};
use cmc_types::SecretName;
use cmc_types::definition::SecretType;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Set a secret from standard input, or ask for it on the terminal
///
/// The value is encrypted to the operators and written to secrets/NAME.age. It is never an argument. One line break at
/// its end is dropped, unless the secret is `binary` or PEM.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc secret set orders_db_url\n  pwgen -s 32 1 | cmc secret set admin_password"
)]
pub(crate) struct Args {
    /// The secret, as a definition declares it
    name: SecretName,
    #[command(flatten)]
    with: fleet::With,
}

/// Reads, checks, encrypts, writes.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    if args.with.takes_standard_input() {
        return Err(Failure::new(USAGE, "the value is read from standard input: --with cannot be that too"));
    }
    let kind = super::kind_of(&args.name, directory, &args.with, terminal)?;
    let roots = trust::load(directory)?;
    let mut value = read(&args.name, terminal)?;
    if !matches!(
        kind,
        SecretType::Binary | SecretType::TlsKey | SecretType::TlsCertificate | SecretType::SshKey
    ) {
        if value.last() == Some(&b'\n') {
            value.pop();
        }
        if value.last() == Some(&b'\r') {
            value.pop();
        }
    }
    super::checked(&args.name, &value, kind)?;
    let _lock = lock::take(directory, "secret set", terminal)?;
    secrets::store(directory, &args.name, &value, &roots)?;
    let line = format!("{} is set; commit secrets/{}.age, build and publish", args.name, args.name);
    terminal.done(&line, &serde_json::json!({ "secret": args.name, "changed": true }))
}

fn read(name: &SecretName, terminal: &Terminal) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let stdin = std::io::stdin();
    let echo = if stdin.is_terminal() {
        terminal.err(&format!("value of {name} (not shown), then Enter and Ctrl-D:"));
        NoEcho::new()
    } else {
        None
    };
    // All of it at once: a buffer that grows leaves copies behind.
    let mut value = Zeroizing::new(Vec::with_capacity(LARGEST + 64));
    let read = stdin.lock().take(LARGEST as u64 + 1).read_to_end(&mut value);
    drop(echo);
    read.map_err(|error| io("read", Path::new("standard input"), &error))?;
    Ok(value)
}

/// Keeps the terminal from showing what is typed, through stty(1), until dropped.
struct NoEcho {
    _silenced: Leftover,
}

impl NoEcho {
    fn new() -> Option<Self> {
        Leftover::silenced(|| stty("-echo")).ok().map(|silenced| Self { _silenced: silenced })
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        let _ = stty("echo");
    }
}

fn stty(setting: &str) -> std::io::Result<()> {
    let status =
        std::process::Command::new("stty").arg(setting).stdin(std::process::Stdio::inherit()).status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other("stty failed")) }
}
