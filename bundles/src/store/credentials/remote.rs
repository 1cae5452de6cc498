//! Credentials that a service hands out: STS for a web identity, the container's agent, the instance's metadata.

use super::super::http::without_secrets;
use super::super::wire::{Answer, Body, Method, Options, Request, Wire, is_loopback};
use super::{Chain, Credentials, Source, StoreError, StoreErrorKind};
use serde::Deserialize;
use std::time::{Duration, SystemTime};
use ureq::http::Uri;
use zeroize::Zeroizing;

/// The most an answer with credentials may hold.
const ANSWER: u64 = 64 * 1024;
/// Tokens in files: a web identity, a container's authorization.
const TOKEN: u64 = 64 * 1024;

impl Chain {
    /// `AssumeRoleWithWebIdentity` of STS; needs no credentials. The token travels in the body, not in the URL.
    pub(super) fn exchange(
        &self,
        role: &str,
        session: Option<&str>,
        file: &str,
    ) -> Result<Credentials, StoreError> {
        let token = self.read_token(file)?;
        let endpoint = match self.var("AWS_ENDPOINT_URL_STS").or_else(|| self.var("AWS_ENDPOINT_URL")) {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => match self.region.as_deref() {
                Some(region) if region.starts_with("cn-") => format!("https://sts.{region}.amazonaws.com.cn"),
                Some(region) => format!("https://sts.{region}.amazonaws.com"),
                None => "https://sts.amazonaws.com".to_owned(),
            },
        };
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("RoleSessionName", session.unwrap_or("cmc")),
            ("WebIdentityToken", &token),
        ];
        let form: Zeroizing<String> =
            form.iter().map(|(k, v)| format!("{k}={}", escape(v))).collect::<Vec<_>>().join("&").into();
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let wire = self.wire(&endpoint, true)?;
        let answer = self.ask(&wire, Method::Post(&form), &format!("{endpoint}/"), headers)?;
        let body = Zeroizing::new(String::from_utf8_lossy(&answer.body).into_owned());
        if answer.status != 200 {
            let code = element(&body, "Code").unwrap_or_else(|| format!("HTTP {}", answer.status));
            let what = element(&body, "Message").unwrap_or_default();
            return Err(
                self.error(format!("STS refuses the web identity: {code} {what}").trim_end().to_owned())
            );
        }
        let credentials = || {
            Some(Credentials {
                key: element(&body, "AccessKeyId")?,
                secret: element(&body, "SecretAccessKey")?.into(),
                token: Some(element(&body, "SessionToken")?.into()),
                expires: Some(time(&element(&body, "Expiration")?)?),
            })
        };
        credentials().ok_or_else(|| self.error("STS answers without credentials"))
    }

    /// The agent of ECS or EKS.
    pub(super) fn ask_container(&self) -> Result<Source, StoreError> {
        let (relative, full) = (
            self.var("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            self.var("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        );
        let url = match (relative, full) {
            (Some(path), _) => format!("http://169.254.170.2{path}"),
            (None, Some(url)) => url.to_owned(),
            (None, None) => return Ok(Source::Absent("AWS_CONTAINER_CREDENTIALS_FULL_URI is not set")),
        };
        let uri: Uri = url.parse().map_err(|_| self.error("the container's credentials URI is not a URL"))?;
        let host = uri.host().unwrap_or_default();
        // ECS's and EKS's own addresses.
        let agents = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
        if uri.scheme_str() != Some("https") && !is_loopback(host) && !agents.contains(&host) {
            return Err(self.error("AWS_CONTAINER_CREDENTIALS_FULL_URI would send a token unencrypted"));
        }
        let token = match self.var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => Some(self.read_token(file)?.to_string()),
            None => self.var("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
        };
        let headers = token.map(|token| ("authorization", token)).into_iter().collect();
        let answer =
            self.ask(&self.wire(&url, uri.scheme_str() == Some("https"))?, Method::Get, &url, headers)?;
        if answer.status != 200 {
            return Err(self.error(format!("the container's agent answers HTTP {}", answer.status)));
        }
        self.parse(&answer.body).map(Source::Found)
    }

    /// IMDSv2 of EC2. Version 1 is not used: any process that can be made to send a GET could read it.
    pub(super) fn ask_instance(&self) -> Result<Source, StoreError> {
        let Some(imds) = self.metadata()? else {
            return Ok(Source::Absent("this is no EC2 instance, or AWS_EC2_METADATA_DISABLED is set"));
        };
        let base = "/latest/meta-data/iam/security-credentials/";
        let role = match imds.get(self, base)? {
            Some(body) => String::from_utf8_lossy(&body).lines().next().unwrap_or_default().trim().to_owned(),
            None => return Ok(Source::Absent("the instance has no role")),
        };
        match imds.get(self, &format!("{base}{role}"))? {
            Some(body) => self.parse(&body).map(Source::Found),
            None => Err(self.error("the instance's metadata names a role and gives no credentials for it")),
        }
    }

    /// The region of the EC2 instance, if this is one.
    pub(in super::super) fn instance_region(&self) -> Option<String> {
        let imds = self.metadata().ok()??;
        let body = imds.get(self, "/latest/meta-data/placement/region").ok()??;
        let region = String::from_utf8_lossy(&body).trim().to_owned();
        (!region.is_empty()).then_some(region)
    }

    fn metadata(&self) -> Result<Option<Imds>, StoreError> {
        if self.var("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let base = match self.var("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self
                .var("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
                .is_some_and(|m| m.eq_ignore_ascii_case("ipv6")) =>
            {
                "http://[fd00:ec2::254]".to_owned()
            }
            None => "http://169.254.169.254".to_owned(),
        };
        let wire = self.quick_wire(&base)?;
        let headers = vec![("x-aws-ec2-metadata-token-ttl-seconds", "21600".to_owned())];
        let url = format!("{base}/latest/api/token");
        // No answer within a second: not EC2.
        let Ok(answer) = self.ask(&wire, Method::Put(b""), &url, headers) else { return Ok(None) };
        if answer.status != 200 {
            return Ok(None);
        }
        let token = Zeroizing::new(String::from_utf8_lossy(&answer.body).trim().to_owned());
        Ok(Some(Imds { wire, base, token }))
    }

    /// The JSON document of both agents.
    fn parse(&self, body: &[u8]) -> Result<Credentials, StoreError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Document {
            access_key_id: String,
            secret_access_key: String,
            token: Option<String>,
            expiration: Option<String>,
        }
        let document: Document = serde_json::from_slice(body)
            .map_err(|_| self.error("the agent that hands out credentials answers without any"))?;
        Ok(Credentials {
            key: document.access_key_id,
            secret: document.secret_access_key.into(),
            token: document.token.map(Zeroizing::new),
            expires: document.expiration.as_deref().and_then(time),
        })
    }

    fn read_token(&self, file: &str) -> Result<Zeroizing<String>, StoreError> {
        use std::io::Read as _;
        let mut text = Zeroizing::new(String::new());
        std::fs::File::open(file)
            .and_then(|open| open.take(TOKEN).read_to_string(&mut text))
            .map_err(|error| self.error(format!("token file {file}: {error}")))?;
        Ok(Zeroizing::new(text.trim().to_owned()))
    }

    fn ask(
        &self,
        wire: &Wire,
        method: Method<'_>,
        url: &str,
        headers: Vec<(&'static str, String)>,
    ) -> Result<Answer, StoreError> {
        wire.send(&Request { method, url, headers, key: None, body: Body::Whole(ANSWER) }).map_err(|error| {
            let from = without_secrets(url);
            StoreError::new(
                StoreErrorKind::Unreachable,
                &self.store,
                format!("credentials from {from}: {}", error.problem),
            )
        })
    }

    fn wire(&self, url: &str, proxied: bool) -> Result<Wire, StoreError> {
        let none = super::Env::new();
        let base: Uri =
            url.parse().map_err(|_| self.error(format!("{} is not a URL", without_secrets(url))))?;
        let env = if proxied { &self.env } else { &none };
        let ca = &["AWS_CA_BUNDLE", "SSL_CERT_FILE"];
        Wire::new(&Options { store: &self.store, base: &base, env, limits: self.limits, redirects: 0, ca })
    }

    fn quick_wire(&self, url: &str) -> Result<Wire, StoreError> {
        let none = super::Env::new();
        let base: Uri =
            url.parse().map_err(|_| self.error(format!("{} is not a URL", without_secrets(url))))?;
        let mut limits = self.limits;
        limits.connect = limits.connect.min(Duration::from_secs(1));
        limits.total = limits.total.min(Duration::from_secs(2));
        limits.attempts = 1;
        // A body of 64 KiB adds nothing to the deadline.
        limits.slowest = u64::MAX;
        Wire::new(&Options { store: &self.store, base: &base, env: &none, limits, redirects: 0, ca: &[] })
    }
}

/// A session with the instance's metadata service.
struct Imds {
    wire: Wire,
    base: String,
    token: Zeroizing<String>,
}

impl Imds {
    /// A document; `None` if there is none.
    fn get(&self, chain: &Chain, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let headers = vec![("x-aws-ec2-metadata-token", self.token.to_string())];
        let answer = chain.ask(&self.wire, Method::Get, &format!("{}{path}", self.base), headers)?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            404 => Ok(None),
            status => Err(chain.error(format!("the instance's metadata answers HTTP {status}"))),
        }
    }
}

/// A time as AWS writes it (RFC 3339).
fn time(text: &str) -> Option<SystemTime> {
    text.parse::<jiff::Timestamp>().ok().map(SystemTime::from)
}

/// The text of the first element of this name. STS' answer has each name once and neither attributes nor CDATA in it;
/// all that is done with the text is to sign with it.
pub(in super::super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let unescaped = text
        .trim()
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    Some(unescaped)
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte))
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_unescaped_once() {
        let xml = "<R><Code>X</Code><SessionToken> a+/=&amp;lt; </SessionToken></R>";
        assert_eq!(element(xml, "SessionToken").as_deref(), Some("a+/=&lt;"));
        assert_eq!(element(xml, "Missing"), None);
    }

    #[test]
    fn forms_escape_everything_that_could_end_a_value() {
        assert_eq!(escape("a b&c=d+é"), "a%20b%26c%3Dd%2B%C3%A9");
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(time("1970-01-01T00:01:00Z"), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(60)));
        assert_eq!(time("soon"), None);
    }
}
