//! S3 in memory for tests: path style, conditional writes and reads checked under one lock, ranges, listings in pages,
//! and faults on request. It knows one access key and does not check signatures (the tests with a real server do).

use super::http_server::{Manner, Reply, Request, Server};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The access key that is let in.
pub const KEY: &str = "AKIATEST";
/// Its secret.
pub const SECRET: &str = "secret/of+test";
/// The only bucket.
pub const BUCKET: &str = "bucket";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request takes effect, the connection is closed without an answer.
    DropAfter,
    /// The connection is closed without effect.
    DropBefore,
    /// The request takes effect, the answer is this error.
    ErrorAfter(u16, &'static str),
    /// Only this error.
    Error(u16, &'static str),
    /// Another writer replaces the object first.
    Overtaken,
    /// The body breaks off in the middle.
    Truncate,
    /// Without effect: after a pause, 503 `SlowDown`.
    Slow(Duration),
    /// The answer's ETag is not the object's.
    WrongEtag,
    /// The answer has no ETag.
    NoEtag,
    /// A write is answered with 200 and not done.
    Phantom,
    /// The range header is ignored: 200 and the whole object.
    IgnoreRange,
    /// The body never ends.
    Endless,
}

/// What the server never does right.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weak {
    /// `If-None-Match: *` does not keep it from replacing an object.
    pub ignores_create: bool,
    /// `If-Match` does not keep it from replacing another object.
    pub ignores_match: bool,
    /// `If-None-Match` with the right ETag gets the object again.
    pub ignores_not_modified: bool,
    /// A missing object is a 403.
    pub hides_missing: bool,
    /// Listing is a 403.
    pub denies_list: bool,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Vec<u8>, String)>,
    version: u64,
    /// Faults of the next requests of a method.
    faults: BTreeMap<String, VecDeque<Fault>>,
    /// Session tokens that are let in; empty: any.
    tokens: Vec<String>,
    log: Vec<String>,
}

/// A running server.
pub struct S3Server {
    /// The server below.
    pub server: Server,
    state: Arc<Mutex<State>>,
}

impl S3Server {
    /// Starts one with these weaknesses.
    pub fn start(weak: Weak) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        Self { server: Server::start(move |request| answer(&shared, weak, request)), state }
    }

    /// Its endpoint.
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// Lets the next requests of a method fail, in order.
    pub fn inject(&self, method: &str, faults: impl IntoIterator<Item = Fault>) {
        let mut state = self.state.lock().unwrap();
        state.faults.entry(method.to_owned()).or_default().extend(faults);
    }

    /// Forgets the faults that are still to come.
    pub fn heal(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// From now on only this session token is good.
    pub fn only_token(&self, token: &str) {
        self.state.lock().unwrap().tokens = vec![token.to_owned()];
    }

    /// `METHOD KEY` of every request so far.
    pub fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    /// An object as stored.
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.state.lock().unwrap().objects.get(key).map(|(bytes, _)| bytes.clone())
    }
}

fn error(status: u16, code: &str) -> Reply {
    let xml = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>");
    Reply::new(status, xml).with("Content-Type", "application/xml")
}

fn answer(state: &Mutex<State>, weak: Weak, request: &Request) -> Reply {
    let mut state = state.lock().unwrap();
    let fault = state.faults.get_mut(&request.method).and_then(VecDeque::pop_front);
    let Some(path) = request.path.strip_prefix('/') else { return error(400, "BadPath") };
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    state.log.push(format!("{} {key}", request.method));
    if let Some(Fault::Slow(pause)) = fault {
        drop(state);
        std::thread::sleep(pause);
        return error(503, "SlowDown");
    }
    if let Err(reply) = authorize(&state, request) {
        return reply;
    }
    if bucket != BUCKET {
        return error(404, "NoSuchBucket");
    }
    match fault {
        Some(Fault::DropBefore) => return Reply { manner: Manner::Nothing, ..error(500, "x") },
        Some(Fault::Error(status, code)) => return error(status, code),
        Some(Fault::Phantom) => return Reply::new(200, "").with("ETag", "\"phantom\""),
        Some(Fault::Overtaken) => {
            state.version += 1;
            let etag = format!("\"v{}\"", state.version);
            state.objects.insert(key.to_owned(), (b"another's".to_vec(), etag));
        }
        _ => {}
    }
    let ignore_range = fault == Some(Fault::IgnoreRange);
    let mut reply = match request.method.as_str() {
        "GET" if key.is_empty() && weak.denies_list => error(403, "AccessDenied"),
        "GET" if key.is_empty() => list(&state, request),
        "GET" => get(&state, weak, key, request, ignore_range),
        "PUT" => put(&mut state, weak, key, request),
        "DELETE" => {
            state.objects.remove(key);
            Reply::new(204, "")
        }
        _ => error(405, "MethodNotAllowed"),
    };
    match fault {
        Some(Fault::DropAfter) => reply.manner = Manner::Nothing,
        Some(Fault::ErrorAfter(status, code)) => return error(status, code),
        Some(Fault::Truncate) => reply.manner = Manner::Cut(reply.body.len() / 2),
        Some(Fault::Endless) => reply.manner = Manner::Endless,
        Some(Fault::NoEtag) => reply.headers.retain(|(name, _)| name != "ETag"),
        Some(Fault::WrongEtag) => {
            reply.headers.retain(|(name, _)| name != "ETag");
            reply = reply.with("ETag", "\"wrong\"");
        }
        _ => {}
    }
    reply
}

