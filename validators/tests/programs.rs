//! Each built-in program, the real one, on good and bad input; and the traps that each of them has.

pub(crate) mod mail_and_web;
pub(crate) mod names_and_addresses;
pub(crate) mod others;

use crate::fleet::{check, file, host, link, mode, plan, receipt, said, unavailable};
use crate::{Ended, Test};
use cmc_types::plan::PlannedFile;
use cmc_types::receipt::Verdict;

/// Good files that pass, and bad ones that fail with this finding.
pub(crate) struct Case {
    pub(crate) validator: &'static str,
    pub(crate) good: Vec<Vec<PlannedFile>>,
    pub(crate) bad: Vec<(Vec<PlannedFile>, &'static str)>,
}

/// Runs the case on the real program.
pub(crate) fn real(case: Case) -> Ended {
    for files in case.good {
        let report = check(&plan(vec![host("web1", "debian-12", files)]));
        if let Some(reason) = unavailable(&report, case.validator) {
            return Ended::Skipped(reason);
        }
        let receipts: Vec<_> =
            report.receipts.iter().filter(|r| r.item.validator == case.validator).collect();
        assert!(!receipts.is_empty(), "no receipt: {report:#?}");
        for receipt in receipts {
            assert_eq!(receipt.item.verdict, Verdict::Passed, "{report:#?}");
            assert!(!receipt.item.version.is_empty(), "no version: {receipt:#?}");
            for needed in ["user", "mount", "pid", "net", "ipc", "uts", "no-new-privs", "unprivileged-uid"] {
                assert!(receipt.item.isolation.iter().any(|name| name == needed), "{needed}: {receipt:#?}");
            }
        }
        // No warning either: nobody reads those of a program that always warns.
        assert!(report.findings.is_empty(), "{report:#?}");
    }
    for (files, expected) in case.bad {
        let report = check(&plan(vec![host("web1", "debian-12", files)]));
        if let Some(reason) = unavailable(&report, case.validator) {
            return Ended::Skipped(reason);
        }
        let failed = report
            .receipts
            .iter()
            .any(|r| r.item.validator == case.validator && r.item.verdict == Verdict::Failed);
        assert!(failed, "not refused: {expected}: {report:#?}");
        let said = said(&report);
        assert!(said.iter().any(|line| line.contains(expected)), "{expected:?} is not in {said:#?}");
    }
    Ended::Passed
}

/// One file.
fn one(path: &str, text: &str) -> Vec<PlannedFile> {
    vec![file(path, text)]
}

pub(crate) const TESTS: &[Test] = &[
    ("programs::nginx", nginx),
    ("programs::nginx_whole_tree", nginx_whole_tree),
    ("programs::names_outside_the_fleet_resolve_and_are_named", outside_names),
    ("programs::certificates_that_only_the_host_has_are_stood_in_for_and_named", host_only),
    ("programs::apache2", apache2),
    ("programs::haproxy", haproxy),
    ("programs::sshd", sshd),
    ("programs::visudo", visudo),
    ("programs::sh", sh),
    ("programs::bash", bash),
    ("programs::dash", dash),
    ("programs::ksh", ksh),
    ("programs::logrotate", logrotate),
    ("programs::logrotate_skips_a_file_that_others_may_write_and_that_is_an_error", logrotate_0666),
    ("programs::nft", nft),
    ("programs::named_checkconf", named),
    ("programs::nft_asks_nothing_of_the_machine_that_only_the_host_has", nft_flowtable),
    ("programs::unbound_checkconf", unbound),
    ("programs::crontab", crontab),
    ("programs::crontab_of_the_system_is_checked_without_its_column_of_users", system_crontab),
];

const NGINX: &str = "user www-data;\nevents {}\nhttp {\n  include mime.types;\n  include conf.d/*.conf;\n}\n";

fn nginx() -> Ended {
    real(Case {
        validator: "nginx",
        good: vec![
            vec![file("/etc/nginx/nginx.conf", NGINX)],
            vec![file(
                "/etc/nginx/conf.d/api.conf",
                "upstream a { server db1.example.net:80; server web1:80; }\nserver { listen 10.9.9.9:80; listen [::]:443; \
                 access_log /var/log/nginx/a.log; location / { proxy_pass http://a; } }\n",
            )],
        ],
        bad: vec![
            (
                vec![file("/etc/nginx/nginx.conf", "events {}\nhttp {\n  servr { }\n}\n")],
                "error /etc/nginx/nginx.conf:3 unknown directive \"servr\"",
            ),
            (
                vec![file(
                    "/etc/nginx/conf.d/api.conf",
                    "server {\n  listen 80;\n  proxy_pass http://nowhere:80;\n}\n",
                )],
                "error /etc/nginx/conf.d/api.conf:3 \"proxy_pass\" directive is not allowed here",
            ),
            (
                vec![file("/etc/nginx/conf.d/api.conf", "upstream a {\n  server db2.example.net:80;\n}\n")],
                "error /etc/nginx/conf.d/api.conf:2 host not found in upstream \"db2.example.net:80\"",
            ),
        ],
    })
}

fn nginx_whole_tree() -> Ended {
    let files = vec![
        file("/etc/nginx/nginx.conf", NGINX),
        file("/etc/nginx/conf.d/a.conf", "server { listen 80; root /srv; }\n"),
        file("/etc/nginx/sites-available/b", "server { listen 81; }\n"),
        file("/etc/nginx/snippets/unused.conf", "gzip on;\n"),
    ];
    let report = check(&plan(vec![host("web1", "debian-12", files.clone())]));
    if let Some(reason) = unavailable(&report, "nginx") {
        return Ended::Skipped(reason);
    }
    let subjects: Vec<&str> = receipt(&report, "nginx").subjects.keys().map(|path| path.as_str()).collect();
    assert_eq!(
        subjects,
        ["/etc/nginx/conf.d/a.conf", "/etc/nginx/nginx.conf"],
        "only what was read is vouched for"
    );
    let unread = "did not read this file: nothing includes it, so it is not checked";
    assert_eq!(
        said(&report),
        [
            format!("warning /etc/nginx/sites-available/b nginx {unread}"),
            format!("warning /etc/nginx/snippets/unused.conf nginx {unread}"),
        ]
    );

    // A link in sites-enabled has the site read.
    let mut files = files;
    files[0] = file("/etc/nginx/nginx.conf", &NGINX.replace("conf.d/*.conf", "sites-enabled/*"));
    files.push(link("/etc/nginx/sites-enabled/b", "../sites-available/b"));
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    let subjects: Vec<&str> = receipt(&report, "nginx").subjects.keys().map(|path| path.as_str()).collect();
    assert_eq!(subjects, ["/etc/nginx/nginx.conf", "/etc/nginx/sites-available/b"]);
    Ended::Passed
}

fn outside_names() -> Ended {
    let files = vec![
        file("/etc/nginx/conf.d/a.conf", "upstream a { server api.example.com; server web1.example.net; }\n"),
        file("/etc/resolv.conf", "nameserver 10.99.99.99\n"),
    ];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    if let Some(reason) = unavailable(&report, "nginx") {
        return Ended::Skipped(reason);
    }
    let receipt = receipt(&report, "nginx");
    assert_eq!(receipt.verdict, Verdict::Passed, "{report:#?}");
    assert_eq!(receipt.warnings, ["api.example.com is outside the fleet and was taken to resolve"]);
    Ended::Passed
}

fn host_only() -> Ended {
    let server = "server { listen 443 ssl; ssl_certificate /etc/letsencrypt/live/a/fullchain.pem; ssl_certificate_key \
                  \"/etc/ssl/private/a.key\"; }\n";
    let haproxy =
        "defaults\n  mode http\n  timeout client 5s\nfrontend f\n  bind :443 ssl crt /etc/haproxy/certs/\n";
    let files = vec![file("/etc/nginx/conf.d/a.conf", server), file("/etc/haproxy/haproxy.cfg", haproxy)];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    for (validator, paths) in [
        ("nginx", &["/etc/letsencrypt/live/a/fullchain.pem", "/etc/ssl/private/a.key"][..]),
        ("haproxy", &["/etc/haproxy/certs/throw-away.pem"]),
    ] {
        if let Some(reason) = unavailable(&report, validator) {
            return Ended::Skipped(reason);
        }
        let receipt = receipt(&report, validator);
        assert_eq!(receipt.verdict, Verdict::Passed, "{report:#?}");
        for path in paths {
            let note = format!("{path} is not among the host's files: a throw-away one stood in for it");
            assert!(receipt.warnings.contains(&note), "{receipt:#?}");
        }
    }
    Ended::Passed
}

fn apache2() -> Ended {
    let site =
        "<VirtualHost *:80>\n  ServerName a.example.net\n  DocumentRoot /var/www/html\n</VirtualHost>\n";
    real(Case {
        validator: "apache2",
        good: vec![vec![file("/etc/apache2/sites-enabled/a.conf", site)]],
        bad: vec![
            (
                vec![file(
                    "/etc/apache2/sites-enabled/a.conf",
                    "<VirtualHost *:80>\n  ServrName a\n</VirtualHost>\n",
                )],
                "error /etc/apache2/sites-enabled/a.conf:2 Invalid command 'ServrName'",
            ),
            (
                vec![file("/etc/apache2/sites-enabled/a.conf", "<VirtualHost *:80>\n  ServerName a\n")],
                "error /etc/apache2/sites-enabled/a.conf:1 ",
            ),
        ],
    })
}

fn haproxy() -> Ended {
    let start = "global\n  maxconn 100000\n  user haproxy\n  chroot /var/lib/haproxy\ndefaults\n  mode http\n  timeout client 5s\n  \
                 timeout server 5s\n  timeout connect 5s\nfrontend f\n  bind :80\n  default_backend b\nbackend b\n";
    real(Case {
        validator: "haproxy",
        good: vec![vec![file(
            "/etc/haproxy/haproxy.cfg",
            &format!("{start}  server a web1.example.net:80\n"),
        )]],
        bad: vec![
            (
                vec![file("/etc/haproxy/haproxy.cfg", &format!("{start}  servr a web1:80\n"))],
                "error /etc/haproxy/haproxy.cfg:14 unknown keyword 'servr'",
            ),
            (
                vec![file("/etc/haproxy/haproxy.cfg", &format!("{start}  server a web9.example.net:80\n"))],
                "error /etc/haproxy/haproxy.cfg:14 'server b/a' : could not resolve address 'web9.example.net'",
            ),
        ],
    })
}

fn sshd() -> Ended {
    real(Case {
        validator: "sshd",
        good: vec![
            vec![file(
                "/etc/ssh/sshd_config",
                "Port 22\nPermitRootLogin no\nUsePAM yes\nInclude /etc/ssh/sshd_config.d/*.conf\n",
            )],
            vec![file("/etc/ssh/sshd_config.d/10-cmc.conf", "HostKey /etc/ssh/keys/own\nMaxAuthTries 3\n")],
        ],
        bad: vec![
            (
                vec![file("/etc/ssh/sshd_config", "Port 22\nPermtRootLogin no\n")],
                "error /etc/ssh/sshd_config:2 Bad configuration option: PermtRootLogin",
            ),
            (
                vec![file("/etc/ssh/sshd_config.d/10-cmc.conf", "MaxAuthTries many\n")],
                "error /etc/ssh/sshd_config.d/10-cmc.conf:1 ",
            ),
        ],
    })
}

fn visudo() -> Ended {
    let sudoers = |text| vec![mode(file("/etc/sudoers.d/ops", text), "0440")];
    real(Case {
        validator: "visudo",
        good: vec![sudoers("%ops ALL=(ALL:ALL) NOPASSWD: /usr/bin/systemctl restart api\n")],
        bad: vec![
            (
                sudoers("ops ALL=(ALL:ALL) ALL\nops ALL=(ALL NOPASSWD ALL\n"),
                "error /etc/sudoers.d/ops:2:14 syntax error",
            ),
            (sudoers("Cmnd_Alias X =\n"), "error /etc/sudoers.d/ops:1:15 syntax error"),
        ],
    })
}

fn shell(interpreter: &str, validator: &'static str) -> Ended {
    let script = |body: &str| vec![file("/usr/local/bin/tool", &format!("#!{interpreter}\n{body}"))];
    real(Case {
        validator,
        good: vec![script("if true; then\n  echo hello\nfi\n")],
        bad: vec![
            (script("if true; then\n  echo hello\n"), "error /usr/local/bin/tool:"),
            (script("echo )\n"), "error /usr/local/bin/tool:2 "),
        ],
    })
}

fn sh() -> Ended {
    shell("/bin/sh", "sh")
}

fn bash() -> Ended {
    shell("/usr/bin/env bash", "bash")
}

fn dash() -> Ended {
    shell("/bin/dash", "dash")
}

fn ksh() -> Ended {
    shell("/bin/ksh", "ksh")
}

fn logrotate() -> Ended {
    real(Case {
        validator: "logrotate",
        good: vec![vec![file(
            "/etc/logrotate.d/api",
            "/var/log/api/*.log /var/log/api.log {\n  weekly\n  rotate 4\n  create 0640 api adm\n  su api api\n}\n",
        )]],
        bad: vec![
            (
                vec![file("/etc/logrotate.d/api", "/var/log/api.log {\n  weekly\n  rottate 4\n}\n")],
                "error /etc/logrotate.d/api:3 unknown option 'rottate'",
            ),
            (
                vec![file("/etc/logrotate.d/api", "/var/log/api.log {\n  su nosuchuser nogroup\n}\n")],
                "error /etc/logrotate.d/api:2 unknown user 'nosuchuser'",
            ),
        ],
    })
}

fn logrotate_0666() -> Ended {
    let good = "/var/log/api.log {\n  weekly\n}\n";
    real(Case {
        validator: "logrotate",
        good: vec![],
        bad: vec![(
            vec![mode(file("/etc/logrotate.d/api", good), "0666")],
            "because it is writable by group or others",
        )],
    })
}

fn nft() -> Ended {
    let rules = |rule: &str| {
        format!(
            "#!/usr/sbin/nft -f\nflush ruleset\ntable inet f {{\n  chain c {{\n    type filter hook input priority 0;\n    {rule}\n  }}\n}}\n"
        )
    };
    real(Case {
        validator: "nft",
        good: vec![
            vec![file("/etc/nftables.conf", &rules("iif lo accept; tcp dport { 22, 443 } accept"))],
            // Interfaces of the host stand in.
            vec![file(
                "/etc/nftables.conf",
                &rules("iif { eth0, \"wg-1\" } accept; oif vmap { eth0 : accept }"),
            )],
        ],
        bad: vec![
            (
                vec![file("/etc/nftables.conf", &rules("tcp dprt 22 accept"))],
                "error /etc/nftables.conf:6:9 syntax error",
            ),
            (
                vec![file("/etc/nftables.conf", &rules("tcp dport 22 jump nowhere"))],
                "error /etc/nftables.conf:6:",
            ),
        ],
    })
}

fn nft_flowtable() -> Ended {
    let table = "table inet f {\n  flowtable ft { hook ingress priority 0; devices = { lo }; }\n}\n";
    let report = check(&plan(vec![host("web1", "debian-12", vec![file("/etc/nftables.conf", table)])]));
    if let Some(reason) = unavailable(&report, "nft") {
        return Ended::Skipped(reason);
    }
    let mut verdicts = report.receipts.iter().filter(|r| r.item.validator == "nft").map(|r| &r.item.verdict);
    let is_good = |verdict: &Verdict| match verdict {
        Verdict::CouldNotRun { reason } => reason.contains("the kernel's module for flowtables"),
        verdict => *verdict == Verdict::Passed,
    };
    assert!(verdicts.all(is_good), "{report:#?}");
    assert!(!report.findings.iter().any(|f| f.item.severity == cmc_types::Severity::Error), "{report:#?}");
    Ended::Passed
}

fn named() -> Ended {
    let options = "options {\n  directory \"/var/cache/bind\";\n  recursion no;\n};\n";
    real(Case {
        validator: "named-checkconf",
        good: vec![
            vec![file("/etc/bind/named.conf", options)],
            vec![
                file("/etc/bind/named.conf.options", options),
                file(
                    "/etc/bind/named.conf.local",
                    "zone \"example.net\" { type master; file \"/etc/bind/db.x\"; };\n",
                ),
            ],
        ],
        bad: vec![
            (
                vec![file("/etc/bind/named.conf", "options {\n  foo bar;\n};\n")],
                "error /etc/bind/named.conf:2 unknown option 'foo'",
            ),
            (
                vec![file("/etc/bind/named.conf.local", "zone \"example.net\" {\n  type nonsense;\n};\n")],
                "error /etc/bind/named.conf.local:2 ",
            ),
        ],
    })
}

fn unbound() -> Ended {
    real(Case {
        validator: "unbound-checkconf",
        good: vec![
            vec![file(
                "/etc/unbound/unbound.conf",
                "server:\n  interface: 127.0.0.1\n  auto-trust-anchor-file: \"/var/lib/unbound/root.key\"\n",
            )],
            vec![file("/etc/unbound/unbound.conf.d/a.conf", "server:\n  num-threads: 2\n")],
        ],
        bad: vec![
            (
                vec![file("/etc/unbound/unbound.conf", "server:\n  interfce: 127.0.0.1\n")],
                "error /etc/unbound/unbound.conf:2 unknown keyword 'interfce'",
            ),
            (
                vec![file("/etc/unbound/unbound.conf.d/a.conf", "server:\n  interface: nonsense\n")],
                "error /etc/unbound/unbound.conf.d/a.conf ",
            ),
        ],
    })
}

fn crontab() -> Ended {
    real(Case {
        validator: "crontab",
        good: vec![vec![file(
            "/var/spool/cron/crontabs/api",
            "MAILTO=ops\n5 4 * * 1-5 /usr/local/bin/x\n@daily true\n",
        )]],
        bad: vec![
            (
                vec![file("/var/spool/cron/crontabs/api", "5 4 * * * true\n61 4 * * * true\n")],
                "error /var/spool/cron/crontabs/api:2 bad minute",
            ),
            (
                vec![file("/var/spool/cron/crontabs/api", "61 4 * * * true\n")],
                "error /var/spool/cron/crontabs/api:1 bad minute",
            ),
        ],
    })
}

fn system_crontab() -> Ended {
    real(Case {
        validator: "crontab",
        good: vec![vec![file("/etc/cron.d/api", "# nightly\n5 4 * * * root /usr/local/bin/x\n")]],
        bad: vec![
            (vec![file("/etc/cron.d/api", "5 4 * * * root\n")], "error /etc/cron.d/api:1 "),
            (vec![file("/etc/cron.d/api", "\n5 25 * * * root true\n")], "error /etc/cron.d/api:2 bad hour"),
        ],
    })
}
