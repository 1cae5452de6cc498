//! Files of a service.

use super::{OnChange, Validation};
use crate::name::{AccountName, BlockName, SecretName, ValidatorName};
use crate::{Arch, Mode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A file: exactly one of `template`, `source`, `content`, `secret`, `link` and `absent`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct File {
    /// Template under `templates/` that is rendered to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// File under the fleet's directory that is copied byte for byte: a path, or a path per architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The content itself; may hold expressions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The secret whose value it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretName>,
    /// Makes it a symbolic link to this path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// `true`: makes sure that there is no such file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub absent: Option<bool>,
    /// Makes it a managed block of this name in a file that others own: lines between two markers, everything else is kept as it is. With `absent`: no such block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<BlockName>,
    /// What begins a comment in the file of a block; default what files of its name take, mostly `"#"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Mode in octal; default `"0644"`, `"0600"` if the content comes from a secret, `"0755"` for ELF files and scripts from `source`, and for init scripts (`"0555"` on the BSDs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Owner; default root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<AccountName>,
    /// Group; default the owner's: `root`, or `wheel` on BSD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<AccountName>,
    /// The validators that check it, instead of those chosen by its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// What a missing validator means for this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// What happens to the service's unit when this file changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_change: Option<OnChange>,
    /// Commands that are run when this file was written or, if `absent`, removed; each a program and arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(inner(length(min = 1))))]
    pub run: Vec<Vec<String>>,
}

/// Where a copied file comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Source {
    /// One file for every architecture, as a path relative to the fleet's directory.
    Path(String),
    /// A file per architecture.
    PerArch(BTreeMap<Arch, String>),
}

/// Which validators check a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, deny_unknown_fields)]
pub enum Check {
    /// This one.
    One(ValidatorName),
    /// These.
    Many(#[cfg_attr(feature = "schema", schemars(length(min = 1)))] Vec<ValidatorName>),
    /// None, and why.
    Off {
        /// Why no program checks it.
        #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
        off: String,
    },
}
