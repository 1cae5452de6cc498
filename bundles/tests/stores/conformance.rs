//! The promises of `Reader` and `Store`, as one list that every store is held to.

use cmc_bundles::store::*;
use cmc_testing::http_server::{Reply, Server};
use std::collections::BTreeSet;

type Promise = (&'static str, fn(&dyn Store, &dyn Reader));

/// Each promise with a key space of its own; writes go to the store, reads through `Reader`, which may be another
/// client of the same store.
const PROMISES: &[Promise] = &[
    ("an_object_reads_back_whole", reads_back),
    ("a_missing_object_is_none_everywhere", missing),
    ("a_second_create_changes_nothing", create_once),
    ("of_parallel_creates_one_wins", parallel_create),
    ("a_range_is_exact_and_ends_with_the_object", ranges),
    ("an_object_over_the_limit_is_refused", limits),
    ("an_unchanged_object_is_not_sent_again", not_modified),
    ("a_swap_needs_the_current_version", swap),
    ("a_swap_of_nothing_creates_once", swap_from_nothing),
    ("a_swap_of_a_missing_object_is_lost", swap_missing),
    ("an_old_etag_never_comes_back", etags_differ),
    ("increments_by_parallel_writers_add_up", increments),
    ("empty_and_large_objects_are_objects", sizes),
    ("a_listing_is_complete_sorted_and_by_prefix", listing),
    ("deleting_is_final_and_may_be_repeated", deleting),
    ("what_is_no_key_is_refused", bad_keys),
];

pub(crate) fn conforms(store: &dyn Store, reader: &dyn Reader) {
    for (name, promise) in PROMISES {
        println!("{}: {name}", store.name());
        promise(store, reader);
    }
    let names: BTreeSet<_> = PROMISES.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), PROMISES.len());
}

const MIB: u64 = 1 << 20;

fn etag_of(reader: &dyn Reader, key: &str) -> String {
    match reader.get_if_changed(key, None, MIB).unwrap() {
        Fetch::Found { etag: Some(etag), .. } => etag,
        other => panic!("{key}: {other:?}"),
    }
}

fn done(swap: Swap) -> bool {
    matches!(swap, Swap::Done { .. })
}

fn reads_back(store: &dyn Store, reader: &dyn Reader) {
    let bytes: Vec<u8> = (0..10_000u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(store.create("a/b/c.json", &bytes).unwrap(), Created::New);
    assert_eq!(reader.get("a/b/c.json", MIB).unwrap().as_deref(), Some(&bytes[..]));
    assert_eq!(store.get("a/b/c.json", MIB).unwrap().as_deref(), Some(&bytes[..]));
}

fn missing(store: &dyn Store, reader: &dyn Reader) {
    for reader in [reader, store as &dyn Reader] {
        assert_eq!(reader.get("m/none", 10).unwrap(), None);
        assert_eq!(reader.get_range("m/none", 0, 10).unwrap(), None);
        assert_eq!(reader.get_if_changed("m/none", None, 10).unwrap(), Fetch::Missing);
        assert_eq!(reader.get_if_changed("m/none", Some("\"x\""), 10).unwrap(), Fetch::Missing);
    }
    assert_eq!(store.list("m/").unwrap(), []);
}

fn create_once(store: &dyn Store, reader: &dyn Reader) {
    assert_eq!(store.create("once", b"first").unwrap(), Created::New);
    assert_eq!(store.create("once", b"other").unwrap(), Created::Exists);
    assert_eq!(store.create("once", b"first").unwrap(), Created::Exists);
    assert_eq!(reader.get("once", 10).unwrap().unwrap(), b"first");
}

fn parallel_create(store: &dyn Store, reader: &dyn Reader) {
    for round in 0..3 {
        let key = format!("race/{round}");
        let won: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|i| (i, &key))
                .map(|(i, key)| scope.spawn(move || store.create(key, &[i]).unwrap()))
                .collect();
            let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            answers
                .iter()
                .enumerate()
                .filter(|(_, created)| **created == Created::New)
                .map(|(i, _)| i)
                .collect()
        });
        assert_eq!(won.len(), 1, "{key}");
        assert_eq!(reader.get(&key, 10).unwrap().unwrap(), [u8::try_from(won[0]).unwrap()]);
    }
}

