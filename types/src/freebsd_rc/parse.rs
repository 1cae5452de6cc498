//! Parsing what is printed.

use super::print::shell_command;
use super::{Output, Reload, Run, Script, Supervised};
use crate::shell::{self, Identifier, Item, Line};
use crate::{Mode, ParseError, UnixPath, name::AccountName, rc_dir};
use std::collections::BTreeMap;

fn bad(number: u32, problem: impl std::fmt::Display) -> ParseError {
    ParseError::new("a FreeBSD rc.d script", problem.to_string()).on_line(number)
}

/// What the lines say, before it is put together.
#[derive(Default)]
struct Parts<'a> {
    comments: Vec<String>,
    header: BTreeMap<&'a str, Vec<String>>,
    variables: BTreeMap<&'a str, (u32, &'a str)>,
    defaults: BTreeMap<&'a str, String>,
    functions: Vec<(u32, &'a str, &'a str)>,
    ended: bool,
}

/// Parses a script of the form that [`Script::print`] gives. Functions that it does not make are kept verbatim.
pub fn parse(text: &str) -> Result<Script, ParseError> {
    let lines = shell::parse(text)?;
    let mut parts = Parts::default();
    for line in &lines {
        parts.line(line)?;
    }
    if !parts.ended {
        return Err(bad(lines.len() as u32, "run_rc_command \"$1\" is missing"));
    }
    parts.script()
}

impl<'a> Parts<'a> {
    fn line(&mut self, line: &'a Line) -> Result<(), ParseError> {
        let number = line.number;
        if self.ended {
            return Err(bad(number, "something follows run_rc_command"));
        }
        match &line.item {
            Item::Blank => {}
            Item::Comment(comment) if number == 1 && comment == "!/bin/sh" => {}
            Item::Comment(_) if number == 1 => return Err(bad(number, "the interpreter is not /bin/sh")),
            Item::Comment(comment) => match comment.trim_start().split_once(':') {
                Some((key @ ("PROVIDE" | "REQUIRE" | "BEFORE" | "KEYWORD"), words)) => {
                    self.header.insert(key, words.split_whitespace().map(str::to_owned).collect());
                }
                _ if comment.is_empty() => {}
                _ => self.comments.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned()),
            },
            Item::Assign { name, value } => {
                self.variables.insert(name, (number, value));
            }
            Item::Function { name, body } => self.functions.push((number, name, body)),
            Item::Command(command) => match command.as_str() {
                ". /etc/rc.subr" | "load_rc_config $name" => {}
                "run_rc_command \"$1\"" => self.ended = true,
                other => {
                    let default = other.strip_prefix(": ${").and_then(|rest| rest.strip_suffix("\"}"));
                    let default = default.and_then(|rest| rest.split_once(":=\""));
                    let (name, value) = default.ok_or_else(|| bad(number, "a command"))?;
                    self.defaults.insert(name, value.to_owned());
                }
            },
        }
        Ok(())
    }

    fn take(&mut self, name: &str) -> Option<(u32, &'a str)> {
        self.variables.remove(name)
    }

    fn function(&mut self, name: &str) -> Option<(u32, &'a str)> {
        let index = self.functions.iter().position(|(_, known, _)| *known == name)?;
        let (number, _, body) = self.functions.remove(index);
        Some((number, body))
    }

    fn script(mut self) -> Result<Script, ParseError> {
        let (number, name) = self.take("name").ok_or_else(|| bad(1, "name is not set"))?;
        let name = Identifier::parse(name)?;
        let header = |parts: &mut Self, key| parts.header.remove(key).unwrap_or_default();
        if header(&mut self, "PROVIDE") != [name.as_str()] {
            return Err(bad(number, "PROVIDE and name differ"));
        }
        let default = |parts: &mut Self, key: &str| parts.defaults.remove(format!("{name}_{key}").as_str());
        if default(&mut self, "enable").as_deref() != Some("NO") {
            return Err(bad(number, "the service is not disabled by default"));
        }
        let mut script = Script {
            comments: std::mem::take(&mut self.comments),
            require: header(&mut self, "REQUIRE"),
            before: header(&mut self, "BEFORE"),
            keywords: header(&mut self, "KEYWORD"),
            directory: default(&mut self, "chdir").map(|path| UnixPath::parse(&path)).transpose()?,
            user: default(&mut self, "user").map(|user| AccountName::parse(&user)).transpose()?,
            program: UnixPath::parse("/x")?,
            arguments: Vec::new(),
            run: Run::Forking,
            reload: None,
            stop_signal: self.take("sig_stop").map(|(_, signal)| signal.to_owned()),
            directories: Vec::new(),
            functions: Vec::new(),
            name,
        };
        self.program(&mut script)?;
        self.reload(&mut script)?;
        if self.take("start_precmd").is_some() {
            let (number, body) = self
                .function(&format!("{}_prestart", script.name))
                .ok_or_else(|| bad(number, "start_precmd names no function"))?;
            script.directories = rc_dir::parse_body(body).ok_or_else(|| bad(number, "not install -d"))??;
        }
        for name in ["rcvar", "extra_commands", "stop_cmd", "procname", "pidfile"] {
            self.take(name);
        }
        if let Some((name, (number, _))) = self.variables.first_key_value() {
            return Err(bad(*number, format!("unknown variable {name}")));
        }
        script.functions =
            self.functions.iter().map(|(_, name, body)| ((*name).to_owned(), (*body).to_owned())).collect();
        Ok(script)
    }

    fn program(&mut self, script: &mut Script) -> Result<(), ParseError> {
        let split = |number, text| shell::split(text).map_err(|problem| bad(number, problem));
        if let Some((number, _)) = self.take("start_cmd") {
            script.run = Run::Oneshot;
            let (number, body) = self
                .function(&format!("{}_start", script.name))
                .ok_or_else(|| bad(number, "start_cmd names no function"))?;
            let mut command = body.trim();
            if let Some((_, rest)) = command.strip_prefix("cd ").and_then(|rest| rest.split_once(" && ")) {
                command = rest;
            }
            let (user, argv) = from_user(number, command)?;
            script.user = user;
            return set_program(script, number, argv);
        }
        let (number, command) = self.take("command").ok_or_else(|| bad(1, "command is not set"))?;
        let arguments = match self.take("command_args") {
            Some((number, arguments)) => split(number, arguments)?,
            None => Vec::new(),
        };
        if command == "/usr/sbin/daemon" {
            return supervised(script, number, arguments);
        }
        script.program = UnixPath::parse(command)?;
        script.arguments = arguments;
        Ok(())
    }

    fn reload(&mut self, script: &mut Script) -> Result<(), ParseError> {
        if let Some((_, signal)) = self.take("sig_reload") {
            script.reload = Some(Reload::Signal(signal.to_owned()));
        }
        let Some((number, _)) = self.take("reload_cmd") else { return Ok(()) };
        let body = self.function(&format!("{}_reload", script.name));
        let (number, body) = body.ok_or_else(|| bad(number, "reload_cmd names no function"))?;
        let command = body.trim();
        let end = format!(" $(cat {})", script.child_pidfile());
        let signal = command.strip_prefix("kill -").and_then(|rest| rest.strip_suffix(&end));
        script.reload = Some(match signal {
            Some(signal) => Reload::Signal(signal.to_owned()),
            None => Reload::Command(from_user(number, command)?.1),
        });
        Ok(())
    }
}

