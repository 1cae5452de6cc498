//! What a run means: its verdict, receipt and findings.

use super::jobs::Job;
use super::listen::{Said, clean, listen};
use super::memory::Made;
use super::pool::Versions;
use super::tree::TreeFile;
use super::{Collector, Settings, withhold};
use crate::registry::{Level, Pattern};
use crate::sandbox::{Outcome, Response};
use cmc_types::plan::Format;
use cmc_types::receipt::{Finding, Receipt, Verdict};
use cmc_types::{Severity, UnixPath};
use std::collections::BTreeSet;

/// Turns a response into a receipt and findings.
pub(super) fn judge(
    job: &Job<'_>,
    made: Made,
    versions: &Versions,
    settings: &Settings<'_>,
    collected: &mut Collector,
) {
    let Made { response, at } = made;
    let read = files_read(job, &response);
    let mut said = listen(job, &response);
    said.extend(job.errors.iter().map(|(file, line, message)| Said {
        severity: Severity::Error,
        file: Some(*file),
        line: Some(*line),
        column: None,
        message: message.clone(),
    }));
    let verdict = verdict(job, &response, &said, &read, settings);
    if verdict == Verdict::Failed && !said.iter().any(|said| said.severity == Severity::Error) {
        said.push(last_words(&response));
    }
    if let Verdict::CouldNotRun { .. } = verdict {
        said.clear();
    }
    let verdict = match verdict {
        // What it refuses may be the stand-in, or what the stand-in lacks.
        Verdict::Failed if shown_stand_in(job, &read) => {
            said.iter_mut().for_each(put_off);
            Verdict::Deferred
        }
        verdict => verdict,
    };
    // Dummies are no secrets.
    let secrets = !settings.dummies && job.seen.iter().any(|file| file.tainted);
    if secrets {
        withhold_secrets(job, &mut said, &read);
    }

    let subjects: Vec<&TreeFile> = job
        .subjects
        .iter()
        .filter(|subject| !job.whole || read.contains(&subject.seen) || verdict != Verdict::Passed)
        .map(|subject| &job.seen[subject.seen])
        .collect();
    let home =
        subjects.first().copied().or_else(|| job.subjects.first().map(|subject| &job.seen[subject.seen]));
    let Some(home) = home else { return };
    let warnings =
        said.iter().filter(|said| said.severity == Severity::Warning).map(|said| describe(job, said));
    // These two are told even of files with secrets, so they must not quote them either.
    let secret = |word: &str| secrets && withhold::quotes(word, &job.seen);
    let names = response.names.iter().map(|name| {
        let shown = if secret(name) { "a name (withheld: a file with secrets holds it)" } else { name };
        format!("{shown} is outside the fleet and was taken to resolve")
    });
    let stand_ins = job.stand_ins.iter().map(|path| {
        let shown =
            if secret(path) { "a file (its path is withheld: a file with secrets holds it)" } else { path };
        format!("{shown} is not among the host's files: a throw-away one stood in for it")
    });
    let receipt = Receipt {
        validator: job.tool.name().to_owned(),
        version: version(job, versions),
        argv: job.request.argv.clone(),
        subjects: subjects.iter().filter_map(|file| Some((file.path.clone(), file.b3()?))).collect(),
        inputs: job.inputs,
        verdict: verdict.clone(),
        warnings: warnings.chain(names).chain(stand_ins).collect(),
        isolation: response.isolation.clone(),
        required: job.required,
        dummies: settings.dummies && job.seen.iter().any(|file| file.tainted),
        program: versions.program(&job.request),
        made: at,
    };
    if !receipt.subjects.is_empty() {
        collected.receipt(job.hosts.clone(), receipt.clone());
    }
    for said in said {
        let file = said.file.map_or(home, |index| &job.seen[index]);
        let finding = Finding {
            validator: job.tool.name().to_owned(),
            path: file.path.clone(),
            line: said.line,
            column: said.column,
            severity: said.severity,
            message: said.message,
        };
        collected.finding(&job.hosts, finding);
    }
    if verdict == Verdict::Passed {
        report_unread(job, &read, &receipt, collected);
    }
    report_skipped(job, collected);
}

/// Whether a secret of no known structure was read as a stand-in, or is empty among the files that make a whole.
fn shown_stand_in(job: &Job<'_>, read: &BTreeSet<usize>) -> bool {
    let empty = |file: &TreeFile| file.content().is_some_and(|content| content.is_empty());
    let shown =
        |(index, file): (usize, &TreeFile)| file.waits && (read.contains(&index) || job.whole && empty(file));
    job.seen.iter().enumerate().any(shown)
}

/// Turns what may be about a stand-in into advice.
fn put_off(said: &mut Said) {
    if said.severity == Severity::Error {
        said.severity = Severity::Warning;
        said.message += " (perhaps because a dummy stands in for a secret; publish checks again)";
    }
}

