//! `cmc explain`.

use crate::exit::{Failure, USAGE};
use crate::fleet;
use crate::terminal::Terminal;
use cmc_compiler::Losses;
use cmc_compiler::lower::loss::name;
use cmc_compiler::lower::mapping::{INITS, Row};
use cmc_compiler::lower::{DAEMON, JOB};
use cmc_types::codes;
use std::path::Path;
use std::sync::Arc;

/// Explain a diagnostic code, or what becomes of daemons and jobs
///
/// `daemon` and `job` show what each init system makes of every field, and what it cannot express. `loss` shows what is
/// lost on the hosts of the fleet, and whether `loss-ok` accepts it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cmc explain unknown-key\n  cmc explain          lists every code\n  cmc explain daemon\n  cmc explain loss --host gate"
)]
pub(crate) struct Args {
    /// The code, such as unknown-key, or daemon, job, loss; without it, every code is listed
    code: Option<String>,
    /// With loss: this host alone
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    #[command(flatten)]
    with: fleet::With,
}

/// Prints the explanation.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let subject = args.code.as_deref();
    if args.host.is_some() && subject != Some("loss") {
        return Err(Failure::new(USAGE, "--host goes with `loss`").help("`cmc explain loss --host HOST`"));
    }
    match subject {
        Some("daemon") => table("daemon", DAEMON, terminal),
        Some("job") => table("job", JOB, terminal),
        Some("loss") => losses(args, directory, terminal),
        _ => explain(subject, terminal),
    }
}

fn explain(code: Option<&str>, terminal: &Terminal) -> Result<(), Failure> {
    let chosen: Vec<codes::Code> = match code {
        None => codes::ALL.to_vec(),
        Some(name) => {
            let code = codes::Code::find(name).ok_or_else(|| {
                let known = codes::ALL.iter().map(|code| code.name()).chain(["daemon", "job", "loss"]);
                let failure = Failure::new(USAGE, format!("there is no diagnostic code {name:?}"));
                match cmc_types::nearest::nearest(name, known) {
                    Some(near) => failure.help(format!("did you mean `{near}`?")),
                    None => failure.help("`cmc explain` lists every code"),
                }
            })?;
            vec![code]
        }
    };
    if terminal.is_json() {
        let entries: Vec<_> = chosen
            .iter()
            .map(|code| {
                serde_json::json!({
                    "code": code.name(),
                    "severity": code.severity(),
                    "explanation": code.explanation(),
                })
            })
            .collect();
        return terminal.document(&serde_json::json!({ "codes": entries }));
    }
    let line = |code: &codes::Code| format!("{}\n  {}\n", code.name(), code.explanation());
    terminal.out(&chosen.iter().map(line).collect::<String>())
}

/// What becomes of each field.
fn table<T>(what: &str, rows: &'static [Row<T>], terminal: &Terminal) -> Result<(), Failure> {
    if terminal.is_json() {
        let row = |row: &Row<T>| {
            let cells = INITS.iter().map(|init| {
                let cell = row.on(*init);
                let losses: Vec<_> = cell.losses.iter().map(|loss| loss.why).collect();
                let cell = serde_json::json!({ "becomes": cell.becomes, "how": cell.how, "losses": losses });
                (init.name().to_owned(), cell)
            });
            let cells: serde_json::Map<String, serde_json::Value> = cells.collect();
            serde_json::json!({ "field": row.field, "on": cells })
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        return terminal.document(&serde_json::json!({ what: rows }));
    }
    let mut text = String::new();
    for row in rows {
        text.push_str(&format!("{}\n", row.field));
        for init in INITS {
            text.push_str(&format!("  {:16}{}\n", name(init), row.on(init).words(str::to_owned)));
        }
    }
    terminal.out(&text)
}

/// What is lost on the hosts of the fleet.
fn losses(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let compiled = fleet::compile(directory, &args.with, Arc::new(cmc_compiler::Dummies), terminal)?;
    let mut losses: Losses = compiled.losses;
    if let Some(host) = &args.host {
        let known = compiled.plan.as_ref().is_none_or(|plan| plan.host(host).is_some());
        if !known {
            return Err(Failure::new(USAGE, format!("the fleet has no host {host:?}"))
                .help("`cmc list hosts` lists them"));
        }
        losses.retain(|name, _| name.as_str() == host);
    }
    if compiled.plan.is_none() {
        terminal.warn("the definitions have errors, so that this may not be all: `cmc check` shows them");
    }
    if terminal.is_json() {
        return terminal.document(&serde_json::json!({ "losses": losses }));
    }
    let mut text = String::new();
    for (host, services) in &losses {
        text.push_str(&format!("{host}\n"));
        for (service, losses) in services {
            text.push_str(&format!("  {service}\n"));
            for loss in losses {
                let mark = if loss.accepted { "accepted" } else { "not accepted" };
                text.push_str(&format!("    {} ({mark}): {}\n", loss.field, loss.why));
            }
        }
    }
    // Of definitions with errors that is not known.
    if text.is_empty() && compiled.plan.is_some() {
        text.push_str("nothing is lost\n");
    }
    terminal.out(&text)
}
