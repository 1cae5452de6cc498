//! The story itself. Every step is a command of this very program, shown as it is typed and with what it prints.

use super::hosts::{self, HOSTS};
use super::{responder, write};
use crate::exit::{FINDINGS, Failure, io};
use crate::interrupt::Leftover;
use crate::terminal::Terminal;
use cmc_bundles::keys::MemberKey;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The exit code of a run that rolled a change back.
const ROLLED_BACK: u8 = 7;

/// The fleet, with one typing mistake in it.
const FLEET: &[(&str, &str, u32)] = &[
    ("fleet.toml", include_str!("../../try/fleet.toml"), 0o644),
    ("services/greeter.toml", include_str!("../../try/services/greeter.toml"), 0o644),
    ("services/admin.toml", include_str!("../../try/services/admin.toml"), 0o644),
    ("templates/greeter/config.json.j2", include_str!("../../try/templates/greeter/config.json.j2"), 0o644),
    ("files/greeter.sh", include_str!("../../try/files/greeter.sh"), 0o755),
    (".gitignore", include_str!("../../try/gitignore"), 0o644),
];

/// Tells the story in `dir`. What is left there is whole: a fleet, its store, and hosts that have it.
pub(super) fn tell(dir: &Path, keep: bool, terminal: &Terminal) -> Result<(), Failure> {
    let story = Story { dir: dir.to_owned(), fleet: dir.join("fleet"), terminal };
    let port = responder::start(dir.join("hosts")).map_err(|error| io("listen in", dir, &error))?;

    story.chapter("A fleet, its keys, and three hosts with three init systems");
    for (name, text, mode) in FLEET {
        write(&story.fleet.join(name), &text.replace("@PORT@", &port.to_string()), *mode)?;
    }
    hosts::simulators(&dir.join("bin"))?;
    story.cmc(&["trust", "init"], 0)?;
    for host in HOSTS {
        story.enrol(host)?;
    }

    story.chapter("A typing mistake is found before anything is built");
    story.say("services/greeter.toml says what runs; it becomes a systemd unit, an rc.d script and an OpenRC script.");
    story.cmc(&["check"], FINDINGS)?;
    story.edit("services/greeter.toml", "restrat", "restart")?;

    story.chapter("Built: every file rendered and checked by the real validators that are installed here");
    story.cmc(&["build"], 0)?;

    story.chapter("Published: signed, encrypted for each host, content-addressed");
    story.cmc(&["publish"], 0)?;

    story.chapter("Each host fetches, verifies, installs and tests by itself");
    story.fetch_all(0)?;
    story.say("What the hosts' init systems were told:");
    story.show_calls()?;

    story.chapter("The next run of cron: one request, nothing to do");
    story.fetch_all(0)?;

    story.chapter("A change that is valid but bad: its health check fails, the hosts roll back");
    story.edit("fleet.toml", "status = \"ok\"", "status = \"broken\"")?;
    story.cmc(&["build"], 0)?;
    story.cmc(&["publish"], 0)?;
    story.fetch_all(ROLLED_BACK)?;
    story.say("Every host runs what it ran before:");
    story.show_file("hosts/debian/root/etc/greeter/config.json")?;

    story.chapter("Corrected and published again");
    story.edit("fleet.toml", "status = \"broken\"", "status = \"ok\"")?;
    story.edit("templates/greeter/config.json.j2", "\"host\":", "\"name\":")?;
    story.cmc(&["build"], 0)?;
    story.cmc(&["publish"], 0)?;
    story.fetch_all(0)?;
    story.show_file("hosts/debian/root/etc/greeter/config.json")?;

    if keep {
        for host in HOSTS {
            story.settle(host)?;
        }
        story.say(&format!("\nKept in {}: fleet, store, hosts/NAME/{{fetch.toml,root}}.", dir.display()));
    }
    let names: Vec<_> = HOSTS.iter().map(|host| host.name).collect();
    terminal.done(
        "\nThat was the main job. Next: `cmc init my-fleet`.",
        &serde_json::json!({ "hosts": names, "kept": keep.then_some(dir) }),
    )
}

struct Story<'a> {
    dir: PathBuf,
    fleet: PathBuf,
    terminal: &'a Terminal,
}

