//! `cmc why`.

use crate::exit::{Failure, USAGE};
use crate::secrets::StandIns;
use crate::terminal::{Terminal, count};
use crate::{built, fleet};
use cmc_types::nearest::nearest;
use cmc_types::plan::{Chain, Plan, Written, why};
use cmc_types::receipt::Verdict;
use cmc_types::shell;
use cmc_types::{HostName, UnixPath};
use std::path::Path;
use std::sync::Arc;

/// Show why a file of a host is as it is: where each line was written, which values it shows, what vouches for it
///
/// The last build says what was validated; without one that fits, receipts are not shown.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc why web1:/etc/nginx/nginx.conf\n  cmc why web1:/etc/nginx/nginx.conf:14"
)]
pub(crate) struct Args {
    /// The host, the path on it, and perhaps a line
    #[arg(value_name = "HOST:PATH[:LINE]")]
    place: String,
    #[command(flatten)]
    with: fleet::With,
}

/// What was asked for.
struct Asked {
    host: HostName,
    path: UnixPath,
    line: Option<u32>,
}

/// Compiles, and follows the file back.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let asked = asked(&args.place)?;
    let compiled = fleet::compile(directory, &args.with, Arc::new(StandIns::new(directory)), terminal)?;
    compiled.findings.refuse(terminal)?;
    let plan = compiled.plan.ok_or_else(|| Failure::failed("the fleet could not be compiled"))?;
    let receipts = match built::load(directory)? {
        Some((built, receipts)) if built.inputs == plan.inputs => Some(receipts),
        _ => None,
    };
    let known = |plan: &Plan| plan.hosts.iter().map(|host| host.host.to_string()).collect::<Vec<_>>();
    let Some(host) = plan.host(asked.host.as_str()) else {
        return Err(unknown("host", asked.host.as_str(), &known(&plan)));
    };
    let chains = why(
        host,
        &asked.path,
        asked.line,
        &compiled.findings.sources,
        receipts.as_deref().unwrap_or_default(),
        cmc_bundles::ids::hash,
    );
    if chains.is_empty() {
        let paths: Vec<_> = host.files().map(|(_, file)| file.entry.path.to_string()).collect();
        return Err(unknown(&format!("file of {}", asked.host), asked.path.as_str(), &paths));
    }
    if let (Some(line), true) = (asked.line, chains.iter().all(|chain| chain.lines.is_empty())) {
        return Err(Failure::new(USAGE, format!("{} has no line {line} that cmc rendered", asked.path)));
    }
    if terminal.is_json() {
        return terminal.document(&serde_json::json!({
            "host": asked.host, "path": asked.path, "built": receipts.is_some(), "files": chains,
        }));
    }
    let texts = chains.iter().map(|chain| text(&asked, chain, receipts.is_some()));
    terminal.out(&texts.collect::<Vec<_>>().join("\n"))
}

fn asked(place: &str) -> Result<Asked, Failure> {
    let wrong = |why: String| {
        Failure::new(USAGE, format!("{place:?} is no file of a host: {why}"))
            .help("write HOST:/PATH or HOST:/PATH:LINE, such as web1:/etc/nginx/nginx.conf:14")
    };
    let (host, rest) = place.split_once(':').ok_or_else(|| wrong("there is no `:`".to_owned()))?;
    let (path, line) = match rest.rsplit_once(':') {
        Some((path, line)) if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) => {
            let line = line.parse().ok().filter(|line| *line > 0);
            (path, Some(line.ok_or_else(|| wrong("lines are counted from 1".to_owned()))?))
        }
        _ => (rest, None),
    };
    let host = HostName::parse(host).map_err(|error| wrong(error.to_string()))?;
    let path = UnixPath::parse(path).map_err(|error| wrong(error.to_string()))?;
    Ok(Asked { host, path, line })
}

fn unknown(what: &str, name: &str, known: &[String]) -> Failure {
    let failure = Failure::new(USAGE, format!("there is no {what} {name:?}"));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => failure.help(format!("did you mean {near:?}?")),
        None => failure.help(format!("there are {}", known.join(", "))),
    }
}

fn text(asked: &Asked, chain: &Chain, built: bool) -> String {
    let entry = &chain.entry;
    let mut text = format!("{}:{}\n", asked.host, asked.path);
    let mut row = |what: &str, value: String| text.push_str(&format!("  {what:<9} {value}\n"));
    row("service", chain.service.to_string());
    row("defined", place(&chain.defined));
    if let Some(template) = &chain.template {
        row("template", template.clone());
    }
    if let Some(block) = &entry.block {
        row("block", block.name.clone());
    }
    if let Some(target) = &entry.target {
        row("link to", target.clone());
    }
    if let (Some(mode), Some(user), Some(group)) = (entry.mode, &entry.user, &entry.group) {
        row("mode", format!("{mode} {user}:{group}"));
    }
    match (chain.secret, entry.size, entry.b3) {
        (true, _, _) => row("content", "holds a secret: lines are not shown".to_owned()),
        (_, Some(size), Some(b3)) => row("content", format!("{}, blake3 {b3}", count(size as usize, "byte"))),
        _ => {}
    }
    chain.runs.iter().for_each(|argv| row("runs", shell::words(argv)));
    if !built {
        row("checks", "not built since it changed; `cmc build` makes them".to_owned());
    }
    for receipt in &chain.receipts {
        let verdict = match &receipt.verdict {
            Verdict::Passed => "passed".to_owned(),
            Verdict::Failed => "failed".to_owned(),
            Verdict::CouldNotRun { reason } => format!("could not be made: {reason}"),
            Verdict::Deferred => "waits for publish".to_owned(),
        };
        let version =
            if receipt.version.is_empty() { String::new() } else { format!(" {}", receipt.version) };
        let dummies = if receipt.dummies { ", with dummies for secrets" } else { "" };
        row("checked", format!("{}{version}: {verdict}{dummies}", receipt.validator));
        receipt.warnings.iter().for_each(|warning| row("", format!("warning: {warning}")));
    }
    // All lines would be the file; those are shown that show a value, or the one that was asked for.
    let told = chain.lines.iter().filter(|line| asked.line.is_some() || !line.values.is_empty());
    for line in told {
        let shown = line.text.as_deref().unwrap_or("(a secret may stand here)");
        text.push_str(&format!("\n  {:>4} | {shown}\n", line.line));
        if let Some(written) = &line.written {
            text.push_str(&format!("         written  {}\n", place(written)));
        }
        for value in &line.values {
            text.push_str(&format!("         value    {}\n", place(value)));
        }
    }
    text
}

fn place(written: &Written) -> String {
    let at = format!("{}:{}:{}", written.file, written.line, written.column);
    let key = written.key.as_ref().map(|key| format!("  {key}")).unwrap_or_default();
    match written.key {
        Some(_) => format!("{at}{key}"),
        None => format!("{at}  {}", written.text),
    }
}
