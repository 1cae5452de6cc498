//! The root of trust: which keys sign what, to whom the fleet's secrets are encrypted, and how the next root follows.

use crate::canon;
use crate::error::{Error, TrustKind};
use crate::ids::{Channel, FleetId};
use crate::keys::Recipient;
use crate::limits;
use crate::signed::Signed;
use crate::sshsig::{PublicKey, Role};
use cmc_types::Blake3;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A root, as signed. Stored at `trust/N.json`; N + 1 is signed to the thresholds of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Root {
    /// 1.
    pub format: u32,
    /// The fleet; absent in root 1, whose hash it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet_id: Option<FleetId>,
    /// Name of the fleet, for people.
    pub fleet: String,
    /// 1 for the first, then one more each.
    pub version: u64,
    /// When it was made, in Unix seconds.
    pub issued: u64,
    /// When it expires, in Unix seconds. Roots with a threshold of 1 need not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// Public keys by a name for people.
    pub keys: BTreeMap<String, PublicKey>,
    /// Which keys sign what.
    pub roles: Roles,
    /// Who can read secrets and the vault.
    pub operators: Vec<Operator>,
    /// The longest a timestamp may live, in seconds.
    pub max_fresh: u64,
    /// blake3 of the vault's stored bytes.
    pub vault: Blake3,
    /// Versions and serials to which readers set theirs when they take this root.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<Channel, Counters>,
}

/// The roles of a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Roles {
    /// Who signs roots.
    pub root: RoleSpec,
    /// Who signs releases.
    pub release: RoleSpec,
    /// Who signs timestamps.
    pub timestamp: RoleSpec,
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RoleSpec {
    /// How many distinct keys must sign.
    pub threshold: u32,
    /// Names of keys.
    pub keys: Vec<String>,
}

/// Somebody who can read secrets and the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Operator {
    /// A name for people.
    pub name: String,
    /// What things are encrypted to.
    pub recipient: Recipient,
}

/// A release's version and a timestamp's serial.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Counters {
    /// Version of the release.
    pub version: u64,
    /// Serial of the timestamp.
    pub serial: u64,
}

/// The keys of a role, resolved.
#[derive(Debug, Clone)]
pub struct RoleKeys<'a> {
    /// How many distinct keys must sign; at least 1.
    pub threshold: usize,
    /// The keys.
    pub keys: BTreeSet<&'a PublicKey>,
}

/// A root that was verified, with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedRoot {
    root: Root,
    fleet_id: FleetId,
    hash: Blake3,
    signed: Signed,
}

/// The store's key of a root.
pub fn root_key(version: u64) -> String {
    format!("trust/{version}.json")
}

/// The store's key of a vault.
pub fn vault_key(vault: &Blake3) -> String {
    format!("trust/vault-{vault}.age")
}

impl Root {
    /// Parses and checks a body.
    pub fn parse(body: &str, object: &str) -> Result<Self, Error> {
        let root: Self = canon::from_slice(body.as_bytes(), object)?;
        root.check(object)?;
        Ok(root)
    }

    /// The keys of a role. Reports are not signed by the root's keys.
    pub fn role(&self, role: Role) -> RoleKeys<'_> {
        let spec = match role {
            Role::Root => &self.roles.root,
            Role::Release => &self.roles.release,
            Role::Timestamp => &self.roles.timestamp,
            Role::Report => return RoleKeys { threshold: 1, keys: BTreeSet::new() },
        };
        let keys = spec.keys.iter().filter_map(|name| self.keys.get(name)).collect();
        RoleKeys { threshold: spec.threshold as usize, keys }
    }

    /// Everything but signatures and times.
    pub(crate) fn check(&self, object: &str) -> Result<(), Error> {
        canon::format_one(self.format, object)?;
        let bad = |problem: &str| Err(Error::trust(TrustKind::Format, object, problem));
        if self.version == 0 || (self.version == 1) != self.fleet_id.is_none() {
            return bad("only root 1 lacks the fleet-id");
        }
        if self.keys.values().collect::<BTreeSet<_>>().len() != self.keys.len() {
            return bad("one key has two names");
        }
        for spec in [&self.roles.root, &self.roles.release, &self.roles.timestamp] {
            let names: BTreeSet<_> = spec.keys.iter().collect();
            if names.len() != spec.keys.len() || names.iter().any(|name| !self.keys.contains_key(*name)) {
                return bad("a role names a key twice, or one that is not there");
            }
            if spec.threshold == 0 || spec.threshold as usize > spec.keys.len() {
                return bad("a threshold that its keys cannot meet");
            }
        }
        if self.operators.is_empty() || self.max_fresh == 0 {
            return bad("no operators, or timestamps that may not live");
        }
        if self.roles.root.threshold > 1 && self.expires.is_none() {
            return bad("a root with a threshold over 1 must expire");
        }
        if self.expires.is_some_and(|expires| expires <= self.issued) {
            return bad("it expires before it is made");
        }
        Ok(())
    }
}

