//! Logs, measurements, routing, filters, files and rights.

use super::{Case, one, real};
use crate::fleet::file;
use crate::{Ended, Test};

pub(crate) const TESTS: &[Test] = &[
    ("programs::rsyslogd", rsyslog),
    ("programs::promtool", prometheus),
    ("programs::promtool_rules", rules),
    ("programs::amtool", alertmanager),
    ("programs::keepalived", keepalived),
    ("programs::iptables_restore", iptables),
    ("programs::ip6tables_restore", ip6tables),
    ("programs::bird", bird),
    ("programs::vtysh", frr),
    ("programs::testparm_ends_well_on_a_bad_file_and_what_it_says_counts", samba),
    ("programs::mariadbd", mariadb),
    ("programs::fail2ban", fail2ban),
    ("programs::doas", doas),
];

fn rsyslog() -> Ended {
    real(Case {
        validator: "rsyslogd",
        good: vec![
            one(
                "/etc/rsyslog.conf",
                "module(load=\"imuxsock\")\n*.* action(type=\"omfile\" file=\"/var/log/syslog\")\n",
            ),
            // Alone it has no action.
            one("/etc/rsyslog.d/10-own.conf", "template(name=\"own\" type=\"string\" string=\"%msg%\\n\")\n"),
        ],
        bad: vec![
            (
                one(
                    "/etc/rsyslog.conf",
                    "module(load=\"imuxsock\")\n*.* action(type=\"omfile\" fil=\"/var/log/syslog\")\n",
                ),
                "error /etc/rsyslog.conf:2 ",
            ),
            (
                one("/etc/rsyslog.d/10-own.conf", "\nif $nosuch then /var/log/x\n"),
                "error /etc/rsyslog.d/10-own.conf:2 invalid property",
            ),
        ],
    })
}

fn prometheus() -> Ended {
    let text = |line: &str| {
        one(
            "/etc/prometheus/prometheus.yml",
            &format!(
                "global:\n  {line}\nrule_files: [rules/*.yml]\nscrape_configs:\n- job_name: a\n  static_configs:\n  - targets: [db1:9100]\n"
            ),
        )
    };
    real(Case {
        validator: "promtool",
        good: vec![text("scrape_interval: 15s")],
        bad: vec![
            (
                text("scrape_intervl: 15s"),
                "error /etc/prometheus/prometheus.yml:2 field scrape_intervl not found",
            ),
            (
                text("scrape_interval: soon"),
                "error /etc/prometheus/prometheus.yml not a valid duration string: \"soon\"",
            ),
        ],
    })
}

fn rules() -> Ended {
    let text = |alert: &str, expression: &str| {
        one(
            "/etc/prometheus/rules/own.yml",
            &format!("groups:\n- name: own\n  rules:\n  - {alert}: Down\n    expr: {expression}\n"),
        )
    };
    real(Case {
        validator: "promtool-rules",
        good: vec![text("alert", "up == 0")],
        bad: vec![
            (
                text("alert", "up =="),
                "error /etc/prometheus/rules/own.yml:5:11 group \"own\", rule 1, \"Down\"",
            ),
            (text("alrt", "up == 0"), "error /etc/prometheus/rules/own.yml:4 field alrt not found"),
        ],
    })
}

fn alertmanager() -> Ended {
    let text = |key: &str, receiver: &str| {
        one(
            "/etc/prometheus/alertmanager.yml",
            &format!("route:\n  {key}: {receiver}\nreceivers:\n- name: ops\n"),
        )
    };
    real(Case {
        validator: "amtool",
        good: vec![text("receiver", "ops")],
        bad: vec![
            (
                text("receiver", "nobody"),
                "error /etc/prometheus/alertmanager.yml undefined receiver \"nobody\" used in route",
            ),
            (text("receivr", "ops"), "error /etc/prometheus/alertmanager.yml:2 field receivr not found"),
        ],
    })
}

fn keepalived() -> Ended {
    let text = |priority: &str, id: &str| {
        one(
            "/etc/keepalived/keepalived.conf",
            &format!(
                "vrrp_instance V {{\n  state MASTER\n  interface ens18\n  virtual_router_id {id}\n  {priority} 100\n  \
                      virtual_ipaddress {{\n    10.0.0.1\n  }}\n}}\n"
            ),
        )
    };
    real(Case {
        validator: "keepalived",
        good: vec![text("priority", "51")],
        bad: vec![
            (text("priorty", "51"), "error /etc/keepalived/keepalived.conf:5 Unknown keyword 'priorty'"),
            (text("priority", "999"), "error /etc/keepalived/keepalived.conf:4 number '999' outside range"),
        ],
    })
}

fn rules_of(path: &str, option: &str, end: &str) -> Vec<cmc_types::plan::PlannedFile> {
    one(path, &format!("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp {option} 22 -j ACCEPT\n{end}"))
}

