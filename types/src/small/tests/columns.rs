//! The formats of columns, from their manual pages and what their programs say.

use super::*;

#[test]
fn tmpfiles_takes_what_its_manual_shows() {
    let manual = "\
# Example: /run/screens, and what tmpfiles.d(5) shows
d /run/screens 1777 root screen 10d
d /run/uscreens 0755 root screen 10d12h
t /run/cups - - - - security.SMACK64=printing user.attr-with-spaces=\"foo bar\"
D /tmp/abrt 0755 abrt abrt -
h /var/log/journal - - - - +C
v /var/tmp 1777 root root 30d
x /var/tmp/abrt/*
R! /tmp/.X[0-9]*-lock
L+ /etc/os-release - - - - ../usr/lib/os-release
a+ /var/log/journal/%m - - - - d:group:adm:r-x
w- /sys/module/x/parameters/y - - - - a\\x41\\n
c+ /dev/fake 0600 root root - 1:3
C /etc/fish - - - - /usr/share/fish
f^ /etc/motd - - - - motd.txt
f~ /etc/issue :0644 :root :root - SGVsbG8=
e /var/cache/x ~0755 0 0 ~aM:1.5h
d \"/srv/with blank\" - -
";
    assert_eq!(said(TMPFILES, manual), Vec::<String>::new());
    assert_eq!(reprint(TMPFILES, manual), manual);
    let (file, _) = tmpfiles::parse(manual);
    let entries: Vec<_> = file.entries().collect();
    assert_eq!(entries.len(), 17);
    let (line, last) = &entries[16];
    assert_eq!((*line, last.path.as_str()), (18, "/srv/with blank"));
    let age = entries[15].1.age.clone().unwrap();
    assert_eq!((age.keep_first_level, age.by.as_str(), age.micros), (true, "aM", 5_400_000_000));
    let mode = entries[14].1.mode.unwrap();
    assert_eq!((mode.bits, mode.only_new, mode.masked), (0o644, true, false));
}

#[test]
fn tmpfiles_mistakes_are_named() {
    for (line, expected) in [
        ("d", "there is no path"),
        ("; comment", "there is no such type of line"),
        ("/run/x d", "there is no such type of line"),
        ("d!! /x", "a modifier stands there twice"),
        ("dd /x", "there is no such modifier"),
        ("d$ /x", "the modifiers `?` and `$` came after systemd 255"),
        ("d ~/x", "the path is not absolute"),
        ("d /%j", "there is no such specifier behind a `%`"),
        ("d /x 10000", "the mode is not octal"),
        ("d /x :", "the mode is not octal"),
        ("d /x 755 root:root", "that is no user or group"),
        ("d /x 755 65535", "that is no user or group"),
        ("d /x 755 - - az:1d", "the times that the age is by are unknown"),
        ("d /x 755 - - :1d", "the times that the age is by are unknown"),
        ("d /x 755 - - 1x", "the age is no span of time"),
        ("d /x 755 root root - arg", "a line of this type takes no argument"),
        ("w /x", "a line of this type needs an argument"),
        ("h /x - - - - +Z", "there is no such file attribute"),
        ("t /x - - - - foo", "an extended attribute is not NAME=VALUE"),
        ("c /x - - - - 1", "the device is not MAJOR:MINOR"),
        ("C /x - - - - rel", "what is copied is not an absolute path"),
        ("w /x - - - - a\\q", "there is no such escape"),
        ("f /x - - - - a\\", "there is no such escape"),
        ("L~ /x - - - - Zm9v", "a line of this type takes no argument in base64"),
        ("f^ /x", "no credential is named"),
        ("f^ /x - - - - a/b", "that is no name of a credential"),
        ("d \"/x", "a quote is not closed, or a backslash stands at the end"),
        ("d /x\\", "a quote is not closed, or a backslash stands at the end"),
    ] {
        assert_eq!(one(TMPFILES, line), expected, "{line}");
    }
    let twice = said(TMPFILES, "d /a 0755\nd /b\nd /a/ 0700\nd /a 0755\nz /a 0700\nd! /a 0700\n");
    assert_eq!(twice, ["3:1-11: systemd-tmpfiles ignores this second line for the same path"]);
}

#[test]
fn sysusers_takes_what_its_manual_shows() {
    let manual = "\
#Type Name     ID                   GECOS                 Home directory Shell
u     httpd    404                  \"HTTP User\"
u     _authd   /usr/bin/authd       \"Authorization user\"
u     postgres -                    \"Postgresql Database\" /var/lib/pgsql /usr/libexec/postgresdb
u     api      5:60                 - /srv/api
u     api2     -:web
g     input    -                    -
m     _authd   input
u     root     0                    \"Superuser\"           /root          /bin/zsh
r     -        500-900
r     - 5
";
    assert_eq!(said(SYSUSERS, manual), Vec::<String>::new());
    assert_eq!(reprint(SYSUSERS, manual), manual);
    assert_eq!(sysusers::parse(manual).0.entries().count(), 10);
}

#[test]
fn sysusers_mistakes_are_named() {
    for (line, expected) in [
        ("u", "there is no name"),
        ("x a", "there is no such type of line"),
        ("u! a", "`u!` came after systemd 255"),
        ("u 1a", "that is no name of a user or group"),
        ("u a.b -", "that is no name of a user or group"),
        ("u \"\" -", "there is no name"),
        ("u a 00010", "that is no number of an account"),
        ("u a 65535", "that is no number of an account"),
        ("u a 5:", "that is no number of an account"),
        ("g a 5:6", "that is no number of an account"),
        ("u a 5 \"G : x\"", "the description holds a `:` or a control character"),
        ("u a - - rel", "the home directory is no path"),
        ("u a - - /a/../b", "the home directory is no path"),
        ("u a - - /h rel", "the shell is no path"),
        ("u a - - /h /s x", "something follows the sixth column"),
        ("g a 5 desc", "a line of this type has no such column"),
        ("m a", "there is no group"),
        ("m a 5", "that is no name of a user or group"),
        ("r a 500-900", "a range has no name"),
        ("r - 900-500", "that is no range of numbers"),
        ("r -", "there is no range of numbers"),
        ("u a \"x", "a quote is not closed, or a backslash stands at the end"),
    ] {
        assert_eq!(one(SYSUSERS, line), expected, "{line}");
    }
    let twice = said(SYSUSERS, "u a 1\ng a 2\nu a 1\nu a 2\n");
    assert_eq!(twice, ["4:1-6: systemd-sysusers ignores this second line for the same account"]);
}

/// Found by mutated seeds: the letter of an escape may be longer than a byte.
#[test]
fn a_wrong_escape_is_told_with_its_letter_whatever_letter_it_is() {
    assert_eq!(said(TMPFILES, "w /sys/z - - - - a\\éx41\n"), ["1:19-21: there is no such escape: \"\\\\é\""]);
}

/// Found by a fuzz target: white space that does not separate words is a word.
#[test]
fn what_follows_the_last_column_is_told_whatever_kind_of_space_it_is() {
    let systemd = Format::Modules(modules::Dialect::Systemd);
    assert_eq!(one(SYSUSERS, "u a 5 b /c /d \u{b}\t"), "something follows the sixth column");
    assert_eq!(one(systemd, "a \u{2028} "), "something follows the module's name");
}

#[test]
fn what_came_late_is_refused_for_hosts_with_an_older_systemd() {
    let severity = |format, line| check(format, line).first().map(|problem| problem.severity);
    for (release, expected) in [
        (Some(252), Some(Severity::Error)),
        (None, Some(Severity::Warning)),
        (Some(256), Some(Severity::Warning)),
        (Some(257), None),
    ] {
        assert_eq!(severity(Format::Tmpfiles(release), "L? /a - - - - /b\n"), expected);
        assert_eq!(severity(Format::Sysusers(release), "u! a -\n"), expected);
    }
}

#[test]
fn sysctl_is_read_as_the_system_reads_it() {
    let linux = Format::Sysctl(sysctl::Dialect::Linux);
    let bsd = Format::Sysctl(sysctl::Dialect::Bsd);
    let manual = "# c\n; c\n\nnet.ipv4.conf.*.rp_filter = 2\n-net.ipv4.conf.all.rp_filter\nnet/ipv4/x=1\n\
                  -kernel.y = a=b\nkernel.core_pattern=|/usr/lib/x %P %u\n";
    assert_eq!(said(linux, manual), Vec::<String>::new());
    assert_eq!(reprint(linux, manual), manual);
    let (file, _) = sysctl::parse(manual, sysctl::Dialect::Linux);
    let third = file.entries().nth(3).unwrap().1;
    assert_eq!(
        (third.ignore_failure, third.key.as_str(), third.value.as_deref()),
        (true, "kernel.y", Some("a=b"))
    );
    let openbsd = "net.inet.ip.forwarding=1   # 1=Permit forwarding\n#x\n\nkern.maxfiles=2\n";
    assert_eq!(said(bsd, openbsd), Vec::<String>::new());
    let first = sysctl::parse(openbsd, sysctl::Dialect::Bsd).0;
    assert_eq!(first.entries().next().unwrap().1.value.as_deref(), Some("1"));
    for (line, expected) in [
        ("net.ipv4.ip_forward 1", "there is no `=`"),
        ("= 1", "there is no key before the `=`"),
        ("vm swappiness = 1", "that is no key"),
        ("\"vm.swappiness\" = 1", "that is no key"),
        ("kernl.x = 1", "no setting of Linux begins so"),
        ("vm.x =", "nothing is assigned"),
        ("vm.x = 1 # one", "the comment is part of the value"),
        ("vm.x = \"1\"", "the quotes are part of the value"),
    ] {
        assert_eq!(one(linux, line), expected, "{line}");
    }
    assert_eq!(one(bsd, "net.inet.ip.forwarding"), "there is no `=`");
}

#[test]
fn modules_are_one_a_line_for_systemd() {
    let systemd = Format::Modules(modules::Dialect::Systemd);
    let openrc = Format::Modules(modules::Dialect::Openrc);
    assert_eq!(said(systemd, "# c\n; c\n\n  virtio_net \nfs-ext4\n"), Vec::<String>::new());
    assert_eq!(said(openrc, "loop max_loop=8\n"), Vec::<String>::new());
    for (line, expected) in [
        ("loop max_loop=8", "something follows the module's name"),
        ("loop # for images", "something follows the module's name"),
        ("/lib/modules/x/loop.ko", "that is a file, not the name of a module"),
    ] {
        assert_eq!(one(systemd, line), expected, "{line}");
    }
}

#[test]
fn limits_are_read_as_pam_limits_reads_them() {
    let manual = "\
# <domain> <type> <item> <value>
*               soft    core            0
*               hard    nofile          512
@student        hard    nproc           20
@faculty        soft    nproc           20
ftp             -       nproc           0 # none
:123            hard    cpu             5000
@500:           soft    cpu             10000
600:700         hard    locks           10
%student        -       maxlogins       4
%               -       maxsyslogins    9
ftp             -       chroot          /ftp
root            soft    NICE            -5
root            hard    memlock         unlimited
@oracle         -       nonewprivs      1
nobody          -
";
    assert_eq!(said(Format::Limits, manual), Vec::<String>::new());
    assert_eq!(reprint(Format::Limits, manual), manual);
    assert_eq!(limits::parse(manual).0.entries().count(), 15);
    for (line, expected) in [
        ("web soft nofile", "the line has fewer than four columns"),
        ("web sof nofile 1", "there is no such type of limit"),
        ("web soft nofiles 1", "there is no such item to limit"),
        ("web soft nofile many", "that is no number"),
        ("web soft nofile 10k", "what follows the number is ignored"),
        ("web soft nofile 1 2", "something follows the value"),
        ("web soft nice 30", "the number is out of range"),
        ("web soft nonewprivs unlimited", "that is no number"),
        ("web - chroot srv", "the directory is not absolute"),
        ("%web soft nofile 1", "`%` is not for this item"),
        ("700:600 soft nofile 1", "that is nobody"),
        ("@ soft nofile 1", "that is nobody"),
    ] {
        assert_eq!(one(Format::Limits, line), expected, "{line}");
    }
}

#[test]
fn hosts_has_an_address_and_names_on_every_line() {
    let hosts = "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # loop\nff02::1 ip6-allnodes\n\n#10.0.0.1\n\
                 10.0.0.2 db.example.net. db\n";
    assert_eq!(said(LINUX, hosts), Vec::<String>::new());
    assert_eq!(reprint(LINUX, hosts), hosts);
    let zone = "fe80::1%lo0 localhost";
    assert_eq!(one(Format::Hosts(hosts::Zones::Read), zone), "");
    for (line, expected) in [
        (zone, "the address has a zone"),
        ("10.0.0.256 db", "that is no IP address"),
        ("10.0.0.01 db", "that is no IP address"),
        ("db 10.0.0.1", "that is no IP address"),
        ("10.0.0.1:80 db", "that is no IP address"),
        ("10.0.0.1", "the address has no name"),
        ("10.0.0.1 # db", "the address has no name"),
        ("10.0.0.1 10.0.0.2", "that is no name of a host"),
        ("10.0.0.1 *.example.net", "that is no name of a host"),
        ("10.0.0.1 http://db", "that is no name of a host"),
        ("10.0.0.1 dätenbank", "that is no name of a host"),
        ("10.0.0.1 a..b", "that is no name of a host"),
        ("10.0.0.1 db db", "the name stands twice in the line"),
    ] {
        assert_eq!(one(LINUX, line), expected, "{line}");
    }
}
