//! Small files of known formats: who is told, where, and what is not.

use super::support::{HOSTS, findings, fleet, good, shown};
use cmc_compiler::{CompileOptions, Dummies, SecretError, SecretValue, Secrets, compile};
use cmc_types::definition::Secret;
use cmc_types::{SecretName, codes};
use std::sync::Arc;

/// Real values: one that no minute is.
struct Real;

impl Secrets for Real {
    fn get(&self, _: &SecretName, _: &Secret) -> Result<SecretValue, SecretError> {
        Ok(SecretValue::new(*b"hush9999hush9999"))
    }
}

const WITH_SECRET: &str = r#"
[secret.token]
type = "text"

[service.jobs]
on = ["web1"]
file."/etc/cron.d/poll".content = "{{ secret('token') }} * * * * root x\n"
"#;

#[test]
fn a_line_with_a_secret_is_judged_by_its_real_value_and_never_shown() {
    let dir = fleet(&[("fleet.toml", HOSTS), ("services/test.toml", WITH_SECRET)]);
    let options = CompileOptions::default();
    let at_build = compile(dir.path(), &options, Arc::new(Dummies));
    assert!(!at_build.has_errors(), "{}", shown(&at_build));
    let at_publish = compile(dir.path(), &options, Arc::new(Real));
    let said = shown(&at_publish);
    assert!(at_publish.diagnostics.iter().any(|found| found.code == codes::MALFORMED_FILE), "{said}");
    let all = format!("{said}{:?}{:?}", at_publish.diagnostics, at_publish.sources);
    assert!(!all.contains("hush9999"), "{said}");
}

#[test]
fn check_off_leaves_a_file_unread() {
    good(
        r#"
[service.jobs]
on = ["web1"]

[service.jobs.file."/etc/cron.d/a.sh"]
content = "61 * * * * x"
check = { off = "read by a program of our own" }
"#,
        &[],
    );
}

#[test]
fn a_mistake_that_all_hosts_share_is_told_once_at_the_line_that_was_written() {
    let said = findings(
        "[service.net]\non = [\"@web\"]\nfile.\"/etc/hosts\".template = \"hosts.j2\"\n",
        &[(
            "templates/hosts.j2",
            "127.0.0.1 localhost\n{% for n in [1, 2] %}\n10.0.0.{{ n }}\n{% endfor %}\n",
        )],
    );
    assert_eq!(said.matches("malformed-file").count(), 2, "{said}");
    assert!(said.contains("templates/hosts.j2:3:1") && said.contains("on web1, web2"), "{said}");
    assert!(said.contains("web1:/etc/hosts:"), "{said}");
}

#[test]
fn a_file_full_of_mistakes_is_not_told_line_by_line() {
    let text = "nonsense\n".repeat(500);
    let services = format!("[service.net]\non = [\"web1\"]\nfile.\"/etc/hosts\".content = {text:?}\n");
    let said = findings(&services, &[]);
    assert!(said.contains("450 more mistakes"), "{}", &said[..2000.min(said.len())]);
}
