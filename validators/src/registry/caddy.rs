//! Caddy: `caddy validate --adapter caddyfile --config F`. It loads modules and certificates and starts no server.

use super::pattern::{error, warning};
use super::throw_away::{Kind, stand_ins};
use super::{Prepared, Program, Scope, View};

pub(super) const CADDY: Program = Program {
    name: "caddy",
    about: "Caddyfiles, each with what it imports",
    applies_to: &["/etc/caddy/Caddyfile", "/usr/local/etc/caddy/Caddyfile"],
    scope: Scope::Each,
    argv: &["caddy", "validate", "--adapter", "caddyfile", "--config", "{}"],
    version_argv: &["caddy", "version"],
    env: &[("XDG_DATA_HOME", "/tmp"), ("XDG_CONFIG_HOME", "/tmp"), ("GOMAXPROCS", "2")],
    dirs: &["/var/lib/caddy", "/var/log/caddy", "/etc/caddy"],
    patterns: &[
        error("Error: adapting config using caddyfile: {file}:{line}: {message}"),
        error("Error: adapting config using caddyfile: {file}:{line} - {message}"),
        error("{_}Error during parsing: {message}, at {file}:{line}"),
        error("{_}, at {file}:{line}"),
        error("Error: {message}"),
        warning("{_}\"level\":\"error\",{_}\"msg\":\"{message}\"{_}"),
    ],
    packages: &[("", "caddy")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// Throw-away certificates and keys where `tls` names two files.
fn prepare(view: &View<'_>) -> Prepared {
    let mut prepared = Prepared { stand_ins: stand_ins(view, &[("tls", Kind::Both)]), ..Prepared::default() };
    for line in view.subjects.iter().flat_map(|(_, text)| text.lines()) {
        if let ["tls", certificate, key] = *line.split_whitespace().collect::<Vec<_>>()
            && certificate.starts_with('/')
        {
            let pair = format!("tls {key}\n");
            let subjects = vec![("", pair.as_str())];
            prepared
                .stand_ins
                .extend(stand_ins(&View { subjects, tree: Vec::new() }, &[("tls", Kind::Both)]));
        }
    }
    prepared
}
