//! Runs jobs on a few threads, each with a sandbox of its own.

use super::Settings;
use super::jobs::{Finished, version_commands};
use super::tree::digest;
use crate::sandbox::{Request, Response, Sandbox};
use cmc_types::Blake3;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is known of programs' versions.
#[derive(Default)]
pub(super) struct Versions {
    /// What version commands printed, standard output and error together.
    pub(super) printed: BTreeMap<&'static [&'static str], String>,
    digests: RefCell<HashMap<String, Option<Blake3>>>,
}

impl Versions {
    /// The digest of a program of this machine, for one that prints no version. Computed once.
    pub(super) fn digest(&self, name: &str, path: Option<&String>) -> Option<Blake3> {
        if let Some(known) = self.digests.borrow().get(name) {
            return *known;
        }
        let places = path.map_or("", String::as_str).split(':').map(|dir| format!("{dir}/{name}"));
        let mut places: Box<dyn Iterator<Item = String>> =
            if name.contains('/') { Box::new(std::iter::once(name.to_owned())) } else { Box::new(places) };
        let digest = places.find_map(|place| std::fs::read(place).ok()).map(|content| digest(&content));
        self.digests.borrow_mut().insert(name.to_owned(), digest);
        digest
    }
}

/// Runs every job and every version command; responses are in the order of the jobs.
pub(super) fn run(jobs: &Finished<'_>, settings: &Settings<'_>) -> (Vec<Response>, Versions) {
    if jobs.runs.is_empty() {
        return (Vec::new(), Versions::default());
    }
    let commands: Vec<_> = version_commands(&jobs.runs).into_iter().collect();
    let asked: Vec<Request> = commands
        .iter()
        .map(|argv| Request {
            argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
            ..jobs.template.clone()
        })
        .collect();
    let requests: Vec<&Request> = jobs.runs.iter().map(|job| &job.request).chain(&asked).collect();
    let next = Mutex::new(0..requests.len());
    let responses: Mutex<Vec<Option<Response>>> = Mutex::new(vec![None; requests.len()]);
    let done = AtomicUsize::new(0);
    let threads = settings.threads.clamp(1, requests.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut sandbox: Option<Sandbox> = None;
                while let Some(index) = next.lock().ok().and_then(|mut next| next.next()) {
                    let response = ask(&mut sandbox, settings, requests[index]);
                    (settings.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, requests.len());
                    if let Ok(mut responses) = responses.lock() {
                        responses[index] = Some(response);
                    }
                }
            });
        }
    });
    let lost = || Response::refused("process", "the sandbox's thread ended");
    let mut responses: Vec<Response> = responses
        .into_inner()
        .unwrap_or_default()
        .into_iter()
        .map(|response| response.unwrap_or_else(lost))
        .collect();
    let printed = responses.split_off(jobs.runs.len().min(responses.len()));
    let printed = commands
        .into_iter()
        .zip(printed)
        .map(|(argv, response)| (argv, format!("{}\n{}", response.stdout, response.stderr)))
        .collect();
    (responses, Versions { printed, ..Versions::default() })
}

/// Asks a worker, which is started if there is none; after an error the next job gets a new one.
fn ask(sandbox: &mut Option<Sandbox>, settings: &Settings<'_>, request: &Request) -> Response {
    let size: u64 = request.entries.iter().map(|entry| entry.what.size()).sum();
    if size > request.bounds.root {
        let why = format!("the tree has {size} bytes, the root at most {}", request.bounds.root);
        return Response::refused("private root", why);
    }
    let worker = match sandbox.take() {
        Some(worker) => Ok(worker),
        None => Sandbox::start(&settings.worker.0, &settings.worker.1),
    };
    match worker.and_then(|mut worker| worker.run(request).map(|response| (worker, response))) {
        Ok((worker, response)) => {
            *sandbox = Some(worker);
            response
        }
        Err(error) => Response::refused("process", error),
    }
}
