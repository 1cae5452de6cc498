//! Credentials from fake services, for both S3 clients.

use cmc_bundles::store::*;
use cmc_testing::http_server::{Manner, Reply, Request, Server};
use cmc_testing::s3_server::{BUCKET, KEY, S3Server, SECRET, Weak};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn limits() -> HttpLimits {
    HttpLimits { total: Duration::from_secs(30), ..HttpLimits::default() }
}

/// Both clients of the server in memory, with credentials from `env` alone.
fn clients(
    server: &S3Server,
    env: &[(&str, &str)],
    profile: Option<&str>,
) -> Vec<(&'static str, Box<dyn Reader>)> {
    let settings = S3Settings {
        bucket: BUCKET.to_owned(),
        endpoint: Some(server.url().to_owned()),
        profile: profile.map(str::to_owned),
        ..S3Settings::default()
    };
    let env: Env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let store = S3Store::with_limits(settings.clone(), &env, limits()).unwrap();
    let reader = S3Reader::new(settings, &env, limits()).unwrap();
    vec![("reader", Box::new(reader)), ("store", Box::new(store))]
}

/// Both clients get in; the writing one also writes.
fn both_get_in(server: &S3Server, env: &[(&str, &str)], profile: Option<&str>) {
    for (name, client) in clients(server, env, profile) {
        assert_eq!(client.get("none", 9).unwrap_or_else(|error| panic!("{name}: {error}")), None);
    }
    let settings = S3Settings {
        bucket: BUCKET.to_owned(),
        endpoint: Some(server.url().to_owned()),
        profile: profile.map(str::to_owned),
        ..S3Settings::default()
    };
    let env: Env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let store = S3Store::with_limits(settings, &env, limits()).unwrap();
    assert_eq!(store.create("written", b"x").unwrap(), Created::New);
    store.delete("written").unwrap();
}

fn error_of(server: &S3Server, env: &[(&str, &str)], profile: Option<&str>) -> StoreError {
    clients(server, env, profile).remove(0).1.get("none", 9).unwrap_err()
}

const NO_IMDS: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

fn file(dir: &Path, name: &str, text: &str) -> String {
    std::fs::write(dir.join(name), text).unwrap();
    dir.join(name).display().to_string()
}

fn sts_answer(token: &str, expires: &str) -> String {
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>\
         <Credentials><AccessKeyId>{KEY}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>{expires}</Expiration></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    )
}

fn json_answer(token: &str, expires: &str) -> String {
    format!(
        r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"{KEY}","SecretAccessKey":"{SECRET}","Token":"{token}","Expiration":"{expires}"}}"#
    )
}

#[test]
fn the_environment_comes_first() {
    let server = S3Server::start(Weak::default());
    server.only_token("session");
    let env =
        [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_SESSION_TOKEN", "session")];
    both_get_in(&server, &env, None);
}

#[test]
fn a_named_profile_comes_before_the_environment() {
    let server = S3Server::start(Weak::default());
    let dir = tempfile::tempdir().unwrap();
    let keys = format!("[prod]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
    let path = file(dir.path(), "credentials", &keys);
    let env = [
        ("AWS_SHARED_CREDENTIALS_FILE", path.as_str()),
        ("AWS_ACCESS_KEY_ID", "OTHER"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ];
    both_get_in(&server, &env, Some("prod"));
    assert_eq!(error_of(&server, &env, None).kind, StoreErrorKind::Refused);
    let error = error_of(&server, &env, Some("nobody"));
    assert!(error.to_string().contains("no profile nobody"), "{error}");
}

#[test]
fn the_home_directory_is_that_of_the_given_environment() {
    let server = S3Server::start(Weak::default());
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".aws")).unwrap();
    let keys = format!("[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
    file(&dir.path().join(".aws"), "credentials", &keys);
    both_get_in(&server, &[("HOME", dir.path().to_str().unwrap()), NO_IMDS], None);
}

#[test]
fn a_web_identity_is_exchanged_and_its_token_stays_out_of_urls() {
    let server = S3Server::start(Weak::default());
    server.only_token("from+sts/=");
    let asked = Arc::new(Mutex::new(Vec::<Request>::new()));
    let log = asked.clone();
    let sts = Server::start(move |request| {
        log.lock().unwrap().push(request.clone());
        Reply::new(200, sts_answer("from+sts/=", "2099-01-01T00:00:00Z"))
    });
    let dir = tempfile::tempdir().unwrap();
    let token = file(dir.path(), "token", "e.y.J&x=1\n");
    let env = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/cmc"),
        ("AWS_ENDPOINT_URL_STS", sts.url.as_str()),
    ];
    both_get_in(&server, &env, None);
    let asked = asked.lock().unwrap();
    let body = String::from_utf8(asked[0].body.clone()).unwrap();
    assert_eq!(asked[0].method, "POST");
    assert!(asked[0].query.is_empty());
    assert!(body.contains("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"), "{body}");
    assert!(body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fcmc"), "{body}");
    assert!(body.contains("WebIdentityToken=e.y.J%26x%3D1"), "{body}");
}

#[test]
fn a_web_identity_that_sts_refuses_is_told_without_its_token() {
    let server = S3Server::start(Weak::default());
    let sts = Server::start(|_| {
        Reply::new(
            400,
            "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></ErrorResponse>",
        )
    });
    let dir = tempfile::tempdir().unwrap();
    let token = file(dir.path(), "token", "hunter2");
    let env = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "r"),
        ("AWS_ENDPOINT_URL_STS", sts.url.as_str()),
    ];
    let error = error_of(&server, &env, None);
    assert_eq!(error.kind, StoreErrorKind::Refused);
    assert!(error.to_string().contains("ExpiredTokenException"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn a_profile_may_name_a_web_identity() {
    let server = S3Server::start(Weak::default());
    let sts = Server::start(|_| Reply::new(200, sts_answer("t", "2099-01-01T00:00:00Z")));
    let dir = tempfile::tempdir().unwrap();
    let token = file(dir.path(), "token", "x");
    let config = file(
        dir.path(),
        "config",
        &format!("[profile ci]\nrole_arn = r\nweb_identity_token_file = {token}\n"),
    );
    both_get_in(
        &server,
        &[("AWS_CONFIG_FILE", config.as_str()), ("AWS_ENDPOINT_URL_STS", sts.url.as_str())],
        Some("ci"),
    );
}

/// EC2's metadata service, version 2.
fn imds(expires: &'static str, count: Arc<AtomicUsize>) -> Server {
    Server::start(move |request| {
        if request.path == "/latest/api/token" {
            assert_eq!(request.method, "PUT");
            assert!(request.header("x-aws-ec2-metadata-token-ttl-seconds").is_some());
            return Reply::new(200, "imds-token");
        }
        if request.header("x-aws-ec2-metadata-token") != Some("imds-token") {
            return Reply::new(401, "");
        }
        match request.path.as_str() {
            "/latest/meta-data/iam/security-credentials/" => Reply::new(200, "the-role"),
            "/latest/meta-data/iam/security-credentials/the-role" => {
                let number = count.fetch_add(1, Ordering::Relaxed);
                Reply::new(200, json_answer(&format!("token-{number}"), expires))
            }
            "/latest/meta-data/placement/region" => Reply::new(200, "eu-north-1"),
            _ => Reply::new(404, ""),
        }
    })
}

#[test]
fn an_instance_has_its_role() {
    let server = S3Server::start(Weak::default());
    let count = Arc::new(AtomicUsize::new(0));
    let imds = imds("2099-01-01T00:00:00Z", count.clone());
    both_get_in(&server, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url.as_str())], None);
}

#[test]
fn credentials_are_kept_until_they_nearly_expire_and_then_renewed() {
    let server = S3Server::start(Weak::default());
    for (expires, rounds) in [("2099-01-01T00:00:00Z", 1), ("2020-01-01T00:00:00Z", 3)] {
        let count = Arc::new(AtomicUsize::new(0));
        let imds = imds(expires, count.clone());
        let client =
            clients(&server, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url.as_str())], None).remove(0).1;
        for _ in 0..3 {
            client.get("none", 9).unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), rounds, "{expires}");
    }
}

