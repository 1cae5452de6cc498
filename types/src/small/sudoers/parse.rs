//! Reading statements of sudoers: `who.rs` reads users and hosts, `command.rs` commands.

mod command;
mod who;

use super::cursor::{Cursor, Word, is_blank};
use super::option::is_timeout;
use super::*;
use crate::nearest;
use crate::small::lines::Reader;
use command::DIGESTS;
use std::borrow::Cow;
use std::ops::Range;

/// A mistake: its place, what it is, what to do. Nothing more is read of the statement.
type Wrong = (Range<usize>, &'static str, Cow<'static, str>);
type Read<T> = Result<T, Wrong>;

/// Tags, each with `NO` before it, too.
const TAGS: &[&str] = &["PASSWD", "EXEC", "FOLLOW", "INTERCEPT", "LOG_INPUT", "LOG_OUTPUT", "MAIL", "SETENV"];
const LIMITS: &[&str] = &["TIMEOUT", "NOTBEFORE", "NOTAFTER", "CWD", "CHROOT", "ROLE", "TYPE"];

struct Statement<'r, 't, 'n> {
    reader: &'r mut Reader<'t>,
    cursor: Cursor<'t>,
    names: &'n mut Names,
}

fn wrong<T>(bytes: Range<usize>, what: &'static str, help: impl Into<Cow<'static, str>>) -> Read<T> {
    Err((bytes, what, help.into()))
}

/// Reads a statement; comments and blank lines say nothing.
pub(super) fn statement(reader: &mut Reader<'_>, names: &mut Names) -> Option<Entry> {
    let cursor = Cursor { text: reader.text, at: 0 };
    let mut statement = Statement { reader, cursor, names };
    match statement.read() {
        Ok(entry) => entry,
        Err((bytes, what, help)) => {
            statement.reader.error(bytes, what, help);
            None
        }
    }
}

