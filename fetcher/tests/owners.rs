//! Owners and extended attributes, applied for real. These need root; without it they are skipped by name.

use crate::machine::{Machine, Made};
use cmc_fetch::Exit;
use cmc_fetch::owner::{Owners, Ownership};
use cmc_fetch::root::Root;
use cmc_testing::skip;
use rustix::fs::XattrFlags;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A machine that applies owners and has the account `app` (1234:2345); none without root.
fn machine(test: &str) -> Option<Machine> {
    if !rustix::process::geteuid().is_root() {
        skip(test, "needs root");
        return None;
    }
    let machine = Machine::new();
    machine.ownership.set(Ownership::Apply);
    machine.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1234:2345::/:/bin/false\n");
    machine.write("/etc/group", "root:x:0:\napp:x:2345:\n");
    Some(machine)
}

fn owner(path: &Path) -> (u32, u32, u32) {
    let meta = path.symlink_metadata().unwrap();
    (meta.uid(), meta.gid(), meta.mode() & 0o7777)
}

#[test]
fn files_get_the_owners_that_the_roots_own_accounts_have_and_the_old_ones_come_back() {
    let Some(machine) = machine("owners-applied") else { return };
    machine.write("/etc/app.conf", "mine");
    let path = machine.at("/etc/app.conf");
    std::os::unix::fs::chown(&path, Some(77), Some(78)).unwrap();
    let made = |text| Made::default().file("/etc/app.conf", text).owned("app", "app").check(text, None);
    assert_eq!(machine.run(&[("app", &made("ours"))]).exit, Exit::Done);
    assert_eq!(owner(&path), (1234, 2345, 0o640));
    machine.unhealthy(|name| name == "bad");
    let mixed = Made::default().file("/etc/app.conf", "bad").owned("root", "app").check("bad", None);
    assert_eq!(machine.run(&[("app", &mixed)]).exit, Exit::RolledBack);
    assert_eq!(owner(&path), (1234, 2345, 0o640), "undone");
    machine.run(&[]);
    assert_eq!((machine.read("/etc/app.conf").as_str(), owner(&path)), ("mine", (77, 78, 0o600)), "removed");
}

#[test]
fn a_changed_owner_alone_is_drift_and_is_repaired() {
    let Some(machine) = machine("owner-drift") else { return };
    let made = Made::default().file("/etc/app.conf", "ours").owned("app", "app");
    machine.run(&[("app", &made)]);
    let path = machine.at("/etc/app.conf");
    std::os::unix::fs::chown(&path, Some(0), Some(0)).unwrap();
    machine.run(&[("app", &made)]);
    assert_eq!(owner(&path), (1234, 2345, 0o640));
}

#[test]
fn an_owner_that_the_host_does_not_have_fails_the_service_untouched_and_is_named() {
    let Some(machine) = machine("owner-unknown") else { return };
    let made = Made::default().file("/etc/a", "x").file("/etc/app.conf", "x");
    for (user, group, code) in
        [("nobody-here", "app", "unknown-user"), ("app", "nothing-here", "unknown-group")]
    {
        let before = machine.tree();
        let ran = machine.run(&[("app", &made.clone().owned(user, group))]);
        assert_eq!((ran.exit, ran.converged), (Exit::Failed, false), "{:?}", ran.events);
        assert!(ran.said(code) && (ran.said(user) || ran.said(group)), "{:?}", ran.events);
        assert_eq!(machine.tree(), before);
    }
    let ran = machine.run(&[("app", &made.owned("app", "app"))]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
}

#[test]
fn accounts_of_the_system_are_asked_of_getent_and_unknown_ones_refused() {
    let root = Root::open(Path::new("/")).unwrap();
    let owners = Owners::load(&root, Some(Ownership::Record)).unwrap();
    assert_eq!((owners.user("root").unwrap(), owners.group("root").unwrap_or(0)), (0, 0));
    for name in ["no-such-account", "0", "-s", "", "root:x"] {
        assert!(owners.user(name).unwrap_err().to_string().contains("unknown-user"), "{name}");
        assert!(owners.group(name).unwrap_err().to_string().contains("unknown-group"), "{name}");
    }
}

fn set(path: &Path, name: &str, value: &[u8]) -> rustix::io::Result<()> {
    rustix::fs::fsetxattr(File::open(path).unwrap(), name, value, XattrFlags::empty())
}

fn get(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 256];
    let len = rustix::fs::fgetxattr(File::open(path).unwrap(), name, value.as_mut_slice()).ok()?;
    value.truncate(len);
    Some(value)
}

#[test]
fn extended_attributes_survive_an_update_and_a_rollback_but_capabilities_belong_to_the_old_content() {
    let Some(machine) = machine("extended-attributes") else { return };
    let made = |text| Made::default().file("/opt/tool", text).owned("root", "root").check(text, None);
    machine.run(&[("app", &made("one"))]);
    let path = machine.at("/opt/tool");
    if let Err(error) = set(&path, "user.note", b"kept") {
        return skip("extended-attributes", &format!("no user attributes here: {error}"));
    }
    set(&path, "trusted.note", b"kept").unwrap();
    // VFS_CAP_REVISION_2 with cap_net_bind_service.
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    set(&path, "security.capability", &capability).unwrap();

    machine.unhealthy(|name| name == "bad");
    assert_eq!(machine.run(&[("app", &made("bad"))]).exit, Exit::RolledBack);
    assert_eq!(get(&path, "security.capability").as_deref(), Some(&capability[..]), "undone: the same file");

    assert_eq!(machine.run(&[("app", &made("two"))]).exit, Exit::Done);
    assert_eq!(machine.read("/opt/tool"), "two");
    assert_eq!(get(&path, "user.note").as_deref(), Some(&b"kept"[..]));
    assert_eq!(get(&path, "trusted.note").as_deref(), Some(&b"kept"[..]));
    assert_eq!(get(&path, "security.capability"), None);
}
