//! What the tests share: starting workers, building requests, and saying what was skipped.

use cmc_validators::sandbox::{Entry, Identity, Outcome, Request, Response, Sandbox, What};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) fn worker() -> Sandbox {
    let executable = std::env::current_exe().unwrap();
    Sandbox::start(&executable, &["__sandbox".to_owned()]).unwrap()
}

/// A request that runs `sh -c SCRIPT` with these files.
pub(crate) fn shell(script: &str, files: &[(&str, &str)]) -> Request {
    Request {
        argv: ["sh", "-c", script].map(str::to_owned).into(),
        env: BTreeMap::from([("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned())]),
        identity: Identity::Plain,
        net_admin: false,
        interfaces: Vec::new(),
        bounds: crate::fleet::patient(),
        machine: Vec::new(),
        dirs: Vec::new(),
        domains: Vec::new(),
        entries: files
            .iter()
            .map(|(path, text)| Entry { path: (*path).to_owned(), what: What::file(0o644, text.as_bytes()) })
            .collect(),
    }
}

/// Runs a request in a worker of its own; the reason if this machine has no namespaces.
pub(crate) fn run(request: &Request) -> Result<Response, String> {
    let response = worker().run(request).unwrap();
    match &response.outcome {
        Outcome::Refused { step, why } => Err(format!("{step}: {why}")),
        _ => Ok(response),
    }
}

/// How a request ended.
pub(crate) fn outcome(request: &Request) -> Outcome {
    worker().run(request).unwrap().outcome
}

/// A text that no other run of the tests has in its command lines.
pub(crate) fn marker() -> String {
    format!("cmc{}", std::process::id())
}

/// A new directory of the machine that everybody may enter, under /var/tmp: the sandbox has its own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = PathBuf::from(format!("/var/tmp/cmc-validators-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
    path
}

/// How many processes of the machine have this text in their command line.
pub(crate) fn running(name: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let command = |process: std::fs::DirEntry| std::fs::read(process.path().join("cmdline")).ok();
    processes.filter_map(command).filter(|line| String::from_utf8_lossy(line).contains(name)).count()
}

/// Whether no process has this text in its command line, or soon none has.
pub(crate) fn gone(name: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    while running(name) > 0 {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// The uid that the tests run as.
pub(crate) fn uid() -> u32 {
    std::fs::metadata("/proc/self").unwrap().uid()
}
