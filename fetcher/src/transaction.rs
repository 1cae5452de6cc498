//! One transaction: the files, commands and health checks of one group of services, all or nothing.
//!
//! STAGING → STAGED → COMMITTING → CHECKING → ACTING → TESTING → GOOD, and on failure UNDOING → REACTING → UNDONE or
//! BROKEN. Each step is in the journal before it is taken. What is promised: each file is its old or its new content
//! at every moment, and the group ends as all new or all old, whenever the run is interrupted, since the next run
//! goes on from the journal. What is not: that nobody sees some files new and others still old in between.

use crate::capsule;
use crate::changes::Source;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::event::{Events, Level};
use crate::health;
use crate::host::Host;
use crate::journal::{Failure, Journal, Phase, Progress, Step, Test};
use crate::settle;
use crate::stage;
use crate::state::State;
use cmc_types::UnixPath;
use std::collections::BTreeSet;
use std::time::Duration;

/// How often health checks are begun in one transaction, interruptions counted.
const TRIES: u32 = 3;
/// How often a service that cannot be stopped holds up its removal.
const LEAVING: u32 = 3;
/// How long the store may take to answer after a change that could cut this host off.
const REACH: Duration = Duration::from_secs(60);

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as wanted.
    Good,
    /// Nothing was changed.
    Unchanged,
    /// It failed and was undone.
    Undone,
    /// It failed, was undone, and what was restored does not work either.
    Broken,
}

/// A transaction under way.
#[derive(Debug)]
pub struct Transaction<'h, 'a> {
    host: &'h Host<'a>,
    journal: Journal,
}

impl<'h, 'a> Transaction<'h, 'a> {
    /// Runs a prepared transaction to its end.
    pub fn run(
        host: &'h Host<'a>,
        journal: Journal,
        sources: &[Source],
        save: &BTreeSet<UnixPath>,
        state: &mut State,
        events: &mut Events,
    ) -> Result<Verdict> {
        // Its journal is all that is known of an unfinished one.
        if Journal::pending(&host.dir) {
            return Err(Error::Failed("an unfinished transaction has to end before another begins".into()));
        }
        let mut this = Self { host, journal };
        if !this.stage(sources, save, events)? || !this.leave(state, events)? {
            return Ok(Verdict::Unchanged);
        }
        this.enter(Phase::Committing)?;
        if let Err(error) = stage::commit_all(host, &this.journal, events) {
            this.fail(error.to_string(), None, false);
            return this.undo(state, events);
        }
        // No bundle of format 1 names a validator of the host's own, so this phase has nothing to run.
        this.enter(Phase::Checking)?;
        this.act(state, events)
    }

    /// Goes on with what an interrupted run began.
    pub fn resume(
        host: &'h Host<'a>,
        journal: Journal,
        state: &mut State,
        events: &mut Events,
    ) -> Result<Verdict> {
        let mut this = Self { host, journal };
        let names: Vec<_> = this.journal.members.iter().map(|member| member.service.as_str()).collect();
        let phase = format!("{:?}", this.journal.phase).to_lowercase();
        events.host(
            Level::Change,
            format!("an earlier run was interrupted while {phase} {}; going on", names.join(", ")),
        );
        match this.journal.phase {
            Phase::Staging | Phase::Staged => {
                this.abandon(state, events)?;
                Ok(Verdict::Unchanged)
            }
            Phase::Committing | Phase::Checking => {
                this.fail("the run was interrupted while files were put in place".into(), None, false);
                this.undo(state, events)
            }
            Phase::Acting => {
                let begun = |step: &&mut Step| step.progress == Progress::Begun;
                if let Some(step) = this.journal.steps.iter_mut().find(begun) {
                    if step.once {
                        let reason = format!(
                            "the run was interrupted in {:?}, which runs at most once",
                            step.argv.join(" ")
                        );
                        this.fail(reason, None, true);
                        return this.undo(state, events);
                    }
                    step.progress = Progress::Waiting;
                }
                this.act(state, events)
            }
            Phase::Testing if this.journal.tried >= TRIES => {
                this.fail(format!("the run was interrupted {TRIES} times in its health checks"), None, true);
                this.undo(state, events)
            }
            Phase::Testing => this.test(state, events),
            Phase::Good => this.good(state, events),
            Phase::Undoing => this.undo(state, events),
            Phase::Reacting => this.react(state, events),
            Phase::Undone | Phase::Broken => this.settled(state, events),
        }
    }

    fn enter(&mut self, phase: Phase) -> Result<()> {
        (self.host.mark)("enter");
        self.journal.phase = phase;
        self.journal.save(&self.host.dir)
    }

    fn fail(&mut self, reason: String, test: Option<Test>, blame: bool) {
        self.journal.failure.get_or_insert(Failure { reason, test, unreachable: false, blame });
    }