impl TrustedRoot {
    /// The first root of a fleet: its hash is the fleet-id; it must satisfy its own threshold.
    pub fn first(signed: Signed, fleet_id: FleetId) -> Result<Self, Error> {
        let hash = signed.hash();
        if hash != fleet_id.0 {
            return Err(Error::trust(TrustKind::Binding, "root 1", "it is the root of another fleet"));
        }
        let root = Root::parse(&signed.body, "root 1")?;
        if root.version != 1 {
            return Err(Error::trust(TrustKind::Format, "root 1", "it has another version"));
        }
        signed.verify(Role::Root, &root.role(Role::Root), "root 1")?;
        Ok(Self { root, fleet_id, hash, signed })
    }

    /// A root that was pinned by its hash out of band: the hash is all that is checked against.
    pub fn pinned(body: &str, fleet_id: FleetId, version: u64, hash: Blake3) -> Result<Self, Error> {
        let object = format!("root {version}");
        let signed = Signed { body: body.to_owned(), signatures: Vec::new() };
        if signed.hash() != hash {
            return Err(Error::trust(TrustKind::Hash, object, "not the root that is pinned"));
        }
        let root = Root::parse(body, &object)?;
        if root.version != version {
            return Err(Error::trust(TrustKind::Format, object, "it has another version"));
        }
        if root.fleet_id.unwrap_or(FleetId(hash)) != fleet_id {
            return Err(Error::trust(TrustKind::Binding, object, "it is the root of another fleet"));
        }
        Ok(Self { root, fleet_id, hash, signed })
    }

    /// The root that follows this one: version + 1, same fleet, signed to the thresholds of both. Expiry is not
    /// looked at: only the last root of a chain matters (TUF §5.3).
    pub fn next(&self, signed: Signed) -> Result<Self, Error> {
        let version = self.root.version.saturating_add(1);
        let object = format!("root {version}");
        signed.verify(Role::Root, &self.root.role(Role::Root), &object)?;
        let root = Root::parse(&signed.body, &object)?;
        signed.verify(Role::Root, &root.role(Role::Root), &object)?;
        if root.version != version {
            return Err(Error::trust(
                TrustKind::Rollback,
                object,
                format!("it says it is root {}", root.version),
            ));
        }
        if root.fleet_id != Some(self.fleet_id) {
            return Err(Error::trust(TrustKind::Binding, object, "it is the root of another fleet"));
        }
        Ok(Self { root, fleet_id: self.fleet_id, hash: signed.hash(), signed })
    }

    /// A whole chain from root 1, as the fleet's `trust/` folder holds it: the last root, and those before it, root 1
    /// first.
    pub fn chain(roots: impl IntoIterator<Item = Signed>) -> Result<(Self, Vec<Self>), Error> {
        let mut last: Option<Self> = None;
        let mut older = Vec::new();
        for (i, signed) in roots.into_iter().enumerate() {
            if i as u64 >= limits::ROOTS {
                return Err(Error::trust(TrustKind::Limit, "roots", "too many roots"));
            }
            let next = match &last {
                None => {
                    let id = FleetId(signed.hash());
                    Self::first(signed, id)?
                }
                Some(root) => root.next(signed)?,
            };
            older.extend(last.replace(next));
        }
        last.map(|last| (last, older))
            .ok_or_else(|| Error::Failed("there is no root of trust (trust/1.json)".to_owned()))
    }

    /// The root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The fleet.
    pub fn fleet_id(&self) -> FleetId {
        self.fleet_id
    }

    /// blake3 of the root's body.
    pub fn hash(&self) -> Blake3 {
        self.hash
    }

    /// The root's number.
    pub fn version(&self) -> u64 {
        self.root.version
    }

    /// The statement as signed; without signatures if it was pinned.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Number and hash, as hosts pin them.
    pub fn at(&self) -> crate::client::StatementRef {
        crate::client::StatementRef { version: self.root.version, hash: self.hash }
    }

    /// Refuses a root whose time is over; `now` is in Unix seconds.
    pub fn check_expiry(&self, now: u64) -> Result<(), Error> {
        match self.root.expires {
            Some(expires) if now >= expires => Err(Error::trust(
                TrustKind::Expired,
                format!("root {}", self.root.version),
                "it has expired; its holders must sign another",
            )),
            _ => Ok(()),
        }
    }
}