/// The files of `seen` that were read, themselves or as copies.
fn files_read(job: &Job<'_>, response: &Response) -> BTreeSet<usize> {
    let mut read = BTreeSet::new();
    for index in &response.read {
        if *index < job.seen.len() {
            read.insert(*index);
            continue;
        }
        let path = job.request.entries.get(*index).map_or("", |entry| entry.path.as_str());
        let subject = job.copies.iter().find(|(copy, _)| copy == path).map(|(_, subject)| subject);
        read.extend(
            subject.and_then(|subject| job.seen.iter().position(|file| file.path.as_str() == subject)),
        );
    }
    read
}

fn verdict(
    job: &Job<'_>,
    response: &Response,
    said: &[Said],
    read: &BTreeSet<usize>,
    settings: &Settings<'_>,
) -> Verdict {
    let name = job.request.argv.first().map_or("", String::as_str);
    let could_not = |reason: String| Verdict::CouldNotRun { reason };
    let bounds = &job.request.bounds;
    let words = || {
        let secret = !settings.dummies && job.seen.iter().any(|file| file.tainted);
        if secret { String::new() } else { first_words(response) }
    };
    match &response.outcome {
        Outcome::Refused { step, why } => could_not(format!(
            "the isolation it needs was refused here ({step}: {why}); run where unprivileged user namespaces are allowed"
        )),
        Outcome::NotFound => could_not(not_found(job, name)),
        Outcome::NotExecutable(why) => could_not(format!("`{name}` cannot be executed: {why}")),
        Outcome::TimedOut => could_not(format!("`{name}` did not end within {} ms", bounds.millis)),
        Outcome::TooMuchOutput => {
            could_not(format!("`{name}` printed more than {} bytes", settings.bounds.output))
        }
        Outcome::Signalled(signal) => could_not(format!("`{name}` was ended by {signal}")),
        Outcome::Exited(code) => {
            let subject = |index: &usize| job.subjects.iter().any(|subject| subject.seen == *index);
            if response.changed.iter().any(subject) {
                return could_not(format!("`{name}` changed the file that it was to check"));
            }
            let errors = said.iter().any(|said| said.severity == Severity::Error);
            match job.tool.means(*code) {
                Some(false) if !errors && advised(job, said) => Verdict::Passed,
                Some(false) if let Some(problem) = of_host(job, said) => could_not(format!(
                    "it names what only the host has, and nothing here could stand in for it ({problem})"
                )),
                // Another program of that name, as cronie's `crontab -n`, refuses its arguments.
                Some(false)
                    if !errors
                        && !job.whole
                        && job.tool.program().is_some()
                        && !job.subjects.iter().any(|subject| read.contains(&subject.seen)) =>
                {
                    could_not(format!("`{name}` ended with {code} without reading the file{}", words()))
                }
                Some(false) => Verdict::Failed,
                Some(true) if errors => Verdict::Failed,
                Some(true)
                    if !job.whole && !job.subjects.iter().all(|subject| read.contains(&subject.seen)) =>
                {
                    could_not(format!("`{name}` ended without reading the file"))
                }
                Some(true) => Verdict::Passed,
                None => could_not(format!(
                    "`{name}` exited with {code}, which says nothing about the file{}",
                    words()
                )),
            }
        }
    }
}

/// Whether all it said, and so the reason for its bad exit code, is advice.
fn advised(job: &Job<'_>, said: &[Said]) -> bool {
    !said.is_empty() && said.iter().all(|said| is_advice(job, said.file, &said.message))
}

/// Whether a message, about a file of the tree or about none of them, only advises.
pub(super) fn is_advice(job: &Job<'_>, file: Option<usize>, message: &str) -> bool {
    let Some(program) = job.tool.program() else { return false };
    let is_part = |part: &&str| message.contains(*part);
    let typed = || match file {
        Some(index) => job.seen[index].format == Format::Typed,
        None => job.subjects.iter().any(|subject| job.seen[subject.seen].format == Format::Typed),
    };
    program.advice.iter().any(is_part) || (program.passed_by.iter().any(is_part) && !typed())
}

/// The problem if all that is wrong is about what only the host has: in our words, since the program's may quote secrets.
fn of_host(job: &Job<'_>, said: &[Said]) -> Option<&'static str> {
    let program = job.tool.program()?;
    let problem = |said: &Said| {
        let is_part = |part: &str| said.message.contains(part);
        let anywhere = program.of_host.iter().copied().find(|part| is_part(part));
        let at_word = |(part, word, lacking): &(&str, &str, &'static str)| {
            (is_part(part) && stands_at(job, said, word)).then_some(*lacking)
        };
        anywhere.or_else(|| program.of_host_at.iter().find_map(at_word))
    };
    let errors = said.iter().filter(|said| said.severity == Severity::Error);
    let problems: Option<Vec<_>> = errors.map(problem).collect();
    problems?.first().copied()
}

/// Whether an error is at a line that holds a word.
fn stands_at(job: &Job<'_>, said: &Said, word: &str) -> bool {
    let line = || {
        let content = job.seen.get(said.file?)?.content()?;
        let text = std::str::from_utf8(content).ok()?;
        text.lines().nth(usize::try_from(said.line?).ok()?.checked_sub(1)?)
    };
    line().is_some_and(|line| line.split(|c: char| !c.is_ascii_alphanumeric()).any(|found| found == word))
}

fn not_found(job: &Job<'_>, name: &str) -> String {
    let family = this_family();
    let package = job.tool.program().and_then(|program| program.package(&family));
    match package {
        Some(package) => format!("`{name}` is not installed here; install the package {package}"),
        None => {
            format!("`{name}` is not installed here, or not executable; home directories are not searched")
        }
    }
}

/// Family of this machine's operating system, as os-release(5) names it.
fn this_family() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let id = text.lines().find_map(|line| line.strip_prefix("ID="));
    id.unwrap_or_default().trim_matches('"').to_owned()
}