fn ranges(store: &dyn Store, reader: &dyn Reader) {
    store.create("range", b"0123456789").unwrap();
    for (offset, len, expected) in [
        (0, 10, &b"0123456789"[..]),
        (0, 1, b"0"),
        (9, 1, b"9"),
        (3, 4, b"3456"),
        (8, 100, b"89"),
        (10, 5, b""),
        (4_000_000_000, 5, b""),
        (3, 0, b""),
    ] {
        let got = reader.get_range("range", offset, len).unwrap();
        assert_eq!(got.as_deref(), Some(expected), "{offset}+{len}");
    }
}

fn limits(store: &dyn Store, reader: &dyn Reader) {
    store.create("limit", &[7; 1000]).unwrap();
    assert_eq!(reader.get("limit", 1000).unwrap().unwrap().len(), 1000);
    for error in
        [reader.get("limit", 999).unwrap_err(), reader.get_if_changed("limit", None, 10).unwrap_err()]
    {
        assert_eq!(error.kind, StoreErrorKind::TooLarge, "{error}");
        assert_eq!(error.key.as_deref(), Some("limit"));
    }
}

fn not_modified(store: &dyn Store, reader: &dyn Reader) {
    store.create("cond", b"one").unwrap();
    let etag = etag_of(reader, "cond");
    assert_eq!(reader.get_if_changed("cond", Some(&etag), 10).unwrap(), Fetch::NotModified);
    assert!(done(store.swap("cond", Some(&etag_of(store, "cond")), b"two").unwrap()));
    match reader.get_if_changed("cond", Some(&etag), 10).unwrap() {
        Fetch::Found { bytes, etag: Some(new) } => assert!(bytes == b"two" && new != etag),
        other => panic!("{other:?}"),
    }
}

fn swap(store: &dyn Store, reader: &dyn Reader) {
    store.create("swap", b"one").unwrap();
    let first = etag_of(store, "swap");
    let Swap::Done { etag: Some(second) } = store.swap("swap", Some(&first), b"two").unwrap() else {
        panic!()
    };
    assert_eq!(store.swap("swap", Some(&first), b"three").unwrap(), Swap::Lost);
    assert_eq!(store.swap("swap", None, b"three").unwrap(), Swap::Lost);
    assert_eq!(reader.get("swap", 10).unwrap().unwrap(), b"two");
    // What the swap said is the version's token.
    assert!(done(store.swap("swap", Some(&second), b"four").unwrap()));
    assert_eq!(reader.get("swap", 10).unwrap().unwrap(), b"four");
}

fn swap_from_nothing(store: &dyn Store, reader: &dyn Reader) {
    let Swap::Done { etag: Some(etag) } = store.swap("fresh/pointer", None, b"one").unwrap() else {
        panic!()
    };
    assert_eq!(store.swap("fresh/pointer", None, b"two").unwrap(), Swap::Lost);
    assert!(done(store.swap("fresh/pointer", Some(&etag), b"three").unwrap()));
    assert_eq!(reader.get("fresh/pointer", 10).unwrap().unwrap(), b"three");
}

fn swap_missing(store: &dyn Store, reader: &dyn Reader) {
    assert_eq!(store.swap("gone", Some("\"0123456789abcdef0123456789abcdef\""), b"x").unwrap(), Swap::Lost);
    assert_eq!(reader.get("gone", 10).unwrap(), None);
}

fn etags_differ(store: &dyn Store, _: &dyn Reader) {
    store.create("etags", b"0").unwrap();
    let mut seen = BTreeSet::from([etag_of(store, "etags")]);
    for version in 1..5 {
        let etag = etag_of(store, "etags");
        assert!(done(store.swap("etags", Some(&etag), version.to_string().as_bytes()).unwrap()));
        assert!(seen.insert(etag_of(store, "etags")));
    }
}

fn increments(store: &dyn Store, reader: &dyn Reader) {
    store.create("count", b"0 -").unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                for i in 0..10 {
                    loop {
                        let Fetch::Found { bytes, etag } = store.get_if_changed("count", None, 99).unwrap()
                        else {
                            panic!()
                        };
                        let text = String::from_utf8(bytes).unwrap();
                        let number: u32 = text.split(' ').next().unwrap().parse().unwrap();
                        let next = format!("{} {writer}.{i}", number + 1);
                        if done(store.swap("count", etag.as_deref(), next.as_bytes()).unwrap()) {
                            break;
                        }
                    }
                }
            });
        }
    });
    let text = String::from_utf8(reader.get("count", 99).unwrap().unwrap()).unwrap();
    assert_eq!(text.split(' ').next(), Some("40"));
}

