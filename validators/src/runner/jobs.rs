//! Which programs have to run, on what. Runs with equal inputs are one, whatever hosts they are for.

use super::tool::{PATH, Tool, another_name};
use super::tree::{self, Body, Loader, Shape, Tree, TreeFile};
use super::{Collector, Selection, Settings, ValidateError, accounts, files};
use crate::registry::{self, Prepared, Scope, Stub, View};
use crate::sandbox::{Entry, Request, What};
use cmc_types::Blake3;
use cmc_types::name::{HostName, ValidatorName};
use cmc_types::plan::{Checks, Format, HostPlan, Plan};
use cmc_types::receipt::{Receipt, Verdict};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// One run of one program.
pub(super) struct Job<'a> {
    pub(super) tool: Tool<'a>,
    pub(super) hosts: Vec<HostName>,
    /// The files that it stands for, if it reads them.
    pub(super) subjects: Vec<Subject>,
    pub(super) required: bool,
    pub(super) request: Request,
    /// What it is shown of the tree, in the order of the first entries of the request.
    pub(super) seen: Vec<TreeFile>,
    pub(super) inputs: Blake3,
    /// Copies that it reads in place of subjects: (copy, subject).
    pub(super) copies: Vec<(String, String)>,
    /// Files that only the host has, for which throw-away ones stand in.
    pub(super) stand_ins: Vec<String>,
    /// Errors found while it was prepared: index in `seen`, line, and what is wrong.
    pub(super) errors: Vec<(usize, u32, String)>,
    /// Whether the files are those that its definition applies to, of which some may not be read.
    pub(super) whole: bool,
}

/// A file that a job stands for.
#[derive(Clone)]
pub(super) struct Subject {
    /// Index in `seen`.
    pub(super) seen: usize,
    /// Whether `check` names the program.
    pub(super) named: bool,
}

/// The runs, and the programs whose versions they name.
pub(super) struct Finished<'a> {
    pub(super) runs: Vec<Job<'a>>,
    /// The environment and bounds for version commands.
    pub(super) template: Request,
}

/// Collects runs host by host.
pub(super) struct Jobs<'a> {
    plan: &'a Plan,
    settings: &'a Settings<'a>,
    tools: Vec<Tool<'a>>,
    domains: Vec<String>,
    runs: Vec<Job<'a>>,
    known: HashMap<[u8; 32], usize>,
}

impl<'a> Jobs<'a> {
    pub(super) fn new(plan: &'a Plan, settings: &'a Settings<'a>) -> Self {
        let mut tools: Vec<Tool<'a>> =
            registry::PROGRAMS.iter().map(|program| Tool::BuiltIn(program)).collect();
        // A validator of the user's own with a built-in's name takes its place.
        tools.retain(|tool| !plan.validators.keys().any(|own| own.as_str() == tool.name()));
        tools.extend(plan.validators.iter().map(|(name, own)| Tool::Own(name, own)));
        let domains = accounts::domains(&plan.addresses);
        Self { plan, settings, tools, domains, runs: Vec::new(), known: HashMap::new() }
    }

