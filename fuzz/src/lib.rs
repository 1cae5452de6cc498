//! What every fuzz target does with its bytes: parse; if that succeeds, print and parse again, and the two must agree.
//! A target never fails on an error, only on a panic or on a promise that does not hold.

use cmc_bundles::bundle::Archive;
use cmc_bundles::ids::Channel;
use cmc_bundles::release::Pointer;
use cmc_bundles::root::Root;
use cmc_bundles::signed::Signed;
use cmc_bundles::sshsig::{self, PublicKey, Role};
use cmc_compiler::load::Extra;
use cmc_compiler::{LoadOptions, load};
use cmc_types::InitSystem;
use cmc_types::env_file::{Dialect, EnvFile};
use cmc_types::small::{self, Entry, File, cron, hosts, modules, sysctl};
use cmc_types::{freebsd_rc, login_conf, openbsd_rc, openrc, shell, systemd};
use std::io::Cursor;
use std::sync::LazyLock;

/// A target: its name, which is also its binary's and its seeds' folder, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("unit_file", unit_file),
    ("unit_values", unit_values),
    ("openbsd_rc", openbsd),
    ("freebsd_rc", freebsd),
    ("openrc", open_rc),
    ("conf_d", conf_d),
    ("init_script", init_script),
    ("env_file", env_files),
    ("login_conf", login),
    ("tmpfiles", tmpfiles),
    ("sysusers", sysusers),
    ("sysctl", sysctl_files),
    ("modules", modules_files),
    ("limits", limits),
    ("crontab", crontab),
    ("hosts", hosts_files),
    ("logrotate", logrotate),
    ("sudoers", sudoers),
    ("variables", variables),
    ("rc_conf_local", rc_conf_local),
    ("definitions_toml", definitions_toml),
    ("definitions_fmt", definitions_fmt),
    ("definitions_json", definitions_json),
    ("bundle_tar", bundle_tar),
    ("member", member),
    ("index_node", index_node),
    ("manifest", manifest),
    ("pointer", pointer),
    ("root", root),
    ("signed", signed),
    ("sshsig", sshsig_text),
    ("keys", keys),
];

fn text(data: &[u8], run: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(data) {
        run(text);
    }
}

/// systemd's unit files.
pub fn unit_file(data: &[u8]) {
    text(data, |text| {
        if let Ok(unit) = systemd::Unit::parse(text) {
            let printed = unit.print();
            assert_eq!(systemd::Unit::parse(&printed).as_ref(), Ok(&unit), "printed as {printed:?}");
        }
    });
}

/// Command lines and time spans in them.
pub fn unit_values(data: &[u8]) {
    text(data, |text| {
        let _ = systemd::Command::parse_line(text);
        let _ = systemd::parse_timespan(text, 1_000_000);
    });
}

/// OpenBSD's rc.d scripts.
pub fn openbsd(data: &[u8]) {
    text(data, |text| {
        if let Ok(script) = openbsd_rc::parse(text)
            && let Ok(printed) = script.print()
        {
            assert_eq!(openbsd_rc::parse(&printed).as_ref(), Ok(&script), "printed as {printed:?}");
        }
    });
}

/// FreeBSD's rc.d scripts.
pub fn freebsd(data: &[u8]) {
    text(data, |text| {
        if let Ok(script) = freebsd_rc::parse(text)
            && let Ok(printed) = script.print()
        {
            assert_eq!(freebsd_rc::parse(&printed).as_ref(), Ok(&script), "printed as {printed:?}");
        }
    });
}

/// OpenRC's init scripts.
pub fn open_rc(data: &[u8]) {
    text(data, |text| {
        if let Ok(script) = openrc::parse(text)
            && let Ok(printed) = script.print()
        {
            assert_eq!(openrc::parse(&printed).as_ref(), Ok(&script), "printed as {printed:?}");
        }
    });
}

/// rc.conf.d and conf.d files.
pub fn conf_d(data: &[u8]) {
    text(data, |text| {
        if let Ok(conf) = shell::Conf::parse(text)
            && let Ok(printed) = conf.print()
        {
            assert_eq!(shell::Conf::parse(&printed).as_ref(), Ok(&conf), "printed as {printed:?}");
        }
    });
}

/// Init scripts as people write them: every place that is told is one of the script.
pub fn init_script(data: &[u8]) {
    text(data, |text| {
        for init in [InitSystem::OpenbsdRc, InitSystem::FreebsdRc, InitSystem::Openrc] {
            for problem in cmc_types::init_script::check(init, text) {
                let line = text.split('\n').nth(problem.line as usize - 1);
                let columns = line.map(|line| line.chars().count() + 2);
                assert!(columns.is_some_and(|most| problem.columns.end as usize <= most), "{problem:?}");
            }
        }
    });
}

