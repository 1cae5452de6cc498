//! Printing statements of sudoers.

use super::*;
use crate::Refused;
use crate::small::lines::verified;
use crate::small::words::no_control;

const FORMAT: &str = "a sudoers file";

/// A name as it is, with backslashes, or refused.
fn name(subject: &'static str, text: &str) -> Result<String, Refused> {
    no_control(FORMAT, subject, text)?;
    if text.is_empty() {
        return Err(Refused::rule(FORMAT, subject, "there is nothing in it"));
    }
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '*' | '?' | '[' | ']' | '$' | '~' | '+')
    };
    if let Some(c) = text.chars().find(|c| c.is_whitespace() && *c != ' ') {
        return Err(Refused::character(FORMAT, subject, c, "it would end the name"));
    }
    Ok(text.chars().flat_map(|c| [(!plain(c)).then_some('\\'), Some(c)]).flatten().collect())
}

/// A name that sudo would take for something else is told apart by a backslash.
fn own_name(subject: &'static str, text: &str) -> Result<String, Refused> {
    let printed = name(subject, text)?;
    let special = parse::is_alias(text) || parse::is_reserved(text) || text.starts_with(['+', '%', '@', '#']);
    let address = text.starts_with(|c: char| c.is_ascii_digit());
    if (special || address || text == "Defaults" || text.ends_with("_Alias")) && !printed.starts_with('\\') {
        // Not `x`, which would begin a number.
        return match text.starts_with('x') {
            true => Err(Refused::rule(FORMAT, subject, "sudo takes the word for something else")),
            false => Ok(format!("\\{printed}")),
        };
    }
    Ok(printed)
}

fn alias(text: &str) -> Result<String, Refused> {
    match parse::is_alias(text) && text != "ALL" {
        true => Ok(text.to_owned()),
        false => Err(Refused::rule(FORMAT, "an alias", "a name has capitals, digits and `_`")),
    }
}

fn list<T>(members: &[Member<T>], print: impl Fn(&T) -> Result<String, Refused>) -> Result<String, Refused> {
    let one =
        |member: &Member<T>| Ok(format!("{}{}", if member.negated { "!" } else { "" }, print(&member.what)?));
    Ok(members.iter().map(one).collect::<Result<Vec<_>, Refused>>()?.join(", "))
}

fn user(user: &User) -> Result<String, Refused> {
    Ok(match user {
        User::All => "ALL".to_owned(),
        User::Alias(text) => alias(text)?,
        User::Name(text) => own_name("a user", text)?,
        User::Id(id) => format!("#{id}"),
        User::Group(text) => format!("%{}", name("a group", text)?),
        User::GroupId(id) => format!("%#{id}"),
        User::Foreign(text) => format!("%:{}", name("a group", text)?),
        User::Netgroup(text) => format!("+{}", name("a netgroup", text)?),
    })
}

fn host(host: &Host) -> Result<String, Refused> {
    Ok(match host {
        Host::All => "ALL".to_owned(),
        Host::Alias(text) => alias(text)?,
        Host::Name(text) => own_name("a host", text)?,
        Host::Network(text) => {
            no_control(FORMAT, "a network", text)?;
            text.clone()
        }
        Host::Netgroup(text) => format!("+{}", name("a netgroup", text)?),
    })
}

/// Text with a backslash before each of some characters.
fn escaped(subject: &'static str, text: &str, special: &str) -> Result<String, Refused> {
    no_control(FORMAT, subject, text)?;
    Ok(text.chars().flat_map(|c| [special.contains(c).then_some('\\'), Some(c)]).flatten().collect())
}

fn arguments(arguments: &Arguments) -> Result<String, Refused> {
    Ok(match arguments {
        Arguments::Any => String::new(),
        Arguments::None => " \"\"".to_owned(),
        Arguments::Regex(pattern) => {
            no_control(FORMAT, "arguments", pattern)?;
            format!(" {pattern}")
        }
        Arguments::Pattern(text) => {
            // A single blank separates arguments; sudo would drop others.
            let words: Vec<String> =
                text.split(' ').map(|word| escaped("arguments", word, ",:=\\#")).collect::<Result<_, _>>()?;
            let mut printed = String::new();
            for (index, word) in words.iter().enumerate() {
                let empty = word.is_empty() || (index > 0 && words[index - 1].is_empty());
                if index > 0 {
                    printed.push_str(if empty { "\\ " } else { " " });
                }
                printed.push_str(word);
            }
            format!(" {printed}")
        }
    })
}

fn command(command: &Command) -> Result<String, Refused> {
    Ok(match &command.program {
        Program::All => "ALL".to_owned(),
        Program::Alias(text) => alias(text)?,
        Program::List => "list".to_owned(),
        Program::Sudoedit(files) => format!("sudoedit{}", arguments(files)?),
        Program::Path(path, rest) => format!("{}{}", escaped("a path", path, ",:= #")?, arguments(rest)?),
        Program::Regex(pattern, rest) => {
            no_control(FORMAT, "a regular expression", pattern)?;
            format!("{pattern}{}", arguments(rest)?)
        }
    })
}

