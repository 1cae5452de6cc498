//! S3's faults: answers that get lost, servers in trouble, conditions that collide.

use cmc_bundles::store::*;
use cmc_testing::s3_server::{BUCKET, Fault, KEY, S3Server, SECRET, Weak};
use std::time::Duration;

/// Settings and environment for the server in memory.
pub(crate) fn settings(url: &str, prefix: &str) -> (S3Settings, Env) {
    let settings = S3Settings {
        bucket: BUCKET.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: Some(url.to_owned()),
        ..S3Settings::default()
    };
    (
        settings,
        [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)]
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .into(),
    )
}

fn start(weak: Weak) -> (S3Server, S3Store, S3Reader) {
    let server = S3Server::start(weak);
    let (settings, env) = settings(server.url(), "");
    let limits = HttpLimits::default();
    let store = S3Store::with_limits(settings.clone(), &env, limits).unwrap();
    (server, store, S3Reader::new(settings, &env, limits).unwrap())
}

fn etag(store: &S3Store, key: &str) -> String {
    match store.get_if_changed(key, None, 99).unwrap() {
        Fetch::Found { etag: Some(etag), .. } => etag,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_create_whose_answer_is_lost_is_still_ours() {
    for fault in
        [Fault::DropAfter, Fault::ErrorAfter(500, "InternalError"), Fault::ErrorAfter(503, "SlowDown")]
    {
        let (server, store, _) = start(Weak::default());
        server.inject("PUT", [fault]);
        assert_eq!(store.create("k", b"ours").unwrap(), Created::New, "{fault:?}");
        assert_eq!(server.object("k").unwrap(), b"ours");
        assert_eq!(store.create("k", b"ours").unwrap(), Created::Exists, "{fault:?}");
    }
}

#[test]
fn a_swap_whose_answer_is_lost_is_done_once() {
    for fault in [
        Fault::DropAfter,
        Fault::ErrorAfter(500, "InternalError"),
        Fault::ErrorAfter(409, "ConditionalRequestConflict"),
    ] {
        let (server, store, _) = start(Weak::default());
        store.create("k", b"one").unwrap();
        let before = etag(&store, "k");
        server.inject("PUT", [fault]);
        let Swap::Done { etag: Some(after) } = store.swap("k", Some(&before), b"two").unwrap() else {
            panic!("{fault:?}")
        };
        assert_eq!(after, etag(&store, "k"));
        let puts = server.log().iter().filter(|line| line.starts_with("PUT")).count();
        assert_eq!(puts, 2, "one to create, one to swap; {fault:?}");
    }
}

#[test]
fn a_write_that_never_arrived_is_sent_again() {
    for fault in [
        Fault::DropBefore,
        Fault::Error(500, "InternalError"),
        Fault::Error(409, "ConditionalRequestConflict"),
    ] {
        let (server, store, _) = start(Weak::default());
        server.inject("PUT", [fault, fault]);
        assert_eq!(store.create("k", b"one").unwrap(), Created::New, "{fault:?}");
        let before = etag(&store, "k");
        server.inject("PUT", [fault, fault]);
        assert!(matches!(store.swap("k", Some(&before), b"two").unwrap(), Swap::Done { .. }), "{fault:?}");
        assert_eq!(server.object("k").unwrap(), b"two");
    }
}

#[test]
fn another_writer_in_between_wins() {
    let (server, store, _) = start(Weak::default());
    store.create("k", b"one").unwrap();
    let before = etag(&store, "k");
    server.inject("PUT", [Fault::Overtaken]);
    assert_eq!(store.swap("k", Some(&before), b"two").unwrap(), Swap::Lost);
    // A conflict, and by the time of the second try somebody else was there.
    let before = etag(&store, "k");
    server.inject("PUT", [Fault::Error(409, "ConditionalRequestConflict"), Fault::Overtaken]);
    assert_eq!(store.swap("k", Some(&before), b"two").unwrap(), Swap::Lost);
    assert_eq!(server.object("k").unwrap(), b"another's");
    server.inject("PUT", [Fault::Overtaken]);
    assert_eq!(store.create("new", b"x").unwrap(), Created::Exists);
}

#[test]
fn a_write_that_stays_in_doubt_is_an_error_that_says_so() {
    let (server, store, _) = start(Weak::default());
    server.inject("PUT", [Fault::Error(500, "InternalError"); 20]);
    let error = store.create("k", b"x").unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable);
    assert!(error.to_string().contains("not known whether"), "{error}");
    server.inject("GET", [Fault::DropBefore; 40]);
    let error = store.create("k", b"x").unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
}

#[test]
fn a_store_without_conditional_writes_is_unfit() {
    let (server, store, _) = start(Weak::default());
    server.inject("PUT", [Fault::Error(501, "NotImplemented")]);
    assert_eq!(store.create("k", b"x").unwrap_err().kind, StoreErrorKind::Unfit);
}

#[test]
fn a_full_or_read_only_store_refuses() {
    for (status, code) in [(403, "AccessDenied"), (403, "QuotaExceeded"), (405, "MethodNotAllowed")] {
        let (server, store, _) = start(Weak::default());
        server.inject("PUT", [Fault::Error(status, code)]);
        let error = store.create("k", b"x").unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Refused | StoreErrorKind::Unreachable), "{error}");
        assert!(error.to_string().contains(code), "{error}");
        assert_eq!(server.log().len(), 1, "asked once: {:?}", server.log());
    }
}

