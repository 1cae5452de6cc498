//! A store in S3 as hosts read it: requests signed here (SigV4, in the query), sent by the same small HTTP client as
//! for HTTPS. No SDK, no async runtime, and no writing but of a host's own report.

use super::credentials::{Chain, Credentials, Profile, element, var};
use super::http::Range;
use super::wire::{Answer, Body, HttpLimits, Method, Options, Request, Wire};
use super::{Env, Fetch, Reader, StoreError, StoreErrorKind, check_key};
use rusty_s3::{Bucket, S3Action, UrlStyle};
use std::time::Duration;
use ureq::http::Uri;

/// How long a signed request may be under way.
const SIGNED_FOR: Duration = Duration::from_secs(900);

/// Where an S3 store is and how to get there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3Settings {
    /// The bucket.
    pub bucket: String,
    /// What all keys start with, without slashes at its ends; may be empty.
    pub prefix: String,
    /// Base URL of a server other than AWS's.
    pub endpoint: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Bucket in the path instead of in the host name.
    pub path_style: Option<bool>,
    /// Profile of the AWS configuration files.
    pub profile: Option<String>,
}

impl S3Settings {
    /// What people call the store.
    pub fn name(&self) -> String {
        match self.prefix.as_str() {
            "" => format!("s3://{}", self.bucket),
            prefix => format!("s3://{}/{prefix}", self.bucket),
        }
    }

    /// The server's key of an object.
    pub(super) fn full_key(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) }
    }

    /// The endpoint of the settings, else of the environment, else of the profile.
    pub(super) fn chosen_endpoint(&self, env: &Env, profile: &Profile) -> Option<String> {
        self.endpoint
            .as_deref()
            .or_else(|| var(env, "AWS_ENDPOINT_URL_S3"))
            .or_else(|| var(env, "AWS_ENDPOINT_URL"))
            .or_else(|| profile.get("endpoint_url"))
            .map(|url| url.trim_end_matches('/').to_owned())
    }

    /// The region of the settings, else of the environment, else of the profile.
    pub(super) fn chosen_region(&self, env: &Env, profile: &Profile) -> Option<String> {
        self.region
            .as_deref()
            .or_else(|| var(env, "AWS_REGION"))
            .or_else(|| var(env, "AWS_DEFAULT_REGION"))
            .or_else(|| profile.get("region"))
            .map(str::to_owned)
    }

    /// Whether the bucket goes into the path: as set, else with any endpoint but AWS's own; and for bucket names with
    /// dots, which no wildcard certificate covers.
    pub(super) fn chosen_path_style(&self, endpoint: Option<&str>) -> bool {
        self.path_style.unwrap_or(endpoint.is_some() || self.bucket.contains('.'))
    }
}

/// A read-only store in S3.
pub struct S3Reader {
    settings: S3Settings,
    name: String,
    /// As resolved: from the settings, the environment, the profile.
    #[cfg(feature = "s3")]
    endpoint: Option<String>,
    bucket: Bucket,
    chain: Chain,
    wire: Wire,
}