/// Whether a word is the name of an alias.
pub(super) fn is_alias(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a word is a tag.
fn is_tag(word: &str) -> bool {
    TAGS.contains(&word.strip_prefix("NO").unwrap_or(word)) || TAGS.contains(&word)
}

/// Words that mean something else where a user or host may stand.
pub(super) fn is_reserved(word: &str) -> bool {
    LIMITS.contains(&word) || word == "sudoedit" || DIGESTS.iter().any(|(name, _)| *name == word)
}

impl<'t> Statement<'_, 't, '_> {
    fn read(&mut self) -> Read<Option<Entry>> {
        let text = self.reader.text;
        for (begin, directory) in [("#includedir", true), ("#include", false)] {
            if text.strip_prefix(begin).is_some_and(|rest| rest.starts_with(is_blank)) {
                self.cursor.at = begin.len();
                return self.include(directory).map(Some);
            }
        }
        if self.cursor.is_at_end() {
            return Ok(None);
        }
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        for (begin, directory) in [("@includedir", true), ("@include", false)] {
            if rest.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with(is_blank)) {
                self.cursor.at += begin.len();
                return self.include(directory).map(Some);
            }
        }
        let word =
            rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
        let entry = match &rest[..word] {
            "Defaults" => {
                self.cursor.at += word;
                self.defaults()?
            }
            name @ ("User_Alias" | "Runas_Alias" | "Host_Alias" | "Cmnd_Alias" | "Cmd_Alias") => {
                self.cursor.at += word;
                self.aliases(name)?
            }
            name => {
                let known = ["User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Defaults"];
                if let Some(near) = nearest(name, known).filter(|_| name.len() > 5) {
                    let help = format!("did you mean `{near}`?");
                    return wrong(start..start + word, "a statement does not begin so", help);
                }
                self.rule()?
            }
        };
        self.end()?;
        Ok(Some(entry))
    }

    fn end(&mut self) -> Read<()> {
        if self.cursor.is_at_end() {
            return Ok(());
        }
        let bytes = self.here();
        wrong(
            bytes,
            "here the statement was to end",
            "remove it, or write `,`, `:` or `=` before it, as is meant",
        )
    }

    /// The word that stands here, for messages.
    fn here(&mut self) -> Range<usize> {
        self.cursor.skip();
        let rest = self.cursor.rest();
        let length =
            rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | ':')).unwrap_or(rest.len());
        let length = if length == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { length };
        self.cursor.at..self.cursor.at + length
    }

    fn string(&mut self) -> Read<Word> {
        match self.cursor.string() {
            Ok(word) if word.text.is_empty() => {
                wrong(word.bytes, "the text in quotes is empty", "write something in it")
            }
            Ok(word) => Ok(word),
            Err(at) => wrong(
                at..at + 1,
                "the quote is not closed",
                "close it on the same line, or end the line with `\\`",
            ),
        }
    }

    fn include(&mut self, directory: bool) -> Read<Entry> {
        self.cursor.skip();
        let path = match self.cursor.rest().starts_with('"') {
            true => self.string()?.text,
            false => self.cursor.run(is_blank).text,
        };
        if path.is_empty() {
            return wrong(self.here(), "there is no path", "write the path of a file or directory");
        }
        self.cursor.skip();
        match self.cursor.rest().trim_end_matches('\r').is_empty() {
            true => Ok(Entry::Include { directory, path }),
            false => wrong(
                self.here(),
                "something stands behind the path",
                "write `\\` before a blank in it, or quotes around it",
            ),
        }
    }

    // Lists.

    fn list<T>(&mut self, mut member: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<Member<T>>> {
        let mut members = Vec::new();
        loop {
            let negated = self.cursor.negated();
            self.cursor.skip();
            let what = member(self)?;
            members.push(Member { negated, what });
            if !self.cursor.take(",") {
                return Ok(members);
            }
        }
    }

    /// Notes that an alias is named here.
    fn alias(&mut self, kind: AliasKind, word: &Word) {
        let help = format!(
            "no {} of this name is in this file: it counts only if another one defines it",
            kind.name()
        );
        let problem = self.reader.later(word.bytes.clone(), "the alias is not defined here", help);
        self.names.named.push((kind, word.text.clone(), problem));
    }

    // Statements.

    fn aliases(&mut self, keyword: &str) -> Read<Entry> {
        let kind = match keyword {
            "User_Alias" => AliasKind::User,
            "Runas_Alias" => AliasKind::Runas,
            "Host_Alias" => AliasKind::Host,
            _ => AliasKind::Command,
        };
        let mut aliases = Vec::new();
        loop {
            self.cursor.skip();
            let word = self.cursor.word();
            let help = "a name has capitals, digits and `_`, and begins with a capital";
            if !is_alias(&word.text) || word.escaped {
                let bytes = if word.bytes.is_empty() { self.here() } else { word.bytes };
                return wrong(bytes, "that is no name of an alias", help);
            }
            if word.text == "ALL" || LIMITS.contains(&word.text.as_str()) {
                return wrong(word.bytes, "the word is reserved", "take another name");
            }
            let line = self.reader.line_of(word.bytes.start).0;
            if !self.cursor.take("=") {
                return wrong(self.here(), "there is no `=` behind the alias", "write NAME = MEMBER, MEMBER");
            }
            let named = self.names.named.len();
            let members = match kind {
                AliasKind::User => Members::Users(self.list(|statement| statement.user(kind))?),
                AliasKind::Runas => Members::Runas(self.list(|statement| statement.user(kind))?),
                AliasKind::Host => Members::Hosts(self.list(Self::host)?),
                AliasKind::Command => Members::Commands(self.commands(false)?),
            };
            if self.names.named[named..].iter().any(|(other, name, _)| *other == kind && *name == word.text) {
                return wrong(word.bytes, "the alias names itself", "remove it from its members");
            }
            let key = (kind, word.text.clone());
            if let Some(first) = self.names.defined.get(&key) {
                let help = format!("line {first} defines it: sudo refuses the file");
                return wrong(word.bytes, "the alias is defined twice", help);
            }
            for (kind, name, place) in &self.names.named[named..] {
                self.names.members.add(&key, (*kind, name.clone()), place);
            }
            self.names.defined.insert(key, line);
            aliases.push(Alias { name: word.text, members });
            if !self.cursor.take(":") {
                return Ok(Entry::Aliases(aliases));
            }
        }
    }

    fn defaults(&mut self) -> Read<Entry> {
        let scope = match self.cursor.rest().chars().next() {
            Some(sign @ (':' | '>' | '@' | '!')) => {
                self.cursor.at += 1;
                match sign {
                    ':' => Scope::Users(self.list(|statement| statement.user(AliasKind::User))?),
                    '>' => Scope::Runas(self.list(|statement| statement.user(AliasKind::Runas))?),
                    '@' => Scope::Hosts(self.list(Self::host)?),
                    _ => Scope::Commands(self.commands(true)?),
                }
            }
            _ => Scope::All,
        };
        self.cursor.skip();
        if !self.cursor.text[..self.cursor.at].ends_with([' ', '\t', '\n']) {
            let help = "write a blank, then the options; for some users, hosts or commands alone `:`, `@` or `!` stands right behind `Defaults`";
            return wrong(self.here(), "here options were to stand", help);
        }
        let mut settings = Vec::new();
        loop {
            settings.extend(self.setting()?);
            if !self.cursor.take(",") {
                break;
            }
        }
        self.end()?;
        Ok(Entry::Defaults { scope, settings })
    }

    /// A setting; nothing if its value is wrong, which is reported.
    fn setting(&mut self) -> Read<Option<Setting>> {
        let off = self.cursor.negated();
        self.cursor.skip();
        let rest = self.cursor.rest();
        let length = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
        let name = &rest[..length];
        let bytes = self.cursor.at..self.cursor.at + length;
        if name.is_empty() {
            return wrong(self.here(), "here an option was to stand", "write its name, or `!` and its name");
        }
        self.cursor.at += length;
        let Some(option) = option(name) else {
            let near = nearest(name, OPTIONS.iter().map(|option| option.name));
            let help = near.map_or_else(
                || "sudo 1.9.13 does not know it".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return wrong(bytes, "there is no such option", help);
        };
        let operator = ["+=", "-=", "="].into_iter().find(|operator| self.cursor.take(operator));
        let Some(operator) = operator else {
            return match (off, option.off, option.on) {
                (true, true, _) => Ok(Some(Setting { option, set: Set::Off })),
                (false, _, true) => Ok(Some(Setting { option, set: Set::On })),
                (true, false, _) => {
                    wrong(bytes, "the option cannot be switched off", "write a value behind `=`")
                }
                (false, _, false) => wrong(bytes, "the option has no value", "write a value behind `=`"),
            };
        };
        self.cursor.skip();
        let value = match self.cursor.rest().starts_with('"') {
            true => self.string()?,
            false => self.cursor.run(|c| matches!(c, '#' | '=' | ',' | ' ' | '\t' | '"')),
        };
        if value.bytes.is_empty() {
            return wrong(
                self.here(),
                "here a value was to stand",
                "write it; quotes stand around one with blanks",
            );
        }
        if off {
            return wrong(bytes, "an option with `!` has a value", "write one of them");
        }
        if operator != "=" && option.kind != OptionKind::List {
            return wrong(bytes, "nothing can be added to the option or removed from it", "write `=`");
        }
        if let Some(help) = option.refuses(&value.text) {
            return wrong(value.bytes, "the option does not take this value", help);
        }
        if value.text.starts_with('\'') {
            let help = "sudoers has double quotes alone";
            self.reader.warning(value.bytes, "the quotes are a part of the value", help);
        }
        let set = match operator {
            "=" => Set::To(value.text),
            "+=" => Set::Add(value.text),
            _ => Set::Remove(value.text),
        };
        Ok(Some(Setting { option, set }))
    }

    fn rule(&mut self) -> Read<Entry> {
        let users = self.list(|statement| statement.user(AliasKind::User))?;
        let mut grants = Vec::new();
        loop {
            let hosts = self.list(Self::host)?;
            if !self.cursor.take("=") {
                let here = self.here();
                let help = "a rule is USERS HOSTS = (USER) TAG: COMMANDS, such as `ann ALL = (root) NOPASSWD: /bin/ls`";
                return wrong(here, "there is no `=` behind the hosts", help);
            }
            let mut commands = vec![self.spec()?];
            while self.cursor.take(",") {
                commands.push(self.spec()?);
            }
            self.all_but(&commands);
            grants.push(Grant { hosts, commands });
            if !self.cursor.take(":") {
                return Ok(Entry::Rule { users, grants });
            }
        }
    }

    /// Warns of `ALL, !COMMAND`.
    fn all_but(&mut self, commands: &[CommandSpec]) {
        let all = commands
            .iter()
            .position(|spec| spec.command.what.program == Program::All && !spec.command.negated);
        if all.is_some_and(|all| commands[all..].iter().any(|spec| spec.command.negated)) {
            let bytes = self.cursor.text[..self.cursor.at].rfind('!').unwrap_or_default();
            let help =
                "whoever may run everything else copies the command under another name: name what may be run";
            self.reader.warning(
                bytes..bytes + 1,
                "to forbid single commands out of ALL forbids nothing",
                help,
            );
        }
    }

    fn spec(&mut self) -> Read<CommandSpec> {
        let runas = if self.cursor.take("(") { Some(self.runas()?) } else { None };
        let mut options = Vec::new();
        let mut tags = Vec::new();
        loop {
            self.cursor.skip();
            let rest = self.cursor.rest();
            let length = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
            let name = &rest[..length];
            let bytes = self.cursor.at..self.cursor.at + length;
            let behind = rest[length..].trim_start_matches(is_blank);
            if is_tag(name) && behind.starts_with(':') {
                self.cursor.at = bytes.end;
                self.cursor.take(":");
                tags.push(name.to_owned());
            } else if LIMITS.contains(&name) {
                self.cursor.at = bytes.end;
                if !tags.is_empty() {
                    return wrong(bytes, "a limit stands behind a tag", "limits stand before tags");
                }
                options.push((name.to_owned(), self.limit(name)?));
            } else {
                break;
            }
        }
        Ok(CommandSpec { runas, options, tags, command: self.command(false)? })
    }

    fn limit(&mut self, name: &str) -> Read<String> {
        if !self.cursor.take("=") {
            return wrong(self.here(), "a limit has no `=`", "write NAME=VALUE");
        }
        self.cursor.skip();
        let value = match self.cursor.rest().starts_with('"') {
            true => self.string()?,
            false => self.cursor.word(),
        };
        let help = match name {
            "TIMEOUT" if !is_timeout(&value.text) => "write seconds, or such as 7d8h30m10s",
            "NOTBEFORE" | "NOTAFTER" if !is_time(&value.text) => {
                "write YYYYMMDDHHMMSSZ, such as 20261231235900Z"
            }
            "CWD" | "CHROOT" if !(value.text.starts_with(['/', '~']) || value.text == "*") => {
                "write an absolute path, one from `~`, or `*`"
            }
            _ if value.text.is_empty() => "write it behind the `=`",
            _ => return Ok(value.text),
        };
        let bytes = if value.bytes.is_empty() { self.here() } else { value.bytes };
        wrong(bytes, "a limit does not take this value", help)
    }
}

/// Generalized time: at least an hour.
fn is_time(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let zone = &text[digits..];
    let offset = zone
        .strip_prefix(['+', '-'])
        .is_some_and(|zone| zone.len() == 4 && zone.bytes().all(|b| b.is_ascii_digit()));
    let two = |at: usize| text.get(at..at + 2).and_then(|two| two.parse::<u32>().ok());
    matches!(digits, 10 | 12 | 14)
        && (zone.is_empty() || zone == "Z" || offset)
        && two(4).is_some_and(|month| (1..=12).contains(&month))
        && two(6).is_some_and(|day| (1..=31).contains(&day))
        && two(8).is_some_and(|hour| hour < 24)
}
