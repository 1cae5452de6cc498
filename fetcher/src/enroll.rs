//! Enrolment: makes the host's keys, writes `fetch.toml` from the line that `cmc host add` printed, and has the
//! fetcher run every five minutes. Everything that is there already stays.

use crate::atomic;
use crate::config::{Config, RootPin, StoreSetting};
use crate::error::{Error, Result};
use cmc_bundles::keys::{Identities, MemberKey};
use cmc_bundles::sshsig::{self, FileSigner, Signer};
use cmc_types::shell;
use cmc_types::{Blake3, HostName};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The line that `cmc host add` prints: one JSON object.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Line {
    /// The store.
    pub store: StoreSetting,
    /// The channel.
    pub channel: String,
    /// The host's name.
    pub host: HostName,
    /// Its identifier in the index.
    pub id: String,
    /// The fleet.
    pub fleet_id: Blake3,
    /// The root of trust to start from.
    pub root: RootPin,
}

/// How the fetcher is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// A systemd service and timer.
    Timer,
    /// A file in `/etc/cron.d`.
    Cron,
    /// A line that the administrator adds to root's crontab.
    Crontab,
    /// Not at all.
    None,
}

/// What enrolment did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Enrolled {
    /// The public key that the host's manifest is to be encrypted to.
    pub recipient: String,
    /// The public key that verifies the host's reports.
    pub reporter: String,
    /// Files that were written.
    pub written: Vec<PathBuf>,
    /// Files that were there already and stay.
    pub kept: Vec<PathBuf>,
    /// What is left to do, each a command or an instruction.
    pub next: Vec<String>,
}

/// What enrolment works with.
#[derive(Debug, Clone, Copy)]
pub struct Enrolment<'a> {
    /// The root beneath which files are written.
    pub root: &'a Path,
    /// Where `fetch.toml` goes.
    pub config: &'a Path,
    /// The line; without it only the keys are made.
    pub line: Option<&'a Line>,
    /// How the fetcher is started; none: as this system does.
    pub schedule: Option<Schedule>,
    /// The fetcher's own path.
    pub program: &'a Path,
}

/// Parses the line that `cmc host add` printed.
pub fn parse(line: &str) -> Result<Line> {
    serde_json::from_str(line.trim())
        .map_err(|error| Error::Usage(format!("this is not the line that `cmc host add` prints: {error}")))
}

/// Enrols a host.
pub fn run(enrolment: &Enrolment<'_>) -> Result<Enrolled> {
    let dir = enrolment.config.parent().unwrap_or(Path::new("/"));
    make_dir(dir)?;
    let identity = dir.join("identity");
    let mut out = Enrolled {
        recipient: String::new(),
        reporter: String::new(),
        written: Vec::new(),
        kept: Vec::new(),
        next: Vec::new(),
    };
    out.recipient = key(&identity, &mut out)?;
    out.reporter = reporter(&dir.join("reporter"), &mut out)?;
    let Some(line) = enrolment.line else {
        let host = crate::system::described(enrolment.root);
        let keys = format!("--recipient {} --reporter '{}'", out.recipient, out.reporter);
        out.next.push(format!("on the publisher: cmc host add {host} {keys}"));
        out.next.push("then here: cmc-fetch enroll 'LINE', with the line that it prints".into());
        return Ok(out);
    };
    let scheduled = scheduled(enrolment)?;
    let text = format!("# Written by `cmc-fetch enroll`.\n{}reporter = \"reporter\"\n", config_text(line)?);
    let parsed = Config::parse(&text, dir)?;
    if enrolment.config.exists() {
        let there = Config::load(enrolment.config)?;
        let differs = differences(&there, &parsed);
        if !differs.is_empty() {
            return Err(Error::Failed(format!(
                "{} enrols this host already, and the line differs in {}: change the file by hand, or remove it first",
                enrolment.config.display(),
                differs.join(", ")
            )));
        }
        out.kept.push(enrolment.config.to_owned());
    } else {
        atomic::write_mode(enrolment.config, text.as_bytes(), 0o644, true)?;
        out.written.push(enrolment.config.to_owned());
    }
    if let Some((schedule, command)) = scheduled {
        install(enrolment, schedule, &command, &line.id, &mut out)?;
    }
    out.next.push(format!("try it: {} plan", command(enrolment)));
    Ok(out)
}

/// What a line says otherwise than the configuration that is there.
fn differences(there: &Config, line: &Config) -> Vec<&'static str> {
    let pairs = [
        ("store", there.store.table() != line.store.table()),
        ("channel", there.channel != line.channel),
        ("host", there.host != line.host),
        ("id", there.id != line.id),
        ("fleet-id", there.fleet_id != line.fleet_id),
        ("root", there.root != line.root),
    ];
    pairs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
}

