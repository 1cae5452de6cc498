//! PHP's process manager: `php-fpm -t -y F`. Its name bears the version on most systems.

use super::pattern::{error, warning};
use super::{Program, Scope};
use crate::sandbox::Identity;

pub(super) const PHP_FPM: Program = Program {
    name: "php-fpm",
    about: "php-fpm's configuration and its pools, from php-fpm.conf",
    applies_to: &[
        "/etc/php/*/fpm/php-fpm.conf",
        "/etc/php/*/fpm/pool.d/*.conf",
        "/etc/php-fpm.conf",
        "/etc/php-fpm.d/*.conf",
        "/etc/php*/php-fpm.conf",
        "/etc/php*/php-fpm.d/*.conf",
        "/usr/local/etc/php-fpm.conf",
        "/usr/local/etc/php-fpm.d/*.conf",
    ],
    scope: Scope::Tree {
        mains: &[
            "/etc/php/8.4/fpm/php-fpm.conf",
            "/etc/php/8.3/fpm/php-fpm.conf",
            "/etc/php/8.2/fpm/php-fpm.conf",
            "/etc/php/8.1/fpm/php-fpm.conf",
            "/etc/php/8.0/fpm/php-fpm.conf",
            "/etc/php/7.4/fpm/php-fpm.conf",
            "/etc/php-fpm.conf",
            "/etc/php84/php-fpm.conf",
            "/etc/php83/php-fpm.conf",
            "/etc/php82/php-fpm.conf",
            "/usr/local/etc/php-fpm.conf",
        ],
        wrapper: "[global]\nerror_log = /var/log/php-fpm.log\ninclude = {each}\n",
    },
    argv: &["php-fpm", "-t", "-y", "{}"],
    also: &[
        "php-fpm8.4",
        "php-fpm8.3",
        "php-fpm8.2",
        "php-fpm8.1",
        "php-fpm8.0",
        "php-fpm7.4",
        "php-fpm84",
        "php-fpm83",
        "php-fpm82",
        "php-fpm-8.4",
        "php-fpm-8.3",
    ],
    bad: &[78],
    identity: Identity::Root,
    root_because: "only root looks up the accounts that pools name",
    flat_accounts: true,
    dirs: &["/run/php", "/var/log/php-fpm", "/var/lib/php/sessions", "/var/www"],
    patterns: &[
        error("[{_}] ERROR: [{file}:{line}] {message}"),
        error("[{_}] ALERT: {message}"),
        error("[{_}] ERROR: {message}"),
        warning("[{_}] WARNING: {message}"),
    ],
    ignored: &["FPM initialization failed", "failed to load configuration file", "failed to post process"],
    packages: &[("alpine", "php83-fpm"), ("freebsd", "php83"), ("openbsd", "php"), ("", "php-fpm")],
    ..Program::COMMON
};
