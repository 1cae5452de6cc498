//! Servers of names, addresses and time.

use super::{Case, one, real};
use crate::fleet::file;
use crate::{Ended, Test};

pub(crate) const TESTS: &[Test] = &[
    ("programs::named_checkzone", named_zone),
    ("programs::nsd_checkconf", nsd),
    ("programs::nsd_checkzone", nsd_zone),
    ("programs::knotc", knot),
    ("programs::dnsmasq", dnsmasq),
    ("programs::kea_dhcp4", kea),
    ("programs::kea_dhcp6", kea6),
    ("programs::dhcpd", dhcpd),
    ("programs::chronyd", chrony),
];

fn zone(address: &str) -> String {
    format!("$TTL 1h\n@ IN SOA ns.example.net. ops.example.net. (1 2 3 4 5)\n@ IN NS ns\nns IN A {address}\n")
}

fn named_zone() -> Ended {
    // Its name says nothing, so the configuration has to.
    let configured = |text: &str| {
        let conf = "options { directory \"/var/cache/bind\"; };\nzone \"example.net\" { type master; file \"/etc/bind/zones/1\"; };\n";
        vec![file("/etc/bind/zones/1", text), file("/etc/bind/named.conf", conf)]
    };
    real(Case {
        validator: "named-checkzone",
        good: vec![one("/etc/bind/db.example.net", &zone("10.0.0.1")), configured(&zone("10.0.0.1"))],
        bad: vec![
            (
                one("/etc/bind/db.example.net", &zone("10.0.0.444")),
                "error /etc/bind/db.example.net:4 near '10.0.0.444': bad dotted quad",
            ),
            (
                configured(
                    "$TTL 1h\n@ IN SOA ns.example.net. ops.example.net. (1 2 3 4 5)\n@ IN NS ns.example.net.\n",
                ),
                "error /etc/bind/zones/1 NS 'ns.example.net' has no address records",
            ),
        ],
    })
}

fn nsd() -> Ended {
    let main = |line: &str| {
        one(
            "/etc/nsd/nsd.conf",
            &format!("server:\n  {line}\nzone:\n  name: \"example.net\"\n  zonefile: \"example.net.zone\"\n"),
        )
    };
    real(Case {
        validator: "nsd-checkconf",
        good: vec![
            main("server-count: 1"),
            one("/etc/nsd/nsd.conf.d/a.conf", "server:\n  hide-version: yes\n"),
        ],
        bad: vec![
            (main("server-cont: 1"), "error /etc/nsd/nsd.conf:2 "),
            (main("server-count: many"), "error /etc/nsd/nsd.conf:2 expected a number"),
        ],
    })
}

fn nsd_zone() -> Ended {
    let bare = "$TTL 1h\n@ IN NS ns\nns IN A 10.0.0.1\n";
    real(Case {
        validator: "nsd-checkzone",
        good: vec![one("/etc/nsd/example.net.zone", &zone("10.0.0.1"))],
        bad: vec![
            (
                one("/etc/nsd/zones/example.net.zone", &zone("10.0.0.444")),
                "error /etc/nsd/zones/example.net.zone:4 invalid IPv4 address '10.0.0.444'",
            ),
            (one("/etc/nsd/example.net.zone", bare), "zone configured as 'example.net' has no SOA record"),
        ],
    })
}

fn knot() -> Ended {
    let main = |line: &str| {
        one("/etc/knot/knot.conf", &format!("server:\n    {line}\nzone:\n  - domain: example.net\n"))
    };
    real(Case {
        validator: "knotc",
        good: vec![main("listen: 0.0.0.0@53")],
        bad: vec![
            (main("lsten: 0.0.0.0@53"), "error /etc/knot/knot.conf:2 item 'lsten'"),
            (
                main("listen: 0.0.0.0@x"),
                "error /etc/knot/knot.conf:2 item 'listen', value '0.0.0.0@x' (invalid parameter)",
            ),
        ],
    })
}

