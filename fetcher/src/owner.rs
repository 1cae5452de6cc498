//! Users and groups by name: looked up in the root's own `passwd` and `group`, then, for the system's root, by
//! `getent`, since a static program cannot ask the system's name services.

use crate::error::{Error, Result};
use crate::root::Root;
use cmc_types::UnixPath;
use std::collections::BTreeMap;

/// Whether ownership is applied or only recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Files get their owners.
    Apply,
    /// Owners are written to the state only.
    Record,
}

/// Numbers of users and groups.
#[derive(Debug)]
pub struct Owners {
    mode: Ownership,
    users: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
    ask: bool,
}

impl Owners {
    /// Reads the root's accounts. Without a choice, ownership is applied when we are root and the root has accounts.
    pub fn load(root: &Root, choice: Option<Ownership>) -> Result<Self> {
        let users = table(root, "/etc/passwd")?;
        let groups = table(root, "/etc/group")?;
        let able = rustix::process::geteuid().is_root() && (root.is_system() || users.is_some());
        let mode = choice.unwrap_or(if able { Ownership::Apply } else { Ownership::Record });
        Ok(Self {
            mode,
            users: users.unwrap_or_default(),
            groups: groups.unwrap_or_default(),
            ask: root.is_system(),
        })
    }

    /// Whether ownership is applied.
    pub fn apply(&self) -> bool {
        self.mode == Ownership::Apply
    }

    /// The number of a user.
    pub fn user(&self, name: &str) -> Result<u32> {
        self.number(&self.users, "passwd", name)
            .ok_or_else(|| Error::refused("unknown-user", format!("there is no user {name} on this host")))
    }

    /// The number of a group.
    pub fn group(&self, name: &str) -> Result<u32> {
        self.number(&self.groups, "group", name)
            .ok_or_else(|| Error::refused("unknown-group", format!("there is no group {name} on this host")))
    }

    fn number(&self, table: &BTreeMap<String, u32>, database: &str, name: &str) -> Option<u32> {
        table.get(name).copied().or_else(|| if self.ask { getent(database, name) } else { None })
    }
}

fn table(root: &Root, path: &str) -> Result<Option<BTreeMap<String, u32>>> {
    let path = UnixPath::parse(path).map_err(|error| Error::Failed(error.to_string()))?;
    let Some(bytes) = root.read(&path, 16 << 20)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.lines().filter_map(entry).collect()))
}

/// Name and number of a line `NAME:PASSWORD:NUMBER:…`.
fn entry(line: &str) -> Option<(String, u32)> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let number = fields.nth(1)?.parse().ok()?;
    Some((name.to_owned(), number))
}

fn getent(database: &str, name: &str) -> Option<u32> {
    let output = std::process::Command::new("getent")
        .args([database, name])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(std::process::Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (found, number) = text.lines().find_map(entry)?;
    (output.status.success() && found == name).then_some(number)
}
