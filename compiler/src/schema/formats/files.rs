//! Files by format: what each says as JSON, and the schema of that.

use super::root;
use cmc_types::env_file::{Dialect, EnvFile};
use cmc_types::file_format::FileFormat;
use cmc_types::login_conf::System;
use cmc_types::small::{self, Entry, File, Format, cron, hosts, modules, sysctl};
use cmc_types::{freebsd_rc, login_conf, openbsd_rc, openrc, shell};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A format of files.
struct Row {
    /// The name of its schema.
    name: &'static str,
    /// Which files have it.
    about: &'static str,
    /// A file.
    sample: &'static str,
    /// More, for keys that it has not.
    more: &'static [&'static str],
    /// Whose reading the sample is for.
    format: FileFormat,
    /// The schema of what a file says.
    make: fn() -> Value,
}

/// What a file says: its statements with their lines.
fn statements<E: Entry + Serialize>(read: (File<E>, Vec<small::Problem>)) -> Option<Value> {
    let statement =
        |(line, says): (u32, &E)| Some(json!({ "line": line, "says": serde_json::to_value(says).ok()? }));
    read.0.entries().map(statement).collect::<Option<Vec<_>>>().map(Value::from)
}

/// The schema of statements.
fn of_statements<T: JsonSchema>() -> Value {
    let mut says = of::<T>();
    let definitions = says.as_object_mut().and_then(|says| says.remove("$defs"));
    let mut schema = json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "line": { "type": "integer", "minimum": 1, "description": "The line on which it begins, from 1.", "examples": [1] },
                "says": says,
            },
            "required": ["line", "says"],
            "additionalProperties": false,
        },
    });
    if let (Some(definitions), Some(schema)) = (definitions, schema.as_object_mut()) {
        schema.insert("$defs".into(), definitions);
    }
    schema
}

fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

const CRON: cron::Table = cron::Table { dialect: cron::Dialect::Debian, user_column: true };

const fn small(
    name: &'static str,
    about: &'static str,
    sample: &'static str,
    format: Format,
    make: fn() -> Value,
) -> Row {
    Row { name, about, sample, more: &[], format: FileFormat::Small(format), make }
}

