//! `quiet-fetch`: a run of the host's program with nothing new, against one conditional GET by a program that does
//! nothing else. Both are static release programs; each time a process is started.

use crate::failure::{Context as _, Failure, ensure};
use crate::fleet::{Fleet, Shape};
use crate::measure::{Contender, in_turns};
use crate::publisher::Keys;
use crate::report::Section;
use crate::server::{Server, etag};
use crate::tls::Tls;
use cmc_bundles::store::DirStore;
use cmc_types::HostName;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const SHAPE: Shape = Shape { hosts: 3, services: 4 };
const TURNS: usize = 40;

pub(crate) fn run() -> Result<Section, Failure> {
    let mut section = Section::new(
        "quiet-fetch",
        "`cmc-fetch --cron` on a host with 4 services and 20 files when nothing has changed: lock, journal, one \
         conditional request, drift of every file, expiry; it prints nothing. Against a program that makes one \
         conditional request with the same client (ureq) and ends. Both are built as `cargo xtask dist` builds the \
         host's program, and started anew each time.",
    );
    let programs = ["CMC_BENCH_FETCH", "CMC_BENCH_GET", "CMC_BENCH_PEAK"];
    let [Some(fetch), Some(get), Some(peak)] = programs.map(|name| std::env::var_os(name).map(PathBuf::from))
    else {
        section.note(format!("SKIPPED: {} name no programs", programs.join(", ")));
        return Ok(section);
    };
    let host = Published::new(fetch, get, peak)?;
    let server = Server::start(&host.store)?;
    let quiet = Quiet { host: &host, url: server.url(), ca: None };
    let first = quiet.prepare("http")?;
    let before = server.answered();
    quiet.measure("HTTP", &mut section, &first)?;
    let (unchanged, others) = server.answered();
    let (unchanged, others) = (unchanged - before.0, others - before.1);
    let wanted = 2 * (TURNS + 2);
    ensure((unchanged, others) == (wanted, 0), || {
        format!("{unchanged} requests answered with 304 and {others} others, instead of {wanted} and none")
    })?;
    match Tls::start(&host.store)? {
        Err(missing) => section.note(format!("SKIPPED over TLS: {missing}")),
        Ok(tls) => {
            let quiet = Quiet { host: &host, url: tls.url(), ca: Some(tls.certificate()) };
            let first = quiet.prepare("https")?;
            quiet.measure("HTTPS (nginx, TLS 1.3, P-256)", &mut section, &first)?;
        }
    }
    Ok(section)
}

/// A published fleet with one enrolled host.
struct Published {
    dir: tempfile::TempDir,
    store: PathBuf,
    keys: Keys,
    fleet: Fleet,
    fetch: PathBuf,
    get: PathBuf,
    peak: PathBuf,
}

impl Published {
    fn new(fetch: PathBuf, get: PathBuf, peak: PathBuf) -> Result<Self, Failure> {
        let dir = tempfile::tempdir().context("a directory for the fleet")?;
        let fleet = Fleet::new(SHAPE);
        let hosts = fleet.write(&dir.path().join("fleet"))?;
        let keys = Keys::new()?;
        let store = dir.path().join("store");
        keys.publish(&dir.path().join("fleet"), &DirStore::new(&store))?;
        let identity = hosts.first().map(|key| format!("{}\n", key.expose())).unwrap_or_default();
        let path = dir.path().join("identity");
        std::fs::write(&path, identity).context("identity")?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).context("identity")?;
        Ok(Self { dir, store, keys, fleet, fetch, get, peak })
    }
}

/// The host, and the server that it asks.
struct Quiet<'a> {
    host: &'a Published,
    url: String,
    ca: Option<&'a Path>,
}

/// Where the host's program has installed everything.
struct Installed {
    config: PathBuf,
    root: PathBuf,
    etag: String,
}

