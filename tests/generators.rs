//! Definitions that other programs generate: the scripts of `examples/generators`, run with the real programs.

use crate::support::{Scratch, has, skip};

/// A copy of the example.
fn example() -> Scratch {
    let scratch = Scratch::new();
    scratch.copy_from_repository("examples/generators", "fleet");
    scratch
}

/// Runs a line in a shell, in the example's directory, with `cmc` on its path.
fn shell(scratch: &Scratch, line: &str) -> crate::support::Ran {
    let cmc = std::path::Path::new(env!("CARGO_BIN_EXE_cmc"));
    let path = format!("{}:{}", cmc.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-euc", line]).current_dir(scratch.path("fleet")).env_clear();
    shell.env("PATH", path).env("HOME", scratch.path("home")).env("LANG", "C.UTF-8");
    shell.output().unwrap().into()
}

/// What a generator prints is a fleet of two hosts, and the service finds them by tag.
fn generates(script: &str, needs: &[&str], before: &str, argument: &str) {
    if let Some(missing) = needs.iter().find(|program| !has(program)) {
        return skip(&format!("generators::{script}"), &format!("`{missing}` is not installed here"));
    }
    let scratch = example();
    shell(&scratch, before).expect(0);
    let pipe = |command: &str| format!("./{script} {argument} | {command}");
    let checked = shell(&scratch, &pipe("cmc check --with -")).expect(0);
    assert!(checked.err.contains("no findings"), "{}{}", checked.out, checked.err);
    let hosts = shell(&scratch, &pipe("cmc list hosts --with -")).expect(0);
    assert_eq!(hosts.out, "web1\nweb2\n");
    shell(&scratch, &pipe("cmc render web2 --out out --with -")).expect(0);
    assert_eq!(scratch.read("fleet/out/etc/motd"), "web2 (192.0.2.2)\n");
}

#[test]
fn hosts_come_from_a_database_by_one_line_of_sqlite3_and_jq() {
    generates("from-sqlite.sh", &["sqlite3", "jq"], "sqlite3 hosts.db < hosts.sql", "hosts.db");
}

#[test]
fn hosts_come_from_an_ansible_inventory() {
    generates("from-ansible.sh", &["ansible-inventory", "jq"], "true", "inventory.ini");
}

#[test]
fn hosts_come_from_terraform_output() {
    let apply = "terraform init -input=false >log 2>&1 && terraform apply -auto-approve >log 2>&1";
    generates("from-terraform.sh", &["terraform", "jq"], apply, ".");
}

#[test]
fn what_is_wrong_in_a_generated_document_is_told_with_its_name_and_the_path_in_it() {
    let scratch = example();
    let host = r#"{"os": "debian-12", "arch": "x86_64", "address": 7, "tags": ["web"]}"#;
    scratch.write("wrong.json", &format!(r#"{{"host": {{"web1": {host}}}, "tag": {{"web": {{}}}}}}"#));
    let ran = scratch.fleet("fleet", &["check", "--with", "wrong.json"]).expect(3);
    let place = "wrong.json:1:68";
    assert!(ran.err.contains(place) && ran.err.contains("host.web1.address"), "{}", ran.err);
    let json = scratch.fleet("fleet", &["check", "--with", "wrong.json", "--format", "json"]).expect(3);
    let json = json.json();
    let of_document = |one: &&serde_json::Value| one["file"] == "wrong.json";
    let finding = json["diagnostics"].as_array().unwrap().iter().find(of_document).unwrap();
    assert_eq!(finding["path"], "host.web1.address");
    let sarif = scratch.fleet("fleet", &["check", "--with", "wrong.json", "--format", "sarif"]).expect(3);
    assert!(sarif.out.contains("\"fullyQualifiedName\": \"host.web1.address\""), "{}", sarif.out);
    let github = scratch.fleet("fleet", &["check", "--with", "wrong.json", "--format", "github"]).expect(3);
    assert!(github.out.contains("at host.web1.address"), "{}", github.out);
}