impl S3Reader {
    /// The store. Reads the AWS configuration files, and asks the instance's metadata if nothing else names a region.
    pub fn new(settings: S3Settings, env: &Env, limits: HttpLimits) -> Result<Self, StoreError> {
        let name = settings.name();
        let bad = |problem: String| StoreError::new(StoreErrorKind::Invalid, &name, problem);
        let profile = Profile::load(env, settings.profile.as_deref());
        let endpoint = settings.chosen_endpoint(env, &profile);
        let region = settings.chosen_region(env, &profile);
        let chain = Chain::new(&name, env, profile, region.as_deref(), limits);
        let region = match region {
            Some(region) => region,
            // Servers other than AWS's mostly do not care.
            None if endpoint.is_some() => "us-east-1".to_owned(),
            None => chain.instance_region().ok_or_else(|| {
                bad("no region".to_owned()).with_help("set `region` in the store's table, or AWS_REGION")
            })?,
        };
        let base = match &endpoint {
            Some(url) => url.clone(),
            None if region.starts_with("cn-") => format!("https://s3.{region}.amazonaws.com.cn"),
            None => format!("https://s3.{region}.amazonaws.com"),
        };
        let style = if settings.chosen_path_style(endpoint.as_deref()) {
            UrlStyle::Path
        } else {
            UrlStyle::VirtualHost
        };
        let parsed = base.parse().map_err(|_| bad(format!("endpoint {base:?} is not a URL")))?;
        let bucket = Bucket::new(parsed, style, settings.bucket.clone(), region)
            .map_err(|error| bad(format!("endpoint {base:?} cannot be used: {error}")))?;
        let uri: Uri =
            bucket.base_url().as_str().parse().map_err(|_| bad(format!("endpoint {base:?} is not a URL")))?;
        let ca = &["AWS_CA_BUNDLE", "SSL_CERT_FILE"];
        let wire = Wire::new(&Options { store: &name, base: &uri, env, limits, redirects: 0, ca })?;
        Ok(Self {
            settings,
            name,
            #[cfg(feature = "s3")]
            endpoint,
            bucket,
            chain,
            wire,
        })
    }

    /// The endpoint, if it is not AWS's own.
    #[cfg(feature = "s3")]
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The region that requests are signed for.
    #[cfg(feature = "s3")]
    pub(super) fn region(&self) -> &str {
        self.bucket.region()
    }

    /// The host that requests go to.
    #[cfg(feature = "s3")]
    pub(super) fn base_url(&self) -> &str {
        self.bucket.base_url().as_str()
    }

    /// Where the bucket and its keys lie.
    #[cfg(feature = "s3")]
    pub(super) fn settings(&self) -> &S3Settings {
        &self.settings
    }

    /// Valid credentials.
    #[cfg(feature = "s3")]
    pub(super) fn credentials(&self) -> Result<Credentials, StoreError> {
        self.chain.get()
    }

    /// Drops cached credentials.
    #[cfg(feature = "s3")]
    pub(super) fn forget_credentials(&self) {
        self.chain.forget();
    }

    /// Adds a source for profiles that only the AWS SDK understands.
    #[cfg(feature = "s3")]
    pub(super) fn set_profile_source(&mut self, source: super::credentials::ProfileSource) {
        self.chain.set_profile_source(source);
    }

