//! A store behind HTTPS: read only, any web server or CDN in front of a directory or bucket.
//!
//! Plain HTTP is accepted for this machine only. At most three redirects are followed, from HTTPS to HTTPS only. 404
//! and 410 mean that there is no object; 403 may mean the same (see [`StoreErrorKind::Denied`]). Proxies and a private
//! certificate authority come from the environment that the caller passes: `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`.

use super::wire::{Answer, Body, HttpLimits, Method, Options, Request, Wire, is_loopback};
use super::{Env, Fetch, Reader, StoreError, StoreErrorKind, check_key};
use ureq::http::Uri;

/// A store behind HTTPS.
pub struct HttpReader {
    wire: Wire,
    base: String,
}

impl HttpReader {
    /// The store whose objects lie below `url`.
    pub fn new(url: &str, env: &Env, limits: HttpLimits) -> Result<Self, StoreError> {
        let shown = without_secrets(url);
        let bad = |problem: &str| StoreError::new(StoreErrorKind::Invalid, &shown, problem);
        let uri: Uri = url.parse().map_err(|_| bad("this is not a URL"))?;
        let host = uri.host().ok_or_else(|| bad("the URL names no host"))?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(bad("a store's URL holds no user or password"));
        }
        if uri.query().is_some() || url.contains('#') {
            return Err(bad("a store's URL has no query or fragment"));
        }
        if uri.scheme_str() == Some("http") && !is_loopback(host) {
            return Err(bad("plain HTTP is for this machine only").with_help("write https://"));
        }
        let options =
            Options { store: &shown, base: &uri, env, limits, redirects: 3, ca: &["SSL_CERT_FILE"] };
        Ok(Self { wire: Wire::new(&options)?, base: url.trim_end_matches('/').to_owned() })
    }

    fn ask(&self, key: &str, body: Body, headers: Vec<(&'static str, String)>) -> Result<Answer, StoreError> {
        check_key(&self.base, key)?;
        let url = format!("{}/{key}", self.base);
        self.wire.send(&Request { method: Method::Get, url: &url, headers, key: Some(key), body })
    }
}

impl Reader for HttpReader {
    fn name(&self) -> &str {
        &self.base
    }

    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let answer = self.ask(key, Body::Whole(limit), Vec::new())?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 | 410 => Ok(None),
            status => Err(refusal(&self.base, key, status)),
        }
    }

    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(range) = Range::new(offset, len) else {
            return Ok(self.get_range(key, offset, 1)?.map(|_| Vec::new()));
        };
        let answer = self.ask(key, range.body(), vec![("range", range.header())])?;
        match answer.status {
            200 | 206 | 416 => range.cut(answer, &self.base, key).map(Some),
            404 | 410 => Ok(None),
            status => Err(refusal(&self.base, key, status)),
        }
    }

    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        let headers = etag.map(|etag| ("if-none-match", etag.to_owned())).into_iter().collect();
        let answer = self.ask(key, Body::Whole(limit), headers)?;
        match answer.status {
            304 if etag.is_some() => Ok(Fetch::NotModified),
            200 => Ok(Fetch::Found { etag: answer.header("etag").map(str::to_owned), bytes: answer.body }),
            404 | 410 => Ok(Fetch::Missing),
            status => Err(refusal(&self.base, key, status)),
        }
    }
}

/// A status that is no answer to a read.
fn refusal(store: &str, key: &str, status: u16) -> StoreError {
    let error =
        |kind, problem: &str| StoreError::new(kind, store, format!("HTTP {status}: {problem}")).at(key);
    match status {
        401 | 407 => error(StoreErrorKind::Refused, "it asks for credentials"),
        403 => error(StoreErrorKind::Denied, "access denied, or no such object"),
        429 | 500..=599 => error(StoreErrorKind::Unreachable, "the server has trouble; it was asked again"),
        _ => error(StoreErrorKind::Unreachable, "not an answer of a store"),
    }
}

/// A wanted range of bytes, which is not empty.
#[derive(Clone, Copy)]
pub(super) struct Range {
    offset: u64,
    len: u64,
}

impl Range {
    /// `None` if it is empty.
    pub(super) fn new(offset: u64, len: u64) -> Option<Self> {
        (len > 0).then_some(Self { offset, len })
    }

    pub(super) fn header(self) -> String {
        format!("bytes={}-{}", self.offset, self.offset.saturating_add(self.len - 1))
    }

    /// Enough for a server that ignores ranges and sends the object from its start.
    pub(super) fn body(self) -> Body {
        Body::First(self.offset.saturating_add(self.len))
    }

    /// The wanted bytes of an answer of status 200, 206 or 416.
    pub(super) fn cut(self, mut answer: Answer, store: &str, key: &str) -> Result<Vec<u8>, StoreError> {
        let len = usize::try_from(self.len).unwrap_or(usize::MAX);
        match answer.status {
            416 => Ok(Vec::new()),
            200 => {
                let offset = usize::try_from(self.offset).unwrap_or(usize::MAX).min(answer.body.len());
                answer.body.drain(..offset);
                answer.body.truncate(len);
                Ok(answer.body)
            }
            _ => {
                let start = answer.header("content-range").and_then(|text| {
                    text.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse::<u64>().ok()
                });
                if start != Some(self.offset) {
                    let problem = "the answer is another range than was asked for";
                    return Err(StoreError::new(StoreErrorKind::Unreachable, store, problem).at(key));
                }
                if answer.body.len() > len {
                    answer.body.truncate(len);
                }
                Ok(answer.body)
            }
        }
    }
}

/// A URL without what may be a secret in it.
pub(super) fn without_secrets(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = &url[..end];
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}
