//! `cmc store probe`.

use crate::exit::{Failure, STORE};
use crate::fleet;
use crate::terminal::Terminal;
use cmc_bundles::store::{Outcome, probe};
use serde_json::json;
use std::path::Path;

/// Try whether the store does what a store must: conditional writes that hold, also under race
///
/// Writes a few objects below `probe/` and removes them, if it may. A `dir:` store that is not there yet is made, and
/// stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cmc store probe\n  cmc store probe s3://bucket/prefix")]
pub(crate) struct Args {
    /// A store's URL [default: the fleet's]
    url: Option<String>,
}

/// Probes; a store that fails is refused with exit code 6.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let store = match &args.url {
        Some(url) => {
            cmc_bundles::store::open(&cmc_bundles::store::table(url), directory, &fleet::environment())?
        }
        None => fleet::store(directory, &fleet::With::default(), terminal)?,
    };
    let found = probe(store.as_ref())?;
    if terminal.is_json() {
        let checks: Vec<_> = found
            .checks
            .iter()
            .map(|check| {
                let (outcome, seen) = match &check.outcome {
                    Outcome::Passed => ("passed", None),
                    Outcome::Failed(seen) => ("failed", Some(seen)),
                    Outcome::NotTried(why) => ("not-tried", Some(why)),
                };
                json!({ "name": check.name, "promise": check.promise, "outcome": outcome, "seen": seen })
            })
            .collect();
        terminal.document(&json!({
            "store": found.store, "fit": found.is_fit(), "checks": checks, "left": found.left,
        }))?;
    } else {
        for check in &found.checks {
            let line = match &check.outcome {
                Outcome::Passed => format!("ok    {}\n", check.promise),
                Outcome::Failed(seen) => format!("FAIL  {}: {seen}\n      {}\n", check.promise, check.why),
                Outcome::NotTried(why) => format!("?     {}: could not be tried: {why}\n", check.promise),
            };
            terminal.out(&line)?;
        }
    }
    for key in &found.left {
        terminal.say(&format!("left behind, because these credentials may not delete: {key}"));
    }
    if found.is_fit() {
        terminal.say(&format!("{} will do", found.store));
        return Ok(());
    }
    match found.refusal() {
        Some(error) if !terminal.is_json() => Err(error.into()),
        _ => Err(Failure::shown(STORE)),
    }
}