impl Quiet<'_> {
    /// Lets the host fetch everything, and looks at what it has installed.
    fn prepare(&self, name: &str) -> Result<Installed, Failure> {
        let Published { dir, keys, fleet, store, .. } = self.host;
        let Some(host) = fleet.hosts.first() else { return Err(Failure::new("no host")) };
        let host_name = HostName::parse(&host.name).context("host")?;
        let pin = keys.roots.newest().at();
        let text = format!(
            "store = \"{}\"\nhost = \"{host_name}\"\nid = \"{}\"\nidentity = \"identity\"\nfleet-id = \"{}\"\n\
             root = {{ version = {}, hash = \"{}\" }}\n",
            self.url,
            keys.fleet.opened.host_id(&host_name),
            keys.fleet.fleet_id,
            pin.version,
            pin.hash
        );
        let config = dir.path().join(format!("{name}.toml"));
        std::fs::write(&config, text).context("configuration")?;
        let root = dir.path().join(format!("root-{name}"));
        std::fs::create_dir_all(&root).context("root")?;
        let pointer = store.join(keys.channel.key());
        let mut installed = Installed { config, root, etag: String::new() };
        let output = self.fetch(&installed, false).output().context(self.host.fetch.display())?;
        ensure(output.status.success(), || {
            format!("{}{}", text_of(&output.stdout), text_of(&output.stderr))
        })?;
        crate::bare::Bare::new(fleet)?.render(|other, _, files| {
            for file in files.iter().filter(|_| other.name == host.name) {
                let path = installed.root.join(file.path.trim_start_matches('/'));
                let bytes = std::fs::read(&path).context(path.display())?;
                ensure(bytes == file.text.as_bytes(), || format!("{} has the wrong content", file.path))?;
            }
            Ok(())
        })?;
        installed.etag = match self.ca {
            None => etag(&std::fs::read(pointer).context("pointer")?),
            Some(_) => Tls::etag(&pointer)?,
        };
        Ok(installed)
    }

    fn measure(&self, what: &str, section: &mut Section, installed: &Installed) -> Result<(), Failure> {
        let mut contenders = vec![
            Contender::new("cmc-fetch --cron", || timed(self.fetch(installed, true))),
            Contender::new("conditional GET", || timed(self.get(installed))),
        ];
        let series = in_turns(TURNS, &mut contenders)?;
        section.compare(what, &series[0], &series[1], "≤ 2");
        let ours = self.peak(&self.fetch(installed, true))?;
        let theirs = self.peak(&self.get(installed))?;
        section.note(format!(
            "{what}: at most {:.1} MB resident (conditional GET: {:.1} MB); aim: below 5 MB.",
            ours as f64 / 1e3 * 1.024,
            theirs as f64 / 1e3 * 1.024
        ));
        Ok(())
    }

    fn fetch(&self, installed: &Installed, cron: bool) -> Command {
        let mut command = Command::new(&self.host.fetch);
        command.arg("--config").arg(&installed.config).arg("--root").arg(&installed.root);
        if cron {
            command.arg("--cron");
        }
        self.environment(command)
    }

    fn get(&self, installed: &Installed) -> Command {
        let mut command = Command::new(&self.host.get);
        command.arg(format!("{}/{}", self.url, self.host.keys.channel.key())).arg(&installed.etag);
        self.environment(command)
    }

    fn environment(&self, mut command: Command) -> Command {
        command.env_clear();
        if let Some(ca) = self.ca {
            command.env("SSL_CERT_FILE", ca);
        }
        command
    }

    /// The most memory, in KiB, that a command has resident.
    fn peak(&self, command: &Command) -> Result<u64, Failure> {
        let mut peak = Command::new(&self.host.peak);
        peak.arg(command.get_program()).args(command.get_args());
        let output = self.environment(peak).output().context(self.host.peak.display())?;
        let text = text_of(&output.stdout);
        let (code, kib) = text.trim().split_once(' ').ok_or_else(|| Failure::new("no figure of memory"))?;
        ensure(code == "0", || format!("the measured program ended with {code}"))?;
        kib.parse().context("a figure of memory")
    }
}

/// Runs a program that must succeed and print nothing.
fn timed(mut command: Command) -> Result<Duration, Failure> {
    let start = Instant::now();
    let output = command.output().context(command.get_program().display())?;
    let time = start.elapsed();
    let quiet = output.status.success() && output.stdout.is_empty() && output.stderr.is_empty();
    ensure(quiet, || format!("{}: {}{}", output.status, text_of(&output.stdout), text_of(&output.stderr)))?;
    Ok(time)
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