/// Environment files of every dialect; the first byte chooses.
pub fn env_files(data: &[u8]) {
    const DIALECTS: [Dialect; 4] = [Dialect::Systemd, Dialect::Sh, Dialect::Docker, Dialect::PamEnv];
    let Some((choice, rest)) = data.split_first() else { return };
    let dialect = DIALECTS[usize::from(*choice) % DIALECTS.len()];
    text(rest, |text| {
        let Ok(file) = EnvFile::parse(dialect, text) else { return };
        for other in DIALECTS {
            // What one reader reads, another dialect may be unable to say, but it must not say something else.
            if let Ok(printed) = file.print(other) {
                let again = EnvFile::parse(other, &printed)
                    .unwrap_or_else(|error| panic!("{other:?} printed {printed:?}: {error}"));
                assert_eq!(again.variables, file.variables, "{dialect:?} to {other:?}: {printed:?}");
            }
        }
    });
}

/// login.conf.
pub fn login(data: &[u8]) {
    text(data, |text| {
        for record in login_conf::parse(text).unwrap_or_default() {
            for system in [login_conf::System::OpenBsd, login_conf::System::FreeBsd] {
                if let Ok(printed) = record.print(system) {
                    let again = login_conf::parse(&printed).unwrap_or_default();
                    assert_eq!(again.first(), Some(&record), "printed as {printed:?}");
                }
            }
        }
    });
}

/// A small file prints byte for byte, and what its lines say prints to what is read the same, if it can be printed.
fn small<E: Entry + Clone + PartialEq + std::fmt::Debug>(
    text: &str,
    parse: impl Fn(&str) -> (File<E>, Vec<small::Problem>),
) {
    let (file, problems) = parse(text);
    kept(text, &file, &problems);
    for (_, entry) in file.entries() {
        prints(entry, &parse);
    }
}

/// A small file prints byte for byte.
fn kept<E>(text: &str, file: &File<E>, problems: &[small::Problem]) {
    assert_eq!(file.print(), text);
    for problem in problems {
        assert!(problem.columns.start <= problem.columns.end && !problem.message().is_empty());
    }
}

/// What a line says prints to what is read the same, if it can be printed.
fn prints<E: Entry + Clone + PartialEq + std::fmt::Debug>(
    entry: &E,
    parse: impl Fn(&str) -> (File<E>, Vec<small::Problem>),
) {
    let mut one = File::new();
    if one.push(entry.clone()).is_ok() {
        let again = parse(&one.print()).0;
        assert!(again == one, "{entry:?} printed as {:?}", one.print());
    }
}

/// tmpfiles.d.
pub fn tmpfiles(data: &[u8]) {
    text(data, |text| small(text, small::tmpfiles::parse));
}

/// sysusers.d.
pub fn sysusers(data: &[u8]) {
    text(data, |text| small(text, small::sysusers::parse));
}

/// sysctl.d, and sysctl.conf of the BSDs.
pub fn sysctl_files(data: &[u8]) {
    text(data, |text| {
        for dialect in [sysctl::Dialect::Linux, sysctl::Dialect::Bsd] {
            small(text, |text| sysctl::parse(text, dialect));
        }
    });
}

/// modules-load.d.
pub fn modules_files(data: &[u8]) {
    text(data, |text| {
        for dialect in [modules::Dialect::Systemd, modules::Dialect::Openrc] {
            small(text, |text| modules::parse(text, dialect));
        }
    });
}

/// limits.d.
pub fn limits(data: &[u8]) {
    text(data, |text| small(text, small::limits::parse));
}

/// Crontabs of every dialect, with and without the column of the user.
///
/// Every table reads every text. A line is printed and read again in one of the ten, which its bytes choose: mutations
/// bring it into the others.
pub fn crontab(data: &[u8]) {
    text(data, |text| {
        let tables = cron::Dialect::ALL
            .into_iter()
            .flat_map(|dialect| [true, false].map(|user_column| cron::Table { dialect, user_column }));
        for (index, table) in tables.enumerate() {
            let parse = |text: &str| cron::parse(text, table);
            let (file, problems) = parse(text);
            kept(text, &file, &problems);
            for line in file.lines() {
                let sum = line
                    .text
                    .bytes()
                    .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
                if let Some(entry) = line.entry.as_ref().filter(|_| sum % 10 == index) {
                    prints(entry, parse);
                }
            }
        }
    });
}

