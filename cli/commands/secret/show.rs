//! `cmc secret show`.

use crate::exit::Failure;
use crate::keys::KeyArgs;
use crate::terminal::Terminal;
use crate::{secrets, trust};
use cmc_types::SecretName;
use std::io::Write as _;
use std::path::Path;

/// Print the value of a secret, and nothing else
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc secret show admin_password | xclip")]
pub(crate) struct Args {
    /// The secret
    name: SecretName,
    #[command(flatten)]
    keys: KeyArgs,
}

/// Decrypts to stdout, byte for byte. This is the one command that prints a secret: it was asked for it.
pub(crate) fn run(args: &Args, directory: &Path, _: &Terminal) -> Result<(), Failure> {
    let roots = trust::load(directory)?;
    let value = secrets::open(directory, &args.name, &args.keys, &roots)?.ok_or_else(|| {
        let path = secrets::file(directory, &args.name);
        Failure::failed(format!("the secret {} has no value: {} does not exist", args.name, path.display()))
            .help(format!("`cmc secret set {}` writes it; `cmc secret list` names the secrets", args.name))
    })?;
    let mut out = std::io::stdout().lock();
    let written = out.write_all(&value).and_then(|()| out.flush());
    written.map_err(|error| Failure::failed(format!("could not write to stdout: {error}")))
}