static ROWS: &[Row] = &[
    small(
        "tmpfiles",
        "tmpfiles.d(5)",
        "d! /run/api 0750 api api 10d\nf+ /run/x ~:0644 :root :root ~aM:1h text\n",
        Format::Tmpfiles(None),
        of_statements::<small::tmpfiles::Entry>,
    ),
    small(
        "sysusers",
        "sysusers.d(5)",
        "u api 500:60 \"The API\" /srv/api /bin/sh\nu b 501:web\nu a /etc/a\ng web 70\nm api web\nr - 500-900\n",
        Format::Sysusers(None),
        of_statements::<small::sysusers::Entry>,
    ),
    small(
        "sysctl",
        "sysctl.d(5) and sysctl.conf(5)",
        "-net.ipv4.ip_forward = 1\n",
        Format::Sysctl(sysctl::Dialect::Linux),
        of_statements::<small::sysctl::Entry>,
    ),
    small(
        "modules-load",
        "modules-load.d(5)",
        "loop max_loop=8\n",
        Format::Modules(modules::Dialect::Openrc),
        of_statements::<small::modules::Entry>,
    ),
    small(
        "limits",
        "limits.conf(5)",
        "@web - nofile 65536\n600:700 soft core unlimited\nftp hard chroot /ftp\n%a - maxlogins 4\n* - core 0\nnobody -\n",
        Format::Limits,
        of_statements::<small::limits::Entry>,
    ),
    small(
        "crontab",
        "crontab(5)",
        "MAILTO=root\n30 4 * * 1-5 root /usr/local/bin/backup\n",
        Format::Cron(CRON),
        of_statements::<small::cron::Entry>,
    ),
    small(
        "hosts",
        "hosts(5)",
        "10.0.0.2 db.example.net db # the database\nfe80::1%lo0 localhost\n",
        Format::Hosts(hosts::Zones::Read),
        of_statements::<small::hosts::Entry>,
    ),
    small(
        "logrotate",
        "logrotate.conf(5)",
        "weekly\n/var/log/api/*.log {\n rotate 8\n size 1M\n su api api\n create 0640 api adm\n olddir old\n compress\n postrotate\n  true\n endscript\n}\n",
        Format::Logrotate,
        of_statements::<small::logrotate::Entry>,
    ),
    small(
        "sudoers",
        "sudoers(5)",
        "Cmnd_Alias API = /bin/systemctl restart api, sudoedit /etc/api, ^/bin/x$ ^a$\nUser_Alias U = ann\nRunas_Alias R = bin\nHost_Alias H = web1, 10.0.0.0/8, +hosts\n\
         Defaults:U !requiretty, env_keep += \"LANG\", umask = 022, env_reset, env_check -= X\nDefaults>R env_reset\nDefaults@H env_reset\nDefaults!API noexec\n\
         U, %ops, #5, %#6, +net, %:x, !bob H = (api : api) TIMEOUT=5m NOPASSWD: sha224:118187da8364d490b4a7debbf483004e8f3e053ec954309de2c41a25 /bin/ls \"\", API, ALL\n@includedir /etc/sudoers.d\n",
        Format::Sudoers,
        of_statements::<small::sudoers::Entry>,
    ),
    small(
        "variables",
        "/etc/default, in the shell's syntax",
        "export PORT=8080\n",
        Format::Variables,
        of_statements::<small::variables::Entry>,
    ),
    small(
        "rc-conf-local",
        "rc.conf.local(8) of OpenBSD",
        "ntpd_flags=\"-s\"\npkg_scripts=postgresql api\n",
        Format::RcConfLocal,
        of_statements::<small::rc_conf_local::Entry>,
    ),
    Row {
        name: "env-file",
        about: "Environment files of systemd, sh, docker and pam_env",
        sample: "# The port.\nPORT=8080\n",
        more: &[],
        format: FileFormat::Env(Dialect::Systemd),
        make: of::<EnvFile>,
    },
    Row {
        name: "login-conf",
        about: "login.conf(5)",
        sample: "api:\\\n\t:openfiles-cur=4096:\\\n\t:requirehome:\\\n\t:umask@:\\\n\t:tc=daemon:\n",
        more: &[],
        format: FileFormat::LoginConf(System::OpenBsd),
        make: of::<Vec<login_conf::Record>>,
    },
    Row {
        name: "openbsd-rc",
        about: "OpenBSD's rc.d scripts",
        sample: "#!/bin/ksh\n\ndaemon=\"/usr/local/bin/api\"\ndaemon_flags=\"-v\"\ndaemon_user=\"_api\"\n\n. /etc/rc.d/rc.subr\n\nrc_bg=YES\nrc_reload_signal=USR1\n\nrc_cmd $1\n",
        more: &[include_str!("samples/openbsd-rc-whole.txt")],
        format: FileFormat::OpenbsdRc,
        make: of::<openbsd_rc::Script>,
    },
    Row {
        name: "freebsd-rc",
        about: "FreeBSD's rc.d scripts",
        sample: "#!/bin/sh\n\n# PROVIDE: api\n# REQUIRE: NETWORKING\n# KEYWORD: shutdown\n\n. /etc/rc.subr\n\nname=\"api\"\nrcvar=\"api_enable\"\n\nload_rc_config $name\n\n: ${api_enable:=\"NO\"}\n\ncommand=\"/usr/local/bin/api\"\n\nrun_rc_command \"$1\"\n",
        more: &[
            include_str!("samples/freebsd-rc-supervised.txt"),
            include_str!("samples/freebsd-rc-file.txt"),
            include_str!("samples/freebsd-rc-forking.txt"),
        ],
        format: FileFormat::FreebsdRc,
        make: of::<freebsd_rc::Script>,
    },
    Row {
        name: "openrc",
        about: "OpenRC's service scripts",
        sample: "#!/sbin/openrc-run\n\ndescription=\"The API\"\nsupervisor=\"supervise-daemon\"\ncommand=\"/usr/local/bin/api\"\ncommand_user=\"api\"\n\ndepend() {\n\tneed net\n}\n",
        more: &[
            include_str!("samples/openrc-supervised.txt"),
            include_str!("samples/openrc-file.txt"),
            include_str!("samples/openrc-forking.txt"),
        ],
        format: FileFormat::Openrc,
        make: of::<openrc::Script>,
    },
    Row {
        name: "shell-conf",
        about: "FreeBSD's rc.conf.d and OpenRC's conf.d",
        sample: "# The API.\napi_enable=\"YES\"\nset -a\n. /etc/api.env\nset +a\n",
        more: &[],
        format: FileFormat::ShellConf,
        make: of::<shell::Conf>,
    },
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}

