//! Environment variables of a service, with types.

use crate::name::SecretName;
use serde::{Deserialize, Serialize};

/// A variable: a value (its type is `string`, or that of a lower rank), or a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum EnvVar {
    /// The value alone.
    Value(EnvValue),
    /// A typed value, or a secret.
    Table(Box<EnvVarTable>),
}

/// A plain value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum EnvValue {
    /// A boolean, printed as `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A text, which may hold expressions.
    Text(String),
    /// A list, joined by the variable's separator.
    List(Vec<String>),
}

/// A variable with its type: exactly one of `value` and `secret`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EnvVarTable {
    /// The type that the value is checked against; default `string`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<EnvType>,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<EnvValue>,
    /// The secret whose value it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretName>,
    /// The choices of type `one-of`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    /// What joins the items of type `list`; default `","`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// The regular expression that type `pattern` must match as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Smallest value of types `int`, `port`, `duration`, `bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// Largest value of types `int`, `port`, `duration`, `bytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// For people: what the variable means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The type of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EnvType {
    /// Any text.
    String,
    /// An integer of 64 bits.
    Int,
    /// `true` or `false`.
    Bool,
    /// A port, 1 to 65535.
    Port,
    /// An absolute URL.
    Url,
    /// `HOST:PORT`.
    HostPort,
    /// An absolute path.
    Path,
    /// A span of time such as `30s`.
    Duration,
    /// A size in bytes such as `512M`.
    Bytes,
    /// One of the texts in `of`.
    OneOf,
    /// Items joined by `separator`.
    List,
    /// A text that matches `pattern`.
    Pattern,
}
