//! A store behind HTTP on this machine: a directory, served with ETags, conditional requests and ranges.

use crate::failure::{Context as _, Failure};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use tiny_http::{Header, Request, Response};

/// The server. It ends when it is dropped.
pub(crate) struct Server {
    http: Arc<tiny_http::Server>,
    unchanged: Arc<AtomicUsize>,
    others: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves a directory.
    pub(crate) fn start(root: &Path) -> Result<Self, Failure> {
        let http = Arc::new(tiny_http::Server::http("127.0.0.1:0").context("a server")?);
        let (unchanged, others) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let thread = std::thread::spawn({
            let (http, unchanged, others) = (http.clone(), unchanged.clone(), others.clone());
            let root = root.to_owned();
            move || {
                for request in http.incoming_requests() {
                    let (count, response) = match answer(&root, &request) {
                        Some(response) if response.status_code() == 304 => (&unchanged, response),
                        Some(response) => (&others, response),
                        None => (&others, Response::from_data(Vec::new()).with_status_code(404)),
                    };
                    count.fetch_add(1, Ordering::SeqCst);
                    let _ = request.respond(response);
                }
            }
        });
        Ok(Self { http, unchanged, others, thread: Some(thread) })
    }

    /// Its address, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.http.server_addr())
    }

    /// How many requests were answered with 304, and how many otherwise.
    pub(crate) fn answered(&self) -> (usize, usize) {
        (self.unchanged.load(Ordering::SeqCst), self.others.load(Ordering::SeqCst))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.unblock();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The ETag of an object.
pub(crate) fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", blake3::hash(bytes).to_hex())
}

type Answer = Response<std::io::Cursor<Vec<u8>>>;

fn answer(root: &Path, request: &Request) -> Option<Answer> {
    let path: PathBuf = root.join(request.url().trim_start_matches('/'));
    let bytes = std::fs::read(path).ok()?;
    let etag = etag(&bytes);
    let header = |name: &str| {
        let header =
            request.headers().iter().find(|header| header.field.as_str().as_str().eq_ignore_ascii_case(name));
        header.map(|header| header.value.as_str().to_owned())
    };
    let tagged = Header::from_bytes("ETag", etag.as_str()).ok()?;
    if header("if-none-match").as_deref() == Some(etag.as_str()) {
        return Some(Response::from_data(Vec::new()).with_status_code(304).with_header(tagged));
    }
    let Some(range) = header("range") else { return Some(Response::from_data(bytes).with_header(tagged)) };
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) =
        (from.parse::<usize>().ok()?, to.parse::<usize>().ok()?.min(bytes.len().saturating_sub(1)));
    let part = bytes.get(from..=to)?.to_vec();
    let range = format!("bytes {from}-{to}/{}", bytes.len());
    let range = Header::from_bytes("Content-Range", range).ok()?;
    Some(Response::from_data(part).with_status_code(206).with_header(tagged).with_header(range))
}
