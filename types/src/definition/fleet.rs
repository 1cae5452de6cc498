//! The fleet and what belongs to no service: tags, hosts, secrets, validators of the user's own.

use crate::name::{FleetName, HostName, TagName, VarName};
use crate::{Arch, Glob, InitSystem, Os, Timespan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Variables by name.
pub type Vars = BTreeMap<VarName, VarValue>;

/// The value of a variable: any TOML or JSON value but null and dates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum VarValue {
    /// A boolean.
    Bool(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// A text, which may hold expressions.
    Text(String),
    /// A list.
    List(Vec<VarValue>),
    /// A table.
    Table(BTreeMap<String, VarValue>),
}

/// The fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fleet {
    /// Name of the fleet: `[a-z0-9][a-z0-9._-]{0,62}`.
    pub name: FleetName,
    /// Where bundles are published: `"s3://BUCKET/PREFIX"`, `"dir:PATH"` (relative to `fleet.toml`), or a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
    /// Variables of the lowest rank.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: Vars,
    /// Where definitions lie, as globs relative to `fleet.toml`; by default every `.toml` and `.json` file under `hosts/ tags/ presets/ services/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include: Option<Vec<Glob>>,
    /// What a validator that is not installed means, unless a service or file says otherwise; default `required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
}

/// A store: a URL, or a table with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Store {
    /// `"s3://BUCKET/PREFIX"`, `"dir:PATH"` or `"https://…"`.
    Url(String),
    /// A store with settings.
    Table(StoreTable),
}

/// A store with settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StoreTable {
    /// `"s3://BUCKET/PREFIX"`, `"dir:PATH"` or `"https://…"`.
    pub url: String,
    /// Base URL of an S3 server other than AWS's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Region; default from the environment or profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Put the bucket in the path instead of the host name; default false, or true with `endpoint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_style: Option<bool>,
    /// Profile of the AWS configuration files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// Whether a check that cannot be made holds up a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Validation {
    /// A missing program is a warning at build and exit 4 at publish.
    Required,
    /// A missing program is a note.
    Optional,
}

/// A tag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Tag {
    /// Variables of every host with this tag; above the fleet's, below the host's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: Vars,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Host {
    /// Operating system; init system, paths and login.conf dialect follow from it.
    pub os: Os,
    /// Processor architecture.
    pub arch: Arch,
    /// Name or address that other hosts reach it by; default the host's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagName>,
    /// Public key that its manifest is encrypted to: `age1…`, or an ssh-ed25519 or ssh-rsa host key. Printed by enrolment. Without one the host is built but not published to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Public key (OpenSSH) that signs its reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<String>,
    /// Variables of the highest rank.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: Vars,
    /// Identifier in the index, 32 hexadecimal digits, written by `cmc host add`; survives a rename.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{32}$")))]
    pub id: Option<String>,
    /// Other names of the host, for `/etc/hosts` while validators run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<HostName>,
    /// Remove everything that cmc installed; the host takes part in nothing else.
    #[serde(default)]
    pub retired: bool,
    /// Init system, if not the one that the operating system comes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitSystem>,
}

/// A secret. Its value lies in `secrets/NAME.age`, encrypted to the operators.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Secret {
    /// What it is; a build without keys uses a dummy of this type. Default `text`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<SecretType>,
    /// Name that a `tls-key` and its `tls-certificate` share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<String>,
    /// For people: what it is for and where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The type of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SecretType {
    /// One line of text.
    Text,
    /// A password: one line without blanks at its ends.
    Password,
    /// An absolute URL.
    Url,
    /// Any bytes.
    Binary,
    /// A PEM private key for TLS.
    TlsKey,
    /// A PEM certificate chain for TLS.
    TlsCertificate,
    /// An OpenSSH private key.
    SshKey,
}

/// A validator of the user's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Validator {
    /// Glob over paths on the host that it is run for, such as `"/etc/app/*.toml"`; without it, it runs only where a file's `check` names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies_to: Option<String>,
    /// Program and arguments; `{}` stands for the file's path.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub argv: Vec<String>,
    /// Exit codes that mean the file is good; default `[0]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<Vec<u8>>,
    /// Time it may take; default 10 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Timespan>,
}
