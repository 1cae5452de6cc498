//! The command line of `cmc-fetch` and `cmc fetch`: parses, calls the library, prints.

// This is the one module of the crate that prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DEFAULT_PATH};
use crate::decide;
use crate::enroll::{self, Enrolment, Schedule};
use crate::error::{Error, Exit, Result};
use crate::event::{Event, Level};
use crate::run::{self, Outcome};
use crate::setup::Setup;
use crate::{plan, status, verify};
use cmc_bundles::store::Reader;
use cmc_types::ServiceName;
use serde::Serialize;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

const HELP: &str = "\
Fetches, verifies and installs this host's configuration.

Usage: cmc-fetch [OPTIONS] [COMMAND]

Commands:
  run                 Fetch and install what is new, repair drift, check health (the default)
  plan                Show what `run` would do
  status              Show the services and how they are
  verify              Hash everything installed; exit 1 if something differs
  freeze SERVICE      Change nothing of a service any more, drift included
  unfreeze SERVICE    Lift a freeze or rollback of this host
  rollback SERVICE    Go back to the bundle before, and stay there
  redo SERVICE        Install the wanted bundle again, quarantine or not
  enroll [LINE|-]     Make this host's key; with the line of `cmc host add`, enrol it

Options:
  --config FILE       Configuration [default: /etc/cmc/fetch.toml]
  --root DIR          Install beneath this directory [default: /]
  --cron              Print only when something changed; never wait for another run
  --offline           Use only what is on this host already
  --format FORMAT     human or json [default: human]
  --reason TEXT       Why, for freeze and rollback
  --schedule HOW      For enroll: timer, cron, crontab or none [default: as this system does]
  -v, --verbose       Also print what did not change
  -h, --help          Print this
  -V, --version       Print the version

Exit codes: 0 done or nothing to do, 1 failed, 2 usage, 5 trust refused, 6 store unreachable,
7 a change failed and was rolled back.

Example: cmc-fetch --config /etc/cmc/fetch.toml plan
";

/// Runs a command line without its program name, prints, and returns the exit code.
pub fn main(args: impl Iterator<Item = OsString>) -> u8 {
    match Arguments::parse(args).and_then(|arguments| arguments.run()) {
        Ok(exit) => exit.code(),
        Err(error) => {
            eprintln!("cmc-fetch: {error}");
            if matches!(error, Error::Usage(_)) {
                eprintln!("Try `cmc-fetch --help`.");
            }
            error.exit().code()
        }
    }
}

#[derive(Debug, Default)]
struct Arguments {
    config: Option<PathBuf>,
    root: Option<PathBuf>,
    cron: bool,
    offline: bool,
    json: bool,
    verbose: bool,
    help: bool,
    version: bool,
    reason: Option<String>,
    schedule: Option<Schedule>,
    words: Vec<String>,
}