fn authorize(state: &State, request: &Request) -> Result<(), Reply> {
    let credential = match request.header("authorization") {
        Some(header) => header.split("Credential=").nth(1).unwrap_or_default().to_owned(),
        None => request.query.get("X-Amz-Credential").cloned().unwrap_or_default(),
    };
    let token = request
        .header("x-amz-security-token")
        .or_else(|| request.query.get("X-Amz-Security-Token").map(String::as_str));
    if credential.split('/').next() != Some(KEY) {
        return Err(error(403, "InvalidAccessKeyId"));
    }
    if !state.tokens.is_empty() && !state.tokens.iter().any(|good| Some(good.as_str()) == token) {
        return Err(error(400, "ExpiredToken"));
    }
    Ok(())
}

fn get(state: &State, weak: Weak, key: &str, request: &Request, ignore_range: bool) -> Reply {
    let Some((bytes, etag)) = state.objects.get(key) else {
        return if weak.hides_missing { error(403, "AccessDenied") } else { error(404, "NoSuchKey") };
    };
    if request.header("if-none-match") == Some(etag) && !weak.ignores_not_modified {
        return Reply::new(304, "").with("ETag", etag);
    }
    let Some(range) = request.header("range").filter(|_| !ignore_range) else {
        return Reply::new(200, bytes.clone()).with("ETag", etag);
    };
    let (from, to) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    if from >= bytes.len() {
        return error(416, "InvalidRange");
    }
    let to = to.min(bytes.len() - 1);
    Reply::new(206, &bytes[from..=to])
        .with("ETag", etag)
        .with("Content-Range", &format!("bytes {from}-{to}/{}", bytes.len()))
}

fn put(state: &mut State, weak: Weak, key: &str, request: &Request) -> Reply {
    let current = state.objects.get(key).map(|(_, etag)| etag.clone());
    if request.header("if-none-match").is_some() && current.is_some() && !weak.ignores_create {
        return error(412, "PreconditionFailed");
    }
    if let Some(expected) = request.header("if-match").filter(|_| !weak.ignores_match) {
        match current {
            None => return error(404, "NoSuchKey"),
            Some(current) if current != expected => return error(412, "PreconditionFailed"),
            Some(_) => {}
        }
    }
    state.version += 1;
    let etag = format!("\"v{}\"", state.version);
    state.objects.insert(key.to_owned(), (request.body.clone(), etag.clone()));
    Reply::new(200, "").with("ETag", &etag)
}

/// Pages of three, so that every listing has some.
fn list(state: &State, request: &Request) -> Reply {
    let prefix = request.query.get("prefix").map(String::as_str).unwrap_or_default();
    let after = request.query.get("continuation-token").map(String::as_str).unwrap_or_default();
    let rest: Vec<_> =
        state.objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after).collect();
    let page = &rest[..rest.len().min(3)];
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
    for (key, (bytes, etag)) in page {
        let size = bytes.len();
        xml.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>{etag}</ETag><Size>{size}</Size></Contents>"
        ));
    }
    let more = rest.len() > page.len();
    xml.push_str(&format!("<IsTruncated>{more}</IsTruncated>"));
    if more {
        xml.push_str(&format!("<NextContinuationToken>{}</NextContinuationToken>", page[page.len() - 1].0));
    }
    xml.push_str("</ListBucketResult>");
    Reply::new(200, xml).with("Content-Type", "application/xml")
}
