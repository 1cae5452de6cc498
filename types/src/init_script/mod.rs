//! Init scripts of OpenBSD, FreeBSD and OpenRC as people write them: what their declarative parts say that rc.subr or
//! openrc-run would not read. Shell of their own is left alone: a name is a slip only if it is near one that is read, and
//! nothing in the script uses it.

mod conf;
mod freebsd;
mod openbsd;
mod openrc;
mod scan;

use crate::nearest;
use crate::shell::{self, is_identifier};
use crate::small::Problem;
use crate::{InitSystem, Severity};
use scan::{Open, Script};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Scripts beyond this size, in bytes, are programs of their own.
const LARGEST: usize = 1 << 16;
/// More is not told of one script.
const MOST: usize = 100;

/// What is wrong in a script that the init system runs.
pub fn check(init: InitSystem, text: &str) -> Vec<Problem> {
    read(text, |judge| match init {
        InitSystem::OpenbsdRc => openbsd::judge(judge),
        InitSystem::FreebsdRc => freebsd::judge(judge),
        InitSystem::Openrc => openrc::judge(judge),
        InitSystem::Systemd => {}
    })
}

/// What is wrong in a script that has this name in its directory.
pub fn check_file(init: InitSystem, name: &str, text: &str) -> Vec<Problem> {
    let mut problems = check(init, text);
    if init == InitSystem::OpenbsdRc {
        let of_name = read(text, |judge| openbsd::name(judge, name));
        // What keeps the script from being read is told by both.
        if !problems.starts_with(&of_name) {
            problems.splice(0..0, of_name);
        }
    }
    problems
}

/// What is wrong in shell that an init script sources: quotes and brackets that nothing closes, lines that set nothing, and
/// values that the init system does not take.
pub fn check_conf(init: InitSystem, text: &str) -> Vec<Problem> {
    read(text, |judge| conf::judge(judge, init))
}

fn read(text: &str, judge: impl FnOnce(&mut Judge<'_>)) -> Vec<Problem> {
    let mut found = Judge { text, script: Script::default(), names: BTreeMap::new(), problems: Vec::new() };
    if text.len() > LARGEST {
        return Vec::new();
    }
    match Script::read(text) {
        Ok(script) => {
            found.script = script;
            found.names = found.names();
            judge(&mut found);
        }
        Err(open) => found.open(&open),
    }
    found.problems.sort_by_key(|problem| (problem.line, problem.columns.start));
    found.problems
}

/// A script that is being judged.
struct Judge<'t> {
    text: &'t str,
    script: Script,
    /// Names that stand anywhere but where they are set or defined, and how often.
    names: BTreeMap<&'t str, usize>,
    problems: Vec<Problem>,
}

