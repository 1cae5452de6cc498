//! What programs said, recorded from the real ones on Debian 12: it is understood also where they are not installed.

use super::listen::matched;
use crate::registry::find;

/// What is told of the first line that is understood: `file:line:column key message`, `-` for what is not named.
fn heard(program: &str, text: &str) -> String {
    let program = find(program).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let wanted = |taken: usize, at: usize| {
        lines[at..at + taken].iter().all(|line| program.ignored.iter().all(|part| !line.contains(part)))
    };
    let mut found = (0..lines.len()).filter_map(|at| Some((at, matched(program.patterns, &lines[at..])?)));
    let (_, (_, capture, _)) = found.find(|(at, (_, _, taken))| wanted(*taken, *at)).unwrap();
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    let (file, key) = (capture.file.as_deref().unwrap_or("-"), capture.key.as_deref().unwrap_or("-"));
    format!("{file}:{}:{} {key} {}", number(capture.line), number(capture.column), capture.message)
}

#[test]
fn what_programs_said_is_understood() {
    for (program, text, expected) in [
        (
            "postfix",
            "postconf: warning: /etc/postfix/main.cf: unused parameter: mydestnation=x",
            "/etc/postfix/main.cf:-:- mydestnation unused parameter",
        ),
        (
            "postfix",
            "postconf: fatal: file /etc/postfix/master.cf: line 138: bad field count",
            "/etc/postfix/master.cf:138:- - bad field count",
        ),
        (
            "exim",
            "2026-11-22 01:19:26 Exim configuration error in line 2 of /a:\n  main option \"x\" unknown",
            "/a:2:- -   main option \"x\" unknown",
        ),
        (
            "doveconf",
            "doveconf: Fatal: Error in configuration file /a line 2: Unknown setting: nonsense",
            "/a:2:- - Unknown setting: nonsense",
        ),
        (
            "php-fpm",
            "[22-Nov-2026 01:20:44] ERROR: [/a:8] unknown entry 'pm.max_childen'",
            "/a:8:- - unknown entry 'pm.max_childen'",
        ),
        (
            "lighttpd",
            "2026-11-22 01:25:10: (configfile.c.1289) WARNING: unknown config-key: server.prot (ignored)",
            "-:-:- server.prot unknown config-key",
        ),
        (
            "lighttpd",
            "2026-11-22 01:26:15: (configfile.c.1978) source: /a line: 2 pos: 14 missing closing quote",
            "/a:2:14 - missing closing quote",
        ),
        (
            "caddy",
            "Error: adapting config using caddyfile: /a:2: unrecognized directive: rspond",
            "/a:2:- - unrecognized directive: rspond",
        ),
        (
            "squid",
            "2026/11/22 01:22:13| /a(2): unrecognized: 'htp_access'",
            "/a:2:- - unrecognized: 'htp_access'",
        ),
        (
            "varnishd",
            "Message from VCC-compiler:\nExpected return action name.\n('/a' Line 3 Pos 24)",
            "/a:3:24 - Expected return action name.",
        ),
        (
            "nsd-checkconf",
            "/a:2: error: expected a number\nread /a failed: 1 errors in configuration file",
            "/a:2:- - expected a number",
        ),
        (
            "nsd-checkzone",
            "[2026-11-22 01:20:45.273] nsd-checkzone[22395]: error: /a:4: invalid IPv4 address '1.2.3.444'",
            "/a:4:- - invalid IPv4 address '1.2.3.444'",
        ),
        (
            "knotc",
            "error: config, file '/a', line 2, item 'lstn', value 'x' (invalid item)",
            "/a:2:- - item 'lstn', value 'x' (invalid item)",
        ),
        ("dnsmasq", "\ndnsmasq: bad option at line 2 of /a", "/a:2:- - bad option"),
        (
            "kea-dhcp4",
            "Syntax check failed with: /a:1.58-72: got unexpected keyword \"x\" in Dhcp4 map.",
            "/a:1:58 - got unexpected keyword \"x\" in Dhcp4 map.",
        ),
        (
            "dhcpd",
            "For info, please visit https://www.isc.org/software/dhcp/\n/a line 2: semicolon expected.",
            "/a:2:- - semicolon expected.",
        ),
        (
            "chronyd",
            "2026-11-22T01:21:49Z Fatal error : Invalid directive at line 2 in file /a",
            "/a:2:- - Invalid directive",
        ),
        (
            "rsyslogd",
            "rsyslogd: error during parsing file /a, on or before line 1: invalid property 'x' [v8.2302.0 try https://www.rsyslog.com/e/2207 ]",
            "/a:1:- - invalid property 'x'",
        ),
        (
            "promtool",
            "  FAILED: parsing YAML file /a: yaml: unmarshal errors:\n  line 2: field x not found",
            "/a:2:- - field x not found",
        ),
        (
            "promtool-rules",
            "  FAILED:\n/a: 5:11: group \"a\", rule 1, \"X\": could not parse expression",
            "/a:5:11 - group \"a\", rule 1, \"X\": could not parse expression",
        ),
        (
            "amtool",
            "Checking '/a'  FAILED: yaml: unmarshal errors:\n  line 2: field receivr not found",
            "/a:2:- - field receivr not found",
        ),
        ("keepalived", "(/a: Line 8) Unknown keyword 'priorty'", "/a:8:- - Unknown keyword 'priorty'"),
        (
            "iptables-restore",
            "iptables-restore v1.8.9 (nf_tables): unknown option \"--dprt\"\nError occurred at line: 3",
            "-:3:- - unknown option \"--dprt\"",
        ),
        (
            "bird",
            "bird: /a:3:42 syntax error, unexpected CF_SYM_UNDEFINED",
            "/a:3:42 - syntax error, unexpected CF_SYM_UNDEFINED",
        ),
        (
            "vtysh",
            "line 3: % Unknown command[25]:  nghbor 10.0.0.1",
            "-:3:- - Unknown command[25]:  nghbor 10.0.0.1",
        ),
        (
            "testparm",
            "Unknown parameter encountered: \"wrkgroup\"\nIgnoring unknown parameter \"wrkgroup\"",
            "-:-:- wrkgroup unknown parameter",
        ),
        (
            "mariadbd",
            "2026-11-22  1:26:14 0 [ERROR] mariadbd: unknown variable 'mx_connections=100'",
            "-:-:- mx_connections unknown variable",
        ),
        (
            "fail2ban-client",
            "2026 fail2ban [1]: ERROR   Failed: Source contains parsing errors: '/a'\n\t[line  5]: 'nonsense\\n'",
            "/a:5:- - 'nonsense\\n'",
        ),
        ("doas", "doas: syntax error at line 2", "-:2:- - syntax error"),
    ] {
        assert_eq!(heard(program, text), expected, "{program}");
    }
}