    pub(super) fn finish(self) -> Finished<'a> {
        Finished { template: request(&self.settings.bounds), runs: self.runs }
    }

    /// Adds what has to run for a host.
    pub(super) fn add(
        &mut self,
        host: &'a HostPlan,
        tree: &Tree,
        loader: &mut Loader<'_>,
        collected: &mut Collector,
    ) -> Result<(), ValidateError> {
        let usual = accounts::entries(host, &self.plan.addresses, false);
        let flat = accounts::entries(host, &self.plan.addresses, true);
        let tree = &self.without_dummies(host, tree);
        for tool in self.tools.clone() {
            let (waiting, chosen): (Vec<_>, Vec<_>) = choose(&tool, host, tree)
                .into_iter()
                .partition(|(index, _): &(usize, bool)| tree.files[*index].waits);
            self.defer(&tool, host, tree, &waiting, collected);
            if chosen.is_empty() {
                continue;
            }
            for run in split(&tool, tree, &chosen) {
                if tree.files.iter().any(|file| file.waits && file.path.as_str() == run.main) {
                    self.defer(&tool, host, tree, &run.subjects, collected);
                    continue;
                }
                let surroundings = if tool.flat_accounts() { &flat } else { &usual };
                self.add_run(&tool, host, tree, run, surroundings, loader)?;
            }
        }
        self.report_unknown(host, tree, collected);
        Ok(())
    }

    /// The tree in which a dummy is empty where a program would read it as its own configuration: nothing, rather
    /// than a word that is none.
    fn without_dummies(&self, host: &HostPlan, tree: &Tree) -> Tree {
        let read = |file: &TreeFile| {
            self.tools.iter().any(|tool| tool.applies(host, file.path.as_str(), file.interpreter()))
        };
        let file = |file: &TreeFile| if file.waits && read(file) { file.emptied() } else { file.clone() };
        Tree { files: tree.files.iter().map(file).collect(), blocks: Vec::new() }
    }

    /// Notes that a tool has nothing to judge before publish: the files are secrets of no known structure, or nothing
    /// without one that is.
    fn defer(
        &self,
        tool: &Tool<'_>,
        host: &HostPlan,
        tree: &Tree,
        subjects: &[(usize, bool)],
        collected: &mut Collector,
    ) {
        for file in subjects.iter().map(|(index, _)| &tree.files[*index]) {
            let Some(b3) = file.b3() else { continue };
            let receipt = files::receipt(file, b3, tool.name(), Verdict::Deferred, self.settings);
            collected.file_receipt(&host.host, Receipt { dummies: true, version: String::new(), ..receipt });
        }
    }

    fn add_run(
        &mut self,
        tool: &Tool<'a>,
        host: &'a HostPlan,
        tree: &Tree,
        run: Run,
        surroundings: &[Entry],
        loader: &mut Loader<'_>,
    ) -> Result<(), ValidateError> {
        let mut seen: Vec<TreeFile> = run.seen.iter().map(|index| tree.files[*index].clone()).collect();
        if self.settings.selection == Selection::Tainted && !seen.iter().any(|file| file.tainted) {
            return Ok(());
        }
        // The program itself may be one of the host's files.
        let program = tool.argv().first().cloned().unwrap_or_default();
        for file in &mut seen {
            if file.path.as_str() == program
                && let Shape::File { mode, b3, body: Body::Large { source, .. } } = &file.shape
            {
                let (content, _) = loader.source(source)?;
                file.shape = Shape::File { mode: *mode, b3: *b3, body: Body::Here(content) };
            }
        }
        let subjects: Vec<Subject> = run
            .subjects
            .iter()
            .filter_map(|(index, named)| {
                let seen = run.seen.iter().position(|seen| seen == index)?;
                Some(Subject { seen, named: *named })
            })
            .collect();
        let required = run.subjects.iter().any(|(index, _)| match &tree.files[*index].checks {
            // A script that cmc printed was parsed back already; a shell's opinion comes on top.
            Checks::Auto { .. } if tree.files[*index].format == Format::Typed && tool.is_alone() => false,
            Checks::Auto { .. } if tool.is_extra() => false,
            Checks::Auto { required } | Checks::Named { required, .. } => *required,
            Checks::Off { .. } => false,
        });
        let inputs = tree::inputs(seen.iter());
        let key = key(tool, &seen, &subjects, &run.main, surroundings, required);
        if let Some(index) = self.known.get(&key) {
            self.runs[*index].hosts.push(host.host.clone());
            return Ok(());
        }
        let (request, prepared, stand_ins) = self.request(tool, &seen, &subjects, &run, surroundings);
        let place = |path: &str| seen.iter().position(|file| file.path.as_str() == path);
        let errors = prepared.errors.into_iter();
        let errors =
            errors.filter_map(|(path, line, message)| Some((place(&path)?, line, message))).collect();
        self.known.insert(key, self.runs.len());
        self.runs.push(Job {
            tool: *tool,
            hosts: vec![host.host.clone()],
            subjects,
            required,
            request,
            seen,
            inputs,
            copies: prepared.copies,
            stand_ins,
            errors,
            whole: run.whole,
        });
        Ok(())
    }

    fn request(
        &self,
        tool: &Tool<'_>,
        seen: &[TreeFile],
        subjects: &[Subject],
        run: &Run,
        surroundings: &[Entry],
    ) -> (Request, Prepared, Vec<String>) {
        let mut request = request(&tool.bounds(self.settings.bounds));
        request.domains.clone_from(&self.domains);
        // The first entries are those of `seen`, so that indices are the same.
        let staged = matches!(tool.scope(), Scope::Set) && !run.main_is_own;
        request.entries = seen.iter().map(|file| if staged { hidden(file) } else { file.entry() }).collect();
        if tool.flat_accounts() {
            for (entry, file) in request.entries.iter_mut().zip(seen) {
                if let Some(text) = accounts::flattened(&entry.path, file.text()) {
                    entry.what = What::file(0o644, text.into_bytes());
                }
            }
        }
        let mut prepared = Prepared::default();
        if let Some(program) = tool.program() {
            request.identity = program.identity;
            request.net_admin = program.net_admin;
            request
                .env
                .extend(program.env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            request.dirs.extend(program.dirs.iter().map(|dir| (*dir).to_owned()));
            request.machine.extend(program.machine.iter().map(|path| (*path).to_owned()));
            if let Some(prepare) = program.prepare {
                let texts = subjects.iter().map(|subject| {
                    let file = &seen[subject.seen];
                    (file.path.as_str(), file.text())
                });
                let tree = seen.iter().map(|file| (file.path.as_str(), file.text()));
                prepared = prepare(&View { subjects: texts.collect(), tree: tree.collect() });
            }
            prepared.entries.extend(program.stubs.iter().map(|(path, stub)| stub_entry(path, *stub)));
        }
        if let Some(wrapper) = &run.wrapper {
            prepared.entries.push(Entry {
                path: run.main.clone(),
                what: What::file(0o644, wrapper.clone().into_bytes()),
            });
        }
        let mut taken: HashSet<String> =
            request.entries.iter().filter(|_| !staged).map(|entry| entry.path.clone()).collect();
        let mut stand_ins = Vec::new();
        for entry in prepared.stand_ins.drain(..) {
            if taken.insert(entry.path.clone()) {
                stand_ins.push(entry.path.clone());
                request.entries.push(entry);
            }
        }
        for entry in prepared.entries.drain(..).chain(surroundings.iter().cloned()) {
            if taken.insert(entry.path.clone()) {
                request.entries.push(entry);
            }
        }
        if prepared.arguments.is_empty() {
            prepared.arguments.push(run.main.clone());
        }
        request.interfaces = std::mem::take(&mut prepared.interfaces);
        let folder = run.main.rfind('/').map_or("/", |end| &run.main[..end.max(1)]);
        for argument in tool.argv() {
            match argument.as_str() {
                "{}" => request.argv.append(&mut prepared.arguments),
                _ => request.argv.push(argument.replace("{dir}", folder).replace("{}", &run.main)),
            }
        }
        let also = tool.program().map_or(&[][..], |program| program.also);
        if let Some(name) = another_name(&request, also) {
            request.argv[0] = name;
        }
        (request, prepared, stand_ins)
    }

    /// A name in `check` that no validator has: said by the command line before; here it must not look like a pass.
    fn report_unknown(&self, host: &HostPlan, tree: &Tree, collected: &mut Collector) {
        for file in &tree.files {
            let (Checks::Named { validators, required }, Some(b3)) = (&file.checks, file.b3()) else {
                continue;
            };
            let known = |name: &ValidatorName| {
                crate::inprocess::NAMES.contains(&name.as_str())
                    || self.tools.iter().any(|tool| tool.name() == name.as_str())
            };
            for name in validators.iter().filter(|name| !known(name)) {
                let receipt = Receipt {
                    validator: name.to_string(),
                    version: String::new(),
                    argv: Vec::new(),
                    subjects: BTreeMap::from([(file.path.clone(), b3)]),
                    inputs: tree::inputs(std::iter::once(file)),
                    verdict: Verdict::CouldNotRun { reason: "there is no validator of this name".to_owned() },
                    warnings: Vec::new(),
                    isolation: Vec::new(),
                    required: *required,
                    dummies: self.settings.dummies && file.tainted,
                    program: None,
                    made: 0,
                };
                collected.file_receipt(&host.host, receipt);
            }
        }
    }
}

