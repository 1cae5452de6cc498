//! What `--help` prints: a page of all commands, and one for each.

use std::fmt::Write;

struct Page {
    name: &'static str,
    /// What stands after the name.
    argument: &'static str,
    summary: &'static str,
    more: &'static str,
    example: &'static str,
}

const PAGES: [Page; 9] = [
    Page {
        name: "run",
        argument: "",
        summary: "Fetch and install what is new, repair drift, check health (the default)",
        more: "Finishes or undoes first what an interrupted run left. Everything is fetched and verified before anything\n\
               changes. A service whose change fails is rolled back, and its bundle is not tried again by itself.",
        example: "cmc-fetch --cron run",
    },
    Page {
        name: "plan",
        argument: "",
        summary: "Show what `run` would do",
        more: "Exit 1 if a change would be refused, 5 if the fleet's timestamp expired.",
        example: "cmc-fetch --config /etc/cmc/fetch.toml plan",
    },
    Page {
        name: "status",
        argument: "",
        summary: "Show the services and how they are",
        more: "Reads the host's state only. Exit 1 if a service is not as it should be.",
        example: "cmc-fetch --format json status | jq .services",
    },
    Page {
        name: "verify",
        argument: "",
        summary: "Hash everything installed; exit 1 if something differs",
        more: "Also hashes the bundles that files would be repaired from. Changes nothing that is installed.",
        example: "cmc-fetch verify",
    },
    Page {
        name: "freeze",
        argument: "SERVICE",
        summary: "Change nothing of a service any more, drift included",
        more: "Holds on this host until `unfreeze`. `--reason` is shown by `status`; it may be left out.",
        example: "cmc-fetch freeze nginx --reason 'tuned by hand during the incident'",
    },
    Page {
        name: "unfreeze",
        argument: "SERVICE",
        summary: "Lift a freeze or rollback of this host",
        more: "Then brings the service to what the fleet wants.",
        example: "cmc-fetch unfreeze nginx",
    },
    Page {
        name: "rollback",
        argument: "SERVICE",
        summary: "Go back to the bundle before, and stay there",
        more: "Needs no store. Holds until `unfreeze` or `redo`. Once more goes further back, while this host has an\n\
               earlier bundle; it never goes forward to what was rolled back or failed. Packages, users and data are\n\
               not rolled back.",
        example: "cmc-fetch rollback api --reason 'errors since 14:00'",
    },
    Page {
        name: "redo",
        argument: "SERVICE",
        summary: "Install the wanted bundle again, quarantine or not",
        more: "Runs all its commands; lifts a quarantine and a rollback of this host.",
        example: "cmc-fetch redo api",
    },
    Page {
        name: "enroll",
        argument: "[LINE|-]",
        summary: "Make this host's key; with the line of `cmc host add`, enrol it",
        more: "`-` reads the line from standard input. What is there already stays; a line that differs is refused.",
        example: "cmc-fetch enroll - < line.json",
    },
];

const OPTIONS: &str = "\
Options:
  --config FILE       Configuration [default: /etc/cmc/fetch.toml, beneath the root if it is there]
  --root DIR          Install beneath this directory [default: /]
  --cron              Print only when something changed; never wait for another run
  --offline           Use only what is on this host already
  --format FORMAT     human or json [default: human]
  --reason TEXT       Why, for freeze and rollback; shown by status
  --schedule HOW      For enroll: timer, cron, crontab or none [default: as this system does]
  -v, --verbose       Also print what did not change
  -h, --help          Print this, or with a command what it does
  -V, --version       Print the version

Exit codes: 0 done or nothing to do, 1 failed, 2 usage, 5 trust refused, 6 store unreachable,
7 a change failed and was rolled back.
";

/// The page of a command, or of all.
pub fn text(command: Option<&str>) -> String {
    let mut out = String::new();
    match PAGES.iter().find(|page| Some(page.name) == command) {
        Some(page) => {
            let usage = format!("cmc-fetch [OPTIONS] {} {}", page.name, page.argument);
            let (summary, usage) = (page.summary, usage.trim_end());
            let _ = write!(out, "{summary}\n\n{}\n\nUsage: {usage}\n\n{OPTIONS}\n", page.more);
            let _ = writeln!(out, "Example: {}", page.example);
        }
        None => {
            out.push_str("Fetches, verifies and installs this host's configuration.\n\n");
            out.push_str("Usage: cmc-fetch [OPTIONS] [COMMAND]\n\nCommands:\n");
            for page in &PAGES {
                let call = format!("{} {}", page.name, page.argument);
                let _ = writeln!(out, "  {call:<19} {}", page.summary);
            }
            let _ = write!(out, "\n{OPTIONS}\nExample: cmc-fetch --config /etc/cmc/fetch.toml plan\n");
        }
    }
    out
}