fn dnsmasq() -> Ended {
    real(Case {
        validator: "dnsmasq",
        good: vec![
            one("/etc/dnsmasq.conf", "domain=example.net\nconf-dir=/etc/dnsmasq.d/,*.conf\n"),
            one("/etc/dnsmasq.d/lan", "dhcp-range=10.0.0.10,10.0.0.20,12h\n"),
        ],
        bad: vec![
            (one("/etc/dnsmasq.conf", "port=53\ndomian=a\n"), "error /etc/dnsmasq.conf:2 bad option"),
            (one("/etc/dnsmasq.d/lan", "port=many\n"), "error /etc/dnsmasq.d/lan:1 error"),
        ],
    })
}

fn kea_text(server: &str, key: &str, subnet: &str, pool: &str) -> String {
    let number = &server[4..];
    format!(
        "{{ \"{server}\": {{\n  \"{key}\": 4000,\n  \"subnet{number}\": [ {{ \"subnet\": \"{subnet}\", \"pools\": [ {{ \"pool\": \"{pool}\" }} ] }} ]\n}} }}\n"
    )
}

fn kea() -> Ended {
    let text =
        |key: &str, pool: &str| one("/etc/kea/kea-dhcp4.conf", &kea_text("Dhcp4", key, "10.0.0.0/24", pool));
    real(Case {
        validator: "kea-dhcp4",
        good: vec![text("valid-lifetime", "10.0.0.10 - 10.0.0.20")],
        bad: vec![
            (
                text("vald-lifetime", "10.0.0.10 - 10.0.0.20"),
                "error /etc/kea/kea-dhcp4.conf:2:3 got unexpected keyword",
            ),
            (text("valid-lifetime", "10.1.0.10 - 10.0.0.20"), "error /etc/kea/kea-dhcp4.conf:3:"),
        ],
    })
}

fn kea6() -> Ended {
    let text = |key: &str, pool: &str| {
        one("/etc/kea/kea-dhcp6.conf", &kea_text("Dhcp6", key, "2001:db8::/64", pool))
    };
    real(Case {
        validator: "kea-dhcp6",
        good: vec![text("valid-lifetime", "2001:db8::1 - 2001:db8::9")],
        bad: vec![
            (
                text("vald-lifetime", "2001:db8::1 - 2001:db8::9"),
                "error /etc/kea/kea-dhcp6.conf:2:3 got unexpected keyword",
            ),
            (text("valid-lifetime", "2001:db8::x"), "error /etc/kea/kea-dhcp6.conf:3:"),
        ],
    })
}

fn dhcpd() -> Ended {
    let text = |range: &str| {
        one("/etc/dhcp/dhcpd.conf", &format!("subnet 10.0.0.0 netmask 255.255.255.0 {{\n  {range}\n}}\n"))
    };
    real(Case {
        validator: "dhcpd",
        good: vec![text("range 10.0.0.10 10.0.0.20;")],
        bad: vec![
            (text("rnge 10.0.0.10 10.0.0.20;"), "error /etc/dhcp/dhcpd.conf:2 semicolon expected."),
            (text("range 10.0.0.10 10.0.0.20"), "error /etc/dhcp/dhcpd.conf:3 semicolon expected."),
        ],
    })
}

fn chrony() -> Ended {
    real(Case {
        validator: "chronyd",
        good: vec![
            one(
                "/etc/chrony/chrony.conf",
                "pool pool.ntp.org iburst\nconfdir /etc/chrony/conf.d\ndriftfile /var/lib/chrony/drift\n",
            ),
            one("/etc/chrony/conf.d/own.conf", "makestep 1 3\n"),
        ],
        bad: vec![
            (
                one("/etc/chrony/chrony.conf", "pool a iburst\ndriftfle /x\n"),
                "error /etc/chrony/chrony.conf:2 Invalid directive",
            ),
            (
                one("/etc/chrony/conf.d/own.conf", "makestep x\n"),
                "error /etc/chrony/conf.d/own.conf:1 Missing arguments",
            ),
        ],
    })
}
