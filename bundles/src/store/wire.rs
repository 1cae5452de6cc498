//! One HTTP request at a time, bounded in time and size: what the readers of HTTPS and S3 and the sources of
//! credentials share.
//!
//! Rules: a request has one deadline that covers everything from connecting to the body's last byte, and grows with
//! the bytes allowed; bodies are counted while they are read; a body shorter than announced is an error, never data;
//! connection failures and "try again" answers (429, 5xx) are retried with jitter within the same deadline. Nothing of
//! a request is ever shown: URLs may hold signatures.

use super::{Env, StoreError, StoreErrorKind};
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::{HeaderMap, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Bounds of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// To connect, name resolution and TLS included.
    pub connect: Duration,
    /// For a whole request, however small: connection, retries, answer and body; and for an answer to begin, however
    /// large it is.
    pub total: Duration,
    /// The slowest transfer that is waited for, in bytes per second: extends `total` by the bytes allowed.
    pub slowest: u64,
    /// How often a request is sent at most.
    pub attempts: u32,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(40),
            slowest: 64 * 1024,
            attempts: 3,
        }
    }
}

/// How a client is made.
pub(super) struct Options<'a> {
    pub(super) store: &'a str,
    /// Where requests go; decides which proxy is used.
    pub(super) base: &'a Uri,
    pub(super) env: &'a Env,
    pub(super) limits: HttpLimits,
    /// Redirects followed; over HTTPS only to HTTPS.
    pub(super) redirects: u32,
    /// Names of variables with a file of CA certificates, first wins.
    pub(super) ca: &'a [&'a str],
}

/// A client for one host.
pub(super) struct Wire {
    agent: Agent,
    store: String,
    limits: HttpLimits,
}

/// A request.
pub(super) struct Request<'a> {
    pub(super) method: Method<'a>,
    pub(super) url: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    /// The object, for messages.
    pub(super) key: Option<&'a str>,
    pub(super) body: Body,
}

/// What kind of request, with what it sends.
#[derive(Clone, Copy)]
pub(super) enum Method<'a> {
    Get,
    Post(&'a str),
    Put(&'a [u8]),
}

/// How much of the answer's body is wanted.
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// All of it; more than this many bytes is an error.
    Whole(u64),
    /// The first so many bytes; the rest is not read.
    First(u64),
}

impl Body {
    fn limit(self) -> u64 {
        match self {
            Self::Whole(limit) | Self::First(limit) => limit,
        }
    }
}

/// An answer. The body of anything but success holds at most [`ERROR_BODY`] bytes.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

const ERROR_BODY: u64 = 16 * 1024;

impl Wire {
    pub(super) fn new(options: &Options<'_>) -> Result<Self, StoreError> {
        let secure = options.base.scheme_str() == Some("https");
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(secure)
            .max_redirects(options.redirects)
            .max_redirects_will_error(options.redirects > 0)
            .timeout_connect(Some(options.limits.connect))
            .max_response_header_size(64 * 1024)
            .user_agent(concat!("cmc/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .proxy(proxy(options)?);
        if let Some(certificates) = certificates(options)? {
            let roots = RootCerts::new_with_certs(&certificates);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Self {
            agent: config.build().new_agent(),
            store: options.store.to_owned(),
            limits: options.limits,
        })
    }

    /// Sends a request and reads the answer. Any status is an answer; 429 and 5xx only after the last attempt.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answer, StoreError> {
        let allowed = self.limits.total
            + Duration::from_secs(request.body.limit().min(1 << 32) / self.limits.slowest.max(1));
        let deadline = Instant::now() + allowed;
        let mut attempt = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let last = attempt >= self.limits.attempts || left < Duration::from_millis(500);
            match self.once(request, left.max(Duration::from_millis(1))) {
                Ok(answer) if last || !is_try_again(answer.status) => return Ok(answer),
                Ok(_) => {}
                Err(failure) if last || !failure.again => return Err(self.error(request, failure, allowed)),
                Err(_) => {}
            }
            let pause = Duration::from_millis(100 << attempt.min(6)).mul_f64(0.5 + jitter());
            std::thread::sleep(pause.min(deadline.saturating_duration_since(Instant::now())));
            attempt += 1;
        }
    }

