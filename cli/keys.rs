//! The operator's keys: `--identity`, `CMC_IDENTITY`, or the folder that `cmc init` makes; agents sign too.

use crate::exit::{Failure, io};
use clap::builder::OsStringValueParser;
use cmc_bundles::FleetId;
use cmc_bundles::keys::Identities;
use cmc_bundles::sshsig::{AgentSigner, FileSigner, PublicKey, Signer};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The largest key file in bytes.
const KEY_FILE: u64 = 64 * 1024;

/// Which key to use.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct KeyArgs {
    /// Your private key: an OpenSSH Ed25519 key or an age identity [default: the one `cmc init` made]
    #[arg(long, value_name = "FILE", env = "CMC_IDENTITY", hide_env_values = true, value_parser = OsStringValueParser::new())]
    identity: Option<OsString>,
}

/// `$XDG_CONFIG_HOME/cmc/keys/FLEET-ID8`.
pub(crate) fn folder(fleet: FleetId) -> Result<PathBuf, Failure> {
    let config = std::env::var_os("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let home = || {
        std::env::var_os("HOME").filter(|dir| !dir.is_empty()).map(|home| PathBuf::from(home).join(".config"))
    };
    let config = config.or_else(home).ok_or_else(|| {
        Failure::failed("neither XDG_CONFIG_HOME nor HOME is set")
            .help("set one of them; keys lie there, unless a command is given --identity FILE")
    })?;
    Ok(config.join("cmc/keys").join(fleet.short()))
}

/// The content of a private key file, refused if others may read it.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let failed = |error: &std::io::Error| io("read the key", path, error);
    let metadata = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if metadata.len() > KEY_FILE || !metadata.is_file() {
        return Err(Failure::failed(format!("{} is no key file", path.display())));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(Failure::failed(format!("others may read the key {}", path.display()))
            .help(format!("chmod 600 {}", path.display())));
    }
    std::fs::read(path).map(Zeroizing::new).map_err(|error| failed(&error))
}

impl KeyArgs {
    /// The file of the key that decrypts and signs, if there is one.
    pub(crate) fn file(&self, fleet: FleetId) -> Result<Option<PathBuf>, Failure> {
        // An empty one is none: so a secret of a CI system comes that is not set.
        if let Some(path) = self.identity.as_ref().filter(|path| !path.is_empty()) {
            return Ok(Some(PathBuf::from(path)));
        }
        let path = folder(fleet)?.join("operator");
        Ok(path.exists().then_some(path))
    }

    /// The keys that decrypt; an error if there are none.
    pub(crate) fn identities(&self, fleet: FleetId) -> Result<Identities, Failure> {
        match self.optional_identities(fleet)? {
            Some(identities) => Ok(identities),
            None => Err(Failure::failed("no key of an operator of this fleet is at hand").help(format!(
                "give it with --identity FILE or CMC_IDENTITY, or put it at {}",
                folder(fleet)?.join("operator").display()
            ))),
        }
    }

    /// The keys that decrypt, if there are any.
    pub(crate) fn optional_identities(&self, fleet: FleetId) -> Result<Option<Identities>, Failure> {
        let Some(path) = self.file(fleet)? else { return Ok(None) };
        Ok(Some(Identities::parse(&read(&path)?, &path.display().to_string())?))
    }

    /// Every key at hand that is one of `wanted`: from the file, and from a running ssh-agent.
    pub(crate) fn signers(
        &self,
        fleet: FleetId,
        wanted: &BTreeSet<PublicKey>,
    ) -> Result<Vec<Box<dyn Signer>>, Failure> {
        let mut signers: Vec<Box<dyn Signer>> = Vec::new();
        // A file that only decrypts (an age identity, an RSA key) is no error: the agent may sign.
        let mut unusable = Vec::new();
        if let Some(path) = self.file(fleet)? {
            match FileSigner::parse(&read(&path)?, &path.display().to_string()) {
                Ok(signer) if wanted.contains(signer.public_key()) => signers.push(Box::new(signer)),
                Ok(_) => unusable.push(format!("{}: none of the fleet's keys", path.display())),
                Err(error) => unusable.push(error.to_string()),
            }
        }
        if let Some(socket) = std::env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty()) {
            for key in wanted {
                if signers.iter().any(|signer| signer.public_key() == key) {
                    continue;
                }
                match AgentSigner::connect(Path::new(&socket), key) {
                    Ok(signer) => signers.push(Box::new(signer)),
                    Err(error) => unusable.push(error.to_string()),
                }
            }
        }
        if signers.is_empty() {
            unusable.dedup();
            let tried: String = unusable.iter().map(|problem| format!("\n  {problem}")).collect();
            return Err(Failure::failed(format!("no key that may sign for this fleet is at hand{tried}"))
                .help("give it with --identity FILE or CMC_IDENTITY, or load it in an ssh-agent; `cmc trust show` lists them"));
        }
        Ok(signers)
    }
}