    fn ask(&self, key: &str, body: Body, headers: &[(&'static str, String)]) -> Result<Answer, StoreError> {
        self.send(Method::Get, key, body, headers)
    }

    /// Sends a GET or PUT of an object; credentials that turn out to have expired are asked for once more.
    fn send(
        &self,
        method: Method<'_>,
        key: &str,
        body: Body,
        headers: &[(&'static str, String)],
    ) -> Result<Answer, StoreError> {
        check_key(&self.name, key)?;
        let full = self.settings.full_key(key);
        let mut renewed = false;
        loop {
            let Credentials { key: id, secret, token, .. } = self.chain.get()?;
            let signer = match token {
                Some(token) => rusty_s3::Credentials::new_with_token(id, secret.as_str(), token.as_str()),
                None => rusty_s3::Credentials::new(id, secret.as_str()),
            };
            let url = match method {
                Method::Put(_) => self.bucket.put_object(Some(&signer), &full).sign(SIGNED_FOR),
                _ => self.bucket.get_object(Some(&signer), &full).sign(SIGNED_FOR),
            };
            let headers = headers.to_vec();
            let request = Request { method, url: url.as_str(), headers, key: Some(key), body };
            let answer = self.wire.send(&request)?;
            if !renewed && matches!(answer.status, 400 | 401 | 403) && is_expired(&answer) {
                self.chain.forget();
                renewed = true;
                continue;
            }
            return Ok(answer);
        }
    }

    /// An answer that is neither the object nor its absence.
    fn refusal(&self, key: &str, answer: &Answer) -> StoreError {
        let code = code(answer).unwrap_or_default();
        let region = answer.header("x-amz-bucket-region");
        refusal(&self.name, key, answer.status, &code, region)
    }

    fn is_missing(answer: &Answer) -> bool {
        answer.status == 404 && code(answer).as_deref() != Some("NoSuchBucket")
    }
}

/// What an S3 status and error code mean to a user.
pub(super) fn refusal(store: &str, key: &str, status: u16, code: &str, region: Option<&str>) -> StoreError {
    use StoreErrorKind::{Denied, NoStore, Refused, Unreachable};
    let shown = if code.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status} {code}") };
    let error = |kind, problem: &str| StoreError::new(kind, store, format!("{shown}: {problem}")).at(key);
    match (status, code) {
        (_, "NoSuchBucket") => {
            error(NoStore, "there is no such bucket").with_help("create it, or correct the store's URL")
        }
        (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "InvalidClientTokenId") => {
            error(Refused, "the credentials are wrong")
        }
        (_, "ExpiredToken" | "TokenRefreshRequired") => error(Refused, "the credentials have expired"),
        (_, "RequestTimeTooSkewed") => {
            error(Refused, "this machine's clock is wrong").with_help("set the clock")
        }
        (301 | 307 | 308, _)
        | (400, "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError") => {
            let error = error(Refused, "the bucket is in another region, or behind another endpoint");
            match region {
                Some(region) => error.with_help(format!("set region = {region:?} in the store's table")),
                None => error.with_help("set `region` and `endpoint` in the store's table"),
            }
        }
        (401, _) => error(Refused, "it asks for credentials"),
        (403, _) => error(Denied, "access denied, or no such object")
            .with_help("the policy must allow s3:GetObject here"),
        (429 | 500..=599, _) => error(Unreachable, "the server has trouble; it was asked again"),
        _ => error(Unreachable, "not an answer of a store"),
    }
}

fn code(answer: &Answer) -> Option<String> {
    element(&String::from_utf8_lossy(&answer.body), "Code")
}

fn is_expired(answer: &Answer) -> bool {
    matches!(code(answer).as_deref(), Some("ExpiredToken" | "TokenRefreshRequired"))
}

impl Reader for S3Reader {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let answer = self.ask(key, Body::Whole(limit), &[])?;
        match answer.status {
            200 => Ok(Some(answer.body)),
            _ if Self::is_missing(&answer) => Ok(None),
            _ => Err(self.refusal(key, &answer)),
        }
    }

    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(range) = Range::new(offset, len) else {
            return Ok(self.get_range(key, offset, 1)?.map(|_| Vec::new()));
        };
        let answer = self.ask(key, range.body(), &[("range", range.header())])?;
        match answer.status {
            200 | 206 | 416 => range.cut(answer, &self.name, key).map(Some),
            _ if Self::is_missing(&answer) => Ok(None),
            _ => Err(self.refusal(key, &answer)),
        }
    }

    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        let headers: Vec<_> = etag.map(|etag| ("if-none-match", etag.to_owned())).into_iter().collect();
        let answer = self.ask(key, Body::Whole(limit), &headers)?;
        match answer.status {
            304 if etag.is_some() => Ok(Fetch::NotModified),
            200 => Ok(Fetch::Found { etag: answer.header("etag").map(str::to_owned), bytes: answer.body }),
            _ if Self::is_missing(&answer) => Ok(Fetch::Missing),
            _ => Err(self.refusal(key, &answer)),
        }
    }

    fn replace(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let answer = self.send(Method::Put(bytes), key, Body::First(0), &[])?;
        match answer.status {
            200 | 201 | 204 => Ok(()),
            403 => Err(self.refusal(key, &answer).with_help("the policy must allow s3:PutObject here")),
            _ => Err(self.refusal(key, &answer)),
        }
    }
}
