//! Services and presets.

use super::{Daemon, EnvVar, File, Job, Validation};
use crate::name::{AccountName, EnvName, JobName, PresetName, ServiceName};
use crate::{Timespan, UnixPath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A service: a named set of configuration, deployed, frozen and rolled back together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Service {
    /// Presets merged under it, in this order.
    #[serde(rename = "use", skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<PresetName>,
    /// Hosts it goes to: host names, `@tag`, `@all`, `os:FAMILY`; `!` before one leaves out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
    /// Overlays by selector (`os:FAMILY`, `@all`, `@tag` or a host), merged over the service: os and `@all` < tag < host.
    #[serde(rename = "for", skip_serializing_if = "BTreeMap::is_empty")]
    pub overlays: BTreeMap<String, Overlay>,
    /// Services that go before it, if the host has them. Order only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ServiceName>,
    /// Services that go before it and without which it is held back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<ServiceName>,
    /// What becomes of its daemon or unit, and of its jobs; default `running` with any, else none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Unit that exists on the host already, such as `"nginx"`; excludes `daemon`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What happens to the unit when a file changed; default `restart`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_change: Option<OnChange>,
    /// Paths of other services whose change also triggers this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub watch: Vec<UnixPath>,
    /// What a missing validator means for the service's files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// The program that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon: Option<Daemon>,
    /// Programs that are run at certain times, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub job: BTreeMap<JobName, Job>,
    /// Environment variables of its daemon, unit and jobs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<EnvName, EnvVar>,
    /// Files by path on the host.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub file: BTreeMap<UnixPath, File>,
    /// systemd units and drop-ins by file name (`api.service`, `nginx.service.d/x.conf`), section and directive. Ignored on hosts with another init system.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub systemd: BTreeMap<String, UnitTable>,
    /// Login classes by name, each with capabilities; only for OpenBSD and FreeBSD.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub login_class: BTreeMap<String, BTreeMap<String, LoginCapability>>,
    /// How to tell that it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// User accounts that it needs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub user: BTreeMap<AccountName, Account>,
    /// Groups that it needs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub group: BTreeMap<AccountName, Account>,
}

macro_rules! service_part {
    ($(#[$doc:meta])* $name:ident { $($(#[$extra_doc:meta])* $extra:ident: $extra_type:ty),* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$extra_doc])* pub $extra: $extra_type,)*
            /// Services that go before it, if the host has them. Order only.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub after: Option<Vec<ServiceName>>,
            /// Services that go before it and without which it is held back.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub needs: Option<Vec<ServiceName>>,
            /// What becomes of its daemon or unit, and of its jobs.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub state: Option<State>,
            /// Unit that exists on the host already; excludes `daemon`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub unit: Option<String>,
            /// What happens to the unit when a file changed.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub on_change: Option<OnChange>,
            /// Paths of other services whose change also triggers this one.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub watch: Option<Vec<UnixPath>>,
            /// What a missing validator means for the service's files.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub validation: Option<Validation>,
            /// The program that it runs.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub daemon: Option<Daemon>,
            /// Programs that are run at certain times, by name.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub job: BTreeMap<JobName, Job>,
            /// Environment variables of its daemon, unit and jobs.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub env: BTreeMap<EnvName, EnvVar>,
            /// Files by path on the host.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub file: BTreeMap<UnixPath, File>,
            /// systemd units and drop-ins by file name, section and directive.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub systemd: BTreeMap<String, UnitTable>,
            /// Login classes by name, each with capabilities.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub login_class: BTreeMap<String, BTreeMap<String, LoginCapability>>,
            /// How to tell that it works.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub health: Option<Health>,
            /// User accounts that it needs.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub user: BTreeMap<AccountName, Account>,
            /// Groups that it needs.
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub group: BTreeMap<AccountName, Account>,
        }
    };
}

service_part!(
    /// A preset: a part of services, merged under every service that uses it. It cannot set `on` and `use`.
    Preset {
        /// Overlays by selector, merged over the preset before the service.
        #[serde(rename = "for", skip_serializing_if = "BTreeMap::is_empty")]
        overlays: BTreeMap<String, Overlay>
    }
);
service_part!(
    /// An overlay: a part of a service for some hosts. It cannot set `on`, `use` and `for`.
    Overlay {}
);

/// What becomes of a service's daemon or unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Enabled and started.
    Running,
    /// Files installed; the unit is stopped and disabled; no checks.
    Stopped,
    /// As if the host were not in `on`.
    Absent,
}

/// What happens to a unit when a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OnChange {
    /// It reads its configuration again.
    Reload,
    /// It is restarted.
    Restart,
    /// Nothing.
    None,
}

/// A unit or drop-in: sections, whose names begin with a capital letter, and what cmc itself is told about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default)]
pub struct UnitTable {
    /// `true`: somebody else makes a unit of this name on the host, so that others may name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub existing: Option<bool>,
    /// `true`: the unit is masked: it is stopped, and nothing can start it as long as the service is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub mask: Option<bool>,
    /// Instances of a template (`"app@.service"`) that are enabled and started, such as `["a", "b"]` for `app@a.service` and `app@b.service`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<String>,
    /// Directives by section.
    #[serde(flatten)]
    pub sections: BTreeMap<String, BTreeMap<String, Directive>>,
}

/// One or more values of a systemd directive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Directive {
    /// One value.
    One(DirectiveItem),
    /// A value per line; `[]` removes what a lower rank or the daemon sets.
    Many(Vec<DirectiveItem>),
}

/// A value of a systemd directive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum DirectiveItem {
    /// A boolean, printed as `yes` or `no`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A text in the directive's own syntax.
    Text(String),
}

/// A login.conf capability: `true` (present), `false` (removed), a number, or a text in the capability's own syntax.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum LoginCapability {
    /// Present, or removed from what `tc=` brings.
    Bool(bool),
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
    /// A list, joined as the capability wants it.
    List(Vec<String>),
}

/// How to tell that a service works: exactly one of `http`, `tcp` and `exec`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Health {
    /// `http://` URL that answers 2xx without a redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// `HOST:PORT` that accepts a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
    /// Program and arguments that exits 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub exec: Option<Vec<String>>,
    /// Time after a change in which it must succeed once, else rollback; default 30 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
    /// Failed runs in a row, with nothing changed, before `then`; default 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<u32>,
    /// What happens then; default `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
}

/// What happens to a service that keeps failing its check with nothing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It is reported.
    None,
    /// It is restarted, at most three times an hour, and reported.
    Restart,
}

/// An account that a service needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Account {
    /// `true`: somebody else makes it.
    #[cfg_attr(feature = "schema", schemars(extend("const" = true)))]
    pub existing: bool,
}
