//! Accounts that an operating system comes with, so that files and daemons may name them without a declaration.

/// Users and groups of a family of operating systems, separated by blanks.
struct Base {
    families: &'static [&'static str],
    users: &'static str,
    groups: &'static str,
}

/// Written by hand after the base-passwd package of Debian 12, setup of Fedora 40 and RHEL 9, filesystem of Arch, aaa_base and
/// system-user-* of openSUSE, alpine-baselayout 3.20, baselayout of Gentoo, and etc/master.passwd and etc/group of
/// OpenBSD 7.5 and FreeBSD 14; with systemd's own where it is the init system.
const BASES: &[Base] = &[
    Base {
        families: &["debian", "ubuntu"],
        users: "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc _apt nobody \
            systemd-network systemd-resolve systemd-timesync messagebus sshd",
        groups: "root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom floppy \
            tape sudo audio dip www-data backup operator list irc src shadow utmp video sasl plugdev staff \
            games users nogroup systemd-journal systemd-network systemd-resolve systemd-timesync messagebus \
            crontab input kvm render",
    },
    Base {
        families: &["rhel", "rocky", "almalinux", "fedora"],
        users: "root bin daemon adm lp sync shutdown halt mail operator games ftp nobody dbus systemd-network \
            systemd-resolve systemd-coredump tss sshd chrony polkitd",
        groups: "root bin daemon sys adm tty disk lp mem kmem wheel cdrom mail man dialout floppy games tape \
            video ftp lock audio users nobody utmp utempter input kvm render systemd-journal dbus \
            systemd-network systemd-resolve systemd-coredump tss sshd chrony polkitd ssh_keys",
    },
    Base {
        families: &["arch"],
        users: "root bin daemon mail ftp http nobody dbus systemd-coredump systemd-network systemd-resolve \
            systemd-timesync systemd-journal-remote uuidd",
        groups: "root sys mem ftp mail log smmsp proc games lock network floppy scanner power nobody adm wheel \
            utmp audio disk input kmem kvm lp optical render sgx storage tty uucp video users http bin \
            daemon systemd-journal dbus systemd-network systemd-resolve systemd-timesync",
    },
    Base {
        families: &["opensuse"],
        users: "root bin daemon lp mail man nobody messagebus systemd-network systemd-timesync sshd chrony \
            polkitd",
        groups: "root bin daemon sys tty disk lp wheel mail man kmem shadow trusted utmp video audio cdrom \
            dialout users nobody nogroup input kvm render messagebus systemd-journal systemd-network \
            systemd-timesync sshd chrony",
    },
    Base {
        families: &["alpine"],
        users: "root bin daemon lp sync shutdown halt mail news uucp cron ftp sshd games ntp guest nobody",
        groups: "root bin daemon sys adm tty disk lp kmem wheel floppy mail news uucp cron audio cdrom dialout \
            ftp sshd input tape video netdev kvm games shadow www-data users ntp abuild utmp ping nogroup \
            nobody",
    },
    Base {
        families: &["gentoo"],
        users: "root bin daemon adm lp sync shutdown halt news uucp operator man nobody portage sshd messagebus",
        groups: "root bin daemon sys adm tty disk lp mem kmem wheel floppy news uucp console audio cdrom tape \
            video usb users nobody nogroup portage utmp input kvm render shadow cron crontab sshd messagebus",
    },
    Base {
        families: &["openbsd"],
        users: "root daemon operator bin build sshd www nobody _portmap _identd _rstatd _rusersd _fingerd _x11 \
            _unwind _switchd _traceroute _ping _rebound _unbound _dpb _pbuild _pfetch _pkgfetch _pkguntar \
            _spamd _syspatch _slaacd _sndio _syslogd _pflogd _ntp _smtpd _smtpq _bgpd _ospfd _nsd _ldapd \
            _iked _relayd _dhcp _mopd _tftpd _snmpd _rad _vmd _cron",
        groups: "wheel daemon kmem sys tty operator bin wsrc users auth games staff wobj sshd guest utmp crontab \
            www network authpf dialer nogroup nobody _shadow _token _sshagnt _x11 _unbound _nsd _ntp _smtpd \
            _smtpq _relayd _syslogd _pflogd _bgpd _ospfd _iked _dhcp _tftpd _snmpd _vmd _sndio",
    },
    Base {
        families: &["freebsd"],
        users: "root toor daemon operator bin tty kmem games news man sshd smmsp mailnull bind unbound proxy \
            _pflogd _dhcp uucp pop auditdistd www ntpd _ypldap hast tests nobody",
        groups: "wheel daemon kmem sys tty operator mail bin news man games ftp staff sshd smmsp mailnull guest \
            video realtime idletime bind unbound proxy authpf _pflogd _dhcp uucp dialer network audit www \
            u2f ntpd _ypldap hast tests nogroup nobody",
    },
];

fn base(family: &str) -> Option<&'static Base> {
    BASES.iter().find(|base| base.families.contains(&family))
}

/// The users that a family of operating systems comes with.
pub(crate) fn users(family: &str) -> std::str::Split<'static, char> {
    base(family).map_or("root", |base| base.users).split(' ')
}

/// The groups that a family of operating systems comes with.
pub(crate) fn groups(family: &str) -> std::str::Split<'static, char> {
    base(family).map_or("root", |base| base.groups).split(' ')
}

/// The group of a user that the family comes with, or the one that is made with a user: of its name.
pub(crate) fn primary_group<'a>(family: &str, user: &'a str) -> &'a str {
    match (user, family) {
        ("root" | "toor", "openbsd" | "freebsd") => "wheel",
        ("root", _) => "root",
        ("nobody", "debian" | "ubuntu") => "nogroup",
        _ => user,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cmc_types::os::FAMILIES;

    #[test]
    fn every_family_has_accounts() {
        for family in FAMILIES {
            assert!(users(family.name).any(|user| user == "nobody"), "{}", family.name);
            let root = primary_group(family.name, "root");
            assert!(groups(family.name).any(|group| group == root), "{}: {root}", family.name);
            let nobody = primary_group(family.name, "nobody");
            assert!(groups(family.name).any(|group| group == nobody), "{}: {nobody}", family.name);
        }
    }
}
