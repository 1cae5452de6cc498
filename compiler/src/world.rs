//! Everything that resolving shares: names, variables, secrets, the template engine, findings. Values are evaluated
//! when they are first read; what reads itself is found and named.

use crate::activity::Activity;
use crate::compile::CompileOptions;
use crate::encode::Format;
use crate::expr::{Failure, For, Mode};
use crate::files::Origins;
use crate::findings::Findings;
use crate::fleet::Fleet;
use crate::limits::Limits;
use crate::lower::loss::Loss;
use crate::memo::Memo;
use crate::secret::{SecretError, Secrets};
use crate::select::{SelectError, Selection};
use crate::templates::Templates;
use crate::tree::{Node, Value as Tree};
use crate::vars::{Definitions, HostVariables, Variable};
use crate::{expr, suggest};
use cmc_types::definition::SecretType;
use cmc_types::name::ValidatorName;
use cmc_types::{Diagnostic, HostName, Place, ServiceName, Severity, Sources, UnixPath, codes};
use minijinja::Environment;
use minijinja::value::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// What is being evaluated: for cycles.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What makes it equal to another.
    pub(crate) key: (usize, Option<String>, String),
    /// What people call it.
    pub(crate) label: String,
    /// Where it stands.
    pub(crate) place: Place,
}

/// The bytes of a secret, or why there are none.
type Opened = Result<Zeroizing<Vec<u8>>, Failure>;

/// Everything that resolving shares, as one thread sees it.
pub(crate) struct World {
    shared: Arc<Shared>,
    /// Places as findings and plans name them.
    pub(crate) origins: Origins,
    evaluating: Mutex<Vec<Step>>,
    /// Hosts by the selectors that expressions asked for them with.
    selected: Memo<Vec<String>, Result<Arc<[usize]>, SelectError>>,
    /// Formats of files by path, of those that name no validator.
    pub(crate) formats: Memo<UnixPath, Format>,
}

impl std::ops::Deref for World {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// Everything that resolving shares.
pub(crate) struct Shared {
    /// Names and facts.
    pub(crate) fleet: Fleet,
    /// Variables, by host.
    pub(crate) variables: Vec<HostVariables>,
    /// Bounds.
    pub(crate) limits: Limits,
    /// Validators that `check` may name besides the fleet's own; empty: any.
    pub(crate) validators: Vec<String>,
    /// Told what is being rendered.
    pub(crate) activity: Arc<Activity>,
    /// The template engine.
    pub(crate) engine: Environment<'static>,
    /// Templates that were read.
    pub(crate) templates: Arc<Templates>,
    /// How many texts are definitions; those after them are templates.
    pub(crate) definitions: usize,
    /// Where values of templates were refused.
    pub(crate) refused: expr::Refused,
    secrets: Arc<dyn Secrets>,
    opened: Mutex<BTreeMap<String, Opened>>,
    sources: Arc<Mutex<Sources>>,
    findings: Mutex<Findings>,
    losses: Mutex<Losses>,
}

/// What hosts' init systems cannot express, by host and service.
pub type Losses = BTreeMap<HostName, BTreeMap<ServiceName, Vec<Loss>>>;

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World({} hosts)", self.fleet.hosts.len())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// Settles which definition of each variable wins.
    pub(crate) fn new(
        fleet: Fleet,
        dir: PathBuf,
        sources: Sources,
        mut findings: Findings,
        secrets: Arc<dyn Secrets>,
        options: &CompileOptions,
    ) -> Arc<Self> {
        let limits = options.limits.clone();
        let definitions = Definitions::read(&fleet);
        let variables = fleet.hosts.iter().map(|host| {
            let written = fleet.document.get(&["host", host.name.as_str()]);
            definitions.of_host(host, written, &mut |diagnostic| findings.add(diagnostic))
        });
        let variables = variables.collect();
        let definitions_read = sources.len();
        let sources = Arc::new(Mutex::new(sources));
        options.activity.share(&sources);
        findings.share(&sources);
        let templates = Arc::new(Templates::new(dir, limits.template, sources.clone()));
        let shared = Shared {
            engine: expr::environment(templates.clone(), &limits),
            fleet,
            variables,
            limits,
            validators: options.validators.clone(),
            activity: options.activity.clone(),
            templates,
            definitions: definitions_read,
            refused: expr::Refused::default(),
            secrets,
            opened: Mutex::default(),
            sources,
            findings: Mutex::new(findings),
            losses: Mutex::default(),
        };
        Arc::new(Self::of(Arc::new(shared)))
    }

