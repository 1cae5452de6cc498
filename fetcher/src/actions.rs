//! Commands and probes on this host: a clean environment, a time limit that ends the whole process group, and the
//! tail of the output for the report of a failure.
//!
//! Output goes to an unlinked file, not a pipe, so that a daemon that keeps it open neither holds up the run nor is
//! killed by its end.

use crate::error::{Error, Result};
use cmc_types::check::Probe;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::net::ToSocketAddrs;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Bytes of output that are kept of a command.
const TAIL: u64 = 16 << 10;
/// Bytes of an HTTP answer that are kept.
const BODY: u64 = 4 << 10;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whether it exited 0.
    pub ok: bool,
    /// How it ended, as a phrase: "exited 1", "took longer than 60 s".
    pub how: String,
    /// The last of what it wrote.
    pub output: String,
}

/// What runs the commands and probes of bundles. Tests have one of their own.
pub trait Runner {
    /// Runs a command to its end.
    fn run(&self, argv: &[String], timeout: Duration) -> Ended;
    /// Makes one attempt of a probe; the error says what was wrong.
    fn probe(&self, probe: &Probe, timeout: Duration) -> std::result::Result<(), String>;
}

/// Runs commands of this system.
#[derive(Debug)]
pub struct SystemRunner {
    /// Directories where a bare `argv[0]` is looked for.
    path: Vec<PathBuf>,
    /// A root other than `/`; absolute programs are looked for beneath it, so that none of the system's runs.
    root: Option<PathBuf>,
    /// Private directory for output files.
    scratch: PathBuf,
}

impl SystemRunner {
    /// A runner that looks for bare programs in `path`.
    pub fn new(path: Vec<PathBuf>, root: &Path, scratch: &Path) -> Self {
        let root = (root != Path::new("/")).then(|| root.to_owned());
        Self { path, root, scratch: scratch.to_owned() }
    }

    fn find(&self, program: &str) -> Option<PathBuf> {
        if program.starts_with('/') {
            let Some(root) = &self.root else { return Some(PathBuf::from(program)) };
            let beneath = root.join(program.trim_start_matches('/'));
            if beneath.is_file() {
                return Some(beneath);
            }
        }
        let name = program.rsplit('/').next()?;
        self.path.iter().map(|dir| dir.join(name)).find(|file| executable(file))
    }

    fn start(&self, argv: &[String]) -> Result<(Child, File)> {
        let Some(name) = argv.first() else { return Err(Error::Failed("the command is empty".into())) };
        let program = self
            .find(name)
            .ok_or_else(|| Error::Failed(format!("there is no program {name} in the configured path")))?;
        let output = self.output()?;
        let clone = || output.try_clone().map_err(Error::io("cannot keep output"));
        let mut command = Command::new(&program);
        command
            .arg0(name)
            .args(&argv[1..])
            .env_clear()
            .env("PATH", std::env::join_paths(&self.path).unwrap_or_default())
            .env("LC_ALL", "C")
            .env("HOME", "/")
            .env("TERM", "dumb")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(clone()?)
            .stderr(clone()?)
            .process_group(0);
        if let Some(root) = &self.root {
            command.env("CMC_ROOT", root);
        }
        let child = crate::cores::allowed(|| command.spawn())
            .map_err(Error::io(format!("cannot start {}", program.display())))?;
        Ok((child, output))
    }

    fn output(&self) -> Result<File> {
        let path = self.scratch.join(format!(".output-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io("cannot keep output"))?;
        let _ = std::fs::remove_file(&path);
        Ok(file)
    }
}

impl Runner for SystemRunner {
    fn run(&self, argv: &[String], timeout: Duration) -> Ended {
        let (mut child, output) = match self.start(argv) {
            Ok(started) => started,
            Err(error) => return Ended { ok: false, how: error.to_string(), output: String::new() },
        };
        let (ok, how) = match wait(&mut child, timeout) {
            Ok(Some(status)) => (status.success(), describe(status)),
            Ok(None) => (false, format!("took longer than {} s", timeout.as_secs())),
            Err(error) => (false, format!("cannot be waited for: {error}")),
        };
        Ended { ok, how, output: tail(output) }
    }

    fn probe(&self, probe: &Probe, timeout: Duration) -> std::result::Result<(), String> {
        match probe {
            Probe::Http(url) => http(url, timeout),
            Probe::Tcp(address) => tcp(address, timeout),
            Probe::Exec(argv) => {
                let ended = self.run(argv, timeout);
                let output = ended.output.trim();
                match ended.ok {
                    true => Ok(()),
                    false if output.is_empty() => Err(ended.how),
                    false => Err(format!("{}: {output}", ended.how)),
                }
            }
        }
    }
}

fn executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

fn wait(child: &mut Child, timeout: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= timeout {
            end(child, Signal::TERM);
            let grace = Instant::now();
            while grace.elapsed() < Duration::from_secs(2) && !has_ended(child)? {
                std::thread::sleep(Duration::from_millis(20));
            }
            end(child, Signal::KILL);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Whether the child has ended; it is not waited for, so that its number stays its own.
fn has_ended(child: &Child) -> std::io::Result<bool> {
    let Some(pid) = pid(child) else { return Ok(true) };
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(rustix::process::waitid(WaitId::Pid(pid), look)?.is_some())
}

/// Signals the child's process group, which is its own until the child is waited for.
fn end(child: &Child, signal: Signal) {
    if let Some(pid) = pid(child) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".into(),
    }
}

fn tail(mut file: File) -> String {
    let mut bytes = Vec::new();
    let end = file.seek(SeekFrom::End(0)).unwrap_or(0);
    let _ = file.seek(SeekFrom::Start(end.saturating_sub(TAIL)));
    let _ = file.take(TAIL).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tcp(address: &str, timeout: Duration) -> std::result::Result<(), String> {
    let addresses = address.to_socket_addrs().map_err(|error| format!("cannot find {address}: {error}"))?;
    let mut problem = format!("{address} has no address");
    for one in addresses {
        match std::net::TcpStream::connect_timeout(&one, timeout) {
            Ok(_) => return Ok(()),
            Err(error) => problem = format!("{one}: {error}"),
        }
    }
    Err(problem)
}

/// GETs a URL once; anything but 2xx fails, redirects included. A proxy of the environment is not used.
fn http(url: &str, timeout: Duration) -> std::result::Result<(), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent(concat!("cmc-fetch/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut answer = agent.get(url).call().map_err(|error| format!("{url}: {error}"))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let mut body = Vec::new();
    let _ = answer.body_mut().as_reader().take(BODY).read_to_end(&mut body);
    let body = String::from_utf8_lossy(&body);
    Err(format!(
        "{url} answered {}{}{}",
        status.as_u16(),
        if body.is_empty() { "" } else { ": " },
        body.trim()
    ))
}