/// /etc/hosts.
pub fn hosts_files(data: &[u8]) {
    text(data, |text| {
        for zones in [hosts::Zones::Read, hosts::Zones::LeftOut] {
            small(text, |text| hosts::parse(text, zones));
        }
    });
}

/// logrotate's files.
pub fn logrotate(data: &[u8]) {
    text(data, |text| small(text, small::logrotate::parse));
}

/// sudoers.
pub fn sudoers(data: &[u8]) {
    text(data, |text| small(text, small::sudoers::parse));
}

/// /etc/default.
pub fn variables(data: &[u8]) {
    text(data, |text| small(text, small::variables::parse));
}

/// rc.conf.local of OpenBSD.
pub fn rc_conf_local(data: &[u8]) {
    text(data, |text| small(text, small::rc_conf_local::parse));
}

fn definitions(name: &str, data: &[u8]) {
    static EMPTY: LazyLock<std::path::PathBuf> = LazyLock::new(|| {
        let dir = std::env::temp_dir().join(format!("cmc-fuzz-{}", std::process::id()));
        let _ = std::fs::create_dir_all(&dir);
        dir
    });
    let extra = Extra { name: name.to_owned(), bytes: data.to_vec() };
    let loaded = load(&EMPTY, &LoadOptions { with: vec![extra], ..LoadOptions::default() });
    for diagnostic in &loaded.diagnostics {
        assert!(!diagnostic.message.is_empty());
    }
}

/// Definitions in TOML.
pub fn definitions_toml(data: &[u8]) {
    definitions("fuzz.toml", data);
}

/// Definitions, laid out: the same meaning, and laying out once more changes nothing.
pub fn definitions_fmt(data: &[u8]) {
    text(data, |text| {
        if let Some(once) = cmc_compiler::fmt::format(text) {
            assert_eq!(cmc_compiler::fmt::format(&once).as_deref(), Some(&*once));
        }
    });
}

/// Definitions in JSON.
pub fn definitions_json(data: &[u8]) {
    definitions("fuzz.json", data);
}

/// A bundle's tar.
pub fn bundle_tar(data: &[u8]) {
    let _ = Archive::open(Cursor::new(data));
}

/// The zstd frames of a member.
pub fn member(data: &[u8]) {
    let _ = cmc_bundles::fuzzing::member(data, 1 << 20);
}

/// A node of the index, as it is before compression.
pub fn index_node(data: &[u8]) {
    let _ = cmc_bundles::fuzzing::index_node(data);
}

/// A manifest's JSON.
pub fn manifest(data: &[u8]) {
    if let Ok(manifest) = cmc_bundles::fuzzing::manifest(data) {
        let printed = serde_json::to_vec(&manifest).expect("prints");
        assert_eq!(cmc_bundles::fuzzing::manifest(&printed).expect("parses what it printed"), manifest);
    }
}

/// A channel's pointer.
pub fn pointer(data: &[u8]) {
    let channel = Channel::parse("main").expect("a channel");
    if let Ok(pointer) = Pointer::parse(data, &channel) {
        let _ = pointer.claimed_root();
        let bytes = pointer.to_bytes().expect("prints");
        assert_eq!(Pointer::parse(&bytes, &channel).expect("parses what it printed"), pointer);
    }
}

/// A root's body.
pub fn root(data: &[u8]) {
    text(data, |text| {
        if let Ok(root) = Root::parse(text, "root") {
            let printed = serde_json::to_string(&root).expect("prints");
            assert_eq!(Root::parse(&printed, "root").expect("parses what it printed"), root);
        }
    });
}

/// A signed statement.
pub fn signed(data: &[u8]) {
    if let Ok(signed) = Signed::parse(data, "statement") {
        let bytes = signed.to_bytes().expect("prints");
        assert_eq!(Signed::parse(&bytes, "statement").expect("parses what it printed"), signed);
    }
}

/// SSHSIG: no text is a signature of a key that never signed.
pub fn sshsig_text(data: &[u8]) {
    static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
        let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIdzgBwR1rCvSN9OFPjAqQDEBHX8F8FYJ8cvs8AdUIfN test";
        PublicKey::parse(text).expect("a key")
    });
    text(data, |text| {
        assert!(sshsig::verify(&KEY, Role::Release, b"never signed", text).is_err());
    });
}

/// Public keys, as roots list them.
pub fn keys(data: &[u8]) {
    text(data, |text| {
        if let Ok(key) = PublicKey::parse(text) {
            assert_eq!(PublicKey::parse(key.as_str()).expect("parses what it printed"), key);
        }
    });
}
