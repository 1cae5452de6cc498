//! The command tree. Doc comments are the help texts.

use crate::commands;
use crate::exit::{Failure, USAGE};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A typed configuration compiler for fleets of Linux and BSD hosts.
///
/// Definitions are checked and rendered here, the real validators of the software run before anything leaves this
/// machine, and hosts fetch signed, encrypted bundles by themselves.
#[derive(Debug, Parser)]
#[command(
    name = "cmc",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "\
Examples:
  cmc init my-fleet            a fleet to begin with
  cmc -C my-fleet check        type-check the definitions
  cmc -C my-fleet build        render every file and run the validators
  cmc -C my-fleet publish      publish what was built

Exit codes: 0 done, 1 failed, 2 usage, 3 definitions or rendered files have errors, 4 a required
check could not be made, 5 trust refused, 6 store unreachable or unfit, 7 rolled back on the host."
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The heading of these options, so that those of a command stand first.
const COMMON: &str = "Common options";

/// Options of every command.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Global {
    /// The fleet's directory, which holds fleet.toml
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true, default_value = ".", help_heading = COMMON)]
    pub(crate) directory: PathBuf,
    /// human or json; for the findings of check and build also sarif, github, gitlab or markdown
    #[arg(long, value_enum, global = true, default_value_t = Format::Human, hide_possible_values = true, help_heading = COMMON)]
    pub(crate) format: Format,
    /// Colours: auto, always or never
    #[arg(long, value_enum, value_name = "WHEN", global = true, default_value_t = Color::Auto, hide_possible_values = true, help_heading = COMMON)]
    pub(crate) color: Color,
    /// Show at most this many findings of a severity; 0: all [default: 100 for people, all in other formats]
    #[arg(long, value_name = "N", global = true, help_heading = COMMON)]
    pub(crate) max_errors: Option<usize>,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = COMMON)]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long, global = true, help_heading = COMMON)]
    pub(crate) verbose: bool,
}

/// Format of results and findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One JSON document on stdout
    Json,
    /// Findings as SARIF 2.1.0
    Sarif,
    /// Findings as GitHub workflow commands
    Github,
    /// Findings as GitLab's code quality report
    Gitlab,
    /// A comment for a merge or pull request: findings, or what a diff changes
    Markdown,
}

impl Format {
    /// Whether it is for findings only.
    fn is_for_findings(self) -> bool {
        !matches!(self, Self::Human | Self::Json)
    }
}

impl Args {
    /// Refuses a format that the command has nothing to print in.
    pub(crate) fn format_fits(&self) -> Result<(), Failure> {
        let finds = matches!(self.command, Command::Check(_) | Command::Build(_));
        let compares = self.global.format == Format::Markdown && matches!(self.command, Command::Diff(_));
        if finds || compares || !self.global.format.is_for_findings() {
            return Ok(());
        }
        let given = self.global.format.to_possible_value().map(|value| value.get_name().to_owned());
        let given = given.unwrap_or_default();
        Err(Failure::new(
            USAGE,
            format!("--format {given} is for findings, those of `cmc check` and `cmc build`"),
        )
        .help("other commands print for people, or one document with --format json"))
    }
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(commands::init::Args),
    Check(commands::check::Args),
    Fmt(commands::fmt::Args),
    Build(commands::build::Args),
    Render(commands::render::Args),
    Diff(commands::diff::Args),
    Publish(commands::publish::Args),
    Refresh(commands::refresh::Args),
    Status(commands::status::Args),
    List(commands::list::Args),
    #[command(
        subcommand,
        after_help = "Examples:\n  cmc host add web1 --os debian-12 --arch x86_64 --recipient age1…\n  cmc host show web1 | ssh web1 cmc-fetch enroll -"
    )]
    Host(commands::host::Command),
    #[command(subcommand, after_help = "Examples:\n  cmc secret set orders_db_url\n  cmc secret list")]
    Secret(commands::secret::Command),
    #[command(subcommand, after_help = "Examples:\n  cmc trust init && git add trust\n  cmc trust show")]
    Trust(commands::trust::Command),
    #[command(subcommand, after_help = "Examples:\n  cmc store probe\n  cmc store verify")]
    Store(commands::store::Command),
    Import(commands::import::Args),
    Adopt(commands::adopt::Args),
    Explain(commands::explain::Args),
    Why(commands::why::Args),
    Schema(commands::schema::Args),
    Try(commands::r#try::Args),
    Fetch(commands::fetch::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
    #[command(name = "__sandbox", hide = true)]
    Sandbox(commands::sandbox::Args),
}