/// What one run is for, as indices into the host's tree.
struct Run {
    subjects: Vec<(usize, bool)>,
    seen: Vec<usize>,
    /// Path of the file that `{}` stands for.
    main: String,
    /// Content of that file, if the tree has none.
    wrapper: Option<String>,
    whole: bool,
    /// Whether the program is given the file itself and not a stage.
    main_is_own: bool,
}

/// The files of a host that a tool checks, and whether their definitions name it.
fn choose(tool: &Tool<'_>, host: &HostPlan, tree: &Tree) -> Vec<(usize, bool)> {
    let mut chosen = Vec::new();
    for (index, file) in tree.files.iter().enumerate() {
        if file.b3().is_none() {
            continue;
        }
        match &file.checks {
            Checks::Named { validators, .. } => {
                if validators.iter().any(|name| name.as_str() == tool.name()) {
                    chosen.push((index, true));
                }
            }
            Checks::Auto { .. } => {
                let printed = tool.is_extra() && file.format == Format::Typed;
                if !printed && tool.applies(host, file.path.as_str(), file.interpreter()) {
                    chosen.push((index, false));
                }
            }
            Checks::Off { .. } => {}
        }
    }
    chosen
}

/// Splits a tool's files into runs.
fn split(tool: &Tool<'_>, tree: &Tree, chosen: &[(usize, bool)]) -> Vec<Run> {
    let everything = || (0..tree.files.len()).collect::<Vec<_>>();
    let path = |index: usize| tree.files[index].path.as_str().to_owned();
    let single = |(index, named): (usize, bool), seen: Vec<usize>| Run {
        subjects: vec![(index, named)],
        seen,
        main: path(index),
        wrapper: None,
        whole: false,
        main_is_own: true,
    };
    match tool.scope() {
        Scope::Alone => chosen.iter().map(|subject| single(*subject, vec![subject.0])).collect(),
        Scope::Each => chosen.iter().map(|subject| single(*subject, everything())).collect(),
        Scope::Set => {
            let indices: Vec<usize> = chosen.iter().map(|(index, _)| *index).collect();
            let main = indices.first().map(|index| path(*index)).unwrap_or_default();
            vec![Run {
                subjects: chosen.to_vec(),
                seen: indices,
                main,
                wrapper: None,
                whole: true,
                main_is_own: false,
            }]
        }
        Scope::Tree { mains, wrapper } => {
            let beside = |index: usize| {
                let folders = mains.iter().filter_map(|main| main.rfind('/').map(|end| &main[..=end]));
                folders.into_iter().any(|folder| tree.files[index].path.as_str().starts_with(folder))
            };
            let applies = |index: usize| {
                let path = tree.files[index].path.as_str();
                tool.program()
                    .is_some_and(|p| p.applies_to.iter().any(|glob| crate::glob::matches(glob, path)))
                    || beside(index)
            };
            // A file elsewhere whose definition names the program is a main file of its own.
            let (inside, outside): (Vec<_>, Vec<_>) = chosen.iter().partition(|(index, _)| applies(*index));
            let mut runs: Vec<Run> =
                outside.into_iter().map(|subject| single(subject, everything())).collect();
            if inside.is_empty() {
                return runs;
            }
            let there = |main: &&&str| {
                tree.files.iter().any(|file| file.path.as_str() == **main && file.b3().is_some())
            };
            let (main, wrapper) = match mains.iter().find(there) {
                Some(main) => ((*main).to_owned(), None),
                None => {
                    let repeat = |line: &str| {
                        let each = |(index, _): &(usize, bool)| line.replace("{each}", &path(*index));
                        if line.contains("{each}") {
                            inside.iter().map(each).collect()
                        } else {
                            line.to_owned()
                        }
                    };
                    let text: String = wrapper.split_inclusive('\n').map(repeat).collect();
                    (mains.first().map_or_else(String::new, |main| (*main).to_owned()), Some(text))
                }
            };
            runs.push(Run {
                subjects: inside,
                seen: everything(),
                main,
                wrapper,
                whole: true,
                main_is_own: true,
            });
            runs
        }
    }
}

