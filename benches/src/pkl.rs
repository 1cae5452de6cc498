//! Pkl as a peer: the same values and the same texts as a typed module.

use crate::failure::{Context as _, Failure, ensure};
use crate::fleet::{self, DOMAIN, Fleet, KEEP, OFFSETS, TIMEOUT};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program.
pub(crate) struct Pkl {
    /// Such as "pkl 0.28.2".
    pub(crate) name: String,
    program: PathBuf,
}

impl Pkl {
    /// The program that `CMC_BENCH_PKL` names.
    pub(crate) fn find() -> Option<Self> {
        let program = PathBuf::from(std::env::var_os("CMC_BENCH_PKL")?);
        let output = Command::new(&program).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split(' ').nth(1)?;
        Some(Self { name: format!("pkl {version}"), program })
    }

    /// Writes the modules.
    pub(crate) fn write(&self, fleet: &Fleet, dir: &Path) -> Result<(), Failure> {
        fleet::write(dir.join("pkl/types.pkl"), include_str!("../pkl/types.pkl"))?;
        fleet::write(dir.join("pkl/render.pkl"), include_str!("../pkl/render.pkl"))?;
        fleet::write(dir.join("pkl/values.pkl"), &values(fleet))
    }

    /// Renders every file below `out`.
    pub(crate) fn render(&self, dir: &Path, out: &Path) -> Result<(), Failure> {
        let mut command = Command::new(&self.program);
        command.arg("eval").arg("-m").arg(out).arg(dir.join("pkl/render.pkl"));
        let output = command.output().context(self.program.display())?;
        ensure(output.status.success(), || String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn values(fleet: &Fleet) -> String {
    let [first, second, third] = OFFSETS;
    let mut text = format!(
        "import \"types.pkl\"\n\ncommon: types.Common = new {{\n  domain = \"{DOMAIN}\"\n  \
         offsets = List({first}, {second}, {third})\n  timeout = {TIMEOUT}\n  keep = {KEEP}\n}}\n\n"
    );
    text.push_str("hosts: Listing<types.Host> = new {\n");
    for host in &fleet.hosts {
        let _ = writeln!(
            text,
            "  new {{\n    name = \"{}\"\n    address = \"{}\"\n    zone = \"{}\"\n    basePort = {}\n    shard = {}\n    balancer = {}\n  }}",
            host.name, host.address, host.zone, host.base_port, host.shard, host.balancer
        );
    }
    text.push_str("}\n\nservices: Listing<types.Service> = new {\n");
    for service in &fleet.services {
        let _ = writeln!(
            text,
            "  new {{\n    name = \"{}\"\n    offset = {}\n    workers = {}\n    logLevel = \"{}\"\n  }}",
            service.name, service.offset, service.workers, service.log_level
        );
    }
    text.push_str("}\n");
    text
}
