//! Which units machines have although nobody defines them, and which one a name that nothing has may have meant.
//!
//! The list is long and never whole: a name that is not in it says nothing. A name that is not in it, but near one that
//! the host surely has or that people often write, is probably a slip.

use super::unit_name::{UnitName, UnitType};
use crate::nearest::distance;
use std::sync::OnceLock;

const UNITS: &str = include_str!("units.txt");

/// Names that people often write in units: those that slips are compared with. All of them are known.
pub(super) const COMMON: &[&str] = &[
    // systemd.special(7)
    "basic.target",
    "cryptsetup.target",
    "default.target",
    "emergency.target",
    "getty.target",
    "graphical.target",
    "local-fs-pre.target",
    "local-fs.target",
    "machines.target",
    "multi-user.target",
    "network-online.target",
    "network-pre.target",
    "network.target",
    "nss-lookup.target",
    "nss-user-lookup.target",
    "paths.target",
    "poweroff.target",
    "printer.target",
    "reboot.target",
    "remote-fs-pre.target",
    "remote-fs.target",
    "rescue.target",
    "rpcbind.target",
    "shutdown.target",
    "sleep.target",
    "slices.target",
    "sockets.target",
    "swap.target",
    "sysinit.target",
    "time-set.target",
    "time-sync.target",
    "timers.target",
    "umount.target",
    // systemd's services
    "dbus.service",
    "dbus.socket",
    "getty@.service",
    "serial-getty@.service",
    "syslog.socket",
    "systemd-journald.service",
    "systemd-journald.socket",
    "systemd-logind.service",
    "systemd-modules-load.service",
    "systemd-networkd-wait-online.service",
    "systemd-networkd.service",
    "systemd-remount-fs.service",
    "systemd-resolved.service",
    "systemd-sysctl.service",
    "systemd-sysusers.service",
    "systemd-timesyncd.service",
    "systemd-tmpfiles-clean.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-tmpfiles-setup.service",
    "systemd-udev-settle.service",
    "systemd-udevd.service",
    "systemd-user-sessions.service",
    // Others'
    "NetworkManager-wait-online.service",
    "NetworkManager.service",
    "apache2.service",
    "auditd.service",
    "autofs.service",
    "avahi-daemon.service",
    "chronyd.service",
    "cloud-init.service",
    "clamav-daemon.service",
    "containerd.service",
    "docker.service",
    "docker.socket",
    "dovecot.service",
    "elasticsearch.service",
    "firewalld.service",
    "fail2ban.service",
    "grafana-server.service",
    "haproxy.service",
    "httpd.service",
    "influxdb.service",
    "keepalived.service",
    "kubelet.service",
    "libvirtd.service",
    "logrotate.service",
    "logrotate.timer",
    "mariadb.service",
    "memcached.service",
    "mongod.service",
    "mosquitto.service",
    "mysql.service",
    "mysqld.service",
    "networking.service",
    "nfs-server.service",
    "nftables.service",
    "nginx.service",
    "opensearch.service",
    "openvpn@.service",
    "php-fpm.service",
    "podman.socket",
    "postfix.service",
    "postgresql.service",
    "postgresql@.service",
    "prometheus.service",
    "rabbitmq-server.service",
    "redis-server.service",
    "redis.service",
    "rpcbind.service",
    "rsyslog.service",
    "slapd.service",
    "sshd.service",
    "squid.service",
    "tailscaled.service",
    "telegraf.service",
    "unbound.service",
    "varnish.service",
    "wg-quick@.service",
    "zookeeper.service",
];

fn units() -> &'static [&'static str] {
    static INDEX: OnceLock<Vec<&str>> = OnceLock::new();
    INDEX.get_or_init(|| UNITS.lines().filter(|line| !line.starts_with('#')).collect())
}

fn listed(name: &str) -> bool {
    let has = |name: &str| units().binary_search(&name).is_ok();
    name.strip_suffix(".service").is_some_and(has) || has(name)
}

/// Whether a unit of this name may well be on a machine that has no definition of it: a package or systemd brings it, or
/// it is of a type that systemd makes by itself, as from `/etc/fstab`.
pub fn is_known_unit(name: &UnitName) -> bool {
    use UnitType::{Automount, Device, Mount, Scope, Slice, Swap};
    matches!(name.kind(), Automount | Device | Mount | Scope | Slice | Swap)
        || listed(name.as_str())
        || name.template().is_some_and(|template| listed(template.as_str()))
        // Aliases that systemd and desktops make.
        || ["dbus-", "snap."].iter().any(|prefix| name.as_str().starts_with(prefix))
}

