//! The configuration of a hundred Debian packages, which `tests/packages.rs` adopts: downloaded once, by apt itself, and
//! kept unpacked in the cache. Their licences are their own; nothing of them is in the repository.

use crate::process::{cache_dir, run, say};
use crate::tools::find;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The packages, as Debian 12 names them.
const PACKAGES: &str = "389-ds-base acpid amavisd-new anacron apache2 apparmor apt at auditd autofs avahi-daemon \
    bacula-fd bind9 bird2 borgmatic caddy ceph-mon ceph-osd certbot charon-systemd chrony \
    clamav-daemon clamav-freshclam cloud-init cockpit-ws collectd-core containerd corosync coturn \
    cron dnsmasq docker.io dovecot-core drbd-utils ejabberd etcd-server exim4-base fail2ban \
    firewalld freeradius frr glusterfs-server haproxy haveged hostapd ifupdown influxdb inn2 \
    irqbalance kea-dhcp4-server keepalived knot krb5-kdc libvirt-daemon-system lighttpd lldpd \
    logrotate lvm2 lxc man-db mariadb-server mdadm memcached mosquitto multipath-tools munin-node \
    netfilter-persistent network-manager nfs-common nfs-kernel-server nftables nginx-common nsd \
    ntpsec nut-server open-iscsi opendkim opensmtpd openssh-server openvpn pacemaker pdns-server \
    php8.2-fpm podman postfix postgresql-common prometheus prometheus-alertmanager \
    prometheus-node-exporter qemu-guest-agent rabbitmq-server redis-server rsync rsyslog samba \
    smartmontools squid tor unbound varnish";

/// What of a package is configuration.
const TREES: &[&str] = &[
    "./etc",
    "./lib/systemd/system",
    "./lib/systemd/user",
    "./usr/lib/systemd/system",
    "./usr/lib/systemd/user",
    "./lib/tmpfiles.d",
    "./usr/lib/tmpfiles.d",
    "./usr/lib/sysusers.d",
    "./usr/lib/sysctl.d",
    "./usr/lib/modules-load.d",
    "./var/spool/cron",
];

/// A directory with a root for each package; `None` if the packages cannot be had.
pub(crate) fn roots() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CMC_TEST_PACKAGES") {
        return Some(path.into());
    }
    let dir = cache_dir().join("debian-12-packages");
    if dir.is_dir() {
        return Some(dir);
    }
    let release = std::fs::read_to_string("/etc/debian_version").unwrap_or_default();
    let programs = ["apt-get", "dpkg-deb", "tar"];
    if std::env::var_os("CMC_NO_INSTALL").is_some()
        || !release.starts_with("12")
        || programs.iter().any(|program| find(program).is_none())
    {
        return None;
    }
    say("downloading 100 Debian packages (230 MB) for the test that adopts them");
    let part = cache_dir().join(format!("debian-12-packages.{}.part", std::process::id()));
    let unpacked = unpack(&part).and_then(|()| {
        std::fs::rename(part.join("roots"), &dir).map_err(|error| format!("{}: {error}", dir.display()))
    });
    let _ = std::fs::remove_dir_all(&part);
    match unpacked {
        Ok(()) => Some(dir),
        Err(error) => {
            say(&format!("{error}; the test that adopts Debian packages will be skipped"));
            None
        }
    }
}

/// Downloads into `part` and unpacks to a folder in it, all or nothing.
fn unpack(part: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", part.display());
    std::fs::create_dir_all(part.join("roots")).map_err(failed)?;
    let mut apt = Command::new("apt-get");
    apt.args(["-qq", "download"]).args(PACKAGES.split_whitespace()).current_dir(part).stdout(Stdio::null());
    run(&mut apt)?;
    for entry in std::fs::read_dir(part).map_err(failed)?.flatten() {
        let archive = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some((package, _)) = name.split_once('_').filter(|_| name.ends_with(".deb")) {
            let root = part.join("roots").join(package);
            std::fs::create_dir_all(&root).map_err(failed)?;
            configuration(&archive, &root)?;
        }
    }
    Ok(())
}

/// Unpacks what is configuration of a package.
fn configuration(archive: &Path, root: &Path) -> Result<(), String> {
    let mut deb = Command::new("dpkg-deb");
    let mut deb = deb
        .arg("--fsys-tarfile")
        .arg(archive)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("could not start dpkg-deb: {error}"))?;
    let mut tar = Command::new("tar");
    tar.arg("-x").arg("-C").arg(root).args(TREES).stderr(Stdio::null());
    if let Some(stdout) = deb.stdout.take() {
        tar.stdin(stdout);
    }
    // It fails where a package lacks one of the trees, and unpacks the others all the same.
    let unpacked = tar.status();
    let read = deb.wait();
    match (unpacked, read) {
        (Ok(_), Ok(read)) if read.success() => Ok(()),
        _ => Err(format!("could not unpack {}", archive.display())),
    }
}
