//! The definitions of an adopted machine, as TOML: the fleet, its one host, a file for each service.

use super::Machine;
use crate::files::accounts as base;
use crate::import::definition::{Definition, Service, Table, Value};
use cmc_types::codes::Code;
use cmc_types::{HostName, ServiceName};
use std::collections::{BTreeMap, BTreeSet};
use toml_writer::{TomlStringBuilder, TomlWrite as _};

/// A file of a service; what is none is the default.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) source: Option<String>,
    pub(super) secret: Option<String>,
    pub(super) link: Option<String>,
    /// Permission bits.
    pub(super) mode: Option<u32>,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    /// Why its check is off.
    pub(super) off: Option<String>,
}

/// A fleet being written.
#[derive(Debug)]
pub(super) struct Fleet {
    family: String,
    os: String,
    arch: &'static str,
    services: BTreeMap<String, Vec<Entry>>,
}

impl Fleet {
    pub(super) fn new(machine: &Machine) -> Self {
        let family = machine.os.family().to_owned();
        Self { family, os: machine.os.to_string(), arch: machine.arch.name(), services: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, service: &str, entry: Entry) {
        self.services.entry(service.to_owned()).or_default().push(entry);
    }

    /// Turns off the checks of files with mistakes.
    pub(super) fn leave(&mut self, defects: &BTreeMap<String, Vec<Code>>) {
        for entry in self.services.values_mut().flatten() {
            entry.off = defects.get(&entry.path).map(|codes| {
                let codes: Vec<_> = codes.iter().map(|code| code.name()).collect();
                format!("adopted as it was found: {}", codes.join(", "))
            });
        }
    }

    /// The files of definitions: path below the fleet's directory, and text.
    pub(super) fn print(&self, name: &str, host: &HostName) -> Vec<(String, String)> {
        let mut files = vec![
            (
                "fleet.toml".to_owned(),
                format!(
                    "# Adopted by cmc. `cmc check` type-checks it, `cmc render {host} --out DIR` writes its files out.\n\
                     [fleet]\nname = {}\nstore = \"dir:store\"          # later: \"s3://bucket/prefix\"\n\
                     validation = \"optional\"      # \"required\": publish only if every validator was installed and passed\n",
                    text(name)
                ),
            ),
            (
                format!("hosts/{host}.toml"),
                format!(
                    "# Enrolment (`cmc host add`) gives it `recipient` and `id`; until then nothing is published to it.\n\
                     [host.{}]\nos = {}\narch = {}\n",
                    text(host.as_str()),
                    text(&self.os),
                    text(self.arch)
                ),
            ),
        ];
        for (service, entries) in &self.services {
            if let Ok(name) = ServiceName::parse(service) {
                files.push((format!("services/{service}.toml"), self.service(name, host, entries)));
            }
        }
        files
    }

    fn service(&self, name: ServiceName, host: &HostName, entries: &[Entry]) -> String {
        let mut service = Service::new(name, &[host.as_str()]);
        let (mut users, mut groups) = (BTreeSet::new(), BTreeSet::new());
        let mut secrets = String::new();
        for entry in entries {
            let mut table = Table::new(&["file", &entry.path]);
            for (key, value) in [("source", &entry.source), ("secret", &entry.secret), ("link", &entry.link)]
            {
                if let Some(value) = value {
                    table.set(key, Value::Text(value.clone()));
                }
            }
            if let Some(mode) = entry.mode {
                table.set("mode", Value::Text(format!("{mode:04o}")));
            }
            for (key, value) in [("user", &entry.user), ("group", &entry.group)] {
                if let Some(value) = value {
                    table.set(key, Value::Text(value.clone()));
                }
            }
            if let Some(off) = &entry.off {
                table.set("check.off", Value::Text(off.clone()));
            }
            service.rows.push(table);
            if let Some(secret) = &entry.secret {
                let what = text(&format!("content of {}", entry.path));
                secrets.push_str(&format!(
                    "\n[secret.{}]\ntype = \"binary\"\ndescription = {what}\n",
                    text(secret)
                ));
            }
            users.extend(entry.user.clone());
            groups.extend(entry.group.clone());
        }
        users.retain(|user| !base::users(&self.family).any(|known| known == user));
        groups.retain(|group| {
            !base::groups(&self.family).any(|known| known == group) && !users.contains(group)
        });
        service.users = users.into_iter().collect();
        service.groups = groups.into_iter().collect();
        let mut definition = Definition::default();
        // The only service of its definition contradicts nothing.
        let _ = definition.add(service);
        definition.print() + &secrets
    }
}

/// A text as TOML.
fn text(text: &str) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = out.value(TomlStringBuilder::new(text).as_default());
    out
}