    fn once(&self, request: &Request<'_>, left: Duration) -> Result<Answer, Failure> {
        let mut builder = ureq::http::Request::builder().uri(request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let unusable = |_| Failure {
            again: false,
            kind: StoreErrorKind::Invalid,
            ..Failure::new("the address cannot be used")
        };
        let result = match request.method {
            Method::Get => {
                let built = builder.method("GET").body(()).map_err(unusable)?;
                let request = self.agent.configure_request(built).timeout_global(Some(left));
                self.agent.run(request.timeout_recv_response(Some(self.limits.total.min(left))).build())
            }
            Method::Put(_) | Method::Post(_) => {
                let (name, body) = match request.method {
                    Method::Post(body) => ("POST", body.as_bytes()),
                    Method::Put(body) => ("PUT", body),
                    Method::Get => ("GET", &b""[..]),
                };
                let built = builder.method(name).body(body).map_err(unusable)?;
                let request = self.agent.configure_request(built).timeout_global(Some(left));
                self.agent.run(request.timeout_recv_response(Some(self.limits.total.min(left))).build())
            }
        };
        let mut response = result.map_err(|error| Failure::of(&error))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let good = (200..300).contains(&status);
        let wanted = if good { request.body } else { Body::First(ERROR_BODY) };
        let announced: Option<u64> =
            headers.get("content-length").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        if let (Body::Whole(limit), Some(length)) = (wanted, announced)
            && length > limit
        {
            return Err(Failure::too_large(limit));
        }
        // One byte more than wanted: the end of a body that ends there is seen, so that the connection is reused.
        let most = wanted.limit().saturating_add(1);
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(most).read_to_end(&mut body);
        match read {
            Ok(_) => {}
            // What an error answer says is a courtesy.
            Err(_) if !good => {}
            Err(error) => return Err(Failure::of_io(&error)),
        }
        let length = body.len() as u64;
        if length < most && good && announced.is_some_and(|announced| length < announced) {
            return Err(Failure::new("the answer breaks off"));
        }
        if length == most {
            if let Body::Whole(limit) = wanted {
                return Err(Failure::too_large(limit));
            }
            body.pop();
        }
        Ok(Answer { status, headers, body })
    }

    fn error(&self, request: &Request<'_>, failure: Failure, allowed: Duration) -> StoreError {
        let problem = match failure.problem {
            Problem::Silence => format!("no answer within {} s", self.limits.total.as_secs()),
            Problem::Timeout => format!("no complete answer within {} s", allowed.as_secs()),
            Problem::Text(text) => text,
        };
        let error = StoreError::new(failure.kind, &self.store, problem);
        let error = match failure.help {
            Some(help) => error.with_help(help),
            None => error,
        };
        match request.key {
            Some(key) => error.at(key),
            None => error,
        }
    }
}

fn is_try_again(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504)
}

