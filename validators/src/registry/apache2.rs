//! Apache httpd: `apache2 -t -f F`. Debian's layout; its variables of `envvars` are in the environment.

use super::pattern::{error, warning};
use super::throw_away::{Kind, stand_ins};
use super::{Prepared, Program, Scope, View};

pub(super) const APACHE2: Program = Program {
    name: "apache2",
    about: "Apache's configuration in Debian's layout, from apache2.conf, with all that it includes",
    applies_to: &["/etc/apache2/*.conf", "/etc/apache2/{conf,mods,sites}-{available,enabled}/*.conf"],
    scope: Scope::Tree {
        mains: &["/etc/apache2/apache2.conf"],
        // What Debian's own main file does, less what a check does not need.
        wrapper: "DefaultRuntimeDir ${APACHE_RUN_DIR}\nPidFile ${APACHE_PID_FILE}\nServerName localhost\n\
                  User ${APACHE_RUN_USER}\nGroup ${APACHE_RUN_GROUP}\nErrorLog ${APACHE_LOG_DIR}/error.log\n\
                  IncludeOptional mods-enabled/*.load\nIncludeOptional mods-enabled/*.conf\n\
                  IncludeOptional ports.conf\nAccessFileName .htaccess\n\
                  LogFormat \"%v:%p %h %l %u %t \\\"%r\\\" %>s %O\" vhost_combined\n\
                  LogFormat \"%h %l %u %t \\\"%r\\\" %>s %O\" combined\nLogFormat \"%h %l %u %t \\\"%r\\\" %>s %O\" common\n\
                  IncludeOptional conf-enabled/*.conf\nIncludeOptional sites-enabled/*.conf\n",
    },
    argv: &["apache2", "-t", "-f", "{}"],
    version_argv: &["apache2", "-v"],
    version_line: "Server version: {message}",
    env: &[
        ("APACHE_RUN_USER", "www-data"),
        ("APACHE_RUN_GROUP", "www-data"),
        ("APACHE_PID_FILE", "/var/run/apache2/apache2.pid"),
        ("APACHE_RUN_DIR", "/var/run/apache2"),
        ("APACHE_LOCK_DIR", "/var/lock/apache2"),
        ("APACHE_LOG_DIR", "/var/log/apache2"),
    ],
    dirs: &["/run/apache2", "/run/lock/apache2", "/var/log/apache2", "/var/cache/apache2", "/var/www/html"],
    machine: &[
        "/etc/apache2/conf-available",
        "/etc/apache2/conf-enabled",
        "/etc/apache2/magic",
        "/etc/apache2/mods-available",
        "/etc/apache2/mods-enabled",
        "/etc/apache2/ports.conf",
    ],
    patterns: &[
        error("{*}Syntax error on line {line} of {file}:\n{message}"),
        error("{*}Syntax error on line {line} of {file}: {message}"),
        error("AH{_}: {_}: Configuration error: {message}"),
        error("{_}: could not open {message}"),
        warning("AH{_}: {_}: {message}"),
        warning("[{_}] [{_}:warn] {message}"),
    ],
    ignored: &["Could not reliably determine the server's fully qualified domain name"],
    packages: &[("", "apache2")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// Throw-away certificates and keys wherever TLS names a file.
fn prepare(view: &View<'_>) -> Prepared {
    let keywords = [
        ("SSLCertificateFile", Kind::Certificate),
        ("SSLCertificateKeyFile", Kind::Key),
        ("SSLCertificateChainFile", Kind::Certificate),
        ("SSLCACertificateFile", Kind::Certificate),
    ];
    Prepared { stand_ins: stand_ins(view, &keywords), ..Prepared::default() }
}