    fn of(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            origins: Origins::default(),
            evaluating: Mutex::default(),
            selected: Memo::default(),
            formats: Memo::default(),
        }
    }

    /// The same for another thread. What expressions see holds on to the world of the thread that made it, weakly:
    /// values that threads share, those of variables, are all evaluated before there is a second one.
    pub(crate) fn for_another_thread(&self) -> Arc<Self> {
        Arc::new(Self::of(self.shared.clone()))
    }

    /// The hosts that selectors select, by name.
    pub(crate) fn selected(&self, selectors: &[&str]) -> Result<Arc<[usize]>, SelectError> {
        let key: Vec<String> = selectors.iter().map(|&text| text.to_owned()).collect();
        self.selected.get(key, || {
            let mut selection = Selection::default();
            selectors.iter().try_for_each(|text| selection.add(text, &self.fleet))?;
            let hosts = self.fleet.active().filter(|(_, host)| selection.selects(host));
            Ok(hosts.map(|(index, _)| index).collect())
        })
    }

    /// The format of a file by the validators that its definition names, else by its path.
    pub(crate) fn format_of(&self, path: &UnixPath, declared: &[ValidatorName]) -> Format {
        match declared {
            [] => self.formats.get(path.clone(), || Format::of_file(path, declared)),
            _ => Format::of_file(path, declared),
        }
    }

    /// Adds a finding.
    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        lock(&self.findings).add(diagnostic);
    }

    /// Adds a finding unless one with its code and place is known.
    pub(crate) fn report_new(&self, diagnostic: Diagnostic) {
        lock(&self.findings).add_new(diagnostic);
    }

    /// Adds a finding about one host.
    pub(crate) fn report_on(&self, host: usize, diagnostic: Diagnostic) {
        self.report(diagnostic.on_host(self.fleet.hosts[host].name.as_str()));
    }

    /// Notes what a service loses on a host.
    pub(crate) fn lose(&self, host: usize, service: &ServiceName, losses: Vec<Loss>) {
        if !losses.is_empty() {
            let host = self.fleet.hosts[host].name.clone();
            lock(&self.losses).entry(host).or_default().insert(service.clone(), losses);
        }
    }

    /// What was noted.
    pub(crate) fn take_losses(&self) -> Losses {
        std::mem::take(&mut *lock(&self.losses))
    }

    /// The texts that were read.
    pub(crate) fn sources(&self) -> MutexGuard<'_, Sources> {
        lock(&self.sources)
    }

    /// How many errors were found so far.
    pub(crate) fn errors(&self) -> usize {
        lock(&self.findings).errors()
    }

    /// Takes the findings.
    pub(crate) fn take_findings(&self) -> Findings {
        std::mem::take(&mut *lock(&self.findings))
    }

    /// Evaluates something that others may read meanwhile; nothing if it reads itself, which is reported.
    pub(crate) fn evaluate<T>(&self, step: Step, evaluate: impl FnOnce() -> Option<T>) -> Option<T> {
        {
            let mut steps = lock(&self.evaluating);
            if let Some(first) = steps.iter().position(|other| other.key == step.key) {
                let cycle: Vec<Step> = steps[first..].to_vec();
                drop(steps);
                self.report(self.cycle_found(&cycle));
                return None;
            }
            if steps.len() >= self.limits.depth {
                drop(steps);
                let message = format!("values read each other more than {} deep", self.limits.depth);
                self.report(Diagnostic::new(codes::LIMIT_EXCEEDED, message).at(step.place, ""));
                return None;
            }
            steps.push(step);
        }
        let value = evaluate();
        lock(&self.evaluating).pop();
        value
    }

    /// The value of a variable; nothing if it has none for a reason that is reported.
    pub(crate) fn value_of(self: &Arc<Self>, host: usize, name: &str, variable: &Variable) -> Option<Value> {
        if let Some(value) = variable.value.get() {
            return value.clone();
        }
        let definition = &variable.definition;
        if let Some(value) = definition.constant.get() {
            return Some(value.clone());
        }
        let mut dynamic = false;
        expr::each_expression(&definition.node, &mut |_, _| dynamic = true);
        if !dynamic {
            let value = expr::constant(&definition.node);
            return Some(definition.constant.get_or_init(|| value).clone());
        }
        let step = Step {
            key: (host, None, name.to_owned()),
            label: format!("vars.{name}"),
            place: definition.node.place,
        };
        let value = self.evaluate(step, || self.value_of_node(host, &definition.node));
        variable.value.get_or_init(|| value).clone()
    }

    /// The value of a variable's definition or a part of it.
    fn value_of_node(self: &Arc<Self>, host: usize, node: &Node) -> Option<Value> {
        match &node.value {
            Tree::Text(text) if expr::is_expression(text) => {
                let mode = Mode {
                    format: crate::encode::Format::Plain,
                    file: false,
                    secrets: true,
                    typed: true,
                    limit: self.limits.output,
                };
                let made = self.render_text(node, text, &For { host, service: None }, mode)?;
                if let Some(value) = made.value {
                    return Some(expr::settled(&value));
                }
                let text = String::from_utf8_lossy(&made.output).into_owned();
                if !made.tainted {
                    return Some(text.into());
                }
                Some(Value::from_object(expr::Opaque { text: Zeroizing::new(text), quoted: None }))
            }
            Tree::List(items) => {
                // Every item is evaluated, so that all that is wrong is found.
                let values: Vec<_> = items.iter().map(|item| self.value_of_node(host, item)).collect();
                values.into_iter().collect::<Option<Vec<Value>>>().map(Value::from)
            }
            Tree::Table(table) => {
                let values: Vec<_> = table
                    .iter()
                    .map(|entry| Some((entry.key.clone(), self.value_of_node(host, &entry.node)?)))
                    .collect();
                values.into_iter().collect::<Option<BTreeMap<String, Value>>>().map(Value::from_iter)
            }
            _ => Some(expr::constant(node)),
        }
    }

    /// Where a fact of a host stands.
    pub(crate) fn place_in_host(&self, host: usize, key: &str) -> Place {
        let host = &self.fleet.hosts[host];
        self.fleet.document.get(&["host", host.name.as_str(), key]).map_or(host.place, |node| node.place)
    }

    /// The value of a secret as text.
    pub(crate) fn secret_text(&self, name: &str) -> Result<Zeroizing<String>, Failure> {
        let bytes = self.secret_bytes(name)?;
        let not_text = || {
            Failure::new(codes::SECRET_NOT_TEXT, format!("the secret {name:?} is not a text"))
                .help(Some("bytes can only be a file of their own: file.\"/path\".secret = …".to_owned()))
        };
        // Dummies are texts, so that the type says it before the real value does.
        if let Some(secret) = self.fleet.secrets.get(name)
            && secret.definition.kind == Some(SecretType::Binary)
        {
            let place = secret.place;
            return Err(not_text().with(place, "its type is \"binary\""));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| not_text())?;
        let text = Zeroizing::new(text.to_owned());
        if expr::is_reserved(&text) || text.contains('\0') {
            return Err(not_text());
        }
        Ok(text)
    }

    /// Whether secrets have stand-ins for values.
    pub(crate) fn has_dummies(&self) -> bool {
        self.secrets.are_dummies()
    }

    /// The value of a secret.
    pub(crate) fn secret_bytes(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut opened = lock(&self.opened);
        opened.entry(name.to_owned()).or_insert_with(|| self.open(name)).clone()
    }

    fn open(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let Some(secret) = self.fleet.secrets.get(name) else {
            if self.fleet.incomplete || self.fleet.is_left_out("secret", name) {
                return Err(Failure::Reported);
            }
            let mut failure = Failure::new(codes::UNKNOWN_SECRET, format!("there is no secret {name:?}"))
                .help(suggest::help(name, self.fleet.names("secret")));
            if let Some(near) = suggest::nearest(name, self.fleet.names("secret"))
                && let Some(place) = self.fleet.place_of("secret", near)
            {
                failure = failure.with(place, format!("{near:?} is defined here"));
            }
            return Err(failure);
        };
        match self.secrets.get(&secret.name, &secret.definition) {
            Ok(value) => {
                if let Some(why) = self.secrets.lacks(&secret.name) {
                    let message = format!("the secret {name:?} is used and cannot be published yet: {why}");
                    let mut note = Diagnostic::new(codes::SECRET_MISSING, message).at(secret.place, "");
                    note.severity = Severity::Note;
                    self.report(note.help(format!("set it with `cmc secret set {name}`")));
                }
                Ok(Zeroizing::new(value.expose().to_vec()))
            }
            Err(SecretError::Missing) => {
                let message = format!("the secret {name:?} has no value: secrets/{name}.age does not exist");
                Err(Failure::new(codes::SECRET_MISSING, message)
                    .help(Some(format!("set it with `cmc secret set {name}`")))
                    .with(secret.place, "declared here"))
            }
            Err(SecretError::Unreadable(why)) => {
                let message = format!("the secret {name:?} cannot be opened: {why}");
                Err(Failure::new(codes::SECRET_UNREADABLE, message).with(secret.place, "declared here"))
            }
        }
    }

    /// A finding that names what reads what. It begins with the first in the order of files, wherever it was entered,
    /// and names hosts only if there are several.
    fn cycle_found(&self, cycle: &[Step]) -> Diagnostic {
        let first =
            (0..cycle.len()).min_by_key(|index| (cycle[*index].place, &cycle[*index].key)).unwrap_or(0);
        let rotated: Vec<&Step> = cycle[first..].iter().chain(&cycle[..first]).collect();
        let host = |step: &Step| self.fleet.hosts[step.key.0].name.as_str();
        let one_host = rotated.windows(2).all(|pair| pair[0].key.0 == pair[1].key.0);
        let name = |step: &&Step| match one_host {
            true => step.label.clone(),
            false => format!("{} of host {}", step.label, host(step)),
        };
        let names: Vec<String> = rotated.iter().chain(rotated.first()).map(name).collect();
        let message = format!("values read each other in a circle: {}", names.join(" → "));
        let mut diagnostic = Diagnostic::new(codes::EXPRESSION_CYCLE, message);
        for (index, step) in rotated.iter().enumerate() {
            let text = format!("reads {}", names[index + 1]);
            diagnostic = match index {
                0 => diagnostic.at(step.place, text),
                _ => diagnostic.with(step.place, text),
            };
        }
        match rotated.first() {
            Some(step) if one_host => diagnostic.on_host(host(step)),
            _ => diagnostic,
        }
    }
}