/// The unit that somebody probably meant by a name that is none: one of `own`, which the host has, or one that many
/// machines have.
pub fn nearest_unit<'a>(name: &UnitName, own: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let own = own.into_iter().filter_map(|candidate| near(name, candidate, true));
    let common = COMMON.iter().filter_map(|candidate| near(name, candidate, false));
    own.chain(common).min().map(|(_, meant)| meant)
}

/// How far a candidate is, if it is near, and how the name would be written with it: an instance stays one.
fn near(name: &UnitName, candidate: &str, own: bool) -> Option<(usize, String)> {
    use UnitType::{Service, Target};
    let other = UnitName::parse(candidate).ok()?;
    let (written, instance) = parts(name.stem());
    let (stem, of_other) = parts(other.stem());
    if instance.is_some() != of_other.is_some() {
        return None;
    }
    let meant = match (instance, of_other) {
        (Some(instance), Some("")) => format!("{stem}@{instance}.{}", other.kind().name()),
        _ => candidate.to_owned(),
    };
    if name.kind() != other.kind() {
        let confused = matches!((name.kind(), other.kind()), (Service, Target) | (Target, Service));
        return (stem == written && confused).then_some((1, meant));
    }
    // Numbers tell units apart: `redis1` is not a slip for `redis2`.
    let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    if letters(written) == letters(stem) {
        return None;
    }
    let (lower, stem) = (written.to_lowercase(), stem.to_lowercase());
    let allowed = match lower.chars().count() {
        0..4 => 0,
        4 => usize::from(own),
        5..8 => 1,
        _ => 2,
    };
    let distance = distance(&lower, &stem, allowed);
    (distance <= allowed).then_some((distance, meant))
}

/// What stands before an `@`, and what stands after it.
fn parts(stem: &str) -> (&str, Option<&str>) {
    stem.split_once('@').map_or((stem, None), |(prefix, instance)| (prefix, Some(instance)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn name(text: &str) -> UnitName {
        UnitName::parse(text).unwrap()
    }

    #[test]
    fn the_list_is_sorted_and_holds_names_of_units() {
        assert!(units().is_sorted() && units().len() > 3500);
        for unit in units() {
            let typed = UnitName::parse(unit).is_ok();
            assert!(typed || UnitName::parse(&format!("{unit}.service")).is_ok(), "{unit}");
        }
        assert!(COMMON.iter().all(|unit| listed(unit)), "{:?}", COMMON.iter().find(|unit| !listed(unit)));
    }

    #[test]
    fn what_packages_and_systemd_bring_is_known() {
        for known in [
            "network-online.target",
            "postgresql@15-main.service",
            "getty@tty1.service",
            "php8.2-fpm.service",
            "home.mount",
            "dev-sda1.device",
            "user-1000.slice",
            "dbus-org.freedesktop.login1.service",
        ] {
            assert!(is_known_unit(&name(known)), "{known}");
        }
        assert!(!is_known_unit(&name("postgres.service")));
        assert!(!is_known_unit(&name("orders@1.service")));
    }

    #[test]
    fn a_slip_finds_the_unit_and_another_unit_does_not() {
        let own = ["api.service", "orders-api.service", "worker@.service"];
        let meant = |text: &str| nearest_unit(&name(text), own);
        for (written, unit) in [
            ("postgres.service", "postgresql.service"),
            ("network.service", "network.target"),
            ("multi-usr.target", "multi-user.target"),
            ("timers.service", "timers.target"),
            ("ngnix.service", "nginx.service"),
            ("order-api.service", "orders-api.service"),
            ("api.target", "api.service"),
            ("wroker@3.service", "worker@3.service"),
            ("Docker.service", "docker.service"),
        ] {
            assert_eq!(meant(written).as_deref(), Some(unit), "{written}");
        }
        for other in ["app.service", "redis2.service", "mimir.service", "worker.service", "shop-db.service"] {
            assert_eq!(meant(other), None, "{other}");
        }
    }
}
