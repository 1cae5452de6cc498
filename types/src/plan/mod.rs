//! What the compiler hands on: for every host, its services with rendered files, actions and checks.
//!
//! A plan is data. It is the compiler's output, the validators' input, and what `seal` makes bundles of. Content is
//! not serialised: the stored plan (`.cmc/build/plan.json`) holds digests only, and none of tainted content. Where
//! things come from is stored beside it, see [`Provenances`].

mod places;
mod provenance;
mod why;

pub use places::{RENDERED, place_of, rendered, written};
pub use provenance::{LineOrigin, Origin, Provenance, Provenances, TemplateLine};
pub use why::{Chain, LineChain, Vouched, Written, why};

use crate::check::{Action, FileEntry, HealthCheck};
use crate::definition::Validator;
use crate::name::{AccountName, HostName, ServiceName, ValidatorName};
use crate::{Arch, Blake3, Bytes, InitSystem, Os, UnixPath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole fleet, compiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Format of the stored plan: 1.
    pub format: u32,
    /// Name of the fleet.
    pub fleet: String,
    /// blake3 over every input that was read, by path: definitions, templates, sources, secrets' ciphertexts.
    pub inputs: Blake3,
    /// Hosts by name.
    pub hosts: Vec<HostPlan>,
    /// Validators of the user's own.
    pub validators: BTreeMap<ValidatorName, Validator>,
    /// Names and addresses of the fleet's hosts, for `/etc/hosts` while validators run.
    pub addresses: Vec<HostAddress>,
}

/// The address of a host, for `/etc/hosts` while validators run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAddress {
    /// Name and aliases, and the address itself if it is a name.
    pub names: Vec<String>,
    /// IP address, if the definition has one instead of a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<std::net::IpAddr>,
}

/// One host, compiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostPlan {
    /// Its name.
    pub host: HostName,
    /// Identifier in the index: 32 hexadecimal digits, if the definition has one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Public key that its manifest is encrypted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Operating system.
    pub os: Os,
    /// Architecture.
    pub arch: Arch,
    /// Init system.
    pub init: InitSystem,
    /// Whether everything is to be removed; then there are no services.
    pub retired: bool,
    /// Services in start order: `after` and `needs` come first.
    pub services: Vec<ServicePlan>,
    /// Services that select the host and are `state = "absent"` there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<ServiceName>,
    /// Accounts that files and daemons name beyond the operating system's own (`existing = true`).
    pub users: Vec<AccountName>,
    /// Groups likewise.
    pub groups: Vec<AccountName>,
}

/// One service on one host, compiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServicePlan {
    /// Its name.
    pub service: ServiceName,
    /// Services of this host that go before it.
    pub after: Vec<ServiceName>,
    /// Services of this host without which it is held back.
    pub needs: Vec<ServiceName>,
    /// Files, by path.
    pub files: Vec<PlannedFile>,
    /// Actions, in the order they run.
    pub actions: Vec<Action>,
    /// Health checks.
    pub checks: Vec<HealthCheck>,
    /// Commands whose output goes into the report of a failure, taken before anything is undone.
    pub capture: Vec<Vec<String>>,
}

/// One file of a service on a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// What the bundle will say of it. `size` and `b3` are absent while `tainted`.
    pub entry: FileEntry,
    /// Whether the content comes from a secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
    /// The content.
    #[serde(skip)]
    pub content: Content,
    /// What the content is.
    pub format: Format,
    /// Which validators check it.
    pub checks: Checks,
    /// Where it comes from.
    #[serde(skip)]
    pub provenance: Provenance,
}

/// Content of a file.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Content {
    /// Nothing: links and absent files, or a plan read back from disk.
    #[default]
    None,
    /// Rendered bytes, in memory.
    Bytes(Bytes),
    /// A file of the fleet's directory, by its path relative to it, with size in bytes and blake3.
    Source {
        /// Path relative to the fleet's directory.
        path: String,
        /// Size in bytes.
        size: u64,
        /// blake3 of the content.
        b3: Blake3,
    },
}

impl std::fmt::Debug for Content {
    /// Prints sizes only: content may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Source { path, size, b3 } => write!(f, "Source({path}, {size} bytes, {b3})"),
        }
    }
}

/// What a file's content is, as far as the compiler knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Rendered from a typed model and parsed back: a unit, rc script, env file, login class.
    Typed,
    /// UTF-8 text from a template or `content`.
    Text,
    /// Bytes from `source`, or a secret whose type says what it is, such as a key.
    Opaque,
    /// The whole value of a secret whose type says nothing of its structure: only the real value can be judged.
    Secret,
}

/// Which validators check a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checks {
    /// Those chosen by its path and kind.
    Auto {
        /// Whether a missing program holds up a publish.
        required: bool,
    },
    /// These.
    Named {
        /// The validators.
        validators: Vec<ValidatorName>,
        /// Whether a missing program holds up a publish.
        required: bool,
    },
    /// No program, and why.
    Off {
        /// Why.
        reason: String,
    },
}

impl Plan {
    /// The host of this name.
    pub fn host(&self, name: &str) -> Option<&HostPlan> {
        self.hosts.iter().find(|host| host.host.as_str() == name)
    }
}

impl HostPlan {
    /// Every file of the host, with the service it belongs to.
    pub fn files(&self) -> impl Iterator<Item = (&ServicePlan, &PlannedFile)> {
        self.services.iter().flat_map(|service| service.files.iter().map(move |file| (service, file)))
    }

    /// The file at this path.
    pub fn file(&self, path: &UnixPath) -> Option<&PlannedFile> {
        self.files().map(|(_, file)| file).find(|file| file.entry.path == *path)
    }
}