impl Arguments {
    fn parse(args: impl Iterator<Item = OsString>) -> Result<Self> {
        let usage = |text: String| Error::Usage(text);
        let mut all = Self::default();
        let mut rest: VecDeque<OsString> = args.collect();
        while let Some(arg) = rest.pop_front() {
            let text =
                arg.to_str().ok_or_else(|| usage(format!("{} is not UTF-8", arg.display())))?.to_owned();
            let (name, given) = match text.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (text.clone(), None),
            };
            let flag = given.is_none();
            let mut value = || {
                given
                    .clone()
                    .map(OsString::from)
                    .or_else(|| rest.pop_front())
                    .ok_or_else(|| Error::Usage(format!("{name} needs a value")))
            };
            match name.as_str() {
                "--config" => all.config = Some(value()?.into()),
                "--root" => all.root = Some(value()?.into()),
                "--reason" => all.reason = Some(value()?.to_string_lossy().into_owned()),
                "--format" => {
                    all.json = match value()?.to_str() {
                        Some("human") => false,
                        Some("json") => true,
                        _ => return Err(usage("--format is human or json".into())),
                    }
                }
                "--schedule" => {
                    all.schedule = Some(match value()?.to_str() {
                        Some("timer") => Schedule::Timer,
                        Some("cron") => Schedule::Cron,
                        Some("crontab") => Schedule::Crontab,
                        Some("none") => Schedule::None,
                        _ => return Err(usage("--schedule is timer, cron, crontab or none".into())),
                    });
                }
                "--cron" if flag => all.cron = true,
                "--offline" if flag => all.offline = true,
                "-v" | "--verbose" if flag => all.verbose = true,
                "-h" | "--help" if flag => all.help = true,
                "-V" | "--version" if flag => all.version = true,
                "-" => all.words.push(text),
                _ if text.starts_with('-') => return Err(usage(format!("unknown option {text}"))),
                _ => all.words.push(text),
            }
        }
        Ok(all)
    }

    fn run(&self) -> Result<Exit> {
        if self.help || self.words.first().is_some_and(|word| word == "help") {
            print!("{HELP}");
            return Ok(Exit::Done);
        }
        if self.version {
            println!("cmc-fetch {}", env!("CARGO_PKG_VERSION"));
            return Ok(Exit::Done);
        }
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] | ["run"] => self.converge(),
            ["plan"] => self.plan(),
            ["status"] => self.status(),
            ["verify"] => self.verify(),
            ["freeze", name] => self.decide(name, "freeze"),
            ["unfreeze", name] => self.decide(name, "unfreeze"),
            ["rollback", name] => self.decide(name, "rollback"),
            ["redo", name] => self.decide(name, "redo"),
            ["enroll"] => self.enroll(None),
            ["enroll", line] => self.enroll(Some(line)),
            ["freeze" | "unfreeze" | "rollback" | "redo"] => {
                Err(Error::Usage(format!("{} needs the name of one service", words.join(" "))))
            }
            [other, ..] => Err(Error::Usage(format!("unknown command or too many words: {other}"))),
        }
    }

    fn config_path(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(DEFAULT_PATH))
    }

    fn root(&self) -> Result<PathBuf> {
        let root = self.root.as_deref().unwrap_or(Path::new("/"));
        root.canonicalize().map_err(Error::io(format!("cannot find the root {}", root.display())))
    }

    /// Calls `body` with everything that a run works with.
    fn with<T>(&self, offline: bool, body: impl FnOnce(&Setup<'_>) -> Result<T>) -> Result<T> {
        let config = Config::load(self.config_path())?;
        let root = self.root()?;
        let clock = SystemClock::default();
        let store = if offline || self.offline { None } else { Some(open_store(&config)?) };
        let mut setup = Setup::new(&config, &root, store.as_deref(), &clock);
        if self.cron {
            setup.patience = Duration::ZERO;
        }
        body(&setup)
    }

    fn converge(&self) -> Result<Exit> {
        self.with(false, |setup| {
            let outcome = run::run(setup)?;
            self.show(&outcome)
        })
    }

    fn show(&self, outcome: &Outcome) -> Result<Exit> {
        if self.json {
            json(outcome)?;
            return Ok(outcome.exit);
        }
        if self.cron && !outcome.news {
            return Ok(outcome.exit);
        }
        let least = if self.verbose { Level::Note } else { Level::Change };
        events(&outcome.events.0, least);
        for error in &outcome.errors {
            eprintln!("cmc-fetch: {error}");
        }
        if !self.cron && outcome.errors.is_empty() && outcome.events.0.iter().all(|event| event.level < least)
        {
            match outcome.release {
                Some((version, _)) if outcome.converged => println!("release {version}: nothing to do"),
                Some((version, _)) => {
                    println!("release {version}: nothing to do now (see `cmc-fetch status`)")
                }
                None => println!("nothing is installed yet"),
            }
        }
        Ok(outcome.exit)
    }

    fn plan(&self) -> Result<Exit> {
        self.with(false, |setup| {
            let plan = plan::plan(setup)?;
            if self.json {
                json(&plan)?;
                return Ok(plan.exit);
            }
            let least = if self.verbose { Level::Note } else { Level::Change };
            events(&plan.events.0, least);
            for group in &plan.groups {
                for service in &group.services {
                    println!("{} {}", service.what, service.service);
                }
                for file in &group.files {
                    println!("    {} {}", file.what, file.path);
                }
                for command in &group.commands {
                    println!("    run {}", command.join(" "));
                }
                if let Some(refused) = &group.refused {
                    println!("    refused: {refused}");
                }
            }
            match &plan.release {
                Some((version, _)) if plan.groups.is_empty() => println!("release {version}: nothing to do"),
                _ => println!("Packages, users and data are never rolled back; files and commands are."),
            }
            Ok(plan.exit)
        })
    }

    fn status(&self) -> Result<Exit> {
        let config = Config::load(self.config_path())?;
        let status = status::read(&config, &self.root()?, SystemClock::default().now())?;
        if self.json {
            json(&status)?;
        } else {
            print!("{}", status::text(&status));
        }
        Ok(if status.ok() { Exit::Done } else { Exit::Failed })
    }

    fn verify(&self) -> Result<Exit> {
        self.with(true, |setup| {
            let verified = verify::verify(setup)?;
            if self.json {
                json(&verified)?;
            } else {
                for (service, paths) in &verified.drifted {
                    for path in paths {
                        println!("{service}: {path} differs");
                    }
                }
                for service in &verified.damaged {
                    println!(
                        "{service}: its bundle is lost or damaged on this host; the next run fetches it"
                    );
                }
                for service in &verified.unknown {
                    println!("{service}: nobody knows any more what is installed of it");
                }
                if verified.clean() {
                    println!("{} paths are as installed", verified.paths);
                }
            }
            Ok(if verified.clean() { Exit::Done } else { Exit::Failed })
        })
    }

    fn decide(&self, name: &str, what: &str) -> Result<Exit> {
        let name = ServiceName::parse(name).map_err(|error| Error::Usage(error.to_string()))?;
        let reason = self.reason.as_deref().unwrap_or("no reason given");
        self.with(what == "freeze", |setup| {
            match what {
                "freeze" => decide::freeze(setup, &name, reason)?,
                "unfreeze" => decide::unfreeze(setup, &name)?,
                "rollback" => decide::rollback(setup, &name, reason)?,
                _ => decide::redo(setup, &name)?,
            }
            if what == "freeze" {
                if !self.json {
                    println!("{name} is frozen on this host until `cmc-fetch unfreeze {name}`");
                }
                return Ok(Exit::Done);
            }
            self.show(&decide::carry_out(setup)?)
        })
    }

    fn enroll(&self, line: Option<&str>) -> Result<Exit> {
        let text = match line {
            Some("-") => {
                let text = std::io::read_to_string(std::io::stdin());
                Some(text.map_err(Error::io("cannot read the line from standard input"))?)
            }
            other => other.map(str::to_owned),
        };
        let line = text.as_deref().map(enroll::parse).transpose()?;
        let program = std::env::current_exe().map_err(Error::io("cannot find this program"))?;
        let root = self.root()?;
        let config = match &self.config {
            Some(config) => config.clone(),
            None => root.join(DEFAULT_PATH.trim_start_matches('/')),
        };
        let config =
            std::path::absolute(&config).map_err(Error::io(format!("cannot find {}", config.display())))?;
        let enrolled = enroll::run(&Enrolment {
            root: &root,
            config: &config,
            line: line.as_ref(),
            schedule: self.schedule,
            program: &program,
        })?;
        if self.json {
            json(&enrolled)?;
            return Ok(Exit::Done);
        }
        for path in &enrolled.written {
            println!("wrote {}", path.display());
        }
        for path in &enrolled.kept {
            println!("kept {}", path.display());
        }
        println!("recipient: {}", enrolled.recipient);
        for next in &enrolled.next {
            println!("next: {next}");
        }
        Ok(Exit::Done)
    }
}

/// Opens the store of a configuration, with the credentials that this process's environment leads to.
pub fn open_store(config: &Config) -> Result<Box<dyn Reader>> {
    let env = std::env::vars().collect();
    cmc_bundles::store::open_reader(&config.store.table(), Path::new("/"), &env).map_err(|error| match error
        .kind
    {
        cmc_bundles::store::StoreErrorKind::Invalid => Error::Config(error.to_string()),
        _ => Error::Store(error.to_string()),
    })
}

fn events(events: &[Event], least: Level) {
    for event in events.iter().filter(|event| event.level >= least) {
        println!("{event}");
    }
}

fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Failed(error.to_string()))?;
    println!("{text}");
    Ok(())
}
