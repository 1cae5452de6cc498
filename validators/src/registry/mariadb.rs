//! MariaDB: `mariadbd --defaults-file=F --help --verbose`, which reads options, starts nothing, and prints what it would
//! start with.

use super::pattern::{error, warning};
use super::{Program, Scope};

pub(super) const MARIADB: Program = Program {
    name: "mariadbd",
    about: "options of MariaDB's server, each file with what it includes",
    applies_to: &[
        "/etc/mysql/my.cnf",
        "/etc/mysql/mariadb.cnf",
        "/etc/mysql/{conf.d,mariadb.conf.d}/*.cnf",
        "/etc/my.cnf",
        "/etc/my.cnf.d/*.cnf",
        "/usr/local/etc/mysql/my.cnf",
        "/usr/local/etc/mysql/conf.d/*.cnf",
    ],
    scope: Scope::Each,
    argv: &["mariadbd", "--defaults-file={}", "--help", "--verbose"],
    version_argv: &["mariadbd", "--version"],
    version_line: "mariadbd  Ver {message} for {_}",
    bad: &[1, 7],
    dirs: &[
        "/var/lib/mysql",
        "/var/log/mysql",
        "/run/mysqld",
        "/etc/mysql/conf.d",
        "/etc/mysql/mariadb.conf.d",
        "/etc/my.cnf.d",
    ],
    patterns: &[
        error("error: {message} in config file: {file} at line: {line}"),
        error("error: {message} in config file {file} at line {line}"),
        error("{_}[ERROR] {_}: {message} '{key}={_}'"),
        error("{_}[ERROR] {_}: {message}"),
        error("{_}[ERROR] {message}"),
        warning("{_}[Warning] Buffered warning: option '{key}': {message}"),
    ],
    ignored: &["Aborting", "max_open_files", "mysql.plugin"],
    packages: &[
        ("debian", "mariadb-server-core"),
        ("ubuntu", "mariadb-server-core"),
        ("freebsd", "mariadb1011-server"),
        ("alpine", "mariadb"),
        ("", "mariadb-server"),
    ],
    ..Program::COMMON
};
