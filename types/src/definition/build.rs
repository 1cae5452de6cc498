//! Building definitions in a program. Every method takes values that are valid by their types, and gives back what it was
//! called on, so that calls chain; whatever has no method here is a public field. `examples/own-tool` is a whole program.

use super::{
    Daemon, Document, EnvValue, EnvVar, EnvVarTable, File, Fleet, Harden, Health, Host, Job, Preset, Restart,
    Secret, Service, Source, State, Store, Tag, Times, VarValue,
};
use crate::name::{
    AccountName, EnvName, FleetName, HostName, JobName, PresetName, SecretName, ServiceName, TagName, VarName,
};
use crate::{Arch, Mode, Os, Schedule, Timespan, UnixPath};

impl Document {
    /// A fleet without hosts or services. A definition added under a name that is there replaces it.
    pub fn new(fleet: Fleet) -> Self {
        Self { fleet: Some(fleet), ..Self::default() }
    }

    /// Adds a tag. Tags that hosts name need not be added unless they have variables.
    #[must_use]
    pub fn tag(mut self, name: TagName, tag: Tag) -> Self {
        self.tag.insert(name, tag);
        self
    }

    /// Adds a host; the tags that it names are added with it.
    #[must_use]
    pub fn host(mut self, name: HostName, host: Host) -> Self {
        for tag in &host.tags {
            self.tag.entry(tag.clone()).or_default();
        }
        self.host.insert(name, host);
        self
    }

    /// Adds a preset.
    #[must_use]
    pub fn preset(mut self, name: PresetName, preset: Preset) -> Self {
        self.preset.insert(name, preset);
        self
    }

    /// Adds a service.
    #[must_use]
    pub fn service(mut self, name: ServiceName, service: Service) -> Self {
        self.service.insert(name, service);
        self
    }

    /// Adds a secret: what it is, not its value.
    #[must_use]
    pub fn secret(mut self, name: SecretName, secret: Secret) -> Self {
        self.secret.insert(name, secret);
        self
    }
}

impl Fleet {
    /// A fleet without a store.
    pub fn new(name: FleetName) -> Self {
        Self { name, store: None, vars: Default::default(), include: None, validation: None }
    }

    /// Sets where it is published to, such as `dir:store` or `s3://BUCKET/PREFIX`.
    #[must_use]
    pub fn store(mut self, url: impl Into<String>) -> Self {
        self.store = Some(Store::Url(url.into()));
        self
    }

    /// Sets a variable of all hosts.
    #[must_use]
    pub fn var(mut self, name: VarName, value: impl Into<VarValue>) -> Self {
        self.vars.insert(name, value.into());
        self
    }
}

impl Tag {
    /// Sets a variable of all its hosts.
    #[must_use]
    pub fn var(mut self, name: VarName, value: impl Into<VarValue>) -> Self {
        self.vars.insert(name, value.into());
        self
    }
}

impl Host {
    /// A host with the init system that its operating system comes with.
    pub fn new(os: Os, arch: Arch) -> Self {
        Self {
            os,
            arch,
            address: None,
            tags: Vec::new(),
            recipient: None,
            reporter: None,
            vars: Default::default(),
            id: None,
            aliases: Vec::new(),
            retired: false,
            init: None,
        }
    }

    /// Sets its address: a name or an IP address.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: TagName) -> Self {
        self.tags.push(tag);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn var(mut self, name: VarName, value: impl Into<VarValue>) -> Self {
        self.vars.insert(name, value.into());
        self
    }
}

impl Job {
    /// A program (absolute path) and its arguments, run at these times.
    pub fn new<S: Into<String>>(exec: impl IntoIterator<Item = S>, at: Schedule) -> Self {
        let exec = exec.into_iter().map(Into::into).collect();
        Self { exec, at: Some(Times::One(at)), ..Self::default() }
    }
}

impl Service {
    /// A service for hosts by name, `@tag`, `@all` or `os:FAMILY`; `!` before one leaves out.
    pub fn on<S: Into<String>>(selectors: impl IntoIterator<Item = S>) -> Self {
        Self { on: selectors.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Sets the program that it runs.
    #[must_use]
    pub fn daemon(mut self, daemon: Daemon) -> Self {
        self.daemon = Some(daemon);
        self
    }

    /// Adds a program that is run at certain times.
    #[must_use]
    pub fn job(mut self, name: JobName, job: Job) -> Self {
        self.job.insert(name, job);
        self
    }

    /// Sets the unit that exists on the host already, such as `nginx`.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = Some(unit.into());
        self
    }

    /// Sets what becomes of its daemon or unit.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// Merges a preset under it, over those used before.
    #[must_use]
    pub fn uses(mut self, preset: PresetName) -> Self {
        self.presets.push(preset);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: EnvName, value: impl Into<EnvVar>) -> Self {
        self.env.insert(name, value.into());
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, path: UnixPath, file: File) -> Self {
        self.file.insert(path, file);
        self
    }

    /// Sets how to tell that it works.
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.health = Some(health);
        self
    }
}

