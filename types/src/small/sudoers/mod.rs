//! sudoers(5), `/etc/sudoers` and `/etc/sudoers.d`: aliases, defaults, who may run what, and other files. After the
//! grammar of sudo 1.9; measured with `visudo` and `cvtsudoers` 1.9.13.

mod circle;
mod cursor;
mod ere;
mod option;
mod parse;
mod print;

pub use option::{Kind as OptionKind, OPTIONS, SudoOption, option};

use super::lines::{File, Problem};
use serde::Serialize;
use std::collections::BTreeMap;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Entry {
    /// `User_Alias A = …` and its like; several have `:` between them.
    Aliases(Vec<Alias>),
    /// `Defaults …`.
    Defaults {
        /// For whom.
        scope: Scope,
        /// What is set.
        settings: Vec<Setting>,
    },
    /// Who may run what.
    Rule {
        /// Who.
        users: Vec<Member<User>>,
        /// Where, and what.
        grants: Vec<Grant>,
    },
    /// `@include` or `@includedir`.
    Include {
        /// Whether all files of a directory are read: those without `.` in their names, and without `~` at the end.
        directory: bool,
        /// The path; `%h` is the host's short name.
        path: String,
    },
}

/// A name for several members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Alias {
    /// The name.
    pub name: String,
    /// What it stands for.
    pub members: Members,
}

/// Members of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Members {
    /// Who runs sudo.
    Users(Vec<Member<User>>),
    /// Whom commands run as.
    Runas(Vec<Member<User>>),
    /// Where.
    Hosts(Vec<Member<Host>>),
    /// What.
    Commands(Vec<Member<Command>>),
}

/// One of a list, or its exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Member<T> {
    /// `!`: not this one.
    pub negated: bool,
    /// What it is.
    pub what: T,
}

/// Users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum User {
    /// Everybody.
    All,
    /// A `User_Alias`, or a `Runas_Alias` where users are those that commands run as.
    Alias(String),
    /// By name.
    Name(String),
    /// By number.
    Id(i64),
    /// A group.
    Group(String),
    /// A group by number.
    GroupId(i64),
    /// A group of a plug-in.
    Foreign(String),
    /// A netgroup.
    Netgroup(String),
}

/// Hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Host {
    /// Every host.
    All,
    /// A `Host_Alias`.
    Alias(String),
    /// A name or a pattern of names.
    Name(String),
    /// An address, or a network with `/`.
    Network(String),
    /// A netgroup.
    Netgroup(String),
}

/// Commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Command {
    /// Digests of the file, of which one must match: algorithm, and the digest in hexadecimal or base64.
    pub digests: Vec<(String, String)>,
    /// What may be run.
    pub program: Program,
}

/// What a command names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Program {
    /// Any command.
    All,
    /// A `Cmnd_Alias`.
    Alias(String),
    /// `list`: what others may run is shown.
    List,
    /// Files are edited.
    Sudoedit(Arguments),
    /// A path, its pattern, or a directory with `/` at its end.
    Path(String, Arguments),
    /// A regular expression from `^` to `$`.
    Regex(String, Arguments),
}

/// The arguments that a command may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Arguments {
    /// Any.
    Any,
    /// None: `""`.
    None,
    /// What matches this pattern of fnmatch(3), of all arguments with blanks between them.
    Pattern(String),
    /// What matches this regular expression from `^` to `$`.
    Regex(String),
}

/// What may be run on some hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Grant {
    /// Where.
    pub hosts: Vec<Member<Host>>,
    /// What; each inherits from the one before it what it does not say itself.
    pub commands: Vec<CommandSpec>,
}

/// A command of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct CommandSpec {
    /// Whom it runs as.
    pub runas: Option<Runas>,
    /// Limits, such as `TIMEOUT` and `CWD`.
    pub options: Vec<(String, String)>,
    /// Tags, such as `NOPASSWD`.
    pub tags: Vec<String>,
    /// The command.
    pub command: Member<Command>,
}

/// Whom a command runs as; both lists empty: the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Runas {
    /// Users.
    pub users: Vec<Member<User>>,
    /// Groups.
    pub groups: Vec<Member<User>>,
}

/// Whom defaults are for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Scope {
    /// Everybody.
    All,
    /// `:`: who runs sudo.
    Users(Vec<Member<User>>),
    /// `>`: whom commands run as.
    Runas(Vec<Member<User>>),
    /// `@`: hosts.
    Hosts(Vec<Member<Host>>),
    /// `!`: commands, without arguments.
    Commands(Vec<Member<Command>>),
}

/// What a default is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Setting {
    /// Which option.
    #[serde(serialize_with = "named")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub option: &'static SudoOption,
    /// How.
    pub set: Set,
}

/// How an option is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Set {
    /// By its name alone.
    On,
    /// `!`.
    Off,
    /// `=`.
    To(String),
    /// `+=`.
    Add(String),
    /// `-=`.
    Remove(String),
}

/// An option as its name.
fn named<S: serde::Serializer>(option: &&'static SudoOption, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(option.name)
}

/// The kinds of aliases, which have namespaces of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AliasKind {
    User,
    Runas,
    Host,
    Command,
}

impl AliasKind {
    fn name(self) -> &'static str {
        match self {
            Self::User => "User_Alias",
            Self::Runas => "Runas_Alias",
            Self::Host => "Host_Alias",
            Self::Command => "Cmnd_Alias",
        }
    }
}

/// Aliases of a file, and where they are named.
#[derive(Default)]
struct Names {
    /// With the line of each.
    defined: BTreeMap<(AliasKind, String), u32>,
    /// Each with what to report if it is not defined.
    named: Vec<(AliasKind, String, Problem)>,
    /// Which alias names which.
    members: circle::Named,
}

/// Reads a file.
pub fn parse(text: &str) -> (File<Entry>, Vec<Problem>) {
    let mut names = Names::default();
    let (file, mut problems) =
        super::lines::read_statements(text, cursor::length, |reader| parse::statement(reader, &mut names));
    let Names { defined, named, members } = names;
    problems.extend(members.circles());
    for (kind, name, problem) in named {
        if !defined.contains_key(&(kind, name)) {
            problems.push(problem);
        }
    }
    problems.sort_by_key(|problem| (problem.line, problem.columns.start));
    (file, problems)
}
