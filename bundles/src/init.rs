//! A fleet's beginning: its keys, its vault and root 1, as bytes. The caller writes the files.

use crate::canon;
use crate::error::Error;
use crate::ids::{FleetId, hash};
use crate::keys::Recipient;
use crate::root::{Operator, RoleSpec, Roles, Root, TrustedRoot};
use crate::signed::Signed;
use crate::sshsig::{self, FileSigner, PublicKey, Role};
use crate::vault::Vault;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The longest life of a timestamp unless asked otherwise, in seconds: 35 days.
pub const MAX_FRESH: u64 = 35 * 24 * 3600;

/// What `cmc init` makes.
pub struct NewFleet {
    /// The fleet.
    pub fleet_id: FleetId,
    /// Content of the operator's private key file (OpenSSH Ed25519): signs everything, opens vault and secrets.
    pub operator_key: Zeroizing<String>,
    /// Its public half.
    pub operator: PublicKey,
    /// Content of the recovery key's file: signs roots, opens vault and secrets. To be kept offline.
    pub recovery_key: Zeroizing<String>,
    /// Its public half.
    pub recovery: PublicKey,
    /// Content of `trust/1.json`.
    pub root: Vec<u8>,
    /// Content of `trust/vault-HASH.age`.
    pub vault: Vec<u8>,
    /// Name of that file.
    pub vault_name: String,
    /// The root, verified.
    pub trusted: TrustedRoot,
    /// The vault, open.
    pub opened: Vault,
}

impl std::fmt::Debug for NewFleet {
    /// Prints no key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewFleet({})", self.fleet_id)
    }
}

/// Makes a fleet: one Ed25519 key for all roles, an offline recovery key (either signs roots), a vault sealed to both.
/// `now` is in Unix seconds.
pub fn init_fleet(name: &str, now: u64) -> Result<NewFleet, Error> {
    let key = |comment: &str| {
        sshsig::generate(&format!("{name} {comment}")).map_err(|e| Error::Failed(e.to_string()))
    };
    let (operator, recovery) = (key("operator")?, key("recovery")?);
    assemble(name, now, operator, recovery, Vault::generate()?, None)
}

/// The fleet of these parts. `sealed` is the vault as sealed before, for examples that are to stay the same.
pub(crate) fn assemble(
    name: &str,
    now: u64,
    (operator_key, operator): (Zeroizing<String>, PublicKey),
    (recovery_key, recovery): (Zeroizing<String>, PublicKey),
    opened: Vault,
    sealed: Option<Vec<u8>>,
) -> Result<NewFleet, Error> {
    let recipient = |key: &PublicKey| {
        Recipient::parse(key.as_str()).map_err(|e| Error::Failed(format!("operator's key: {e}")))
    };
    let operators = vec![
        Operator { name: "operator".to_owned(), recipient: recipient(&operator)? },
        Operator { name: "recovery".to_owned(), recipient: recipient(&recovery)? },
    ];
    let vault = match sealed {
        Some(sealed) => sealed,
        None => {
            let recipients: Vec<Recipient> =
                operators.iter().map(|operator| operator.recipient.clone()).collect();
            opened.seal(&recipients)?
        }
    };
    let keys = BTreeMap::from([
        ("operator".to_owned(), operator.clone()),
        ("recovery".to_owned(), recovery.clone()),
    ]);
    let role =
        |keys: &[&str]| RoleSpec { threshold: 1, keys: keys.iter().map(|key| (*key).to_owned()).collect() };
    let root = Root {
        format: 1,
        fleet_id: None,
        fleet: name.to_owned(),
        version: 1,
        issued: now,
        expires: None,
        keys,
        roles: Roles {
            root: role(&["operator", "recovery"]),
            release: role(&["operator"]),
            timestamp: role(&["operator"]),
        },
        operators,
        max_fresh: MAX_FRESH,
        vault: hash(&vault),
        counters: BTreeMap::new(),
    };
    root.check("root 1")?;
    let mut signed = Signed::unsigned(&root, "root 1")?;
    let signer =
        FileSigner::parse(operator_key.as_bytes(), "operator").map_err(|e| Error::Failed(e.to_string()))?;
    signed.sign(Role::Root, &signer).map_err(|e| Error::Failed(e.to_string()))?;
    let fleet_id = FleetId(signed.hash());
    let trusted = TrustedRoot::first(signed.clone(), fleet_id)?;
    Ok(NewFleet {
        fleet_id,
        operator_key,
        operator,
        recovery_key,
        recovery,
        root: canon::to_vec(&signed, "root 1")?,
        vault_name: format!("vault-{}.age", root.vault),
        vault,
        trusted,
        opened,
    })
}