fn set_program(script: &mut Script, number: u32, argv: Vec<String>) -> Result<(), ParseError> {
    let mut argv = argv.into_iter();
    let program = argv.next().ok_or_else(|| bad(number, "no program"))?;
    script.program = UnixPath::parse(&program)?;
    script.arguments = argv.collect();
    Ok(())
}

/// Reads a command that may run as another user through su(1).
fn from_user(number: u32, command: &str) -> Result<(Option<AccountName>, Vec<String>), ParseError> {
    let split = |text: &str| shell::split(text).map_err(|problem| bad(number, problem));
    let words = split(command)?;
    match &words[..] {
        [su, m, user, c, inner] if su == "su" && m == "-m" && c == "-c" => {
            let inner = inner.strip_prefix("sh -c \"").and_then(|rest| rest.strip_suffix('"'));
            let inner = inner.ok_or_else(|| bad(number, "su runs another command than sh -c"))?;
            Ok((Some(AccountName::parse(user)?), split(inner)?))
        }
        _ => Ok((None, words)),
    }
}

/// Reads the arguments of daemon(8) and what stands between it and the program.
fn supervised(script: &mut Script, number: u32, words: Vec<String>) -> Result<(), ParseError> {
    let mut run = Supervised { output: Output::Nowhere, ..Supervised::default() };
    let mut words = words.into_iter().peekable();
    let next = |words: &mut std::iter::Peekable<std::vec::IntoIter<String>>| {
        words.next().ok_or_else(|| bad(number, "an option lacks its argument"))
    };
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        match option.as_str() {
            "-f" | "-r" => {}
            "-S" => run.output = Output::Syslog,
            "-o" => run.output = Output::File(UnixPath::parse(&next(&mut words)?)?),
            "-T" | "-P" | "-p" => drop(next(&mut words)?),
            "-R" => run.restart = Some(next(&mut words)?.parse().map_err(|_| bad(number, "not a number"))?),
            "-u" => script.user = Some(AccountName::parse(&next(&mut words)?)?),
            _ => return Err(bad(number, "an unknown option of daemon(8)")),
        }
    }
    if words.next_if(|word| word == "/usr/bin/limits").is_some() {
        while let Some(option) = words.next_if(|word| word.starts_with('-')) {
            match option.as_str() {
                "-a" | "-B" => {}
                "-U" => script.user = Some(AccountName::parse(&next(&mut words)?)?),
                "-C" => run.login_class = Some(next(&mut words)?),
                // One letter and its value apart from it, as printed: `-Cx` would otherwise be a limit named C.
                other => match other.as_bytes() {
                    [b'-', letter @ b'a'..=b'z'] => {
                        run.limits.push((char::from(*letter), next(&mut words)?));
                    }
                    _ => return Err(bad(number, "an option of limits that is none of a resource")),
                },
            }
        }
    }
    let mut argv: Vec<String> = words.collect();
    if let [shell, c, command, _, ..] = &argv[..]
        && (shell.as_str(), c.as_str()) == ("/bin/sh", "-c")
        && let Some((umask, user)) = from_shell(command, script.directory.as_ref())
    {
        run.umask = umask;
        script.user = user.or(script.user.take());
        argv.drain(..3);
    }
    script.run = Run::Supervised(run);
    set_program(script, number, argv)
}

/// Reads what [`shell_command`] gives; nothing if a command is not exactly that.
fn from_shell(command: &str, directory: Option<&UnixPath>) -> Option<(Option<Mode>, Option<AccountName>)> {
    let mask = command.strip_prefix("umask ").and_then(|rest| rest.split_once(' '));
    let umask = mask.and_then(|(mask, _)| Mode::parse(mask).ok());
    let user = command.split_once("/usr/sbin/chroot -u ").and_then(|(_, rest)| rest.split_once(' '));
    let user = user.and_then(|(user, _)| AccountName::parse(user).ok());
    (shell_command(umask, user.as_ref(), directory)? == command).then_some((umask, user))
}