    /// Whether the group can be committed.
    fn stage(&mut self, sources: &[Source], save: &BTreeSet<UnixPath>, events: &mut Events) -> Result<bool> {
        self.enter(Phase::Staging)?;
        if let Err(error) = stage::write_all(self.host, &self.journal, sources, save) {
            stage::clean(self.host, &self.journal, events)?;
            Journal::remove(&self.host.dir)?;
            for member in &self.journal.members {
                events.service(Level::Alarm, &member.service, format!("nothing was changed: {error}"));
            }
            return Ok(false);
        }
        self.enter(Phase::Staged)?;
        Ok(true)
    }

    /// Stops what leaves; whether the group can be committed.
    fn leave(&mut self, state: &mut State, events: &mut Events) -> Result<bool> {
        for i in 0..self.journal.leaving.len() {
            let Some(ended) = self.step(|journal| &mut journal.leaving, i, events)? else { continue };
            let step = self.journal.leaving[i].clone();
            let service = state.service(&step.service);
            service.leaving += 1;
            let reason = format!("{:?} {ended}", step.argv.join(" "));
            if service.leaving >= LEAVING {
                let text = format!("{reason}, for the {LEAVING}rd time: its files are removed all the same");
                events.service(Level::Alarm, &step.service, text);
                continue;
            }
            events.service(Level::Alarm, &step.service, format!("nothing was changed: {reason}"));
            for i in 0..self.journal.undo.steps.len() {
                self.step(|journal| &mut journal.undo.steps, i, events)?;
            }
            self.abandon(state, events)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Gives up before anything was put in place. What was stopped already is started by the next run.
    fn abandon(&mut self, state: &mut State, events: &mut Events) -> Result<()> {
        if self.journal.leaving.iter().any(begun) {
            for member in self.journal.members.iter().filter(|member| member.from.is_some()) {
                state.service(&member.service).redo = true;
            }
            state.converged = false;
            state.save(&self.host.dir)?;
        }
        stage::clean(self.host, &self.journal, events)?;
        Journal::remove(&self.host.dir)
    }

    /// Runs one step; how it failed, if it did.
    fn step(
        &mut self,
        list: impl Fn(&mut Journal) -> &mut Vec<Step>,
        i: usize,
        events: &mut Events,
    ) -> Result<Option<String>> {
        let step = list(&mut self.journal)[i].clone();
        let line = step.argv.join(" ");
        match step.progress {
            Progress::Done => return Ok(None),
            // The run ended before it could act on that.
            Progress::Failed => return Ok(Some("failed before the run was interrupted".into())),
            Progress::Skipped => {
                events.service(
                    Level::Change,
                    &step.service,
                    format!("not run, since this run belongs to it: {line}"),
                );
                return Ok(None);
            }
            Progress::Waiting | Progress::Begun => {}
        }
        if !self.host.run_actions {
            events.service(Level::Note, &step.service, format!("not run under this root: {line}"));
            return Ok(None);
        }
        (self.host.mark)("begin");
        list(&mut self.journal)[i].progress = Progress::Begun;
        self.journal.save(&self.host.dir)?;
        let ended = self.host.runner.run(&step.argv, Duration::from_secs(step.timeout.into()));
        (self.host.mark)("end");
        list(&mut self.journal)[i].progress = if ended.ok { Progress::Done } else { Progress::Failed };
        self.journal.save(&self.host.dir)?;
        events.service(Level::Change, &step.service, format!("ran {line}"));
        if ended.ok {
            return Ok(None);
        }
        let output = ended.output.trim();
        Ok(Some(if output.is_empty() { ended.how } else { format!("{}: {}", ended.how, last_lines(output)) }))
    }

    fn act(&mut self, state: &mut State, events: &mut Events) -> Result<Verdict> {
        self.enter(Phase::Acting)?;
        for i in 0..self.journal.steps.len() {
            if let Some(ended) = self.step(|journal| &mut journal.steps, i, events)? {
                let line = self.journal.steps[i].argv.join(" ");
                self.fail(format!("{line:?} {ended}"), None, true);
                return self.undo(state, events);
            }
        }
        self.test(state, events)
    }

    fn test(&mut self, state: &mut State, events: &mut Events) -> Result<Verdict> {
        self.journal.tried += 1;
        self.enter(Phase::Testing)?;
        if let Some((test, problem)) = self.first_failure(&self.journal.tests) {
            let within = test.check.within;
            let reason =
                format!("{} did not succeed within {within} s: {problem}", health::name(&test.check.probe));
            self.fail(reason, Some(test), true);
            return self.undo(state, events);
        }
        if self.journal.reach
            && self.host.run_actions
            && let Some(reach) = self.host.reach
            && let Err(problem) = wait_for(self.host.clock, reach)
        {
            self.journal.failure.get_or_insert(Failure {
                reason: format!("the store could not be reached after the change: {problem}"),
                test: None,
                unreachable: true,
                blame: true,
            });
            return self.undo(state, events);
        }
        self.good(state, events)
    }

    fn first_failure(&self, tests: &[Test]) -> Option<(Test, String)> {
        if !self.host.run_actions {
            return None;
        }
        tests.iter().find_map(|test| {
            let problem = health::wait(&test.check, self.host.runner, self.host.clock).err()?;
            Some((test.clone(), problem))
        })
    }

    fn good(&mut self, state: &mut State, events: &mut Events) -> Result<Verdict> {
        self.enter(Phase::Good)?;
        settle::good(self.host, &self.journal, state, events)?;
        self.end(state, events)?;
        Ok(Verdict::Good)
    }

    fn undo(&mut self, state: &mut State, events: &mut Events) -> Result<Verdict> {
        if self.journal.phase != Phase::Undoing {
            // Its commands may take a while.
            self.journal.save(&self.host.dir)?;
            capsule::take(self.host, &self.journal, events);
        }
        self.enter(Phase::Undoing)?;
        if self.journal.steps.iter().any(begun) {
            for i in 0..self.journal.undo.leaving.len() {
                if let Some(ended) = self.step(|journal| &mut journal.undo.leaving, i, events)? {
                    let step = &self.journal.undo.leaving[i];
                    let text = format!("while undoing, {:?} {ended}", step.argv.join(" "));
                    events.service(Level::Alarm, &step.service.clone(), text);
                }
            }
        }
        self.journal.unrestored = stage::restore_all(self.host, &self.journal, events)?;
        self.react(state, events)
    }

    fn react(&mut self, state: &mut State, events: &mut Events) -> Result<Verdict> {
        self.enter(Phase::Reacting)?;
        let acted = self.journal.leaving.iter().chain(&self.journal.steps).any(begun);
        let mut whole = self.journal.unrestored.is_empty();
        if acted {
            for i in 0..self.journal.undo.steps.len() {
                if let Some(ended) = self.step(|journal| &mut journal.undo.steps, i, events)? {
                    let step = &self.journal.undo.steps[i];
                    let text = format!("while undoing, {:?} {ended}", step.argv.join(" "));
                    events.service(Level::Alarm, &step.service.clone(), text);
                    whole = false;
                }
            }
            if let Some((test, problem)) = self.first_failure(&self.journal.undo.tests) {
                let text = format!("undone, but {} still fails: {problem}", health::name(&test.check.probe));
                events.service(Level::Alarm, &test.service, text);
                whole = false;
                let failed = self.journal.failure.as_ref().and_then(|failure| failure.test.as_ref());
                let same = failed.is_some_and(|failed| {
                    failed.service == test.service && failed.check.probe == test.check.probe
                });
                self.excuse(same);
            }
        }
        if self.journal.failure.as_ref().is_some_and(|failure| failure.unreachable)
            && let Some(reach) = self.host.reach
        {
            self.excuse(wait_for(self.host.clock, reach).is_err());
        }
        self.enter(if whole { Phase::Undone } else { Phase::Broken })?;
        self.settled(state, events)
    }

    /// Takes the blame from the bundles: what was there before fails in the same way.
    fn excuse(&mut self, excused: bool) {
        if let Some(failure) = self.journal.failure.as_mut().filter(|_| excused) {
            failure.blame = false;
        }
    }

    fn settled(&mut self, state: &mut State, events: &mut Events) -> Result<Verdict> {
        settle::undone(self.host, &self.journal, state, events)?;
        self.end(state, events)?;
        Ok(if self.journal.phase == Phase::Broken { Verdict::Broken } else { Verdict::Undone })
    }

    fn end(&self, state: &mut State, events: &mut Events) -> Result<()> {
        (self.host.mark)("clean");
        stage::clean(self.host, &self.journal, events)?;
        if self.journal.phase == Phase::Good {
            let known = state.directories.len();
            for dir in &self.journal.prune {
                match stage::remove_dir(self.host, dir) {
                    // Who makes it anew owns it.
                    Ok(true) => drop(state.directories.remove(dir)),
                    Ok(false) => {}
                    Err(error) => events.host(Level::Note, format!("{dir} stays: {error}")),
                }
            }
            if state.directories.len() < known {
                state.save(&self.host.dir)?;
            }
        }
        (self.host.mark)("forget");
        Journal::remove(&self.host.dir)
    }
}

fn begun(step: &Step) -> bool {
    matches!(step.progress, Progress::Begun | Progress::Done | Progress::Failed)
}

fn wait_for(
    clock: &dyn Clock,
    reach: &dyn Fn() -> std::result::Result<(), String>,
) -> std::result::Result<(), String> {
    let start = clock.ticks();
    loop {
        match reach() {
            Ok(()) => return Ok(()),
            Err(problem) if clock.ticks().saturating_sub(start) >= REACH => return Err(problem),
            Err(_) => clock.sleep(Duration::from_secs(5)),
        }
    }
}

/// The last three lines, for a message.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().rev().take(3).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}

/// Reads and finishes what an interrupted run left; `None` if there was nothing.
pub fn recover(host: &Host<'_>, state: &mut State, events: &mut Events) -> Result<Option<Verdict>> {
    let Some(journal) = Journal::load(&host.dir)? else { return Ok(None) };
    Transaction::resume(host, journal, state, events).map(Some)
}