/// The program with the options that lead it back to this configuration and root, as words of a shell.
fn command(enrolment: &Enrolment<'_>) -> String {
    let text = |path: &Path| path.display().to_string();
    let mut command = vec![text(enrolment.program), "--config".into(), text(enrolment.config)];
    if enrolment.root != Path::new("/") {
        command.extend(["--root".into(), text(enrolment.root)]);
    }
    shell::words(&command)
}

/// How the fetcher is started, if it is, and by which command: one that a unit and a crontab can carry, which read
/// blanks, `%` and quotes in ways of their own.
fn scheduled(enrolment: &Enrolment<'_>) -> Result<Option<(Schedule, String)>> {
    let is_dir = |path: &str| enrolment.root.join(path).is_dir();
    let schedule = enrolment.schedule.unwrap_or_else(|| match () {
        () if is_dir("run/systemd/system") => Schedule::Timer,
        () if is_dir("etc/cron.d") => Schedule::Cron,
        () => Schedule::Crontab,
    });
    if schedule == Schedule::None {
        return Ok(None);
    }
    let command = command(enrolment);
    let plain = |c: char| c.is_ascii_alphanumeric() || " /._+:@-".contains(c);
    match command.chars().all(plain) {
        true => Ok(Some((schedule, command))),
        false => Err(Error::Usage(format!(
            "{command}: such a path can stand in no unit and no crontab; choose others, or use --schedule none"
        ))),
    }
}

fn make_dir(dir: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(dir)
        .map_err(Error::io(format!("cannot make {}", dir.display())))
}

/// The recipient of the identity at `path`, which is made if it is not there.
fn key(path: &Path, out: &mut Enrolled) -> Result<String> {
    if let Some(content) = atomic::read(path)? {
        let identities = Identities::parse(&content, &path.display().to_string())?;
        let recipient = identities.recipients().first().map(ToString::to_string);
        out.kept.push(path.to_owned());
        return recipient.ok_or_else(|| Error::Failed(format!("{}: no public key in it", path.display())));
    }
    let key = MemberKey::generate();
    let recipient = key.recipient()?.to_string();
    let text = format!("# public key: {recipient}\n{}\n", key.expose());
    atomic::write(path, text.as_bytes())?;
    out.written.push(path.to_owned());
    Ok(recipient)
}

/// The public half of the reporter key at `path`, which is made if it is not there.
fn reporter(path: &Path, out: &mut Enrolled) -> Result<String> {
    let failed = |error: cmc_bundles::sshsig::SignError| Error::Failed(error.to_string());
    if let Some(content) = atomic::read(path)? {
        let signer = FileSigner::parse(&content, &path.display().to_string()).map_err(failed)?;
        out.kept.push(path.to_owned());
        return Ok(signer.public_key().to_string());
    }
    let (key, public) = sshsig::generate("cmc reporter").map_err(failed)?;
    atomic::write(path, key.as_bytes())?;
    out.written.push(path.to_owned());
    Ok(public.to_string())
}

/// `fetch.toml` of a host that is told this line, as text, with its identity beside it.
pub fn config_text(line: &Line) -> Result<String> {
    // A JSON text without control characters is a TOML basic string.
    let quote = |text: &str| match text.chars().any(char::is_control) {
        true => Err(Error::Usage("the line holds control characters".into())),
        false => serde_json::to_string(text).map_err(|error| Error::Failed(error.to_string())),
    };
    let store = match &line.store {
        StoreSetting::Url(url) => quote(url)?,
        StoreSetting::Table(table) => {
            let mut parts = vec![format!("url = {}", quote(&table.url)?)];
            for (name, value) in
                [("endpoint", &table.endpoint), ("region", &table.region), ("profile", &table.profile)]
            {
                if let Some(value) = value {
                    parts.push(format!("{name} = {}", quote(value)?));
                }
            }
            parts.extend(table.path_style.map(|style| format!("path-style = {style}")));
            format!("{{ {} }}", parts.join(", "))
        }
    };
    let mut text = String::new();
    let _ = writeln!(text, "store = {store}");
    let _ = writeln!(text, "channel = {}", quote(&line.channel)?);
    let _ = writeln!(text, "host = {}", quote(line.host.as_str())?);
    let _ = writeln!(text, "id = {}", quote(&line.id)?);
    let _ = writeln!(text, "identity = \"identity\"");
    let _ = writeln!(text, "fleet-id = \"{}\"", line.fleet_id);
    let _ = writeln!(text, "root = {{ version = {}, hash = \"{}\" }}", line.root.version, line.root.hash);
    Ok(text)
}

const SERVICE: &str = "[Unit]
Description=Fetch, verify and install this host's configuration
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
Environment=HOME=/root
ExecStart={command} --cron run
Nice=5
";

const TIMER: &str = "[Unit]
Description=Fetch this host's configuration every five minutes