/// Two runs with this key in common are one.
fn key(
    tool: &Tool<'_>,
    seen: &[TreeFile],
    subjects: &[Subject],
    main: &str,
    surroundings: &[Entry],
    required: bool,
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    add(tool.name());
    add(main);
    add(if required { "required" } else { "optional" });
    for subject in subjects {
        add(&format!("{} {}", subject.seen, subject.named));
    }
    for file in seen {
        add(file.path.as_str());
        match &file.shape {
            Shape::File { mode, b3, .. } => add(&format!("{mode:o} {b3} {}", file.tainted)),
            Shape::Link(target) => add(target),
            Shape::Absent => add(""),
        }
    }
    // A program that sees one file alone does not look at who lives on the host.
    if !matches!(tool.scope(), Scope::Alone) {
        for entry in surroundings {
            add(&entry.path);
            if let What::File { content, .. } = &entry.what {
                add(&String::from_utf8_lossy(content));
            }
        }
    }
    *hasher.finalize().as_bytes()
}

/// A request without program or files, in the common environment.
fn request(bounds: &crate::sandbox::Bounds) -> Request {
    let env = [("PATH", PATH), ("HOME", "/"), ("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC")];
    Request {
        argv: Vec::new(),
        env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        identity: crate::sandbox::Identity::Plain,
        net_admin: false,
        interfaces: Vec::new(),
        bounds: *bounds,
        machine: Vec::new(),
        dirs: Vec::new(),
        domains: Vec::new(),
        entries: Vec::new(),
    }
}

/// A file of a set, which the program reads as a copy elsewhere.
fn hidden(file: &TreeFile) -> Entry {
    Entry { path: file.path.as_str().to_owned(), what: What::Nothing }
}

fn stub_entry(path: &str, stub: Stub) -> Entry {
    let what = match stub {
        Stub::Text(text) => What::file(0o644, text.as_bytes()),
        Stub::Link(target) => What::Link { target: target.to_owned() },
        Stub::HostKey => What::file(0o600, registry::host_key_text().into_bytes()),
    };
    Entry { path: path.to_owned(), what }
}

/// The distinct commands that print versions, for the jobs given.
pub(super) fn version_commands<'a>(runs: &[Job<'a>]) -> BTreeSet<&'static [&'static str]> {
    runs.iter().map(|job| job.tool.version_argv()).filter(|argv| !argv.is_empty()).collect()
}
