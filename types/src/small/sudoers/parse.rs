//! Reading statements of sudoers.

use super::cursor::{Cursor, Word, is_blank};
use super::option::is_timeout;
use super::*;
use crate::nearest;
use crate::small::lines::Reader;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

/// A mistake: its place, what it is, what to do. Nothing more is read of the statement.
type Wrong = (Range<usize>, &'static str, Cow<'static, str>);
type Read<T> = Result<T, Wrong>;

/// Tags, each with `NO` before it, too.
const TAGS: &[&str] = &["PASSWD", "EXEC", "FOLLOW", "INTERCEPT", "LOG_INPUT", "LOG_OUTPUT", "MAIL", "SETENV"];
const LIMITS: &[&str] = &["TIMEOUT", "NOTBEFORE", "NOTAFTER", "CWD", "CHROOT", "ROLE", "TYPE"];
const DIGESTS: &[(&str, usize)] = &[("sha224", 28), ("sha256", 32), ("sha384", 48), ("sha512", 64)];

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

    fn user(&mut self, kind: AliasKind) -> Read<User> {
        if let Some((id, _)) = self.cursor.id() {
            return Ok(User::Id(id));
        }
        let start = self.cursor.at;
        let quoted = self.cursor.rest().starts_with('"');
        let word = if quoted { self.string()? } else { self.member()? };
        let empty = |what| wrong(start..start + 1, what, "write its name right behind the sign");
        if let Some(group) = word.text.strip_prefix("%:") {
            return if group.is_empty() {
                empty("a group has no name")
            } else {
                Ok(User::Foreign(group.to_owned()))
            };
        }
        if let Some(group) = word.text.strip_prefix('%') {
            let number = group.strip_prefix('#').map(str::parse);
            return match number {
                Some(Ok(id)) => Ok(User::GroupId(id)),
                _ if group.is_empty() => empty("a group has no name"),
                _ => Ok(User::Group(group.to_owned())),
            };
        }
        if let Some(group) = word.text.strip_prefix('+') {
            return if group.is_empty() {
                empty("a netgroup has no name")
            } else {
                Ok(User::Netgroup(group.to_owned()))
            };
        }
        if let Some(id) = word.text.strip_prefix('#').and_then(|id| id.parse().ok()) {
            return Ok(User::Id(id));
        }
        if word.text == "ALL" && !word.escaped {
            return Ok(User::All);
        }
        if is_alias(&word.text) && !word.escaped {
            self.alias(kind, &word);
            return Ok(User::Alias(word.text));
        }
        if is_network(&word.text) && !word.escaped {
            return wrong(
                word.bytes,
                "an address stands where a user is meant",
                "hosts stand behind the users",
            );
        }
        Ok(User::Name(word.text))
    }

    /// A word of a list; `%#5` is one.
    fn member(&mut self) -> Read<Word> {
        let start = self.cursor.at;
        if self.cursor.rest().starts_with(['/', '^']) {
            let help =
                "users and hosts come first, then `=`, then commands; in an argument write `\\:` for a colon";
            return wrong(self.here(), "a command stands where a name is meant", help);
        }
        let mut word = self.cursor.word();
        if word.text == "%" && self.cursor.rest().starts_with(':') {
            self.cursor.at += 1;
            let group = self.cursor.word();
            word.text = format!("%:{}", group.text);
            word.bytes.end = group.bytes.end;
        }
        if matches!(word.text.as_str(), "%" | "%:")
            && let Some((id, bytes)) = self.cursor.id()
        {
            word.text.push_str(&format!("#{id}"));
            word.bytes.end = bytes.end;
        }
        if word.bytes.is_empty() {
            let help = "write the name of a user, %GROUP, a host, ALL, or an alias in capitals";
            return wrong(self.here(), "here a name was to stand", help);
        }
        let next = self.cursor.rest().chars().next();
        if let Some('"' | '\\') = next {
            let at = self.cursor.at;
            let help = "quotes stand around the whole name; a backslash stands before a single character";
            return wrong(at..at + 1, "a quote or backslash stands here", help);
        }
        if is_reserved(&word.text) && !word.escaped {
            return wrong(
                start..word.bytes.end,
                "the word is reserved",
                "sudo takes it for something else here",
            );
        }
        Ok(word)
    }

    fn host(&mut self) -> Read<Host> {
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        // An IPv6 address holds what ends words.
        let length =
            rest.find(|c: char| !c.is_ascii_hexdigit() && !matches!(c, ':' | '.')).unwrap_or(rest.len());
        let address = rest[..length].trim_end_matches(':');
        if address.matches(':').count() > 1 || rest[..length].ends_with("::") {
            let address = if rest[..length].parse::<IpAddr>().is_ok() { &rest[..length] } else { address };
            if address.parse::<IpAddr>().is_ok() {
                self.cursor.at += address.len();
                let mask = self.cursor.rest().strip_prefix('/').map(|rest| {
                    let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != ':').unwrap_or(rest.len());
                    &rest[..end]
                });
                if let Some(mask) = mask {
                    let good =
                        mask.parse::<u8>().is_ok_and(|bits| bits <= 128) || mask.parse::<IpAddr>().is_ok();
                    self.cursor.at += 1 + mask.len();
                    if !good {
                        return wrong(start..self.cursor.at, "that is no network", "write ADDRESS/BITS");
                    }
                }
                return Ok(Host::Network(self.reader.text[start..self.cursor.at].to_owned()));
            }
        }
        let quoted = rest.starts_with('"');
        let word = if quoted { self.string()? } else { self.member()? };
        if let Some(group) = word.text.strip_prefix('+') {
            return match group.is_empty() {
                true => wrong(word.bytes, "a netgroup has no name", "write its name right behind the sign"),
                false => Ok(Host::Netgroup(group.to_owned())),
            };
        }
        if word.text.starts_with('%') {
            return wrong(
                word.bytes,
                "a group of users stands where a host is meant",
                "write the hosts here, or ALL",
            );
        }
        if word.text == "ALL" && !word.escaped {
            return Ok(Host::All);
        }
        if is_tag(&word.text) {
            let help = "hosts stand behind the users: USERS HOSTS = TAG: COMMANDS";
            return wrong(word.bytes, "a tag stands where a host is meant", help);
        }
        if is_alias(&word.text) && !word.escaped {
            self.alias(AliasKind::Host, &word);
            return Ok(Host::Alias(word.text));
        }
        if is_network(&word.text) && !word.escaped {
            return Ok(Host::Network(word.text));
        }
        if word.text.split_once('/').is_some_and(|(address, _)| address.parse::<Ipv4Addr>().is_ok()) {
            return wrong(word.bytes, "that is no network", "write ADDRESS/BITS, with at most 32 bits");
        }
        Ok(Host::Name(word.text))
    }

    // Commands.

    /// A command; in `Defaults` without arguments and digests.
    fn command(&mut self, bare: bool) -> Read<Member<Command>> {
        let mut digests = Vec::new();
        self.cursor.skip();
        while let Some((name, bytes)) = DIGESTS.iter().find(|(name, _)| !bare && self.begins(name)) {
            digests.push(self.digest(name, *bytes)?);
            if self.cursor.take(",") {
                self.cursor.skip();
                continue;
            }
            break;
        }
        let negated = self.cursor.negated();
        self.cursor.skip();
        let what = Command { digests, program: self.program(bare)? };
        Ok(Member { negated, what })
    }

    /// Whether a word stands here, and `:` behind it.
    fn begins(&self, word: &str) -> bool {
        let rest = self.cursor.rest().strip_prefix(word);
        rest.is_some_and(|rest| rest.trim_start_matches(is_blank).starts_with(':'))
    }

    fn digest(&mut self, name: &str, length: usize) -> Read<(String, String)> {
        self.cursor.at += name.len();
        self.cursor.take(":");
        self.cursor.skip();
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '='))
            .unwrap_or(rest.len());
        let digest = &rest[..end];
        let hex = digest.len() == 2 * length && digest.bytes().all(|b| b.is_ascii_hexdigit());
        let padded = digest.len() == 4 * length.div_ceil(3) && digest.ends_with('=');
        let base64 = padded || (digest.len() == (4 * length).div_ceil(3) && !digest.ends_with('='));
        self.cursor.at += end;
        match hex || base64 {
            true => Ok((name.to_owned(), digest.to_owned())),
            false => wrong(
                start..start + end,
                "the digest has another length",
                "write it in hexadecimal or base64, as `sha256sum` and its like print it",
            ),
        }
    }

    fn program(&mut self, bare: bool) -> Read<Program> {
        let rest = self.cursor.rest();
        if rest.starts_with('/') {
            let path = self.path()?;
            if path.rsplit('/').next() == Some("sudoedit") {
                return wrong(
                    self.cursor.at - "sudoedit".len()..self.cursor.at,
                    "sudoedit has no path",
                    "write `sudoedit` alone",
                );
            }
            let directory = path.ends_with('/');
            let arguments = if bare || directory { Arguments::Any } else { self.arguments()? };
            return Ok(Program::Path(path, arguments));
        }
        if rest.starts_with('^') {
            let pattern = self.regex()?;
            let arguments = if bare { Arguments::Any } else { self.arguments()? };
            return Ok(Program::Regex(pattern, arguments));
        }
        if rest.starts_with('"') {
            return wrong(
                self.here(),
                "a command stands in quotes",
                "write it without; `\\` stands before a blank in its path",
            );
        }
        let word = self.cursor.word();
        match word.text.as_str() {
            "ALL" if !word.escaped => Ok(Program::All),
            "list" if !bare => Ok(Program::List),
            "sudoedit" => Ok(Program::Sudoedit(if bare { Arguments::Any } else { self.arguments()? })),
            name if is_alias(name) && !word.escaped && !LIMITS.contains(&name) => {
                let next = self.cursor.rest().trim_start_matches(is_blank);
                let tag = name
                    .strip_prefix("NO")
                    .filter(|tag| TAGS.contains(tag))
                    .or_else(|| TAGS.iter().copied().find(|tag| *tag == name));
                if tag.is_some() && next.starts_with(['/', 'A']) {
                    return wrong(word.bytes, "a tag has no `:`", format!("write `{name}:`"));
                }
                if next.starts_with(':') && !bare {
                    let known: Vec<String> =
                        TAGS.iter().flat_map(|tag| [(*tag).to_owned(), format!("NO{tag}")]).collect();
                    let near = nearest(name, known.iter().map(String::as_str));
                    // Behind the last command `:` begins other hosts.
                    if let Some(near) = near {
                        return wrong(word.bytes, "there is no such tag", format!("did you mean `{near}:`?"));
                    }
                }
                self.alias(AliasKind::Command, &word);
                Ok(Program::Alias(word.text))
            }
            "" => {
                let here = self.here();
                let help = match self.cursor.rest().chars().next() {
                    Some('(') => "`(USER)` stands before limits and tags",
                    _ => "write the path of a command, ALL, or an alias in capitals",
                };
                wrong(here, "here a command was to stand", help)
            }
            name => {
                let capitals = name.to_ascii_uppercase();
                let tag = capitals.strip_prefix("NO").unwrap_or(&capitals);
                let help = match TAGS.contains(&tag) {
                    true => format!("tags are in capitals: `{capitals}:`"),
                    false => "write the whole path of the command, as `command -v` prints it".to_owned(),
                };
                wrong(word.bytes, "that is no absolute path", help)
            }
        }
    }

    /// A path: `\` stands before `,`, `:`, `=`, `#` and blanks.
    fn path(&mut self) -> Read<String> {
        let mut path = String::new();
        while let Some(c) = self.cursor.rest().chars().next() {
            match c {
                ',' | ':' | '=' | ' ' | '\t' | '\r' | '\n' | '#' => break,
                '\\' => match self.cursor.rest()[1..].chars().next() {
                    Some(next @ (',' | ':' | '=' | ' ' | '\t' | '#'))
                        if !(is_blank(next) && self.continues()) =>
                    {
                        path.push(next);
                        self.cursor.at += 2;
                    }
                    Some('\n' | '\r' | ' ' | '\t') | None => break,
                    Some(next) => {
                        let at = self.cursor.at;
                        let help = "in a path `\\` stands before a blank, `,`, `:`, `=` and `#` only; sudo ends the path there";
                        return wrong(at..at + 1 + next.len_utf8(), "there is no such escape", help);
                    }
                },
                c => {
                    path.push(c);
                    self.cursor.at += c.len_utf8();
                }
            }
        }
        Ok(path)
    }

    /// Whether the backslash that stands here continues the line.
    fn continues(&self) -> bool {
        self.cursor.rest()[1..].trim_start_matches(is_blank).trim_start_matches('\r').starts_with('\n')
    }

    fn regex(&mut self) -> Read<String> {
        let start = self.cursor.at;
        let mut pattern = String::new();
        while let Some(c) = self.cursor.rest().chars().next() {
            match c {
                '$' => {
                    pattern.push('$');
                    self.cursor.at += 1;
                    return Ok(pattern);
                }
                '#' | '\n' | '\r' => break,
                '\\' if self.continues() => break,
                '\\' => {
                    pattern.push('\\');
                    self.cursor.at += 1;
                    let Some(next) = self.cursor.rest().chars().next() else { break };
                    pattern.push(next);
                    self.cursor.at += next.len_utf8();
                }
                c => {
                    pattern.push(c);
                    self.cursor.at += c.len_utf8();
                }
            }
        }
        wrong(
            start..self.cursor.at,
            "the regular expression does not end",
            "it goes from `^` to `$`, with `\\` before `#`",
        )
    }

    fn arguments(&mut self) -> Read<Arguments> {
        let mut text = String::new();
        let mut any = false;
        loop {
            let before = self.cursor.at;
            self.cursor.skip();
            let blank = self.cursor.at > before;
            let rest = self.cursor.rest();
            let Some(c) = rest.chars().next() else { break };
            if !any && c == '^' {
                return self.regex().map(Arguments::Regex);
            }
            let (piece, length) = match c {
                '#' | ':' | ',' | '\r' | '\n' => break,
                '=' if blank || !any => break,
                '\\' => match rest[1..].chars().next() {
                    Some(next @ ('*' | '?' | '[' | ']' | '!' | '^')) => (format!("\\{next}"), 2),
                    Some(next @ (':' | '\\' | ',' | '=' | ' ' | '\t' | '#')) => (next.to_string(), 2),
                    next => {
                        let at = self.cursor.at;
                        let help = "`\\` stands before a blank and one of `,:=\\#*?[]!^`; write `\\\\` for a backslash";
                        return wrong(
                            at..at + 1 + next.map_or(0, char::len_utf8),
                            "there is no such escape",
                            help,
                        );
                    }
                },
                _ => {
                    let end = rest.find(['#', '\\', ':', ',', ' ', '\t', '\r', '\n']);
                    let length = end.unwrap_or(rest.len());
                    (rest[..length].to_owned(), length)
                }
            };
            if any && blank {
                text.push(' ');
            }
            text.push_str(&piece);
            any = true;
            self.cursor.at += length;
        }
        Ok(match (any, text.as_str()) {
            (false, _) => Arguments::Any,
            (true, "\"\"") => Arguments::None,
            (true, _) => Arguments::Pattern(text),
        })
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
            self.names.defined.insert(key, line);
            aliases.push(Alias { name: word.text, members });
            if !self.cursor.take(":") {
                return Ok(Entry::Aliases(aliases));
            }
        }
    }

    fn commands(&mut self, bare: bool) -> Read<Vec<Member<Command>>> {
        let mut commands = vec![self.command(bare)?];
        while self.cursor.take(",") {
            commands.push(self.command(bare)?);
        }
        Ok(commands)
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

    fn runas(&mut self) -> Read<Runas> {
        let mut runas = Runas::default();
        let ends = |statement: &mut Self| {
            statement.cursor.skip();
            statement.cursor.rest().starts_with(')')
        };
        self.cursor.skip();
        if !self.cursor.rest().starts_with([':', ')']) {
            runas.users = self.list(|statement| statement.user(AliasKind::Runas))?;
        }
        if self.cursor.take(":") && !(ends(self) && runas.users.is_empty()) {
            runas.groups = self.list(|statement| statement.user(AliasKind::Runas))?;
        }
        match self.cursor.take(")") {
            true => Ok(runas),
            false => {
                wrong(self.here(), "the `(` is not closed", "write (USERS), (USERS : GROUPS) or (: GROUPS)")
            }
        }
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

/// `ADDRESS`, `ADDRESS/BITS` or `ADDRESS/MASK` of IPv4, as sudo's lexer takes it.
fn is_network(word: &str) -> bool {
    let (address, mask) = word.split_once('/').map_or((word, None), |(address, mask)| (address, Some(mask)));
    let ip = |text: &str| text.parse::<Ipv4Addr>().is_ok();
    ip(address) && mask.is_none_or(|mask| ip(mask) || mask.parse::<u8>().is_ok_and(|bits| bits <= 32))
}
