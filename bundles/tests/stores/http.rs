//! A web server's faults.

use cmc_bundles::store::*;
use cmc_testing::http_server::{Manner, Reply, Request, Server};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn reader(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Server, HttpReader) {
    let server = Server::start(handler);
    let reader = HttpReader::new(&server.url, &Env::new(), HttpLimits::default()).unwrap();
    (server, reader)
}

fn manner(manner: Manner) -> (Server, HttpReader) {
    reader(move |_| Reply { manner, ..Reply::new(200, vec![b'x'; 1000]) })
}

#[test]
fn a_body_that_breaks_off_is_never_data() {
    let (_server, reader) = manner(Manner::Cut(999));
    for error in [reader.get("k", 2000).unwrap_err(), reader.get_range("k", 0, 1000).unwrap_err()] {
        assert_eq!(error.kind, StoreErrorKind::Unreachable);
        assert!(error.to_string().contains("breaks off"), "{error}");
    }
}

#[test]
fn a_slow_body_ends_at_the_deadline() {
    // Whole after 100 s.
    let (server, _) = manner(Manner::Drip(Duration::from_millis(100)));
    let limits =
        HttpLimits { total: Duration::from_millis(1500), slowest: 10 << 20, ..HttpLimits::default() };
    let reader = HttpReader::new(&server.url, &Env::new(), limits).unwrap();
    let start = Instant::now();
    let error = reader.get("k", 2000).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(error.to_string().contains("no complete answer within"), "{error}");
}

#[test]
fn a_server_that_never_answers_is_given_up_however_much_was_asked_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // The body alone would have ten minutes more.
    let limits = HttpLimits { total: Duration::from_secs(1), slowest: 1000, ..HttpLimits::default() };
    let start = Instant::now();
    let error = HttpReader::new(&url, &Env::new(), limits).unwrap().get("k", 600_000).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(300), "{:?}", start.elapsed());
    assert_eq!(error.kind, StoreErrorKind::Unreachable);
    assert!(error.to_string().contains("no answer within 1 s"), "{error}");
}

#[test]
fn a_body_without_end_is_cut_at_the_limit() {
    let (_server, reader) = manner(Manner::Endless);
    assert_eq!(reader.get("k", 100_000).unwrap_err().kind, StoreErrorKind::TooLarge);
    assert_eq!(reader.get_range("k", 0, 500).unwrap().unwrap(), [b'x'; 500]);
}

#[test]
fn a_server_that_hangs_up_once_is_asked_again() {
    let count = AtomicUsize::new(0);
    let (_server, reader) = reader(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Reply { manner: Manner::Nothing, ..Reply::new(200, "") },
        1 => Reply::new(503, "busy"),
        _ => Reply::new(200, "ok"),
    });
    assert_eq!(reader.get("k", 10).unwrap().unwrap(), b"ok");
}

#[test]
fn statuses_are_told_apart() {
    for (status, kind) in [
        (401, StoreErrorKind::Refused),
        (403, StoreErrorKind::Denied),
        (500, StoreErrorKind::Unreachable),
        (204, StoreErrorKind::Unreachable),
        (304, StoreErrorKind::Unreachable),
    ] {
        let (_server, reader) = reader(move |_| Reply::new(status, ""));
        let error = reader.get_if_changed("k", None, 10).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
    for status in [404, 410] {
        let (_server, reader) = reader(move |_| Reply::new(status, ""));
        assert_eq!(reader.get("k", 10).unwrap(), None);
    }
}

#[test]
fn ranges_survive_a_server_that_ignores_or_confuses_them() {
    let (_server, ignoring) = reader(|_| Reply::new(200, "0123456789"));
    assert_eq!(ignoring.get_range("k", 3, 4).unwrap().unwrap(), b"3456");
    assert_eq!(ignoring.get_range("k", 8, 4).unwrap().unwrap(), b"89");
    let (_server, confused) = reader(|_| Reply::new(206, "3456").with("Content-Range", "bytes 0-3/10"));
    let error = confused.get_range("k", 3, 4).unwrap_err();
    assert!(error.to_string().contains("another range"), "{error}");
}

#[test]
fn redirects_are_followed_three_times_and_no_more() {
    let (server, reader) = reader(|request| match request.path.as_str() {
        "/k" => Reply::new(302, "").with("Location", "/there"),
        "/there" => Reply::new(200, "found"),
        path => Reply::new(307, "").with("Location", path),
    });
    assert_eq!(reader.get("k", 10).unwrap().unwrap(), b"found");
    let error = reader.get("round", 10).unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
    drop(server);
}

#[test]
fn nobody_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = HttpReader::new(&url, &Env::new(), HttpLimits::default()).unwrap().get("k", 10).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let error = HttpReader::new("http://example.net/x", &Env::new(), HttpLimits::default()).err().unwrap();
    assert!(error.to_string().contains("https://"), "{error}");
}

#[test]
fn the_proxy_is_the_one_of_the_given_environment() {
    // The proxy is asked to connect; loopback is never proxied, so the name must not be loopback's.
    let (sender, receiver) = std::sync::mpsc::channel();
    let proxy = Server::start(move |request| {
        let _ = sender.send(request.method.clone());
        Reply { manner: Manner::Nothing, ..Reply::new(502, "") }
    });
    let env: Env = [("HTTPS_PROXY".to_owned(), proxy.url.clone())].into();
    let limits = HttpLimits { attempts: 1, ..HttpLimits::default() };
    let error = HttpReader::new("https://store.invalid/x", &env, limits).unwrap().get("k", 10).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable);
    assert_eq!(receiver.recv_timeout(Duration::from_secs(60)).unwrap(), "CONNECT");
    let mut env = env;
    env.insert("NO_PROXY".to_owned(), "store.invalid".to_owned());
    let error = HttpReader::new("https://store.invalid/x", &env, limits).unwrap().get("k", 10).unwrap_err();
    assert!(receiver.try_recv().is_err(), "{error}");
}
