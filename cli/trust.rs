//! The publisher's pin: the roots and the vault that the fleet's repository commits under `trust/`.

use crate::exit::{Failure, io};
use crate::keys::KeyArgs;
use cmc_bundles::error::TrustKind;
use cmc_bundles::publish::Roots;
use cmc_bundles::sshsig::{PublicKey, Role, Signer};
use cmc_bundles::vault::Vault;
use std::collections::BTreeSet;
use std::path::Path;

/// The chain of roots in `trust/`, verified.
pub(crate) fn load(fleet: &Path) -> Result<Roots, Failure> {
    let mut roots = Vec::new();
    for version in 1.. {
        let path = fleet.join(format!("trust/{version}.json"));
        match std::fs::read(&path) {
            Ok(bytes) => roots.push(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
            Err(error) => return Err(io("read", &path, &error)),
        }
    }
    if roots.is_empty() {
        return Err(Failure::failed(format!(
            "{} has no trust root: trust/1.json is absent",
            fleet.display()
        ))
        .help("whoever makes the fleet runs `cmc trust init` once and commits trust/"));
    }
    Ok(Roots::parse(roots.iter().map(Vec::as_slice))?)
}

/// The vault as stored, which the newest root names.
pub(crate) fn sealed_vault(fleet: &Path, roots: &Roots) -> Result<Vec<u8>, Failure> {
    let path = fleet.join(cmc_bundles::root::vault_key(&roots.newest().root().vault));
    std::fs::read(&path).map_err(|error| io("read", &path, &error))
}

/// The vault, opened with the operator's key.
pub(crate) fn vault(fleet: &Path, roots: &Roots, keys: &KeyArgs) -> Result<Vault, Failure> {
    let identities = keys.identities(roots.newest().fleet_id())?;
    let opened = Vault::open(&sealed_vault(fleet, roots)?, roots.newest().root(), &identities);
    opened.map_err(|error| match (error.trust_kind(), keys.file(roots.newest().fleet_id())) {
        (Some(TrustKind::Decrypt), Ok(Some(key))) => {
            Failure::failed(format!("{} is no key of an operator of this fleet: {error}", key.display()))
                .help("give yours with --identity FILE or CMC_IDENTITY; `cmc trust show` lists the readers")
        }
        _ => error.into(),
    })
}

/// The keys at hand that sign releases and timestamps.
pub(crate) fn signers(roots: &Roots, keys: &KeyArgs) -> Result<Vec<Box<dyn Signer>>, Failure> {
    let root = roots.newest();
    let roles = [Role::Release, Role::Timestamp];
    let wanted: BTreeSet<PublicKey> =
        roles.iter().flat_map(|role| root.root().role(*role).keys).cloned().collect();
    keys.signers(root.fleet_id(), &wanted)
}