/// The name of the schema of a format, and what a file of it says; nothing if it cannot be read, or is a unit, whose
/// definition says the same.
pub fn reading(format: FileFormat, text: &str) -> Option<Value> {
    let (name, says) = match format {
        FileFormat::Small(format) => small_reading(format, text)?,
        FileFormat::Env(dialect) => {
            ("env-file", serde_json::to_value(EnvFile::parse(dialect, text).ok()?).ok()?)
        }
        FileFormat::LoginConf(_) => ("login-conf", serde_json::to_value(login_conf::parse(text).ok()?).ok()?),
        FileFormat::OpenbsdRc => ("openbsd-rc", serde_json::to_value(openbsd_rc::parse(text).ok()?).ok()?),
        FileFormat::FreebsdRc => ("freebsd-rc", serde_json::to_value(freebsd_rc::parse(text).ok()?).ok()?),
        FileFormat::Openrc => ("openrc", serde_json::to_value(openrc::parse(text).ok()?).ok()?),
        FileFormat::ShellConf => ("shell-conf", serde_json::to_value(shell::Conf::parse(text).ok()?).ok()?),
        FileFormat::Unit(_) => return None,
    };
    Some(json!({ "format": name, "content": says }))
}

fn small_reading(format: Format, text: &str) -> Option<(&'static str, Value)> {
    let (name, says) = match format {
        Format::Tmpfiles(systemd) => ("tmpfiles", statements(small::tmpfiles::parse_for(text, systemd))),
        Format::Sysusers(systemd) => ("sysusers", statements(small::sysusers::parse_for(text, systemd))),
        Format::Sysctl(dialect) => ("sysctl", statements(sysctl::parse(text, dialect))),
        Format::Modules(dialect) => ("modules-load", statements(modules::parse(text, dialect))),
        Format::Limits => ("limits", statements(small::limits::parse(text))),
        Format::Cron(table) => ("crontab", statements(cron::parse(text, table))),
        Format::Hosts(zones) => ("hosts", statements(hosts::parse(text, zones))),
        Format::Logrotate => ("logrotate", statements(small::logrotate::parse(text))),
        Format::Sudoers => ("sudoers", statements(small::sudoers::parse(text))),
        Format::Variables => ("variables", statements(small::variables::parse(text))),
        Format::RcConfLocal => ("rc-conf-local", statements(small::rc_conf_local::parse(text))),
    };
    Some((name, says?))
}

