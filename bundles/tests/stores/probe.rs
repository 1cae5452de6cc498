//! `store probe` lets good stores pass and names what weak ones lack.

use crate::faults::settings;
use cmc_bundles::store::*;
use cmc_testing::s3_server::{Fault, S3Server, Weak};

fn failed(weak: Weak) -> Vec<&'static str> {
    let server = S3Server::start(weak);
    let (settings, env) = settings(server.url(), "");
    let probe = probe(&S3Store::new(settings, &env).unwrap()).unwrap();
    assert_eq!(probe.is_fit(), probe.refusal().is_none());
    if let Some(refusal) = probe.refusal() {
        assert_eq!(refusal.kind, StoreErrorKind::Unfit, "{refusal}");
    }
    probe.checks.iter().filter(|check| check.outcome != Outcome::Passed).map(|check| check.name).collect()
}

#[test]
fn good_stores_pass_and_nothing_is_left() {
    assert_eq!(failed(Weak::default()), [""; 0]);
    assert_eq!(failed(Weak { hides_missing: true, ..Weak::default() }), [""; 0]);
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path().join("store"));
    let probe = probe(&store).unwrap();
    assert!(probe.is_fit(), "{probe:#?}");
    assert_eq!(store.list("").unwrap(), []);
}

#[test]
fn a_store_that_ignores_a_condition_is_unfit() {
    let creates = failed(Weak { ignores_create: true, ..Weak::default() });
    assert_eq!(creates, ["create-once", "one-winner"]);
    let swaps = failed(Weak { ignores_match: true, ..Weak::default() });
    assert!(swaps.contains(&"stale-swap"), "{swaps:?}");
    assert_eq!(failed(Weak { ignores_not_modified: true, ..Weak::default() }), ["not-modified"]);
}

#[test]
fn a_store_that_forgets_is_unfit() {
    let server = S3Server::start(Weak::default());
    let (settings, env) = settings(server.url(), "");
    server.inject("PUT", [Fault::Phantom]);
    let probe = probe(&S3Store::new(settings, &env).unwrap()).unwrap();
    assert!(matches!(probe.checks[0].outcome, Outcome::Failed(_)), "{probe:#?}");
}

#[test]
fn credentials_that_may_not_delete_leave_small_objects_and_say_so() {
    let server = S3Server::start(Weak::default());
    let (settings, env) = settings(server.url(), "");
    server.inject("DELETE", [Fault::Error(403, "AccessDenied"); 6]);
    let probe = probe(&S3Store::new(settings, &env).unwrap()).unwrap();
    assert!(probe.is_fit());
    assert_eq!(probe.left.len(), 6);
}

#[test]
fn an_unreachable_or_refusing_store_is_neither_fit_nor_unfit() {
    let server = S3Server::start(Weak::default());
    let (settings, mut env) = settings(server.url(), "");
    env.insert("AWS_ACCESS_KEY_ID".to_owned(), "OTHER".to_owned());
    let error = probe(&S3Store::new(settings.clone(), &env).unwrap()).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Refused, "{error}");
}

#[test]
fn a_publisher_finds_out_in_two_requests_whether_conditions_are_kept() {
    let check = |weak: Weak| {
        let server = S3Server::start(weak);
        let (settings, env) = settings(server.url(), "");
        let store = S3Store::new(settings, &env).unwrap();
        check_conditions(&store).and_then(|()| {
            let before = server.log().len();
            check_conditions(&store)?;
            assert_eq!(server.log().len() - before, 2, "{:?}", server.log());
            Ok(())
        })
    };
    check(Weak::default()).unwrap();
    for weak in
        [Weak { ignores_create: true, ..Weak::default() }, Weak { ignores_match: true, ..Weak::default() }]
    {
        let error = check(weak).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Unfit, "{error}");
        assert!(error.to_string().contains("store probe"), "{error}");
    }
}