fn member(member: &Member<Command>) -> Result<String, Refused> {
    let digests: Vec<String> =
        member.what.digests.iter().map(|(name, digest)| format!("{name}:{digest}")).collect();
    let blank = if digests.is_empty() { "" } else { " " };
    let not = if member.negated { "!" } else { "" };
    Ok(format!("{}{blank}{not}{}", digests.join(", "), command(&member.what)?))
}

fn commands(commands: &[Member<Command>]) -> Result<String, Refused> {
    Ok(commands.iter().map(member).collect::<Result<Vec<_>, _>>()?.join(", "))
}

fn spec(spec: &CommandSpec) -> Result<String, Refused> {
    let mut text = String::new();
    if let Some(Runas { users, groups }) = &spec.runas {
        let groups = list(groups, user)?;
        let colon = if groups.is_empty() { "" } else { " : " };
        text.push_str(&format!("({}{colon}{groups}) ", list(users, user)?));
    }
    for (limit, value) in &spec.options {
        no_control(FORMAT, "a limit", value)?;
        text.push_str(&format!("{limit}={} ", name("a limit", value)?));
    }
    for tag in &spec.tags {
        text.push_str(&format!("{tag}: "));
    }
    Ok(text + &member(&spec.command)?)
}

/// A value in quotes, unless it is a plain word.
fn value(text: &str) -> Result<String, Refused> {
    no_control(FORMAT, "a value", text)?;
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '@' | '+' | '%');
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    if text.ends_with('\\') || text.contains("\\\"") {
        return Err(Refused::character(FORMAT, "a value", '\\', "it would quote the quote behind it"));
    }
    Ok(format!("\"{}\"", text.replace('"', "\\\"")))
}

impl Setting {
    fn print(&self) -> Result<String, Refused> {
        let name = self.option.name;
        Ok(match &self.set {
            Set::On => name.to_owned(),
            Set::Off => format!("!{name}"),
            Set::To(text) => format!("{name} = {}", value(text)?),
            Set::Add(text) => format!("{name} += {}", value(text)?),
            Set::Remove(text) => format!("{name} -= {}", value(text)?),
        })
    }
}

impl crate::small::Entry for Entry {
    const FORMAT: &'static str = FORMAT;

    fn print(&self) -> Result<String, Refused> {
        let text = match self {
            Self::Aliases(aliases) => {
                let keyword = match aliases.first().map(|alias| &alias.members) {
                    Some(Members::Users(_)) | None => "User_Alias",
                    Some(Members::Runas(_)) => "Runas_Alias",
                    Some(Members::Hosts(_)) => "Host_Alias",
                    Some(Members::Commands(_)) => "Cmnd_Alias",
                };
                let one = |one: &Alias| {
                    let members = match &one.members {
                        Members::Users(members) | Members::Runas(members) => list(members, user)?,
                        Members::Hosts(members) => list(members, host)?,
                        Members::Commands(members) => commands(members)?,
                    };
                    Ok(format!("{} = {members}", alias(&one.name)?))
                };
                let all = aliases.iter().map(one).collect::<Result<Vec<_>, Refused>>()?;
                format!("{keyword} {}", all.join(" : "))
            }
            Self::Defaults { scope, settings } => {
                let scope = match scope {
                    Scope::All => String::new(),
                    Scope::Users(users) => format!(":{}", list(users, user)?),
                    Scope::Runas(users) => format!(">{}", list(users, user)?),
                    Scope::Hosts(hosts) => format!("@{}", list(hosts, host)?),
                    Scope::Commands(all) => format!("!{}", commands(all)?),
                };
                let settings = settings.iter().map(Setting::print).collect::<Result<Vec<_>, _>>()?;
                format!("Defaults{scope} {}", settings.join(", "))
            }
            Self::Rule { users, grants } => {
                let one = |grant: &Grant| {
                    let commands = grant.commands.iter().map(spec).collect::<Result<Vec<_>, _>>()?;
                    Ok(format!("{} = {}", list(&grant.hosts, host)?, commands.join(", ")))
                };
                let grants = grants.iter().map(one).collect::<Result<Vec<_>, Refused>>()?;
                format!("{} {}", list(users, user)?, grants.join(" : "))
            }
            Self::Include { directory, path } => {
                no_control(FORMAT, "a path", path)?;
                if path.contains(['"', '\\']) {
                    return Err(Refused::rule(FORMAT, "a path", "it holds a quote or backslash"));
                }
                let quote = if path.contains(' ') { "\"" } else { "" };
                format!("@{} {quote}{path}{quote}", if *directory { "includedir" } else { "include" })
            }
        };
        if text.ends_with([' ', '\\']) {
            return Err(Refused::rule(FORMAT, "an entry", "it would go on in the next line"));
        }
        verified(text, self, super::parse)
    }
}