#[test]
fn a_store_that_calls_them_expired_gets_new_ones() {
    let server = S3Server::start(Weak::default());
    let count = Arc::new(AtomicUsize::new(0));
    let imds = imds("2099-01-01T00:00:00Z", count.clone());
    let env = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url.as_str())];
    for (number, (_, client)) in clients(&server, &env, None).into_iter().enumerate() {
        server.only_token(&format!("token-{}", 2 * number));
        client.get("none", 9).unwrap();
        server.only_token(&format!("token-{}", 2 * number + 1));
        client.get("none", 9).unwrap();
    }
}

#[test]
fn a_container_has_its_agent() {
    let server = S3Server::start(Weak::default());
    let agent = Server::start(|request| match request.header("authorization") {
        Some("the-token") => Reply::new(200, json_answer("t", "2099-01-01T00:00:00Z")),
        _ => Reply::new(403, ""),
    });
    let dir = tempfile::tempdir().unwrap();
    let token = file(dir.path(), "token", "the-token\n");
    let url = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url.as_str());
    both_get_in(&server, &[url, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.as_str())], None);
    both_get_in(&server, &[url, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-token")], None);
    let error = error_of(&server, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.net/x")], None);
    assert!(error.to_string().contains("unencrypted"), "{error}");
}

#[test]
fn without_any_source_every_one_is_named() {
    let server = S3Server::start(Weak::default());
    let error = error_of(&server, &[NO_IMDS], None);
    assert_eq!(error.kind, StoreErrorKind::Refused);
    for source in ["environment:", "profile:", "web identity:", "container:", "instance:"] {
        assert!(error.to_string().contains(source), "{error}");
    }
}

#[test]
fn half_a_pair_is_an_error_not_a_reason_to_look_on() {
    let server = S3Server::start(Weak::default());
    let error = error_of(&server, &[("AWS_ACCESS_KEY_ID", "x"), NO_IMDS], None);
    assert!(error.to_string().contains("AWS_SECRET_ACCESS_KEY is not"), "{error}");
}

#[test]
fn a_metadata_service_that_hangs_is_given_up() {
    let server = S3Server::start(Weak::default());
    let hanging = Server::start(|_| {
        std::thread::sleep(Duration::from_secs(600));
        Reply { manner: Manner::Nothing, ..Reply::new(200, "") }
    });
    let start = std::time::Instant::now();
    let error = error_of(&server, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", hanging.url.as_str())], None);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(error.to_string().contains("instance:"), "{error}");
}

#[test]
fn a_role_taken_on_with_another_profile_needs_the_sdk() {
    let server = S3Server::start(Weak::default());
    let dir = tempfile::tempdir().unwrap();
    let config = file(dir.path(), "config", "[profile x]\nrole_arn = r\nsource_profile = y\n");
    let error = error_of(&server, &[("AWS_CONFIG_FILE", config.as_str())], Some("x"));
    assert!(error.to_string().contains("source_profile is not supported here"), "{error}");
}