[Timer]
OnBootSec=1min
OnUnitActiveSec=5min
RandomizedDelaySec=30s

[Install]
WantedBy=timers.target
";

fn install(
    enrolment: &Enrolment<'_>,
    schedule: Schedule,
    command: &str,
    id: &str,
    out: &mut Enrolled,
) -> Result<()> {
    let root = enrolment.root;
    let fill = |text: &str| text.replace("{command}", command);
    // Hosts of a fleet do not all ask in the same minute.
    let minute = u32::from_str_radix(id.get(..2).unwrap_or("0"), 16).unwrap_or(0) % 5;
    let when = format!("{minute}-59/5 * * * *");
    let mut write = |path: PathBuf, text: String| -> Result<()> {
        if path.exists() {
            out.kept.push(path);
            return Ok(());
        }
        if let Some(dir) = path.parent() {
            make_dir(dir)?;
        }
        atomic::write_mode(&path, text.as_bytes(), 0o644, true)?;
        out.written.push(path);
        Ok(())
    };
    match schedule {
        Schedule::Timer => {
            write(root.join("etc/systemd/system/cmc-fetch.service"), fill(SERVICE))?;
            write(root.join("etc/systemd/system/cmc-fetch.timer"), TIMER.into())?;
            out.next.push("systemctl daemon-reload".into());
            out.next.push("systemctl enable --now cmc-fetch.timer".into());
        }
        Schedule::Cron => {
            let text = fill("# Written by `cmc-fetch enroll`.\n{when} root {command} --cron run\n")
                .replace("{when}", &when);
            write(root.join("etc/cron.d/cmc-fetch"), text)?;
        }
        Schedule::Crontab => {
            out.next.push(format!("add to root's crontab (`crontab -e`): {when} {command} --cron run"))
        }
        Schedule::None => {}
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const LINE: &str = r#"{"store":{"url":"s3://b/p","endpoint":"http://127.0.0.1:1","path-style":true},"channel":"main","host":"web1","id":"0a112233445566778899aabbccddeeff","fleet-id":"0000000000000000000000000000000000000000000000000000000000000000","root":{"version":1,"hash":"0000000000000000000000000000000000000000000000000000000000000000"}}"#;

    #[test]
    fn enrolling_makes_a_private_identity_and_a_config_that_loads_and_twice_is_once() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("etc/cmc/fetch.toml");
        let line = parse(LINE).unwrap();
        let program = Path::new("/usr/local/bin/cmc-fetch");
        let enrolment = Enrolment {
            root: dir.path(),
            config: &config,
            line: Some(&line),
            schedule: Some(Schedule::Cron),
            program,
        };
        let first = run(&enrolment).unwrap();
        assert!(first.recipient.starts_with("age1"));
        assert!(first.reporter.starts_with("ssh-ed25519 "));
        assert_eq!(first.written.len(), 4);
        for key in ["identity", "reporter"] {
            let mode = std::fs::metadata(config.with_file_name(key)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
        let loaded = Config::load(&config).unwrap();
        assert_eq!(loaded.host.as_str(), "web1");
        assert_eq!(loaded.identity, config.with_file_name("identity"));
        assert_eq!(loaded.reporter, Some(config.with_file_name("reporter")));
        let cron = std::fs::read_to_string(dir.path().join("etc/cron.d/cmc-fetch")).unwrap();
        assert!(cron.contains("0-59/5 * * * * root /usr/local/bin/cmc-fetch --config"), "{cron}");

        let second = run(&enrolment).unwrap();
        assert_eq!((&second.recipient, &second.reporter), (&first.recipient, &first.reporter));
        assert_eq!((second.written.len(), second.kept.len()), (0, 4));
    }

    #[test]
    fn a_line_that_differs_from_the_enrolment_that_is_there_is_refused_and_says_in_what() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("fetch.toml");
        let enrol = |text: &str| {
            let line = parse(text).unwrap();
            let (root, program) = (dir.path(), Path::new("/cmc-fetch"));
            let schedule = Some(Schedule::None);
            run(&Enrolment { root, config: &config, line: Some(&line), schedule, program })
        };
        enrol(LINE).unwrap();
        for (from, to, key) in [
            ("\"version\":1", "\"version\":7", "root"),
            ("s3://b/p", "s3://b/q", "store"),
            ("\"main\"", "\"staging\"", "channel"),
            ("\"web1\"", "\"web2\"", "host"),
            ("0a1122", "0b1122", "id"),
        ] {
            let error = enrol(&LINE.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(&format!("differs in {key}:")), "{error}");
        }
        assert_eq!(Config::load(&config).unwrap().root.version, 1);
    }

    #[test]
    fn a_line_with_unknown_or_missing_keys_is_refused() {
        assert!(parse(&LINE.replace("\"host\"", "\"hosts\"")).is_err());
        assert!(parse("not json").is_err());
    }
}
