//! One file per command: its arguments, whose doc comments are the help text, and `run`.

pub(crate) mod adopt;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod fetch;
pub(crate) mod fmt;
pub(crate) mod host;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod publish;
pub(crate) mod refresh;
pub(crate) mod render;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod secret;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod trust;
pub(crate) mod r#try;
pub(crate) mod why;

use crate::args::{Args, Command};
use crate::exit::Failure;
use crate::terminal::Terminal;

/// Runs the command that was asked for.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<(), Failure> {
    let directory = args.global.directory.as_path();
    match &args.command {
        Command::Adopt(args) => adopt::run(args, directory, terminal),
        Command::Build(args) => build::run(args, directory, terminal),
        Command::Check(args) => check::run(args, directory, terminal),
        Command::Completions(args) => completions::run(args, terminal),
        Command::Diff(args) => diff::run(args, directory, terminal),
        Command::Explain(args) => explain::run(args, directory, terminal),
        Command::Fetch(args) => fetch::run(args),
        Command::Fmt(args) => fmt::run(args, directory, terminal),
        Command::Host(command) => host::run(command, directory, terminal),
        Command::Import(args) => import::run(args, terminal),
        Command::Init(args) => init::run(args, directory, terminal),
        Command::List(args) => list::run(args, directory, terminal),
        Command::Man(args) => man::run(args, terminal),
        Command::Publish(args) => publish::run(args, directory, terminal),
        Command::Refresh(args) => refresh::run(args, directory, terminal),
        Command::Render(args) => render::run(args, directory, terminal),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Schema(args) => schema::run(args, terminal),
        Command::Secret(command) => secret::run(command, directory, terminal),
        Command::Status(args) => status::run(args, directory, terminal),
        Command::Store(command) => store::run(command, directory, terminal),
        Command::Trust(command) => trust::run(command, directory, terminal),
        Command::Try(args) => r#try::run(args, terminal),
        Command::Why(args) => why::run(args, directory, terminal),
    }
}
