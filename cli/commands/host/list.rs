//! `cmc host list`.

use crate::exit::Failure;
use crate::fleet;
use crate::terminal::Terminal;
use cmc_compiler::tree::Node;
use serde_json::{Value, json};
use std::path::Path;

/// List hosts with what is known of them
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cmc host list")]
pub(crate) struct Args {
    #[command(flatten)]
    with: fleet::With,
}

/// Lists by name.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = fleet::load(directory, &args.with)?;
    fleet::definition(directory, &loaded, terminal)?;
    let table =
        loaded.document.as_ref().and_then(|document| document.get(&["host"])).and_then(Node::as_table);
    let mut hosts: Vec<(String, Value)> = table
        .into_iter()
        .flat_map(|table| table.iter())
        .map(|entry| (entry.key.clone(), entry.node.to_json()))
        .collect();
    hosts.sort_by(|a, b| a.0.cmp(&b.0));
    if terminal.is_json() {
        let hosts: Vec<_> =
            hosts.iter().map(|(name, host)| json!({ "name": name, "definition": host })).collect();
        return terminal.document(&json!({ "hosts": hosts }));
    }
    let text = |host: &Value, key: &str| host[key].as_str().unwrap_or("-").to_owned();
    let line = |(name, host): &(String, Value)| {
        let tags: Vec<_> = host["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let state = match (host["retired"].as_bool(), host["recipient"].is_string()) {
            (Some(true), _) => "retired",
            (_, true) => "enrolled",
            (_, false) => "no recipient",
        };
        format!("{name}\t{}\t{}\t{state}\t{}\n", text(host, "os"), text(host, "arch"), tags.join(","))
    };
    terminal.out(&hosts.iter().map(line).collect::<String>())
}