/// The schema of a format's files.
pub(super) fn schema(name: &str) -> Option<Value> {
    let row = ROWS.iter().find(|row| row.name == name)?;
    let mut content = (row.make)();
    let definitions = content.as_object_mut().and_then(|content| content.remove("$defs"));
    let about = format!("What a file says: {}. `cmc import --format json` gives it.", row.about);
    let content = match content {
        Value::Object(mut object) => {
            object.remove("$schema");
            object.remove("title");
            object.insert("description".into(), "What the file says, in its order.".into());
            Value::Object(object)
        }
        other => other,
    };
    let properties = json!({
        "format": { "description": "The name of this schema.", "const": name, "examples": [name] },
        "content": content,
    });
    let mut schema = root(row.name, &about, properties);
    schema.insert("required".into(), json!(["format", "content"]));
    schema.insert("$defs".into(), definitions.unwrap_or_else(|| json!({})));
    let mut schema = Value::Object(schema);
    if let Some(sample) = reading(row.format, row.sample) {
        let mut definitions = schema["$defs"].take();
        let more = row.more.iter().filter_map(|text| reading(row.format, text));
        for sample in std::iter::once(sample.clone()).chain(more) {
            exemplify(&mut schema, &sample, &mut definitions, 0);
        }
        schema["$defs"] = definitions;
        if let Some(object) = schema.as_object_mut() {
            object.insert("examples".into(), json!([sample]));
        }
    }
    complete(&mut schema);
    Some(schema)
}

/// Examples of each key, out of a whole one.
fn exemplify(schema: &mut Value, example: &Value, definitions: &mut Value, depth: u32) {
    const MOST: usize = 2;
    if depth > 40 {
        return;
    }
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/$defs/"));
    if let Some(name) = target.map(str::to_owned) {
        let mut found = definitions[&name].take();
        exemplify(&mut found, example, definitions, depth + 1);
        // It may refer to itself.
        definitions[&name] = found;
        return;
    }
    let Some(object) = schema.as_object_mut() else { return };
    for (key, part) in object.iter_mut() {
        match (key.as_str(), part, example) {
            ("properties", Value::Object(properties), Value::Object(example)) => {
                for (key, schema) in properties {
                    let Some(value) = example.get(key) else { continue };
                    exemplify(schema, value, definitions, depth + 1);
                    let Some(object) = schema.as_object_mut() else { continue };
                    let examples = object.entry("examples").or_insert_with(|| json!([]));
                    if let Some(examples) = examples.as_array_mut()
                        && examples.len() < MOST
                        && !examples.contains(value)
                    {
                        examples.push(value.clone());
                    }
                }
            }
            ("items", schema, Value::Array(values)) => {
                values.iter().for_each(|value| exemplify(schema, value, definitions, depth + 1));
            }
            ("prefixItems", Value::Array(schemas), Value::Array(values)) => {
                schemas
                    .iter_mut()
                    .zip(values)
                    .for_each(|(schema, value)| exemplify(schema, value, definitions, depth + 1));
            }
            ("anyOf" | "oneOf" | "allOf", Value::Array(branches), _) => {
                branches.iter_mut().for_each(|branch| exemplify(branch, example, definitions, depth + 1));
            }
            _ => {}
        }
    }
}

/// Titles of all keys, descriptions of those that say nothing else than the table around them, defaults of what may be
/// left out, and no keys but these.
fn complete(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let about = object.get("description").cloned();
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                let only = properties.len() == 1;
                for (key, property) in properties.iter_mut() {
                    let Some(property) = property.as_object_mut() else { continue };
                    property.entry("title").or_insert_with(|| title(key).into());
                    if let (true, Some(about)) = (only, &about) {
                        property.entry("description").or_insert_with(|| about.clone());
                    }
                    if let Some(default) = default(property) {
                        property.entry("default").or_insert(default);
                    }
                }
                object.insert("additionalProperties".into(), json!(false));
            }
            object.values_mut().for_each(complete);
        }
        Value::Array(all) => all.iter_mut().for_each(complete),
        _ => {}
    }
}

/// What a key has that is not in a file.
fn default(property: &Map<String, Value>) -> Option<Value> {
    let null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    let optional = property.get("anyOf").and_then(Value::as_array).is_some_and(|all| all.iter().any(null));
    match property.get("type") {
        Some(Value::Array(types)) if types.contains(&json!("null")) => Some(Value::Null),
        Some(kind) if kind == "boolean" => Some(json!(false)),
        Some(kind) if kind == "array" => Some(json!([])),
        _ if optional => Some(Value::Null),
        _ => None,
    }
}

fn title(key: &str) -> String {
    let words = key.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