/// What a program that refused without a word we know said last.
fn last_words(response: &Response) -> Said {
    let text = if response.stderr.trim().is_empty() { &response.stdout } else { &response.stderr };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(3)..].join(" / ");
    let message = if tail.is_empty() { "refused, without a word".to_owned() } else { clean(&tail) };
    Said { severity: Severity::Error, file: None, line: None, column: None, message }
}

fn first_words(response: &Response) -> String {
    let line = response.stderr.lines().chain(response.stdout.lines()).find(|line| !line.trim().is_empty());
    line.map_or_else(String::new, |line| format!(" ({})", clean(line)))
}

/// Takes back what may quote a file that holds secrets.
fn withhold_secrets(job: &Job<'_>, said: &mut [Said], read: &BTreeSet<usize>) {
    let subject = job.subjects.iter().any(|subject| job.seen[subject.seen].tainted);
    for said in said {
        let about = said.file.map(|index| job.seen[index].tainted);
        let elsewhere = said.file.is_none() && (subject || read.iter().any(|index| job.seen[*index].tainted));
        if about == Some(true) {
            said.message = withhold::WITHHELD.to_owned();
        } else if elsewhere || withhold::quotes(&said.message, &job.seen) {
            said.message = withhold::WITHHELD_ELSEWHERE.to_owned();
        }
    }
}

fn describe(job: &Job<'_>, said: &Said) -> String {
    let path = said.file.map(|index| job.seen[index].path.as_str());
    match (path, said.line) {
        (Some(path), Some(line)) => format!("{path}:{line}: {}", said.message),
        (Some(path), None) => format!("{path}: {}", said.message),
        (None, _) => said.message.clone(),
    }
}

/// The version that the program printed, or the digest of one that prints none.
fn version(job: &Job<'_>, versions: &Versions) -> String {
    let program = job.tool.program();
    let pattern = program.map(|program| Pattern { text: program.version_line, level: Level::Warning });
    let printed = versions.printed.get(job.tool.version_argv());
    let found = pattern.zip(printed).and_then(|(pattern, printed)| {
        printed
            .lines()
            .find_map(|line| pattern.matches(line.trim_end()))
            .map(|capture| clean(&capture.message))
    });
    found.unwrap_or_else(|| {
        let name = job.request.argv.first().map_or("", String::as_str);
        let own = job.seen.iter().find(|file| file.path.as_str() == name).and_then(TreeFile::b3);
        let digest = own.or_else(|| versions.digest(name, job.request.env.get("PATH")));
        digest.map_or_else(String::new, |digest| format!("b3:{digest}"))
    })
}

/// Files that the program applies to and did not read: they are not checked. Named ones need that check.
fn report_unread(job: &Job<'_>, read: &BTreeSet<usize>, receipt: &Receipt, collected: &mut Collector) {
    if !job.whole {
        return;
    }
    let name = job.tool.name();
    for subject in job.subjects.iter().filter(|subject| !read.contains(&subject.seen)) {
        let file = &job.seen[subject.seen];
        let Some(b3) = file.b3() else { continue };
        let message = format!("{name} did not read this file: nothing includes it, so it is not checked");
        if subject.named {
            let unread = Receipt {
                subjects: [(file.path.clone(), b3)].into(),
                verdict: Verdict::CouldNotRun { reason: message.clone() },
                warnings: Vec::new(),
                ..receipt.clone()
            };
            collected.receipt(job.hosts.clone(), unread);
        }
        collected.finding(&job.hosts, warning(name, &file.path, message));
    }
}

/// Files that the daemon will leave out, however good they are.
fn report_skipped(job: &Job<'_>, collected: &mut Collector) {
    let Some(program) = job.tool.program() else { return };
    for subject in &job.subjects {
        let path = &job.seen[subject.seen].path;
        if let Some((_, why)) =
            program.skips.iter().find(|(glob, _)| crate::glob::matches(glob, path.as_str()))
        {
            collected.finding(&job.hosts, warning(program.name, path, (*why).to_owned()));
        }
    }
}

fn warning(validator: &str, path: &UnixPath, message: String) -> Finding {
    Finding {
        validator: validator.to_owned(),
        path: path.clone(),
        line: None,
        column: None,
        severity: Severity::Warning,
        message,
    }
}