/// A number from 0 to 1 that differs between calls and hosts.
pub(super) fn jitter() -> f64 {
    let hash = std::collections::hash_map::RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(hash >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// Why there is no answer.
struct Failure {
    kind: StoreErrorKind,
    problem: Problem,
    help: Option<&'static str>,
    again: bool,
}

enum Problem {
    /// No answer began.
    Silence,
    /// It did not end.
    Timeout,
    Text(String),
}

impl Failure {
    fn new(problem: impl Into<String>) -> Self {
        Self {
            kind: StoreErrorKind::Unreachable,
            problem: Problem::Text(problem.into()),
            help: None,
            again: true,
        }
    }

    fn too_large(limit: u64) -> Self {
        let problem = format!("larger than the {limit} bytes allowed here");
        Self { kind: StoreErrorKind::TooLarge, again: false, ..Self::new(problem) }
    }

    fn tls(problem: &dyn std::fmt::Display) -> Self {
        let help = "a private certificate authority is named by SSL_CERT_FILE";
        Self { help: Some(help), again: false, ..Self::new(format!("TLS: {problem}")) }
    }

    fn of(error: &ureq::Error) -> Self {
        use ureq::Error as E;
        match error {
            E::Timeout(ureq::Timeout::Connect) => Self::new("no connection"),
            E::Timeout(ureq::Timeout::RecvResponse) => {
                Self { problem: Problem::Silence, again: false, ..Self::new("") }
            }
            E::Timeout(_) => Self { problem: Problem::Timeout, again: false, ..Self::new("") },
            E::HostNotFound => Self::new("the host name is not known"),
            E::ConnectionFailed => Self::new("no connection"),
            E::Io(io) => Self::of_io(io),
            E::Rustls(tls) => Self::tls(tls),
            E::Tls(problem) => Self { again: false, ..Self::new(format!("TLS: {problem}")) },
            E::RequireHttpsOnly(_) => {
                Self { again: false, ..Self::new("it redirects to an unencrypted address") }
            }
            E::TooManyRedirects | E::RedirectFailed => {
                Self { again: false, ..Self::new("it redirects too often") }
            }
            E::ConnectProxyFailed(_) => Self::new("the proxy refuses the connection"),
            E::LargeResponseHeader(..) => {
                Self { again: false, ..Self::new("the answer's header is too large") }
            }
            E::Protocol(_) | E::BodyStalled => Self::new("the answer is not HTTP, or breaks off"),
            _ => Self::new("the request failed"),
        }
    }

    fn of_io(error: &std::io::Error) -> Self {
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
            return Self::of(inner);
        }
        match error.kind() {
            std::io::ErrorKind::ConnectionRefused => Self::new("connection refused"),
            // How rustls' verdicts arrive.
            std::io::ErrorKind::InvalidData => Self::tls(error),
            std::io::ErrorKind::UnexpectedEof => Self::new("the answer breaks off"),
            std::io::ErrorKind::TimedOut => Self { problem: Problem::Timeout, again: false, ..Self::new("") },
            _ => Self::new(format!("{error}")),
        }
    }
}

/// The proxy for this host, from the environment the caller passed: `HTTPS_PROXY` or, for plain HTTP, `http_proxy`
/// (lower case only, since a CGI's client can set the other), else `ALL_PROXY`; never for `NO_PROXY` and loopback.
pub(super) fn chosen_proxy<'e>(base: &Uri, env: &'e Env) -> Option<&'e str> {
    let host = base.host().unwrap_or_default();
    let value = |names: &[&str]| {
        names.iter().find_map(|name| env.get(*name)).map(String::as_str).filter(|value| !value.is_empty())
    };
    if is_loopback(host) || value(&["no_proxy", "NO_PROXY"]).is_some_and(|list| is_listed(host, list)) {
        return None;
    }
    match base.scheme_str() {
        Some("https") => value(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        _ => value(&["http_proxy", "all_proxy", "ALL_PROXY"]),
    }
}

fn proxy(options: &Options<'_>) -> Result<Option<ureq::Proxy>, StoreError> {
    let Some(url) = chosen_proxy(options.base, options.env) else { return Ok(None) };
    ureq::Proxy::new(url).map(Some).map_err(|_| {
        StoreError::new(
            StoreErrorKind::Invalid,
            options.store,
            "the proxy that the environment names cannot be used",
        )
        .with_help("http:// and https:// proxies work; socks does not")
    })
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether `NO_PROXY` covers a host: `*`, a name, or the domain it lies in.
fn is_listed(host: &str, list: &str) -> bool {
    let host = host.to_ascii_lowercase();
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).any(
        |entry| {
            let domain = entry.trim_start_matches('*').trim_start_matches('.');
            entry == "*"
                || host == domain
                || host.strip_suffix(domain).is_some_and(|sub| !domain.is_empty() && sub.ends_with('.'))
        },
    )
}

/// The certificates of the first variable that is set; `None` means Mozilla's.
fn certificates(options: &Options<'_>) -> Result<Option<Vec<Certificate<'static>>>, StoreError> {
    let Some((name, path)) = options
        .ca
        .iter()
        .find_map(|name| options.env.get(*name).map(|path| (*name, path)))
        .filter(|(_, path)| !path.is_empty())
    else {
        return Ok(None);
    };
    let bad = |problem: String| {
        StoreError::new(StoreErrorKind::Invalid, options.store, format!("{name}: {path}: {problem}"))
    };
    let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| bad(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(bad("holds no certificate".to_owned()));
    }
    Ok(Some(certificates))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_covers_names_and_their_subdomains() {
        for (host, list, covered) in [
            ("a.example.net", "example.net", true),
            ("a.example.net", ".example.net", true),
            ("a.example.net", "*.example.net", true),
            ("example.net", "x, EXAMPLE.net", true),
            ("badexample.net", "example.net", false),
            ("a.example.net", "", false),
            ("a.example.net", "*", true),
        ] {
            assert_eq!(is_listed(host, list), covered, "{host} in {list:?}");
        }
    }

    #[test]
    fn loopback_is_recognised() {
        for (host, loopback) in [
            ("127.0.0.1", true),
            ("[::1]", true),
            ("localhost", true),
            ("127.0.0.1.evil.net", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(host), loopback, "{host}");
        }
    }
}
