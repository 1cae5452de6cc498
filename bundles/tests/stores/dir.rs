//! What only a directory can do wrong.

use cmc_bundles::store::*;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

fn store() -> (tempfile::TempDir, DirStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path().join("store"));
    store.create("a/first", b"1").unwrap();
    (dir, store)
}

fn files(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        names.push(entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            names.extend(files(&entry.path()));
        }
    }
    names.sort();
    names
}

#[test]
fn objects_are_readable_by_everyone_and_nothing_else_is_left() {
    let (_dir, store) = store();
    let Fetch::Found { etag, .. } = store.get_if_changed("a/first", None, 10).unwrap() else { panic!() };
    store.swap("a/first", etag.as_deref(), b"2").unwrap();
    store.create("a/first", b"3").unwrap();
    let meta = std::fs::metadata(store.root().join("a/first")).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.nlink()), (0o644, 1));
    assert_eq!(std::fs::metadata(store.root().join("a")).unwrap().mode() & 0o7777, 0o755);
    assert_eq!(files(store.root()), [".lock", "a", "first"]);
}

#[test]
fn a_missing_directory_is_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path().join("none"));
    assert_eq!(store.get("a", 1).unwrap_err().kind, StoreErrorKind::NoStore);
    assert_eq!(store.list("").unwrap_err().kind, StoreErrorKind::NoStore);
    std::fs::write(dir.path().join("file"), "x").unwrap();
    let error = DirStore::new(dir.path().join("file")).get("a", 1).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NoStore, "{error}");
}

#[test]
fn no_link_leads_out_of_the_store() {
    let (dir, store) = store();
    std::fs::create_dir(dir.path().join("outside")).unwrap();
    std::fs::write(dir.path().join("outside/x"), "secret").unwrap();
    symlink(dir.path().join("outside"), store.root().join("linked")).unwrap();
    symlink(dir.path().join("outside/x"), store.root().join("a/link")).unwrap();
    for error in [
        store.get("linked/x", 10).unwrap_err(),
        store.create("linked/y", b"x").unwrap_err(),
        store.get("a/link", 10).unwrap_err(),
        store.create("a/link", b"x").unwrap_err(),
        store.swap("a/link", Some("x"), b"x").unwrap_err(),
        store.delete("linked/x").unwrap_err(),
    ] {
        assert_eq!(error.kind, StoreErrorKind::Unfit, "{error}");
    }
    assert_eq!(files(&dir.path().join("outside")), ["x"]);
    let keys: Vec<_> = store.list("").unwrap().into_iter().map(|object| object.key).collect();
    assert_eq!(keys, ["a/first"]);
}

#[test]
fn things_that_are_no_files_are_named_and_block_nothing() {
    let (_dir, store) = store();
    std::fs::create_dir(store.root().join("a/dir")).unwrap();
    let fifo = store.root().join("a/fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for (key, part) in [
        ("a/dir", "directory stands where an object"),
        ("a/fifo", "not a regular file"),
        ("a/first/x", "a file stands where a directory"),
    ] {
        for error in [store.get(key, 10).unwrap_err(), store.create(key, b"x").unwrap_err()] {
            assert_eq!(error.kind, StoreErrorKind::Unfit, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

#[test]
fn a_held_lock_delays_a_swap_and_no_read() {
    let (_dir, store) = store();
    let Fetch::Found { etag, .. } = store.get_if_changed("a/first", None, 10).unwrap() else { panic!() };
    let lock = std::fs::File::create(store.root().join(".lock")).unwrap();
    lock.lock().unwrap();
    std::thread::scope(|scope| {
        let swap = scope.spawn(|| store.swap("a/first", etag.as_deref(), b"2").unwrap());
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert_eq!(store.get("a/first", 10).unwrap().unwrap(), b"1");
        assert!(!swap.is_finished());
        drop(lock);
        assert!(matches!(swap.join().unwrap(), Swap::Done { .. }));
    });
}

/// In a mount namespace of its own, on a tmpfs of 64 KiB.
#[test]
fn a_full_or_read_only_disk_keeps_what_is_there() {
    const INSIDE: &str = "CMC_TEST_INSIDE_TMPFS";
    let test = "dir::a_full_or_read_only_disk_keeps_what_is_there";
    if let Some(dir) = std::env::var_os(INSIDE) {
        let store = DirStore::new(Path::new(&dir).join("store"));
        store.create("small", b"1").unwrap();
        let Fetch::Found { etag, .. } = store.get_if_changed("small", None, 10).unwrap() else { panic!() };
        let large = vec![1; 1 << 20];
        for error in [
            store.create("large", &large).unwrap_err(),
            store.swap("small", etag.as_deref(), &large).unwrap_err(),
        ] {
            assert_eq!(error.kind, StoreErrorKind::Refused);
            assert!(error.to_string().contains("disk is full"), "{error}");
        }
        assert_eq!(store.get("small", 10).unwrap().unwrap(), b"1");
        assert_eq!(files(store.root()), [".lock", "small"]);
        let remounted = std::process::Command::new("mount").args(["-o", "remount,ro"]).arg(&dir).status();
        assert!(remounted.unwrap().success());
        for error in [
            store.create("large", b"x").unwrap_err(),
            store.swap("small", etag.as_deref(), b"2").unwrap_err(),
            store.delete("small").unwrap_err(),
        ] {
            assert_eq!(error.kind, StoreErrorKind::Refused);
            assert!(error.to_string().contains("read-only"), "{error}");
        }
        assert_eq!(store.get("small", 10).unwrap().unwrap(), b"1");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=64k none \"$1\" || exit 77; exec \"$2\" --exact \"$3\"";
    let status = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(INSIDE, dir.path())
        .stdout(std::process::Stdio::null())
        .status();
    match status.map(|status| status.code()) {
        Ok(Some(0)) => {}
        Ok(Some(101)) => panic!("failed on the full disk"),
        other => cmc_testing::skip(test, &format!("no user and mount namespace here ({other:?})")),
    }
}
