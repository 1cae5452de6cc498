//! Who and what a program finds in the private root: accounts, hosts, and how names are looked up.

use crate::sandbox::{Entry, What};
use cmc_types::plan::{HostAddress, HostPlan};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Accounts that operating systems and their packages make. Users and groups alike.
const KNOWN: &[&str] = &[
    "_apt",
    "_chrony",
    "_ntp",
    "adm",
    "alertmanager",
    "audio",
    "avahi",
    "backup",
    "bin",
    "bind",
    "bird",
    "caddy",
    "cdrom",
    "chrony",
    "crontab",
    "daemon",
    "Debian-exim",
    "dhcpd",
    "dialout",
    "disk",
    "dnsmasq",
    "dovecot",
    "dovenull",
    "exim",
    "floppy",
    "frr",
    "frrvty",
    "ftp",
    "games",
    "gnats",
    "grafana",
    "haproxy",
    "http",
    "input",
    "irc",
    "kea",
    "keepalived_script",
    "kmem",
    "knot",
    "kvm",
    "lighttpd",
    "list",
    "lp",
    "mail",
    "man",
    "memcached",
    "messagebus",
    "mysql",
    "named",
    "netdev",
    "news",
    "nginx",
    "nogroup",
    "nsd",
    "ntp",
    "operator",
    "plugdev",
    "postdrop",
    "postfix",
    "postgres",
    "prometheus",
    "proxy",
    "redis",
    "render",
    "sasl",
    "shadow",
    "smmsp",
    "squid",
    "src",
    "ssh",
    "sshd",
    "ssl-cert",
    "staff",
    "sudo",
    "sync",
    "sys",
    "syslog",
    "systemd-journal",
    "systemd-network",
    "systemd-resolve",
    "systemd-timesync",
    "tape",
    "tty",
    "unbound",
    "users",
    "utmp",
    "uucp",
    "varnish",
    "vcache",
    "video",
    "wheel",
    "www",
    "www-data",
    "_kea",
    "_nsd",
    "_rspamd",
    "_smtpd",
    "_unbound",
];

/// `/etc/passwd`, `/etc/group`, `/etc/hosts`, `/etc/nsswitch.conf` and `/etc/resolv.conf` for a host's programs. The
/// accounts are the operating systems' own, those that the definitions declare, and the owners of files; `flat` gives
/// all of them the ids 0, the only ones that a program of uid 0 could change to.
pub(super) fn entries(host: &HostPlan, addresses: &[HostAddress], flat: bool) -> Vec<Entry> {
    let (mut users, mut groups): (BTreeSet<&str>, BTreeSet<&str>) =
        (KNOWN.iter().copied().collect(), KNOWN.iter().copied().collect());
    users.extend(host.users.iter().map(|user| user.as_str()));
    groups.extend(host.users.iter().chain(&host.groups).map(|group| group.as_str()));
    for (_, file) in host.files() {
        users.extend(file.entry.user.as_deref());
        groups.extend(file.entry.group.as_deref());
    }
    let named = |name: &&&str| !matches!(**name, "root" | "nobody" | "nogroup" | "cmc-check");
    let number = |id: usize| if flat { 0 } else { id + 1_000 };
    let mut passwd = "root:x:0:0:root:/root:/bin/sh\ncmc-check:x:900:900::/:/bin/sh\n".to_owned();
    for (id, name) in users.iter().filter(named).enumerate() {
        let _ = writeln!(passwd, "{name}:x:{id}:{id}::/:/bin/sh", id = number(id));
    }
    let nobody = if flat { 0 } else { 65_534 };
    let _ = writeln!(passwd, "nobody:x:{nobody}:{nobody}::/:/bin/sh");
    let mut group = "root:x:0:\ncmc-check:x:900:\n".to_owned();
    for (id, name) in groups.iter().filter(named).enumerate() {
        let _ = writeln!(group, "{name}:x:{}:", number(id));
    }
    let _ = writeln!(group, "nogroup:x:{nobody}:\nnobody:x:{nobody}:");
    let text = |path: &str, text: String| Entry {
        path: path.to_owned(),
        what: What::file(0o644, text.into_bytes()),
    };
    vec![
        text("/etc/passwd", passwd),
        text("/etc/group", group),
        text("/etc/hosts", hosts(addresses)),
        text(
            "/etc/nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n".to_owned(),
        ),
        text("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n".to_owned()),
        text("/etc/hostname", "localhost\n".to_owned()),
        // What `%m` in units stands for.
        text("/etc/machine-id", "0123456789abcdef0123456789abcdef\n".to_owned()),
    ]
}

/// The host's own `/etc/passwd` or `/etc/group` with the ids 0 for all, as in [`entries`] where `flat`; `None` for any
/// other file.
pub(super) fn flattened(path: &str, text: &str) -> Option<String> {
    let ids: &[usize] = match path {
        "/etc/passwd" => &[2, 3],
        "/etc/group" => &[2],
        _ => return None,
    };
    let field =
        |(index, field): (usize, &str)| if ids.contains(&index) { "0".to_owned() } else { field.to_owned() };
    let line = |line: &str| line.split(':').enumerate().map(field).collect::<Vec<_>>().join(":") + "\n";
    Some(text.lines().map(line).collect())
}

/// The fleet's hosts; one without an address gets a number of the range that is reserved for tests (RFC 2544).
fn hosts(addresses: &[HostAddress]) -> String {
    let mut text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n".to_owned();
    for (i, host) in addresses.iter().enumerate() {
        let number = i as u32 % (1 << 17) + 1;
        let made_up = std::net::IpAddr::from(std::net::Ipv4Addr::from((198 << 24 | 18 << 16) + number));
        let names: Vec<&str> = host
            .names
            .iter()
            .map(String::as_str)
            .filter(|name| name.parse::<std::net::IpAddr>().is_err())
            .collect();
        if !names.is_empty() {
            let _ = writeln!(text, "{} {}", host.ip.unwrap_or(made_up), names.join(" "));
        }
    }
    text
}

/// The domains of the fleet's hosts: what follows the first dot of their names.
pub(super) fn domains(addresses: &[HostAddress]) -> Vec<String> {
    let names = addresses.iter().flat_map(|host| &host.names);
    let names = names.filter(|name| name.parse::<std::net::IpAddr>().is_err());
    let domains =
        names.filter_map(|name| name.split_once('.')).map(|(_, domain)| domain.to_ascii_lowercase());
    // The host of a bare domain such as `shop.com` does not make all of `.com` the fleet's.
    let domains: BTreeSet<String> = domains.filter(|domain| domain.contains('.')).collect();
    domains.into_iter().collect()
}
