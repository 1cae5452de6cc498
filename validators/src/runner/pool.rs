//! Runs jobs on a few threads, each with a sandbox of its own. What was run before is remembered.

use super::Settings;
use super::jobs::{Finished, version_commands};
use super::memory::{self, Made};
use super::tree::digest;
use crate::sandbox::{Request, Response, Sandbox};
use cmc_types::Blake3;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is known of programs.
#[derive(Default)]
pub(super) struct Versions {
    /// What version commands printed, standard output and error together.
    pub(super) printed: BTreeMap<&'static [&'static str], String>,
    digests: RefCell<HashMap<String, Option<Blake3>>>,
}

impl Versions {
    /// The digest of a program of this machine. Computed once.
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

    /// The digest of the program of a request, which may be one of the files that it is shown.
    pub(super) fn program(&self, request: &Request) -> Option<Blake3> {
        let name = request.argv.first()?;
        let shown = request.entries.iter().find(|entry| entry.path == *name);
        match shown.map(|entry| &entry.what) {
            Some(crate::sandbox::What::File { content, .. }) => Some(digest(content)),
            Some(_) => None,
            None => self.digest(name, request.env.get("PATH")),
        }
    }
}

/// What came of the jobs.
#[derive(Default)]
pub(super) struct Ran {
    /// In the order of the jobs.
    pub(super) made: Vec<Made>,
    /// What is known of their programs.
    pub(super) versions: Versions,
    /// How many of the jobs were run; the others were remembered.
    pub(super) run: usize,
}

/// Runs every job and every version command that is not remembered.
pub(super) fn run(jobs: &Finished<'_>, settings: &Settings<'_>) -> Ran {
    if jobs.runs.is_empty() {
        return Ran::default();
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
    let mut versions = Versions::default();
    let machine = memory::machine(requests.iter().copied());
    let key = |(index, request): (usize, &&Request)| {
        settings.memory?;
        let may = jobs.runs.get(index).is_none_or(|job| memory::may_know(job, settings));
        if may { memory::key(request, versions.program(request), &machine) } else { None }
    };
    let keys: Vec<Option<Blake3>> = requests.iter().enumerate().map(key).collect();
    let known: Vec<Option<Made>> = keys.iter().map(|key| memory::recall(settings, key.as_ref()?)).collect();
    let new: Vec<usize> = (0..requests.len()).filter(|index| known[*index].is_none()).collect();
    let run = new.iter().filter(|index| **index < jobs.runs.len()).count();

    let next = Mutex::new(new.iter().copied());
    let made = Mutex::new(known);
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..settings.threads.min(new.len()).max(usize::from(!new.is_empty())) {
            scope.spawn(|| {
                let mut sandbox: Option<Sandbox> = None;
                while let Some(index) = next.lock().ok().and_then(|mut next| next.next()) {
                    let response = ask(&mut sandbox, settings, requests[index]);
                    (settings.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, new.len());
                    let one = Made { response, at: settings.now };
                    if let Some(key) = &keys[index] {
                        memory::keep(settings, key, &one);
                    }
                    if let Ok(mut made) = made.lock() {
                        made[index] = Some(one);
                    }
                }
            });
        }
    });
    let lost =
        || Made { response: Response::refused("process", "the sandbox's thread ended"), at: settings.now };
    let made = made.into_inner().unwrap_or_default();
    let mut made: Vec<Made> = made.into_iter().map(|made| made.unwrap_or_else(lost)).collect();
    let printed = made.split_off(jobs.runs.len().min(made.len())).into_iter();
    versions.printed = commands
        .into_iter()
        .zip(printed.map(|made| made.response))
        .map(|(argv, response)| (argv, format!("{}\n{}", response.stdout, response.stderr)))
        .collect();
    Ran { made, versions, run }
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
