//! The publisher's pin: the roots and the vault that the fleet's repository commits under `trust/`.

use crate::exit::{Failure, TRUST, io};
use crate::keys::KeyArgs;
use cmc_bundles::FleetId;
use cmc_bundles::root::TrustedRoot;
use cmc_bundles::signed::Signed;
use cmc_bundles::sshsig::{PublicKey, Role, Signer};
use cmc_bundles::vault::Vault;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The chain of roots in `trust/`, verified.
pub(crate) fn load(fleet: &Path) -> Result<TrustedRoot, Failure> {
    let mut roots = Vec::new();
    for version in 1.. {
        let path = fleet.join(format!("trust/{version}.json"));
        match std::fs::read(&path) {
            Ok(bytes) => roots.push(Signed::parse(&bytes, &path.display().to_string())?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
            Err(error) => return Err(io("read", &path, &error)),
        }
    }
    if roots.is_empty() {
        return Err(Failure::failed(format!("{} has no trust root: trust/1.json is absent", fleet.display()))
            .help("make one with `cmc trust init`, once per fleet; whoever made the fleet commits it"));
    }
    Ok(TrustedRoot::chain(roots)?)
}

/// The vault that the root names, opened with the operator's key.
pub(crate) fn vault(fleet: &Path, root: &TrustedRoot, keys: &KeyArgs) -> Result<Vault, Failure> {
    let path = vault_path(fleet, root);
    let sealed = std::fs::read(&path).map_err(|error| io("read", &path, &error))?;
    Ok(Vault::open(&sealed, root.root(), &keys.identities(root.fleet_id())?)?)
}

/// Where the repository keeps the vault.
pub(crate) fn vault_path(fleet: &Path, root: &TrustedRoot) -> PathBuf {
    fleet.join(cmc_bundles::root::vault_key(&root.root().vault))
}

/// The keys at hand that sign releases and timestamps.
pub(crate) fn signers(root: &TrustedRoot, keys: &KeyArgs) -> Result<Vec<Box<dyn Signer>>, Failure> {
    let roles = [Role::Release, Role::Timestamp];
    let wanted: BTreeSet<PublicKey> =
        roles.iter().flat_map(|role| root.root().role(*role).keys).cloned().collect();
    keys.signers(root.fleet_id(), &wanted)
}

/// The first digits of a fleet's id, for people.
pub(crate) fn short(fleet: FleetId) -> String {
    fleet.short()
}

/// A failure of trust.
pub(crate) fn refused(message: impl Into<String>) -> Failure {
    Failure::new(TRUST, message)
}
