//! The actions of a service, run in order through programs that answer as the init systems' manuals say
//! (`tests/fakes`): what a host would do on first install, on a change, on a second change, and on removal.

use super::testing::{host, service};
use super::{Lowered, lower};
use cmc_types::check::{Action, Trigger};
use std::path::{Path, PathBuf};
use std::process::Command;

const SERVICE: &str = r#"
[service.my-api]
on = ["@all"]
on-change = "reload"
file."/etc/api/config.yaml".content = "a: 1"
daemon = { exec = ["/usr/local/bin/api"], user = "api", reload = "HUP" }
env.PORT = 80
"#;

const CLASS: &str = "login-class.my_api.openfiles-cur = 4096\n";

fn fakes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fakes").canonicalize().unwrap()
}

/// Whether every program that the actions name is there.
fn complete(lowered: &Lowered) -> bool {
    let missing = lowered
        .actions
        .iter()
        .map(|action| action.argv[0].as_str())
        .find(|program| !program.starts_with('/') && !fakes().join(program).exists());
    if let Some(program) = missing {
        use std::io::Write;
        writeln!(std::io::stderr(), "SKIPPED actions: tests/fakes/{program} is not there").unwrap();
    }
    missing.is_none()
}

/// Runs the actions that a change of some paths triggers, as the fetcher would.
fn run(lowered: &Lowered, root: &Path, wanted: impl Fn(&Action) -> bool) {
    for action in lowered.actions.iter().filter(|action| wanted(action)) {
        let output = Command::new(if action.argv[0].starts_with('/') {
            PathBuf::from(&action.argv[0])
        } else {
            fakes().join(&action.argv[0])
        })
        .args(&action.argv[1..])
        .env_clear()
        .env("PATH", fakes())
        .env("CMC_ROOT", root)
        .output()
        .unwrap();
        assert!(output.status.success(), "{:?}: {}", action.argv, String::from_utf8_lossy(&output.stderr));
    }
}

fn changed(action: &Action, path: &str) -> bool {
    let has = |paths: &[cmc_types::UnixPath]| paths.iter().any(|known| known.as_str() == path);
    action.on == Trigger::Changed && has(&action.paths) && !has(&action.unless)
}

/// Installs, changes and removes a service on a host; gives the calls of each step.
fn life(os: &str, toml: &str, name: &str) -> Option<[String; 3]> {
    let (service, _) = service(toml);
    let lowered = lower(&service, &host(os));
    assert!(!lowered.diagnostics.iter().any(cmc_types::Diagnostic::is_error), "{:#?}", lowered.diagnostics);
    if !complete(&lowered) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for file in &lowered.files {
        let path = root.join(file.path.relative());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.text.as_bytes()).unwrap();
    }
    let state = root.join("var/lib/cmc-fakes");
    let calls = || {
        let text = std::fs::read_to_string(state.join("calls")).unwrap();
        std::fs::remove_file(state.join("calls")).unwrap();
        text
    };
    let running = || state.join(format!("{name}.running")).exists();

    let definition = lowered.files[0].path.clone();
    let install = |action: &Action| {
        let unless = action.unless.iter().any(|path| lowered.files.iter().any(|file| file.path == *path));
        matches!(action.on, Trigger::Changed | Trigger::Written | Trigger::Enable) && !unless
    };
    run(&lowered, root, install);
    assert!(running(), "{os}: not running after the first install");
    let first = calls();
    run(&lowered, root, |action| changed(action, "/etc/api/config.yaml"));
    run(&lowered, root, |action| changed(action, definition.as_str()));
    assert!(running(), "{os}: not running after a change");
    let second = calls();
    run(&lowered, root, |action| action.on == Trigger::Leaving);
    assert!(!running(), "{os}: still running after its removal");
    Some([first, second, calls()])
}

#[test]
fn actions_succeed_on_init_systems_that_answer_as_their_manuals_say() {
    for (os, toml, name) in [
        ("openbsd", format!("{SERVICE}{CLASS}"), "my_api"),
        ("freebsd", format!("{SERVICE}{CLASS}"), "my_api"),
        ("alpine", SERVICE.to_owned(), "my-api"),
        ("debian", SERVICE.to_owned(), "my-api"),
    ] {
        if let Some(steps) = life(os, &toml, name) {
            insta::assert_snapshot!(format!("calls_{os}"), steps.join("-- next step\n"));
        }
    }
}