impl Story<'_> {
    fn say(&self, line: &str) {
        self.terminal.say(line);
    }

    fn chapter(&self, title: &str) {
        self.say(&format!("\n{}", self.terminal.paint("1;35", &format!("── {title}"))));
    }

    /// Corrects or changes one text of the fleet, and says so.
    fn edit(&self, file: &str, from: &str, to: &str) -> Result<(), Failure> {
        let path = self.fleet.join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| io("read", &path, &error))?;
        self.say(&format!(
            "  {file}: {} → {}",
            self.terminal.paint("31", from),
            self.terminal.paint("32", to)
        ));
        crate::durable::write(&path, text.replace(from, to).as_bytes(), 0o644)
    }

    /// Runs this program on the fleet and shows both.
    fn cmc(&self, args: &[&str], expected: u8) -> Result<String, Failure> {
        self.command("-C fleet ", &[&["-C", "fleet"], args].concat(), args, expected)
    }

    fn command(
        &self,
        shown_prefix: &str,
        argv: &[&str],
        shown: &[&str],
        expected: u8,
    ) -> Result<String, Failure> {
        let line = format!("$ cmc {shown_prefix}{}", shown.join(" "));
        self.say(&self.terminal.paint("1", &line));
        let program = std::env::current_exe().map_err(|error| Failure::failed(error.to_string()))?;
        let mut command = Command::new(program);
        command.current_dir(&self.dir).args(argv).stdin(Stdio::null());
        if argv.first() != Some(&"fetch") {
            command.args(["--color", if self.terminal.color { "always" } else { "never" }]);
        }
        command
            .env("XDG_CONFIG_HOME", self.dir.join("keys"))
            .env_remove("CMC_IDENTITY")
            .env_remove("SSH_AUTH_SOCK");
        let failed = |error: std::io::Error| Failure::failed(format!("could not run cmc: {error}"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (child, _leftover) = Leftover::child(&mut command).map_err(failed)?;
        let output = child.wait_with_output().map_err(failed)?;
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr);
        for text in [err.as_ref(), out.as_str()] {
            text.lines().for_each(|line| self.say(&format!("  {line}")));
        }
        let code = output.status.code().unwrap_or(-1);
        if code == i32::from(expected) {
            return Ok(out);
        }
        Err(Failure::failed(format!(
            "`cmc {}` ended with {code} instead of {expected}:\n{err}",
            argv.join(" ")
        )))
    }

    /// Makes a host's key and adds it to the fleet; the line that this prints is what the host is told.
    fn enrol(&self, host: &hosts::Host) -> Result<(), Failure> {
        let dir = self.dir.join("hosts").join(host.name);
        let key = MemberKey::generate();
        write(&dir.join("identity"), &format!("{}\n", key.expose()), 0o600)?;
        let recipient = key.recipient()?;
        let args = [
            "host",
            "add",
            host.name,
            "--os",
            host.os,
            "--arch",
            host.arch,
            "--recipient",
            recipient.as_str(),
        ];
        let line = self.cmc(&args, 0)?;
        let enrolment = serde_json::from_str(line.trim())
            .map_err(|error| Failure::failed(format!("the enrolment line is no JSON: {error}")))?;
        write(&dir.join("enrolment.json"), &line, 0o644)?;
        std::fs::create_dir_all(dir.join("root")).map_err(|error| io("create", &dir, &error))?;
        hosts::configure(&dir, &enrolment, true)
    }

    /// Leaves a host's configuration so that it needs nothing of this process: actions and tests are listed only.
    fn settle(&self, host: &hosts::Host) -> Result<(), Failure> {
        let dir = self.dir.join("hosts").join(host.name);
        let path = dir.join("enrolment.json");
        let line = std::fs::read_to_string(&path).map_err(|error| io("read", &path, &error))?;
        let enrolment =
            serde_json::from_str(line.trim()).map_err(|error| Failure::failed(error.to_string()))?;
        hosts::configure(&dir, &enrolment, false)
    }

    fn fetch_all(&self, expected: u8) -> Result<(), Failure> {
        HOSTS.iter().try_for_each(|host| {
            let (config, root) =
                (format!("hosts/{}/fetch.toml", host.name), format!("hosts/{}/root", host.name));
            let args = ["fetch", "--config", &config, "--root", &root, "run"];
            self.command("", &args, &args, expected).map(drop)
        })
    }

    fn show_calls(&self) -> Result<(), Failure> {
        for host in HOSTS {
            let path = self.dir.join("hosts").join(host.name).join("root/var/lib/cmc-fakes/calls");
            let calls = std::fs::read_to_string(&path).map_err(|error| io("read", &path, &error))?;
            calls.lines().for_each(|call| self.say(&format!("  {}: {call}", host.name)));
        }
        Ok(())
    }

    fn show_file(&self, name: &str) -> Result<(), Failure> {
        let path = self.dir.join(name);
        let text = std::fs::read_to_string(&path).map_err(|error| io("read", &path, &error))?;
        self.say(&self.terminal.paint("1", &format!("$ cat {name}")));
        text.lines().for_each(|line| self.say(&format!("  {line}")));
        Ok(())
    }
}
