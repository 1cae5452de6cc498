//! The fleet that is measured: its values once, as definitions for cmc, as contexts for a bare template engine, and as
//! a module for Pkl.
//!
//! Every service has five files on every host: four from templates and its environment. No file is the same on two
//! hosts. One template reads the addresses of other hosts.

use crate::failure::{Context as _, Failure};
use cmc_bundles::keys::MemberKey;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How large a fleet is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Hosts.
    pub(crate) hosts: usize,
    /// Services, each on every host.
    pub(crate) services: usize,
}

/// Files of a service on a host.
const FILES: usize = TEMPLATES.len() + 1;
/// Hosts that others read the addresses of.
const BALANCERS: usize = 5;
/// Hosts whose definitions stand in one file.
const HOSTS_PER_FILE: usize = 20;
/// Zones.
const ZONES: usize = 4;

/// Templates: name, text, and the path that a service's file has.
pub(crate) const TEMPLATES: &[(&str, &str, &str)] = &[
    ("site.conf.j2", include_str!("../templates/site.conf.j2"), "/etc/nginx/sites/SERVICE.conf"),
    ("config.yaml.j2", include_str!("../templates/config.yaml.j2"), "/etc/SERVICE/config.yaml"),
    ("haproxy.cfg.j2", include_str!("../templates/haproxy.cfg.j2"), "/etc/SERVICE/haproxy.cfg"),
    ("logrotate.j2", include_str!("../templates/logrotate.j2"), "/etc/logrotate.d/SERVICE"),
];

/// What cmc makes of `env` without a template; a bare engine needs one.
pub(crate) const ENV: (&str, &str, &str) =
    ("service.env.j2", include_str!("../templates/service.env.j2"), "/etc/cmc/env/SERVICE.env");

/// Domain of every host.
pub(crate) const DOMAIN: &str = "example.net";
/// Ports of a service, beside its first.
pub(crate) const OFFSETS: [i64; 3] = [0, 100, 200];
/// Seconds that a request may take.
pub(crate) const TIMEOUT: i64 = 30;
/// Logs that are kept.
pub(crate) const KEEP: i64 = 14;
/// The fleet's name.
pub(crate) const NAME: &str = "bench";

/// A host and its values.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// Name.
    pub(crate) name: String,
    /// Address.
    pub(crate) address: String,
    /// Zone.
    pub(crate) zone: String,
    /// First port.
    pub(crate) base_port: i64,
    /// Number.
    pub(crate) shard: i64,
    /// Whether others read its address.
    pub(crate) balancer: bool,
}

/// A service and its values.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// Name.
    pub(crate) name: String,
    /// Added to the host's first port.
    pub(crate) offset: i64,
    /// Processes.
    pub(crate) workers: i64,
    /// How much it logs.
    pub(crate) log_level: &'static str,
}

/// The values of a fleet.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    /// Hosts by name.
    pub(crate) hosts: Vec<Host>,
    /// Services by name.
    pub(crate) services: Vec<Service>,
}

impl Shape {
    /// Files on all hosts.
    pub(crate) fn files(self) -> usize {
        self.hosts * self.services * FILES
    }

    /// Such as "100 hosts × 10 files".
    pub(crate) fn text(self) -> String {
        format!("{} hosts × {} files", self.hosts, self.services * FILES)
    }
}

impl Fleet {
    /// The values of a fleet of this size.
    pub(crate) fn new(shape: Shape) -> Self {
        let host = |i: usize| Host {
            name: format!("node{i:04}"),
            address: format!("10.{}.{}.{}", 20 + i % ZONES, i / 200, 10 + i % 200),
            zone: format!("zone{}", i % ZONES),
            base_port: 8000 + (i % 100) as i64,
            shard: i as i64,
            balancer: i < BALANCERS,
        };
        let service = |i: usize| Service {
            name: format!("app{i:02}"),
            offset: 10 * i as i64,
            workers: 4 + i as i64,
            log_level: if i.is_multiple_of(2) { "info" } else { "debug" },
        };
        Self {
            hosts: (0..shape.hosts).map(host).collect(),
            services: (0..shape.services).map(service).collect(),
        }
    }

    /// Writes it as a fleet's directory. Each host gets a key of its own, so that it can be published; the keys are
    /// returned in the order of the hosts.
    pub(crate) fn write(&self, dir: &Path) -> Result<Vec<MemberKey>, Failure> {
        let mut keys = Vec::new();
        write(dir.join("fleet.toml"), &fleet_toml())?;
        for (number, hosts) in self.hosts.chunks(HOSTS_PER_FILE).enumerate() {
            let mut text = String::new();
            for host in hosts {
                let key = MemberKey::generate();
                text.push_str(&host_toml(host, key.recipient().context("a host's key")?.as_str()));
                keys.push(key);
            }
            write(dir.join(format!("hosts/rack{number:02}.toml")), &text)?;
        }
        for service in &self.services {
            write(dir.join(format!("services/{}.toml", service.name)), &service_toml(service))?;
        }
        for (name, text, _) in TEMPLATES {
            write(dir.join("templates").join(name), text)?;
        }
        Ok(keys)
    }
}

impl Host {
    /// What services of this host call.
    pub(crate) fn upstream(&self) -> String {
        format!("http://{}.{DOMAIN}:{}", self.zone, self.base_port)
    }
}

impl Service {
    /// The path of its file.
    pub(crate) fn path(&self, pattern: &str) -> String {
        pattern.replace("SERVICE", &self.name)
    }
}

fn fleet_toml() -> String {
    format!(
        "[fleet]\nname = \"{NAME}\"\nstore = \"dir:store\"\nvalidation = \"optional\"\n\
         vars = {{ domain = \"{DOMAIN}\", offsets = {OFFSETS:?}, timeout = {TIMEOUT}, keep = {KEEP} }}\n"
    )
}

fn host_toml(host: &Host, recipient: &str) -> String {
    let Host { name, address, zone, base_port, shard, balancer } = host;
    let tags = if *balancer { format!("[\"{zone}\", \"lb\"]") } else { format!("[\"{zone}\"]") };
    format!(
        "[host.{name}]\nos = \"debian-12\"\narch = \"x86_64\"\naddress = \"{address}\"\ntags = {tags}\n\
         recipient = \"{recipient}\"\n\
         vars = {{ zone = \"{zone}\", base_port = {base_port}, shard = {shard} }}\n\n"
    )
}

fn service_toml(service: &Service) -> String {
    let Service { name, offset, workers, log_level } = service;
    let mut text = format!(
        "[service.{name}]\non = [\"@all\"]\n\n[service.{name}.env]\n\
         LOG_LEVEL = {{ type = \"one-of\", of = [\"debug\", \"info\", \"warn\"], value = \"{log_level}\" }}\n\
         NODE = \"{{{{ host.name }}}}\"\n\
         PORT = {{ type = \"port\", value = \"{{{{ vars.base_port + {offset} }}}}\" }}\n\
         UPSTREAM = {{ type = \"url\", value = \"http://{{{{ vars.zone }}}}.{{{{ vars.domain }}}}:{{{{ vars.base_port }}}}\" }}\n\
         WORKERS = {{ type = \"int\", value = {workers} }}\n\n"
    );
    for (template, _, path) in TEMPLATES {
        let path = service.path(path);
        let _ = writeln!(text, "[service.{name}.file.\"{path}\"]\ntemplate = \"{template}\"\n");
    }
    text
}

/// Writes a file and the directories above it.
pub(crate) fn write(path: PathBuf, text: &str) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).context(parent.display())?;
    }
    std::fs::write(&path, text).context(path.display())
}
