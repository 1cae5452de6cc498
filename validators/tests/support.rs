//! What the tests share: starting workers, building requests, and saying what was skipped.

use cmc_validators::sandbox::{Bounds, Entry, Identity, Outcome, Request, Response, Sandbox, What};
use std::collections::BTreeMap;
use std::io::Write;

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
        bounds: Bounds::default(),
        machine: Vec::new(),
        dirs: Vec::new(),
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

pub(crate) fn note_skipped(name: &str, reason: &str) {
    let line = format!("SKIPPED {name}: {reason}");
    println!("{line}");
    if let Some(path) = std::env::var_os("CMC_SKIPPED") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| writeln!(file, "{line}")).unwrap();
    }
}