fn sizes(store: &dyn Store, reader: &dyn Reader) {
    store.create("size/empty", b"").unwrap();
    assert_eq!(reader.get("size/empty", 0).unwrap().unwrap(), b"");
    let large: Vec<u8> = (0..5 * MIB + 17).map(|i| (i * 31 % 251) as u8).collect();
    assert_eq!(store.create("size/large", &large).unwrap(), Created::New);
    assert_eq!(store.create("size/large", &large).unwrap(), Created::Exists);
    assert!(reader.get("size/large", 6 * MIB).unwrap().unwrap() == large);
    let tail = reader.get_range("size/large", 5 * MIB, 100).unwrap().unwrap();
    assert_eq!(tail, large[5 * MIB as usize..]);
}

fn listing(store: &dyn Store, _: &dyn Reader) {
    let mut keys: Vec<String> = (0..11).map(|i| format!("list/x/{i:02}")).collect();
    keys.extend(["list/xy".to_owned(), "list/w/1".to_owned(), "list.other".to_owned()]);
    for key in &keys {
        store.create(key, key.as_bytes()).unwrap();
    }
    let names =
        |prefix: &str| store.list(prefix).unwrap().into_iter().map(|object| object.key).collect::<Vec<_>>();
    assert_eq!(names("list/x/"), keys[..11]);
    assert_eq!(names("list/x").len(), 12);
    let all = names("list/");
    assert_eq!(all.len(), 13);
    assert!(all.is_sorted());
    assert!(names("").len() >= 14);
    assert_eq!(names("list/x/0").len(), 10);
    let first = store.list("list/x/00").unwrap().remove(0);
    assert_eq!(first.size, 9);
    assert!(first.modified.is_some());
}

fn deleting(store: &dyn Store, reader: &dyn Reader) {
    store.create("del/a", b"1").unwrap();
    store.delete("del/a").unwrap();
    store.delete("del/a").unwrap();
    store.delete("del/never/there").unwrap();
    assert_eq!(reader.get("del/a", 10).unwrap(), None);
    assert_eq!(store.create("del/a", b"2").unwrap(), Created::New);
    assert_eq!(reader.get("del/a", 10).unwrap().unwrap(), b"2");
}

fn bad_keys(store: &dyn Store, reader: &dyn Reader) {
    let long = "x".repeat(600);
    for key in [
        "", "/", "a/", "/a", "a//b", "..", "a/../b", ".lock", "a/.tmp-1", "a b", "a\\b", "é", "a?b", "a%2fb",
        &long,
    ] {
        for error in [
            reader.get(key, 10).unwrap_err(),
            reader.get_range(key, 0, 1).unwrap_err(),
            store.create(key, b"x").unwrap_err(),
            store.swap(key, None, b"x").unwrap_err(),
            store.delete(key).unwrap_err(),
        ] {
            assert_eq!(error.kind, StoreErrorKind::Invalid, "{key:?}: {error}");
        }
    }
}

/// What a reader that may write promises of a host's own report.
pub(crate) fn replaces(store: &dyn Store, reader: &dyn Reader) {
    for content in [&b"first"[..], b"", &[7; 100_000], b"last"] {
        reader.replace("reports/0a.age", content).unwrap();
        assert_eq!(store.get("reports/0a.age", MIB).unwrap().as_deref(), Some(content));
    }
    assert_eq!(store.list("reports/").unwrap().len(), 1);
    for key in ["", "../x", "/reports/x", "reports/.x"] {
        assert_eq!(reader.replace(key, b"x").unwrap_err().kind, StoreErrorKind::Invalid, "{key:?}");
    }
}

#[test]
fn a_directory_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path().join("store"));
    let reader = DirStore::new(dir.path().join("store"));
    assert_eq!(
        reader.replace("reports/a", b"x").unwrap_err().kind,
        StoreErrorKind::NoStore,
        "hosts make none"
    );
    conforms(&store, &reader);
    replaces(&store, &reader);
}

/// A web server in front of a directory store, as people would set it up.
pub(crate) fn web_server(store: DirStore) -> Server {
    Server::start(move |request| {
        let Some(key) = request.path.strip_prefix("/site/").filter(|key| is_key(key)) else {
            return Reply::new(404, "");
        };
        match store.get_if_changed(key, request.header("if-none-match"), u64::MAX - 1).unwrap() {
            Fetch::Missing => Reply::new(404, "no such file"),
            Fetch::NotModified => Reply::new(304, ""),
            Fetch::Found { bytes, etag } => {
                let etag = etag.unwrap();
                let Some(range) = request.header("range") else {
                    return Reply::new(200, bytes).with("ETag", &etag);
                };
                let (from, to) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                if from >= bytes.len() {
                    return Reply::new(416, "");
                }
                let to = to.min(bytes.len() - 1);
                Reply::new(206, &bytes[from..=to])
                    .with("Content-Range", &format!("bytes {from}-{to}/{}", bytes.len()))
            }
        }
    })
}

