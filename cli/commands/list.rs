//! `cmc list`.

use crate::exit::{FINDINGS, Failure};
use crate::fleet;
use crate::terminal::Terminal;
use cmc_compiler::tree::Node;
use std::path::Path;

/// List what the fleet defines, a name a line
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cmc list hosts\n  cmc list services --format json")]
pub(crate) struct Args {
    /// What to list
    #[arg(value_enum)]
    what: What,
    #[command(flatten)]
    with: fleet::With,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    Hosts,
    Services,
    Tags,
    Presets,
    Secrets,
    Validators,
}

impl What {
    fn kind(self) -> &'static str {
        match self {
            Self::Hosts => "host",
            Self::Services => "service",
            Self::Tags => "tag",
            Self::Presets => "preset",
            Self::Secrets => "secret",
            Self::Validators => "validator",
        }
    }
}

/// Lists the names, sorted.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = fleet::load(directory, &args.with)?;
    if loaded.findings.has_errors() {
        loaded.findings.show(terminal, serde_json::json!({}))?;
        return Err(Failure::shown(FINDINGS));
    }
    let kind = args.what.kind();
    let table = loaded.document.as_ref().and_then(|document| document.get(&[kind])).and_then(Node::as_table);
    let mut entries: Vec<_> = table.into_iter().flat_map(|table| table.iter()).collect();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    if terminal.is_json() {
        let list: Vec<_> = entries
            .iter()
            .map(|entry| serde_json::json!({ "name": entry.key, "definition": entry.node.to_json() }))
            .collect();
        return terminal.document(&serde_json::json!({ kind.to_owned() + "s": list }));
    }
    terminal.out(&entries.iter().map(|entry| format!("{}\n", entry.key)).collect::<String>())
}
