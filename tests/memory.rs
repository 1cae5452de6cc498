//! What definitions ask for never takes the machine's memory.

use crate::support::{Ran, Scratch, has, skip};
use std::process::Command;

/// A fleet with one host and this template.
fn fleet(scratch: &Scratch, template: &str) {
    scratch
        .write("fleet/fleet.toml", "[fleet]\nname = \"hostile\"\nvars = { seed = \"sixteen letters!\" }\n");
    scratch.write("fleet/hosts/web1.toml", "[host.web1]\nos = \"debian-12\"\narch = \"x86_64\"\n");
    scratch.write(
        "fleet/services/a.toml",
        "[service.a]\non = [\"web1\"]\n[service.a.file.\"/etc/a.conf\"]\ntemplate = \"a.j2\"\n",
    );
    scratch.write("fleet/templates/a.j2", template);
}

/// Checks the fleet with at most 4 GiB of addresses, so that a failure of the test cannot take the machine down.
fn check(scratch: &Scratch) -> Ran {
    let mut sh = Command::new("sh");
    sh.args(["-c", "ulimit -v 4194304; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_cmc")]);
    sh.args(["--format", "json", "-C", "fleet", "check"]);
    sh.current_dir(scratch.path("")).env("HOME", scratch.path("home"));
    sh.output().unwrap().into()
}

#[test]
fn a_template_that_doubles_a_text_ends_with_a_finding() {
    const NAME: &str = "a_template_that_doubles_a_text_ends_with_a_finding";
    if !has("sh") || std::fs::metadata("/proc/self/status").is_err() {
        return skip(NAME, "needs sh and /proc");
    }
    let doubling = [
        "{% set n = namespace(x=vars.seed) %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x|length }}",
        "{% set n = namespace(x=vars.seed) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x|length }}",
        "{% set n = namespace(x=vars.seed) %}{% for i in range(60) %}{% set y %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = y %}{% endfor %}done",
        "{% set n = namespace(x=vars.seed) %}{% for i in range(60) %}{% set n.x = [n.x, n.x]|join %}{% endfor %}{{ n.x|length }}",
    ];
    for template in doubling {
        let scratch = Scratch::new();
        fleet(&scratch, template);
        let ran = check(&scratch).expect(3);
        let found = ran.json();
        let first = &found["diagnostics"][0];
        assert_eq!(first["code"], "limit-exceeded", "{template}\n{found}");
        assert_eq!(first["file"], "services/a.toml", "{found}");
        assert_eq!(first["line"], 4, "{found}");
    }
}
