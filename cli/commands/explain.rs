//! `cmc explain`.

use crate::exit::{Failure, USAGE};
use crate::terminal::Terminal;
use cmc_types::codes;

/// Explain a diagnostic code
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cmc explain unknown-key\n  cmc explain          lists every code")]
pub(crate) struct Args {
    /// The code, such as unknown-key; without it, every code is listed
    code: Option<String>,
}

/// Prints the explanation.
pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<(), Failure> {
    let chosen: Vec<codes::Code> = match &args.code {
        None => codes::ALL.to_vec(),
        Some(name) => {
            let code = codes::Code::find(name).ok_or_else(|| {
                let known = codes::ALL.iter().map(|code| code.name());
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