impl Daemon {
    /// A daemon of this program (an absolute path) with these arguments, passed as they are.
    pub fn new<S: Into<String>>(exec: impl IntoIterator<Item = S>) -> Self {
        Self { exec: exec.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Sets the account it runs as.
    #[must_use]
    pub fn user(mut self, user: AccountName) -> Self {
        self.user = Some(user);
        self
    }

    /// Sets when it is started again.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = Some(restart);
        self
    }

    /// Sets how much of the system is kept from it.
    #[must_use]
    pub fn harden(mut self, harden: Harden) -> Self {
        self.harden = Some(harden);
        self
    }

    /// Says that this field may be dropped where the init system cannot express it.
    #[must_use]
    pub fn loss_ok(mut self, field: impl Into<String>) -> Self {
        self.loss_ok.push(field.into());
        self
    }
}

impl File {
    /// A file with this text, which may hold expressions.
    pub fn content(text: impl Into<String>) -> Self {
        Self { content: Some(text.into()), ..Self::default() }
    }

    /// A file rendered from this template under `templates/`.
    pub fn template(path: impl Into<String>) -> Self {
        Self { template: Some(path.into()), ..Self::default() }
    }

    /// A copy of this file of the fleet's directory.
    pub fn source(path: impl Into<String>) -> Self {
        Self { source: Some(Source::Path(path.into())), ..Self::default() }
    }

    /// A file that holds the value of a secret.
    pub fn secret(name: SecretName) -> Self {
        Self { secret: Some(name), ..Self::default() }
    }

    /// A symbolic link.
    pub fn link(target: impl Into<String>) -> Self {
        Self { link: Some(target.into()), ..Self::default() }
    }

    /// Sets the mode.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets owner and group.
    #[must_use]
    pub fn owner(mut self, user: AccountName, group: AccountName) -> Self {
        self.user = Some(user);
        self.group = Some(group);
        self
    }
}

impl Health {
    /// Healthy while this `http://` URL answers 2xx.
    pub fn http(url: impl Into<String>) -> Self {
        Self { http: Some(url.into()), ..Self::default() }
    }

    /// Healthy while `HOST:PORT` accepts connections.
    pub fn tcp(address: impl Into<String>) -> Self {
        Self { tcp: Some(address.into()), ..Self::default() }
    }

    /// Sets the time after a change in which it must succeed once.
    #[must_use]
    pub fn within(mut self, time: Timespan) -> Self {
        self.within = Some(time);
        self
    }
}

macro_rules! from {
    ($($of:ty => $to:ident :: $variant:ident),* $(,)?) => {
        $(impl From<$of> for $to {
            fn from(value: $of) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    bool => VarValue::Bool,
    u16 => VarValue::Integer,
    i64 => VarValue::Integer,
    f64 => VarValue::Float,
    &str => VarValue::Text,
    String => VarValue::Text,
    Vec<VarValue> => VarValue::List,
    bool => EnvValue::Bool,
    u16 => EnvValue::Integer,
    i64 => EnvValue::Integer,
    &str => EnvValue::Text,
    String => EnvValue::Text,
    Vec<String> => EnvValue::List,
    EnvVarTable => EnvVar::Table,
    bool => EnvVar::Value,
    u16 => EnvVar::Value,
    i64 => EnvVar::Value,
    &str => EnvVar::Value,
    String => EnvVar::Value,
    Vec<String> => EnvVar::Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_document_is_what_its_json_says() {
        let name = |text: &str| text.parse().unwrap();
        let host = Host::new("debian-12".parse().unwrap(), Arch::X86_64).tag("web".parse().unwrap());
        let file = File::content("port = {{ env.PORT }}\n").mode("0640".parse().unwrap());
        let service = Service::on(["@web"])
            .daemon(Daemon::new(["/usr/local/bin/api"]).user("daemon".parse().unwrap()).loss_ok("harden"))
            .env("PORT".parse().unwrap(), 8080u16)
            .file("/etc/api.conf".parse().unwrap(), file)
            .health(Health::tcp("127.0.0.1:8080"));
        let document = Document::new(Fleet::new("shop".parse().unwrap()).store("dir:store"))
            .host(name("web1"), host.address("192.0.2.1").var("rack".parse().unwrap(), "a"))
            .service("api".parse().unwrap(), service);
        let json = serde_json::to_value(&document).unwrap();
        let expected = serde_json::json!({
            "fleet": { "name": "shop", "store": "dir:store" },
            "tag": { "web": {} },
            "host": { "web1": {
                "os": "debian-12", "arch": "x86_64", "address": "192.0.2.1", "tags": ["web"],
                "vars": { "rack": "a" }, "retired": false,
            } },
            "service": { "api": {
                "on": ["@web"],
                "daemon": { "exec": ["/usr/local/bin/api"], "user": "daemon", "loss-ok": ["harden"] },
                "env": { "PORT": 8080 },
                "file": { "/etc/api.conf": { "content": "port = {{ env.PORT }}\n", "mode": "0640" } },
                "health": { "tcp": "127.0.0.1:8080" },
            } },
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Document>(json).unwrap(), document);
    }
}
