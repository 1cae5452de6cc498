//! nginx: `nginx -t -q -c F`. Under `-t` it opens logs, creates its cache directories, binds its listeners, deletes
//! Unix sockets and resolves upstreams: all of that happens in the sandbox.

use super::pattern::{error, warning};
use super::throw_away::{Kind, stand_ins};
use super::{Prepared, Program, Scope, Stub, View};
use crate::sandbox::Identity;

pub(super) const NGINX: Program = Program {
    name: "nginx",
    about: "nginx's configuration, from nginx.conf, with all that it includes",
    applies_to: &[
        "/etc/nginx/*.conf",
        "/etc/nginx/**/*.conf",
        "/etc/nginx/sites-{available,enabled}/*",
        "/usr/local/etc/nginx/*.conf",
        "/usr/local/etc/nginx/**/*.conf",
    ],
    scope: Scope::Tree {
        mains: &["/etc/nginx/nginx.conf", "/usr/local/etc/nginx/nginx.conf"],
        wrapper: "include /etc/nginx/modules-enabled/*.conf;\nevents {}\nhttp {\ninclude /etc/nginx/mime.types;\n\
                  include /etc/nginx/conf.d/*.conf;\ninclude /etc/nginx/http.d/*.conf;\ninclude /etc/nginx/sites-enabled/*;\n}\n",
    },
    argv: &["nginx", "-t", "-q", "-c", "{}"],
    version_argv: &["nginx", "-v"],
    version_line: "nginx version: {message}",
    identity: Identity::Root,
    root_because: "only root looks up the account that `user` names",
    flat_accounts: true,
    dirs: &[
        "/var/log/nginx",
        "/var/lib/nginx",
        "/var/lib/nginx/tmp",
        "/var/cache/nginx",
        "/var/www",
        "/var/tmp/nginx",
    ],
    machine: &[
        "/etc/nginx/fastcgi.conf",
        "/etc/nginx/fastcgi_params",
        "/etc/nginx/koi-utf",
        "/etc/nginx/koi-win",
        "/etc/nginx/mime.types",
        "/etc/nginx/modules",
        "/etc/nginx/modules-available",
        "/etc/nginx/modules-enabled",
        "/etc/nginx/proxy_params",
        "/etc/nginx/scgi_params",
        "/etc/nginx/snippets",
        "/etc/nginx/uwsgi_params",
        "/etc/nginx/win-utf",
    ],
    stubs: &[
        ("/usr/local/etc/nginx/mime.types", Stub::Link("/etc/nginx/mime.types")),
        ("/usr/local/etc/nginx/fastcgi_params", Stub::Link("/etc/nginx/fastcgi_params")),
    ],
    patterns: &[
        error("{_}[emerg] {_}#{_}: {message} in {file}:{line}"),
        error("nginx: [emerg] {message} in {file}:{line}"),
        error("{_}[emerg] {_}#{_}: {message}"),
        error("nginx: [emerg] {message}"),
        error("{_}[crit] {_}#{_}: {message}"),
        error("{_}[alert] {_}#{_}: {message}"),
        warning("{_}[warn] {_}#{_}: {message} in {file}:{line}"),
        warning("nginx: [warn] {message} in {file}:{line}"),
        warning("{_}[warn] {_}#{_}: {message}"),
        warning("nginx: [warn] {message}"),
    ],
    packages: &[("", "nginx")],
    prepare: Some(prepare),
    ..Program::COMMON
};

/// Throw-away certificates and keys wherever TLS names a file.
fn prepare(view: &View<'_>) -> Prepared {
    let keywords = [
        ("ssl_certificate", Kind::Certificate),
        ("ssl_certificate_key", Kind::Key),
        ("ssl_client_certificate", Kind::Certificate),
        ("ssl_trusted_certificate", Kind::Certificate),
        ("proxy_ssl_trusted_certificate", Kind::Certificate),
    ];
    Prepared { stand_ins: stand_ins(view, &keywords), ..Prepared::default() }
}