#[test]
fn a_web_server_reads_like_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path());
    let server = web_server(store.clone());
    let reader =
        HttpReader::new(&format!("{}/site/", server.url), &Env::new(), HttpLimits::default()).unwrap();
    conforms(&store, &reader);
    assert_eq!(reader.replace("reports/a", b"x").unwrap_err().kind, StoreErrorKind::Refused);
}

#[cfg(feature = "s3")]
mod s3 {
    use super::{conforms, replaces};
    use cmc_bundles::store::*;
    use cmc_testing::{s3_server, s3_server::S3Server, weed};
    use rusty_s3::S3Action as _;
    use std::time::Duration;

    #[test]
    fn s3_in_memory_conforms() {
        let server = S3Server::start(Default::default());
        let (settings, env) = crate::faults::settings(server.url(), "pre/fix");
        let store = S3Store::new(settings.clone(), &env).unwrap();
        let reader = S3Reader::new(settings, &env, HttpLimits::default()).unwrap();
        conforms(&store, &reader);
        replaces(&store, &reader);
        replaces(&store, &store);
        assert!(server.object("pre/fix/a/b/c.json").is_some());
        assert_eq!(s3_server::BUCKET, "bucket");
    }

    /// A store in a new bucket of the real server.
    fn weed_store(endpoint: &str, bucket: &str) -> (S3Settings, Env) {
        let style = rusty_s3::UrlStyle::Path;
        let made =
            rusty_s3::Bucket::new(endpoint.parse().unwrap(), style, bucket.to_owned(), "us-east-1").unwrap();
        let credentials = rusty_s3::Credentials::new(weed::KEY, weed::SECRET);
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .proxy(None)
            .build()
            .new_agent();
        weed::until_ready(|| {
            let url = made.create_bucket(&credentials).sign(Duration::from_secs(60));
            agent.put(url.as_str()).send_empty().map(|_| ())
        });
        let settings = S3Settings {
            bucket: bucket.to_owned(),
            prefix: "fleet".to_owned(),
            endpoint: Some(endpoint.to_owned()),
            ..S3Settings::default()
        };
        let env = [("AWS_ACCESS_KEY_ID", weed::KEY), ("AWS_SECRET_ACCESS_KEY", weed::SECRET)];
        (settings, env.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    #[test]
    fn seaweedfs_conforms() {
        let Some(endpoint) = weed::endpoint("seaweedfs_conforms") else { return };
        let (settings, env) = weed_store(endpoint, "conformance");
        let store = S3Store::new(settings.clone(), &env).unwrap();
        let reader = S3Reader::new(settings, &env, HttpLimits::default()).unwrap();
        // The first writes may come before the server has volumes.
        weed::until_ready(|| store.create("ready", b"yes"));
        conforms(&store, &reader);
        replaces(&store, &reader);
        replaces(&store, &store);
    }

    #[test]
    fn seaweedfs_passes_the_probe() {
        let Some(endpoint) = weed::endpoint("seaweedfs_passes_the_probe") else { return };
        let (settings, env) = weed_store(endpoint, "probing");
        let store = S3Store::new(settings, &env).unwrap();
        weed::until_ready(|| store.create("ready", b"yes"));
        let probe = probe(&store).unwrap();
        assert!(probe.is_fit(), "{probe:#?}");
        assert_eq!(store.list("").unwrap().len(), 1, "the probe leaves nothing behind");
    }

    #[test]
    fn seaweedfs_refuses_a_wrong_secret_and_we_say_so() {
        let Some(endpoint) = weed::endpoint("seaweedfs_refuses_a_wrong_secret_and_we_say_so") else { return };
        let (settings, mut env) = weed_store(endpoint, "secrets");
        env.insert("AWS_SECRET_ACCESS_KEY".to_owned(), "wrong".to_owned());
        let store = S3Store::new(settings.clone(), &env).unwrap();
        let reader = S3Reader::new(settings, &env, HttpLimits::default()).unwrap();
        for error in [store.create("x", b"x").unwrap_err(), reader.get("x", 10).unwrap_err()] {
            assert_eq!(error.kind, StoreErrorKind::Refused, "{error}");
            assert!(!error.to_string().contains("Signature="), "{error}");
        }
    }
}
