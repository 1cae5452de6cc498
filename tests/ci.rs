//! The set-ups for CI in `examples/ci`.

use crate::support::{Ran, Scratch};

fn gate(scratch: &Scratch) -> Ran {
    let cmc = std::path::Path::new(env!("CARGO_BIN_EXE_cmc"));
    let path = format!("{}:{}", cmc.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/gate.sh");
    let mut gate = std::process::Command::new(script);
    gate.current_dir(scratch.path("fleet")).env_clear();
    gate.env("PATH", path).env("HOME", scratch.path("home")).env("LANG", "C.UTF-8");
    gate.output().unwrap().into()
}

#[test]
fn the_gate_passes_what_is_right_and_stops_what_is_not_by_its_exit_code() {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    // What CI has: no key.
    std::fs::remove_dir_all(scratch.path("home/.config")).unwrap();
    gate(&scratch).expect(0);
    let good = scratch.read("fleet/services/hello.toml");
    let add = |more: &str| scratch.write("fleet/services/hello.toml", &format!("{good}\n{more}"));
    add("[service.hello.file.\"/etc/x.json\"]\ncontent = \"{\"\n");
    gate(&scratch).expect(3);
    add("[validator.absent]\nargv = [\"/nonexistent/absent\", \"{}\"]\n\n[service.hello.file.\"/etc/x\"]\n\
         content = \"x\"\ncheck = \"absent\"\nvalidation = \"required\"\n");
    gate(&scratch).expect(4);
    add("[service.hello.file.\"/etc/x\"]\ncontent='x'\n");
    gate(&scratch).expect(1);
}

#[test]
fn every_set_up_is_yaml_and_calls_commands_that_there_are() {
    let scratch = Scratch::new();
    scratch.copy_from_repository("examples/ci", "fleet/files");
    scratch.write(
        "fleet/fleet.toml",
        "[fleet]\nname = \"ci\"\nstore = \"dir:store\"\n\n[host.h]\nos = \"debian-12\"\narch = \"x86_64\"\n\n[service.s]\non = [\"h\"]\n\
         file.\"/a.yml\" = { source = \"files/github.yml\", check = \"yaml\" }\n\
         file.\"/b.yml\" = { source = \"files/gitlab-ci.yml\", check = \"yaml\" }\n\
         file.\"/c.yml\" = { source = \"files/pre-commit-config.yaml\", check = \"yaml\" }\n",
    );
    let built = scratch.fleet("fleet", &["build", "--strict", "--format", "json"]).expect(0).json();
    assert_eq!(built["passed"], 3, "{built}");
    for file in ["github.yml", "gitlab-ci.yml", "pre-commit-config.yaml", "gate.sh"] {
        let text = scratch.read(format!("fleet/files/{file}"));
        let commands =
            text.lines().filter_map(|line| line.split("cmc ").nth(1).filter(|_| line.contains("cmc ")));
        let mut count = 0;
        for command in commands.filter(|command| !command.starts_with("is ")) {
            let words = command.split(" >").next().unwrap_or_default().split_whitespace();
            let words: Vec<&str> =
                words.take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-')).collect();
            if words.first().is_some_and(|word| ["fmt", "check", "build", "diff"].contains(word)) {
                let mut ran = scratch.command();
                let ran: Ran = ran.args(["-C", "fleet"]).args(&words).arg("--help").output().unwrap().into();
                ran.expect(0);
                count += 1;
            }
        }
        assert!(count > 1, "{file}");
    }
}