#[test]
fn trouble_while_reading_passes() {
    for fault in [
        Fault::DropBefore,
        Fault::Error(503, "SlowDown"),
        Fault::Truncate,
        Fault::Slow(Duration::from_millis(50)),
    ] {
        let (server, store, reader) = start(Weak::default());
        store.create("k", b"some bytes").unwrap();
        server.inject("GET", [fault, fault]);
        assert_eq!(reader.get("k", 99).unwrap().unwrap(), b"some bytes", "{fault:?}");
        server.inject("GET", [fault]);
        assert_eq!(reader.get_range("k", 5, 5).unwrap().unwrap(), b"bytes", "{fault:?}");
    }
}

#[test]
fn etags_are_hints() {
    let (server, store, reader) = start(Weak::default());
    store.create("k", b"one").unwrap();
    server.inject("GET", [Fault::WrongEtag]);
    let Fetch::Found { etag: Some(wrong), .. } = reader.get_if_changed("k", None, 9).unwrap() else {
        panic!()
    };
    let Fetch::Found { bytes, .. } = reader.get_if_changed("k", Some(&wrong), 9).unwrap() else { panic!() };
    assert_eq!(bytes, b"one");
    assert_eq!(store.swap("k", Some(&wrong), b"two").unwrap(), Swap::Lost);
    server.inject("GET", [Fault::NoEtag]);
    let Fetch::Found { etag: None, .. } = reader.get_if_changed("k", None, 9).unwrap() else { panic!() };
}

#[test]
fn a_range_ignored_or_endless_is_cut() {
    let (server, store, reader) = start(Weak::default());
    store.create("k", b"0123456789").unwrap();
    server.inject("GET", [Fault::IgnoreRange]);
    assert_eq!(reader.get_range("k", 3, 4).unwrap().unwrap(), b"3456");
    server.inject("GET", [Fault::Endless]);
    assert_eq!(reader.get("k", 100).unwrap_err().kind, StoreErrorKind::TooLarge);
}

#[test]
fn a_403_may_mean_missing() {
    let (_server, store, reader) = start(Weak { hides_missing: true, ..Weak::default() });
    let error = reader.get("k", 9).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Denied);
    assert!(error.to_string().contains("or no such object"), "{error}");
    assert_eq!(store.create("k", b"x").unwrap(), Created::New);
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let server = S3Server::start(Weak::default());
    let (mut settings, env) = settings(server.url(), "");
    settings.bucket = "other".to_owned();
    let store = S3Store::new(settings.clone(), &env).unwrap();
    let reader = S3Reader::new(settings, &env, HttpLimits::default()).unwrap();
    for error in [
        store.create("k", b"x").unwrap_err(),
        store.list("").unwrap_err(),
        store.delete("k").unwrap_err(),
        reader.get("k", 9).unwrap_err(),
    ] {
        assert_eq!(error.kind, StoreErrorKind::NoStore, "{error}");
        assert!(error.to_string().contains("s3://other"), "{error}");
    }
}

#[test]
fn an_endpoint_where_nobody_answers_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (settings, env) = settings(&url, "");
    let limits = HttpLimits { total: Duration::from_secs(2), ..HttpLimits::default() };
    let store = S3Store::with_limits(settings, &env, limits).unwrap();
    for error in
        [store.create("k", b"x").unwrap_err(), store.list("").unwrap_err(), store.get("k", 1).unwrap_err()]
    {
        assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
    }
}

#[test]
fn a_bucket_elsewhere_says_where() {
    let server = cmc_testing::http_server::Server::start(|_| {
        cmc_testing::http_server::Reply::new(301, "<Error><Code>PermanentRedirect</Code></Error>")
            .with("x-amz-bucket-region", "eu-west-1")
    });
    let (settings, env) = settings(&server.url, "");
    let error = S3Reader::new(settings, &env, HttpLimits::default()).unwrap().get("k", 9).unwrap_err();
    assert!(error.to_string().contains("region = \"eu-west-1\""), "{error}");
}