impl<'t> Judge<'t> {
    fn word(&self, bytes: &Range<usize>) -> &'t str {
        self.text.get(bytes.clone()).unwrap_or_default()
    }

    fn tell(
        &mut self,
        severity: Severity,
        bytes: Range<usize>,
        word: bool,
        what: &'static str,
        help: impl Into<Cow<'static, str>>,
    ) {
        if self.problems.len() >= MOST {
            return;
        }
        let before = &self.text[..bytes.start];
        let line = before.matches('\n').count() + 1;
        let begin = before.rfind('\n').map_or(0, |feed| feed + 1);
        let shown = self.word(&bytes).split('\n').next().unwrap_or_default();
        let column = self.text[begin..bytes.start].chars().count() + 1;
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.problems.push(Problem {
            line: count(line),
            columns: count(column)..count(column + shown.chars().count()),
            what,
            word: (word && !shown.is_empty())
                .then(|| shown.trim_matches(['"', '\'']).chars().take(60).collect()),
            help: help.into(),
            severity,
        });
    }

    fn error(&mut self, bytes: Range<usize>, what: &'static str, help: impl Into<Cow<'static, str>>) {
        self.tell(Severity::Error, bytes, false, what, help);
    }

    fn warning(&mut self, bytes: Range<usize>, what: &'static str, help: impl Into<Cow<'static, str>>) {
        let word = bytes != self.first_line();
        self.tell(Severity::Warning, bytes, word, what, help);
    }

    fn open(&mut self, open: &Open) {
        let (what, help) = match self.word(&open.at) {
            "'" | "\"" => ("the quote that begins here is not closed", "close it on the same line"),
            "`" => ("the backquote that begins here is not closed", "write $( … ) around a command"),
            "{" | "${" => ("the `{` that stands here is not closed", "close it with `}`"),
            _ => ("the `(` that stands here is not closed", "close it with `)`"),
        };
        let help = match open.doubtful {
            true => {
                "it takes lines that look like statements of their own, and at the end a quote is open: close it"
            }
            false => help,
        };
        self.error(open.at.clone(), what, help);
    }

    /// The first line.
    fn first_line(&self) -> Range<usize> {
        0..self.text.find('\n').unwrap_or(self.text.len())
    }

    /// The last line that says something.
    fn last_line(&self) -> Range<usize> {
        let text = self.text.trim_end();
        text.rfind('\n').map_or(0, |feed| feed + 1)..text.len()
    }

    /// The interpreter that the first line names, if it is one.
    fn interpreter(&self) -> Option<&'t str> {
        let line = self.word(&self.first_line()).strip_prefix("#!")?.trim();
        let mut words = line.split_whitespace();
        match words.next()? {
            "/usr/bin/env" | "/bin/env" => words.next(),
            interpreter => Some(interpreter),
        }
    }

    /// Commands whose first word is this.
    fn commands(&self, name: &str) -> Vec<Vec<Range<usize>>> {
        let called = |words: &&Vec<Range<usize>>| words.first().is_some_and(|word| self.word(word) == name);
        self.script.commands.iter().map(|command| &command.words).filter(called).cloned().collect()
    }

    /// Where a file is sourced whose path ends so.
    fn sourced(&self, end: &str) -> Option<usize> {
        let mut commands = self.commands(".");
        commands.extend(self.commands("source"));
        let path = |words: &&Vec<Range<usize>>| {
            words.get(1).is_some_and(|path| self.word(path).trim_matches(['"', '\'']).ends_with(end))
        };
        commands.iter().filter(path).filter_map(|words| Some(words.first()?.start)).min()
    }

    /// Whether the script sources something beside this: variables and functions may come from there.
    fn sources_others(&self, known: &[&str]) -> bool {
        let mut commands = self.commands(".");
        commands.extend(self.commands("source"));
        commands.iter().any(|words| {
            words.get(1).is_some_and(|path| {
                !known.iter().any(|end| self.word(path).trim_matches(['"', '\'']).ends_with(end))
            })
        })
    }

    /// The value that a variable is set to, if it is set once and to a static word.
    fn value(&self, name: &str) -> Option<String> {
        let mut set = self.script.variables.iter().filter(|variable| self.word(&variable.name) == name);
        let (Some(variable), None) = (set.next(), set.next()) else { return None };
        self.static_value(&variable.value)
    }

    fn static_value(&self, value: &Range<usize>) -> Option<String> {
        match shell::word(self.word(value)) {
            Ok((value, "")) => Some(value.unwrap_or_default()),
            _ => None,
        }
    }

    fn sets(&self, name: &str) -> bool {
        self.script.variables.iter().any(|variable| self.word(&variable.name) == name)
    }

    fn defines(&self, name: &str) -> bool {
        self.script.functions.iter().any(|function| self.word(function) == name)
    }

    /// Names that stand anywhere but in comments and where they are set or defined.
    fn names(&self) -> BTreeMap<&'t str, usize> {
        let declared: BTreeSet<usize> = (self.script.variables.iter().map(|variable| variable.name.start))
            .chain(self.script.functions.iter().map(|function| function.start))
            .collect();
        let mut names = BTreeMap::new();
        let mut at = 0;
        while let Some(start) = self.text[at..].find(is_inside).map(|skip| at + skip) {
            let rest = &self.text[start..];
            let length = rest.find(|c| !is_inside(c)).unwrap_or(rest.len());
            at = start + length;
            if !declared.contains(&start) && !self.is_comment(start) {
                *names.entry(&rest[..length]).or_default() += 1;
            }
        }
        names
    }

    /// Whether anything in the script uses a name.
    fn uses(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    fn is_comment(&self, at: usize) -> bool {
        let before = self.script.comments.partition_point(|comment| comment.start <= at);
        before
            .checked_sub(1)
            .and_then(|last| self.script.comments.get(last))
            .is_some_and(|last| last.contains(&at))
    }

    /// Warns of variables that are set, never used, and near a name that is read.
    fn misspelt_variables(&mut self, known: &[&str], reader: &'static str) {
        let what = match reader {
            "openrc-run" => "openrc-run reads no variable of this name",
            _ => "rc.subr reads no variable of this name",
        };
        for variable in self.script.variables.clone() {
            let name = self.word(&variable.name);
            if known.contains(&name) || self.uses(name) {
                continue;
            }
            if let Some(near) = near(name, known).filter(|near| !self.is_twin(name, near)) {
                self.warning(variable.name, what, format!("did you mean `{near}`?"));
            }
        }
    }

    /// Whether names differ in case alone, as those of a script's own often do.
    fn is_twin(&self, name: &str, near: &str) -> bool {
        name.chars().any(|c| c.is_ascii_uppercase()) && !near.chars().any(|c| c.is_ascii_uppercase())
    }

    /// Warns of functions that nothing calls and that are near a name that is called.
    fn misspelt_functions(&mut self, known: &[&str], reader: &'static str) {
        let what = match reader {
            "openrc-run" => "openrc-run calls no function of this name",
            _ => "rc.subr calls no function of this name",
        };
        for function in self.script.functions.clone() {
            let name = self.word(&function);
            if known.contains(&name) || self.uses(name) {
                continue;
            }
            if let Some(near) = near(name, known) {
                self.warning(function, what, format!("did you mean `{near}`?"));
            }
        }
    }
}

/// Whether a character is one of a name.
fn is_inside(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The name that a word is a slip for; words of a few letters are names of their own.
fn near<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() < 4 || !is_identifier(word) {
        return None;
    }
    nearest(word, known.iter().copied()).filter(|near| near.len() >= 4 && slip(word, near))
}

/// Whether two edits at most lie between them, and one at most between short ones.
fn slip(word: &str, name: &str) -> bool {
    let allowed = if name.len() < 9 { 1 } else { 2 };
    crate::nearest::distance(&word.to_lowercase(), name, allowed) <= allowed
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
