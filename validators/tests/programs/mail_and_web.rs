//! Servers of mail and of the web.

use super::{Case, one, real};
use crate::fleet::file;
use crate::{Ended, Test};

pub(crate) const TESTS: &[Test] = &[
    ("programs::postfix_warns_of_an_unknown_parameter_and_that_is_an_error", postfix),
    ("programs::exim", exim),
    ("programs::dovecot", dovecot),
    ("programs::php_fpm", php_fpm),
    ("programs::lighttpd_warns_of_an_unknown_key_and_that_is_an_error", lighttpd),
    ("programs::caddy", caddy),
    ("programs::squid", squid),
    ("programs::varnish", varnish),
];

fn postfix() -> Ended {
    let main = |line: &str| {
        one(
            "/etc/postfix/main.cf",
            &format!("compatibility_level = 3.6\nmyhostname = web1.example.net\n{line}\n"),
        )
    };
    real(Case {
        validator: "postfix",
        good: vec![
            main("mynetworks = 127.0.0.0/8"),
            one("/etc/postfix/master.cf", "smtp inet n - y - - smtpd\ncleanup unix n - y - 0 cleanup\n"),
        ],
        bad: vec![
            (
                main("mydestnation = example.net"),
                "error /etc/postfix/main.cf:3 unused parameter: mydestnation",
            ),
            (main("no equals sign"), "error /etc/postfix/main.cf:3 missing '=' after attribute name"),
            (
                one("/etc/postfix/master.cf", "smtp inet n\n"),
                "error /etc/postfix/master.cf:1 bad field count",
            ),
        ],
    })
}

fn exim() -> Ended {
    let text = |driver: &str| {
        one(
            "/etc/exim4/exim4.conf",
            &format!(
                "primary_hostname = web1.example.net\nbegin routers\nall:\n  driver = {driver}\n  transport = t\nbegin \
                      transports\nt:\n  driver = appendfile\n  file = /dev/null\n  user = mail\n"
            ),
        )
    };
    real(Case {
        validator: "exim",
        good: vec![text("accept")],
        bad: vec![
            (text("acept"), "error /etc/exim4/exim4.conf:4 router all: cannot find router driver \"acept\""),
            (
                one("/etc/exim4/exim4.conf", "primary_hostnme = a\n"),
                "error /etc/exim4/exim4.conf:1 main option \"primary_hostnme\" unknown",
            ),
        ],
    })
}

fn dovecot() -> Ended {
    real(Case {
        validator: "doveconf",
        good: vec![
            one(
                "/etc/dovecot/dovecot.conf",
                "protocols = imap\nssl_cert = </etc/ssl/private/only-there.pem\n",
            ),
            one("/etc/dovecot/conf.d/99-own.conf", "mail_location = maildir:~/Maildir\n"),
        ],
        bad: vec![
            (
                one("/etc/dovecot/dovecot.conf", "protocols = imap\nmail_loction = mbox:~\n"),
                "error /etc/dovecot/dovecot.conf:2 Unknown setting: mail_loction",
            ),
            (
                one("/etc/dovecot/conf.d/99-own.conf", "service imap {\n  process_limit = many\n}\n"),
                "error /etc/dovecot/conf.d/99-own.conf:2 Invalid number many",
            ),
        ],
    })
}

fn php_fpm() -> Ended {
    let pool = |user: &str, start: &str| {
        one(
            "/etc/php/8.2/fpm/pool.d/api.conf",
            &format!(
                "[api]\nuser = {user}\ngroup = www-data\nlisten = /run/php/api.sock\npm = dynamic\npm.max_children = 5\n\
                      {start}\npm.min_spare_servers = 1\npm.max_spare_servers = 3\n"
            ),
        )
    };
    let whole = "[global]\npid = /run/php/php8.2-fpm.pid\nerror_log = /var/log/php8.2-fpm.log\n\
                 include=/etc/php/8.2/fpm/pool.d/*.conf\n";
    let mut tree = pool("api", "pm.start_servers = 2");
    tree.push(file("/etc/php/8.2/fpm/php-fpm.conf", whole));
    real(Case {
        validator: "php-fpm",
        good: vec![pool("www-data", "pm.start_servers = 2"), tree],
        bad: vec![
            (
                pool("www-data", "pm.strt_servers = 2"),
                "error /etc/php/8.2/fpm/pool.d/api.conf:7 unknown entry 'pm.strt_servers'",
            ),
            (pool("www-data", "pm.start_servers = 20"), "pm.start_servers(20) must not be less than"),
            (pool("nosuchuser", "pm.start_servers = 2"), "cannot get uid for user 'nosuchuser'"),
        ],
    })
}

fn lighttpd() -> Ended {
    let main = |line: &str| {
        one("/etc/lighttpd/lighttpd.conf", &format!("server.document-root = \"/var/www/html\"\n{line}\n"))
    };
    real(Case {
        validator: "lighttpd",
        good: vec![
            main("server.modules = ( \"mod_access\" )\nurl.access-deny = ( \"~\" )"),
            one("/etc/lighttpd/conf-enabled/90-own.conf", "server.port = 8080\n"),
        ],
        bad: vec![
            (main("server.prot = 80"), "error /etc/lighttpd/lighttpd.conf:2 unknown config-key: server.prot"),
            (main("server.errorlog = \"/var"), "error /etc/lighttpd/lighttpd.conf:2:"),
        ],
    })
}

fn caddy() -> Ended {
    let caddyfile = |text: &str| one("/etc/caddy/Caddyfile", text);
    real(Case {
        validator: "caddy",
        good: vec![caddyfile(":80 {\n\trespond \"hi\"\n}\n")],
        bad: vec![
            (
                caddyfile(":80 {\n\trspond \"hi\"\n}\n"),
                "error /etc/caddy/Caddyfile:2 unrecognized directive: rspond",
            ),
            (caddyfile(":80 {\n\trespond \"hi\"\n"), "error /etc/caddy/Caddyfile:2 "),
        ],
    })
}

fn squid() -> Ended {
    let main =
        |line: &str| one("/etc/squid/squid.conf", &format!("http_port 3128\n{line}\nhttp_access deny all\n"));
    real(Case {
        validator: "squid",
        good: vec![
            main("acl own src 10.0.0.0/8\nhttp_access allow own"),
            one("/etc/squid/conf.d/own.conf", "http_access allow localhost\n"),
        ],
        bad: vec![
            (main("htp_access allow all"), "error /etc/squid/squid.conf:2 unrecognized: 'htp_access'"),
            (main("http_access allow nosuch"), "error /etc/squid/squid.conf:2 http_access allow nosuch"),
        ],
    })
}

fn varnish() -> Ended {
    let vcl = |port: &str, action: &str| {
        one(
            "/etc/varnish/default.vcl",
            &format!(
                "vcl 4.1;\nbackend default {{ .host = \"127.0.0.1\"; .{port} = \"80\"; }}\nsub vcl_recv {{ return ({action}); }}\n"
            ),
        )
    };
    real(Case {
        validator: "varnishd",
        good: vec![vcl("port", "hash")],
        bad: vec![
            (vcl("port", "hsh"), "error /etc/varnish/default.vcl:3:24 Expected return action name."),
            (vcl("prt", "hash"), "error /etc/varnish/default.vcl:2:41 Unknown field"),
        ],
    })
}