fn iptables() -> Ended {
    let text = |option: &str, end: &str| rules_of("/etc/iptables/rules.v4", option, end);
    real(Case {
        validator: "iptables-restore",
        good: vec![text("--dport", "COMMIT\n")],
        bad: vec![
            (text("--dprt", "COMMIT\n"), "error /etc/iptables/rules.v4:3 unknown option \"--dprt\""),
            (text("--dport", ""), "error /etc/iptables/rules.v4:"),
        ],
    })
}

fn ip6tables() -> Ended {
    let text = |option: &str, end: &str| rules_of("/etc/iptables/rules.v6", option, end);
    real(Case {
        validator: "ip6tables-restore",
        good: vec![text("--dport", "COMMIT\n")],
        bad: vec![
            (text("--dprt", "COMMIT\n"), "error /etc/iptables/rules.v6:3 unknown option \"--dprt\""),
            (text("--dport", ""), "error /etc/iptables/rules.v6:"),
        ],
    })
}

fn bird() -> Ended {
    let text = |kind: &str, how: &str| {
        one(
            "/etc/bird/bird.conf",
            &format!(
                "router id 10.0.0.1;\nprotocol {kind} {{ }}\nprotocol static {{ ipv4; route 10.0.0.0/8 {how}; }}\n"
            ),
        )
    };
    real(Case {
        validator: "bird",
        good: vec![text("device", "blackhole")],
        bad: vec![
            (text("devce", "blackhole"), "error /etc/bird/bird.conf:2:10 syntax error"),
            (text("device", "blckhole"), "error /etc/bird/bird.conf:3:"),
        ],
    })
}

fn frr() -> Ended {
    let text =
        |line: &str| one("/etc/frr/frr.conf", &format!("hostname web1\nrouter bgp 65000\n {line}\nexit\n"));
    real(Case {
        validator: "vtysh",
        good: vec![text("neighbor 10.0.0.1 remote-as 65001")],
        bad: vec![
            (text("nghbor 10.0.0.1 remote-as 65001"), "error /etc/frr/frr.conf:3 Unknown command"),
            (text("neighbor 10.0.0.1 remote-as x"), "error /etc/frr/frr.conf:3 Unknown command"),
        ],
    })
}

fn samba() -> Ended {
    let text = |key: &str, value: &str| {
        one(
            "/etc/samba/smb.conf",
            &format!("[global]\n  {key} = X\n[a]\n  path = /srv\n  read only = {value}\n"),
        )
    };
    real(Case {
        validator: "testparm",
        good: vec![text("workgroup", "no")],
        bad: vec![
            (text("wrkgroup", "no"), "error /etc/samba/smb.conf:2 unknown parameter: wrkgroup"),
            (text("workgroup", "perhaps"), "error /etc/samba/smb.conf (perhaps): value is not boolean!"),
        ],
    })
}

fn mariadb() -> Ended {
    real(Case {
        validator: "mariadbd",
        good: vec![one(
            "/etc/mysql/mariadb.conf.d/90-own.cnf",
            "[mysqld]\nmax_connections = 200\ndatadir = /var/lib/mysql\n",
        )],
        bad: vec![
            (
                one("/etc/mysql/mariadb.conf.d/90-own.cnf", "[mysqld]\nmax_conections = 200\n"),
                "error /etc/mysql/mariadb.conf.d/90-own.cnf:2 unknown variable: max_conections",
            ),
            (
                one("/etc/mysql/my.cnf", "max_connections = 200\n"),
                "error /etc/mysql/my.cnf:1 Found option without preceding group",
            ),
        ],
    })
}

fn fail2ban() -> Ended {
    let jail = |text: &str| one("/etc/fail2ban/jail.d/own.conf", text);
    let filter = "[own]\nenabled = true\nlogpath = /var/log/own.log\nfilter = own\n";
    let mut whole = jail(filter);
    whole.push(file("/etc/fail2ban/filter.d/own.conf", "[Definition]\nfailregex = ^bad from <HOST>$\n"));
    real(Case {
        validator: "fail2ban-client",
        good: vec![jail("[sshd]\nenabled = true\nmaxretry = 3\n"), whole],
        bad: vec![
            (jail("[sshd]\nenabled = true\nnonsense\n"), "error /etc/fail2ban/jail.d/own.conf:3 "),
            (jail(filter), "Unable to read the filter 'own'"),
        ],
    })
}

fn doas() -> Ended {
    real(Case {
        validator: "doas",
        good: vec![one("/etc/doas.conf", "permit persist :wheel\n")],
        bad: vec![
            (
                one("/etc/doas.conf", "permit persist :wheel\nprmit api\n"),
                "error /etc/doas.conf:2 syntax error",
            ),
            (one("/etc/doas.conf", "permit nopas setenv { A api\n"), "error /etc/doas.conf:1 syntax error"),
        ],
    })
}
