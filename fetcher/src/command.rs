//! The command line of `cmc-fetch` and `cmc fetch`: parses, calls the library, and says what came of it (through
//! [`crate::output`]).

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, DEFAULT_PATH};
use crate::decide;
use crate::enroll::{self, Enrolment, Schedule};
use crate::error::{Error, Exit, Result};
use crate::event::{Event, Level};
use crate::run::{self, Outcome};
use crate::setup::Setup;
use crate::{help, output, plan, status, verify};
use cmc_bundles::store::Reader;
use cmc_types::ServiceName;
use serde::Serialize;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs a command line without its program name, prints, and returns the exit code.
pub fn main(args: impl Iterator<Item = OsString>) -> u8 {
    let (json, done) = match Arguments::parse(args) {
        Ok(arguments) => (arguments.json, arguments.run()),
        Err(error) => (false, Err(error)),
    };
    let exit = done.unwrap_or_else(|error| {
        if json {
            let error = serde_json::json!({ "message": error.to_string(), "exit": error.exit().code() });
            output::line(serde_json::json!({ "error": error }));
        }
        output::complain(&error);
        if matches!(error, Error::Usage(_)) {
            output::complain("try `cmc-fetch --help`");
        }
        error.exit()
    });
    output::end(exit).code()
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
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let help = words.first() == Some(&"help");
        if self.help || help {
            output::line(help::text(words.get(usize::from(help)).copied()).trim_end());
            return Ok(Exit::Done);
        }
        if self.version {
            output::line(format_args!("cmc-fetch {}", env!("CARGO_PKG_VERSION")));
            return Ok(Exit::Done);
        }
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

    /// The configuration: the one named, else the one that lies beneath the root, else this system's.
    fn config_path(&self) -> PathBuf {
        let beneath = |root: &PathBuf| root.join(DEFAULT_PATH.trim_start_matches('/'));
        let of_root = self.root.as_ref().map(beneath).filter(|path| path.exists());
        self.config.clone().or(of_root).unwrap_or_else(|| DEFAULT_PATH.into())
    }

    fn load_config(&self) -> Result<Config> {
        let path = self.config_path();
        if path.exists() {
            return Config::load(&path);
        }
        Err(Error::Config(format!(
            "{} does not exist: this host is not enrolled (`cmc-fetch enroll`), or name its configuration with --config",
            path.display()
        )))
    }

    fn root(&self) -> Result<PathBuf> {
        let root = self.root.as_deref().unwrap_or(Path::new("/"));
        root.canonicalize().map_err(Error::io(format!("cannot find the root {}", root.display())))
    }

    /// Calls `body` with everything that a run works with.
    fn with<T>(&self, offline: bool, body: impl FnOnce(&Setup<'_>) -> Result<T>) -> Result<T> {
        let config = self.load_config()?;
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
            output::complain(error);
        }
        if !self.cron && outcome.errors.is_empty() && outcome.events.0.iter().all(|event| event.level < least)
        {
            match outcome.release {
                Some((version, _)) if outcome.converged => {
                    output::line(format_args!("release {version}: nothing to do"))
                }
                Some((version, _)) => output::line(format_args!(
                    "release {version}: nothing to do now (see `cmc-fetch status`)"
                )),
                None => output::line("nothing is installed yet"),
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
                    output::line(format_args!("{} {}", service.what, service.service));
                }
                for file in &group.files {
                    output::line(format_args!("    {} {}", file.what, file.path));
                }
                for command in &group.commands {
                    output::line(format_args!("    run {}", cmc_types::shell::words(command)));
                }
                if let Some(refused) = &group.refused {
                    output::line(format_args!("    refused: {refused}"));
                }
            }
            match &plan.release {
                Some((version, _)) if plan.groups.is_empty() => {
                    output::line(format_args!("release {version}: nothing to do"))
                }
                _ => output::line("Packages, users and data are never rolled back; files and commands are."),
            }
            Ok(plan.exit)
        })
    }

    fn status(&self) -> Result<Exit> {
        let config = self.load_config()?;
        let status = status::read(&config, &self.root()?, SystemClock::default().now())?;
        if self.json {
            json(&status)?;
        } else {
            output::line(status::text(&status).trim_end());
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
                        output::line(format_args!("{service}: {path} differs"));
                    }
                }
                for service in &verified.damaged {
                    let text = "its bundle is lost or damaged on this host; the next run fetches it";
                    output::line(format_args!("{service}: {text}"));
                }
                for (service, why) in &verified.refused {
                    output::line(format_args!("{service}: its files cannot be checked: {why}"));
                }
                for service in &verified.unknown {
                    output::line(format_args!("{service}: nobody knows any more what is installed of it"));
                }
                if verified.clean() {
                    output::line(format_args!("{} paths are as installed", verified.paths));
                }
            }
            Ok(if verified.clean() { Exit::Done } else { Exit::Failed })
        })
    }

    fn decide(&self, name: &str, what: &str) -> Result<Exit> {
        let name = ServiceName::parse(name).map_err(|error| Error::Usage(error.to_string()))?;
        let reason = self.reason.as_deref().unwrap_or("no reason given");
        self.with(what == "freeze", |setup| {
            let others = match what {
                "freeze" => decide::freeze(setup, &name, reason).map(|()| Vec::new()),
                "unfreeze" => decide::unfreeze(setup, &name),
                "rollback" => decide::rollback(setup, &name, reason),
                _ => decide::redo(setup, &name),
            }?;
            if !self.json {
                let done = match what {
                    "freeze" => format!("is frozen on this host until `cmc-fetch unfreeze {name}`"),
                    "unfreeze" => "is no longer held on this host".into(),
                    "rollback" => format!(
                        "goes back to the bundle before and stays there until `cmc-fetch unfreeze {name}`"
                    ),
                    _ => "is to be installed again".into(),
                };
                output::line(format_args!("{name} {done}"));
                for other in others {
                    output::line(format_args!("{other} goes with it, since a path moved between them"));
                }
            }
            if what == "freeze" {
                if self.json {
                    json(&serde_json::json!({ "service": name, "frozen": true, "reason": reason }))?;
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
            output::line(format_args!("wrote {}", path.display()));
        }
        for path in &enrolled.kept {
            output::line(format_args!("kept {}", path.display()));
        }
        output::line(format_args!("recipient: {}", enrolled.recipient));
        output::line(format_args!("reporter: {}", enrolled.reporter));
        for next in &enrolled.next {
            output::line(format_args!("next: {next}"));
        }
        Ok(Exit::Done)
    }
}

/// Opens the store of a configuration, with the credentials that this process's environment leads to.
pub fn open_store(config: &Config) -> Result<Box<dyn Reader>> {
    // What is not text is nobody's setting.
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let env = std::env::vars_os().filter_map(text).collect();
    cmc_bundles::store::open_reader(&config.store.table(), Path::new("/"), &env).map_err(|error| match error
        .kind
    {
        cmc_bundles::store::StoreErrorKind::Invalid => Error::Config(error.to_string()),
        _ => Error::Store(error.to_string()),
    })
}

fn events(events: &[Event], least: Level) {
    for event in events.iter().filter(|event| event.level >= least) {
        output::line(event);
    }
}

fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Failed(error.to_string()))?;
    output::line(text);
    Ok(())
}
