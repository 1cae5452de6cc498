//! What people write, as plain types. The JSON Schema of a definition file is generated from these.
//!
//! A value of [`Service`] that the compiler works with is already merged (presets, `for`), its expressions rendered
//! and its short forms expanded; see DESIGN §2. In a file, every typed text, number or boolean may instead be a text
//! that holds an expression `{{ … }}`.

mod build;
mod daemon;
mod env;
mod file;
mod fleet;
mod job;
mod service;

pub use daemon::{Daemon, DaemonType, Harden, LimitValue, Limits, Log, LogTarget, Reload, Restart};
pub use env::{EnvType, EnvValue, EnvVar, EnvVarTable};
pub use file::{Check, File, Source};
pub use fleet::{
    Fleet, Host, Secret, SecretType, Store, StoreTable, Tag, Validation, Validator, VarValue, Vars,
};
pub use job::{Job, Times};
pub use service::{
    Account, Directive, DirectiveItem, Health, LoginCapability, OnChange, Overlay, Preset, Service, State,
    Then, UnitTable,
};

use crate::name::{HostName, PresetName, SecretName, ServiceName, TagName, ValidatorName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One definition file. All files of a fleet together are one definition; a name may stand in one file only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Document {
    /// The fleet itself; stands once, in `fleet.toml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet: Option<Fleet>,
    /// Tags: named groups of hosts with variables.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tag: BTreeMap<TagName, Tag>,
    /// Hosts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub host: BTreeMap<HostName, Host>,
    /// Presets: parts of services, merged under every service that uses them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub preset: BTreeMap<PresetName, Preset>,
    /// Services: named sets of configuration, deployed, frozen and rolled back together.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub service: BTreeMap<ServiceName, Service>,
    /// Secrets: their types; values lie encrypted in `secrets/NAME.age`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secret: BTreeMap<SecretName, Secret>,
    /// Validators of your own, run like the built-in ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub validator: BTreeMap<ValidatorName, Validator>,
}
