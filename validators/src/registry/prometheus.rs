//! Prometheus and its Alertmanager: `promtool check …`, `amtool check-config F`. Targets are not asked, and files that
//! a configuration names are not opened: they may come from elsewhere.

use super::pattern::{Pattern, error};
use super::{Program, Scope};

/// Each of them prints the file first and what is wrong on the lines after it.
const PATTERNS: &[Pattern] = &[
    error("Checking '{file}'  FAILED: yaml: unmarshal errors:\n  line {line}: {message}"),
    error("Checking '{file}'  FAILED: yaml: line {line}: {message}"),
    error("Checking '{file}'  FAILED: {message}"),
    error("{file}: {line}:{column}: {message}"),
    error("{_}FAILED: parsing YAML file {file}: yaml: line {line}: {message}"),
    error("{_}FAILED: parsing YAML file {file}: yaml: unmarshal errors:\n  line {line}: {message}"),
    error("{_}FAILED: parsing YAML file {file}: {message}"),
    error("{file}: yaml: unmarshal errors:\n  line {line}: {message}"),
    error("{file}: yaml: line {line}: {message}"),
    error("{_}FAILED: {message}"),
];

pub(super) const PROMETHEUS: Program = Program {
    name: "promtool",
    about: "Prometheus's configuration",
    applies_to: &["/etc/prometheus/prometheus.{yml,yaml}", "/usr/local/etc/prometheus.{yml,yaml}"],
    scope: Scope::Each,
    argv: &["promtool", "check", "config", "--syntax-only", "{}"],
    version_argv: &["promtool", "--version"],
    version_line: "promtool, version {message} ({_}",
    patterns: PATTERNS,
    packages: &[("", "prometheus")],
    ..Program::COMMON
};

pub(super) const RULES: Program = Program {
    name: "promtool-rules",
    about: "rules and alerts of Prometheus",
    applies_to: &[
        "/etc/prometheus/{rules,rules.d,alerts,alerts.d}/**/*.{yml,yaml,rules}",
        "/etc/prometheus/{*rules*,*alerts*}.{yml,yaml}",
        "/etc/prometheus/*.rules",
        "/usr/local/etc/prometheus/{rules,alerts}/**/*.{yml,yaml}",
    ],
    argv: &["promtool", "check", "rules", "{}"],
    scope: Scope::Alone,
    ..PROMETHEUS
};

pub(super) const ALERTMANAGER: Program = Program {
    name: "amtool",
    about: "Alertmanager's configuration, with its templates",
    applies_to: &[
        "/etc/prometheus/alertmanager.{yml,yaml}",
        "/etc/alertmanager/alertmanager.{yml,yaml}",
        "/usr/local/etc/alertmanager/alertmanager.{yml,yaml}",
    ],
    scope: Scope::Each,
    argv: &["amtool", "check-config", "{}"],
    version_argv: &["amtool", "--version"],
    version_line: "amtool, version {message} ({_}",
    patterns: PATTERNS,
    packages: &[
        ("debian", "prometheus-alertmanager"),
        ("ubuntu", "prometheus-alertmanager"),
        ("", "alertmanager"),
    ],
    ..Program::COMMON
};
