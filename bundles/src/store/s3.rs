//! A store in S3 as publishers use it: AWS's SDK writes, under conditions; reads are those of [`S3Reader`], so that a
//! publisher sees what hosts see.
//!
//! Every write is conditional, and its outcome is certain or an error that says it is not. The SDK's own retries are
//! off, because a write must not be sent again before it is known what became of it:
//!
//! - 412 (older MinIO: 304), and 404 for `If-Match`: the condition does not hold. If an attempt of ours before had an
//!   unknown end, the object is read back: with our bytes in it, that attempt won.
//! - 409: two writes met. AWS says to try again; the object is read back first.
//! - no answer, or 5xx: the write may have happened. The object is read back first.
//!
//! The SDK is asynchronous: a runtime of one thread lives here and nowhere else. It runs only while a call blocks.

use super::credentials::{Credentials, var};
use super::s3_reader::refusal;
use super::wire::{chosen_proxy, jitter};
use super::{
    Created, Env, Fetch, HttpLimits, Listed, Reader, S3Reader, S3Settings, Store, StoreError, StoreErrorKind,
    Swap, check_key, is_key,
};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, ProvideCredentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedHttpClient, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::runtime::Runtime;

/// How often a write is tried.
const ATTEMPTS: u32 = 6;
/// The largest object read back to settle what became of a write.
const SETTLE: u64 = 64 * 1024 * 1024;

/// A store in S3 that can be written.
pub struct S3Store {
    reader: S3Reader,
    client: Client,
    handed: Handed,
    runtime: Runtime,
    limits: HttpLimits,
}

impl S3Store {
    /// The store, with the usual bounds.
    pub fn new(settings: S3Settings, env: &Env) -> Result<Self, StoreError> {
        Self::with_limits(settings, env, HttpLimits::default())
    }

    /// The store. Credentials, region and endpoint are found as [`S3Reader`] does; a profile that takes on a role
    /// with another profile's keys, or names a program, is read by the SDK, which also reads the process' own
    /// environment then.
    pub fn with_limits(settings: S3Settings, env: &Env, limits: HttpLimits) -> Result<Self, StoreError> {
        let name = settings.name();
        let mut reader = S3Reader::new(settings, env, limits)?;
        let http = http_client(&name, reader.base_url(), env)?;
        reader.set_profile_source({
            let (name, http, region) = (name.clone(), http.clone(), reader.region().to_owned());
            Box::new(move |profile| sdk_profile(&name, &http, &region, profile))
        });
        let handed = Handed::default();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(reader.region().to_owned()))
            .force_path_style(reader.settings().chosen_path_style(reader.endpoint()))
            .http_client(http)
            .identity_cache(aws_sdk_s3::config::IdentityCache::no_cache())
            .credentials_provider(handed.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(limits.connect).build())
            // Other servers do not know the SDK's newer default checksums; objects carry hashes of their own.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        config.set_endpoint_url(reader.endpoint().map(str::to_owned));
        let runtime = runtime(&name)?;
        Ok(Self { reader, client: Client::from_conf(config.build()), handed, runtime, limits })
    }

    fn error(&self, kind: StoreErrorKind, key: &str, problem: impl Into<String>) -> StoreError {
        StoreError::new(kind, self.reader.name(), problem).at(key)
    }

    /// Runs one request of the SDK under a deadline that grows with the bytes it moves.
    fn run<T, E: ProvideErrorMetadata>(
        &self,
        bytes: usize,
        request: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<Result<T, Failed>, StoreError> {
        self.handed.set(self.reader.credentials()?);
        let allowed = self.limits.total + Duration::from_secs(bytes as u64 / self.limits.slowest.max(1));
        let answer = self.runtime.block_on(async { tokio::time::timeout(allowed, request).await });
        Ok(match answer {
            Ok(result) => result.map_err(|error| Failed::of(&error)),
            Err(_) => Err(Failed::Unknown(format!("no answer within {} s", allowed.as_secs()))),
        })
    }

    /// One conditional write.
    fn put(
        &self,
        key: &str,
        expected: Option<&str>,
        bytes: &[u8],
    ) -> Result<Result<Option<String>, Failed>, StoreError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.reader.settings().bucket)
            .key(self.reader.settings().full_key(key))
            .set_if_match(expected.map(str::to_owned))
            .set_if_none_match(expected.is_none().then(|| "*".to_owned()))
            .content_type("application/octet-stream")
            .body(ByteStream::from(bytes.to_vec()));
        Ok(self.run(bytes.len(), request.send())?.map(|done| done.e_tag))
    }

    /// Writes under a condition until the outcome is certain.
    fn write(&self, key: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Written, StoreError> {
        check_key(self.reader.name(), key)?;
        // Whether an attempt before may have written.
        let mut doubt = false;
        let mut renewed = false;
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(Duration::from_millis(50 << attempt).mul_f64(0.5 + jitter()));
            }
            match self.put(key, expected, bytes)? {
                Ok(etag) => return Ok(Written::Done { etag }),
                Err(Failed::Status { status: 412 | 304, .. }) => return self.settle_lost(key, bytes, doubt),
                Err(Failed::Status { status: 404, code, .. })
                    if expected.is_some() && code != "NoSuchBucket" =>
                {
                    return self.settle_lost(key, bytes, doubt);
                }
                Err(Failed::Status { status: 409, .. }) => last = "409: other writers are at it".to_owned(),
                Err(Failed::Status { status: 501, .. }) => {
                    let problem = "HTTP 501: this store has no conditional writes";
                    return Err(self.error(StoreErrorKind::Unfit, key, problem));
                }
                Err(Failed::Status { status, code, .. }) if !renewed && is_expired(status, &code) => {
                    self.reader.forget_credentials();
                    renewed = true;
                    continue;
                }
                Err(Failed::Status { status, code, .. }) if status == 429 || status >= 500 => {
                    last = format!("HTTP {status} {code}");
                    doubt = true;
                }
                Err(Failed::Status { status, code, region }) => {
                    return Err(self.refusal(key, status, &code, region.as_deref()));
                }
                Err(Failed::Unsent(problem)) => last = problem,
                Err(Failed::Unknown(problem)) => {
                    last = problem;
                    doubt = true;
                }
            }
            match self.settle(key, expected, bytes) {
                Ok(Settled::Ours(etag)) => return Ok(Written::Done { etag }),
                Ok(Settled::Unchanged) | Err(StoreError { kind: StoreErrorKind::Unreachable, .. }) => {}
                Ok(Settled::Other) => return Ok(Written::Lost),
                Err(error) => return Err(error),
            }
        }
        let problem = if doubt {
            format!("tried {ATTEMPTS} times, and it is not known whether it was written: {last}")
        } else {
            format!("tried {ATTEMPTS} times: {last}")
        };
        Err(self.error(StoreErrorKind::Unreachable, key, problem))
    }

    /// The condition did not hold: because of another's write, unless an attempt of ours may have written and the
    /// object has our bytes.
    fn settle_lost(&self, key: &str, bytes: &[u8], doubt: bool) -> Result<Written, StoreError> {
        if !doubt {
            return Ok(Written::Lost);
        }
        Ok(match self.settle(key, None, bytes)? {
            Settled::Ours(etag) => Written::Done { etag },
            _ => Written::Lost,
        })
    }

    /// What the object is now.
    fn settle(&self, key: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Settled, StoreError> {
        match self.reader.get_if_changed(key, None, SETTLE) {
            Ok(Fetch::Found { bytes: now, etag }) if now == bytes => Ok(Settled::Ours(etag)),
            Ok(Fetch::Found { etag, .. }) if expected.is_some() && etag.as_deref() == expected => {
                Ok(Settled::Unchanged)
            }
            Ok(Fetch::Missing) if expected.is_none() => Ok(Settled::Unchanged),
            // Without s3:ListBucket, a missing object is a 403.
            Err(StoreError { kind: StoreErrorKind::Denied, .. }) if expected.is_none() => {
                Ok(Settled::Unchanged)
            }
            Ok(_) => Ok(Settled::Other),
            Err(error) => Err(error),
        }
    }

    fn refusal(&self, key: &str, status: u16, code: &str, region: Option<&str>) -> StoreError {
        let error = refusal(self.reader.name(), key, status, code, region);
        if error.kind != StoreErrorKind::Denied {
            return error;
        }
        self.error(StoreErrorKind::Refused, key, format!("HTTP {status} {code}: access denied"))
            .with_help("a publisher's policy must allow s3:GetObject, s3:PutObject and s3:ListBucket here")
    }

    fn failed(&self, key: &str, failed: Failed) -> StoreError {
        match failed {
            Failed::Status { status, code, region } => self.refusal(key, status, &code, region.as_deref()),
            Failed::Unsent(problem) | Failed::Unknown(problem) => {
                self.error(StoreErrorKind::Unreachable, key, problem)
            }
        }
    }

    /// Repeats what may be repeated: listing and deleting.
    fn repeat<T>(
        &self,
        key: &str,
        mut once: impl FnMut() -> Result<Result<T, Failed>, StoreError>,
    ) -> Result<T, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match once()? {
                Ok(value) => return Ok(value),
                Err(Failed::Status { status, code, .. }) if attempt == 1 && is_expired(status, &code) => {
                    self.reader.forget_credentials();
                }
                Err(failed) if attempt >= self.limits.attempts || !failed.may_pass() => {
                    return Err(self.failed(key, failed));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(100 << attempt).mul_f64(0.5 + jitter())),
            }
        }
    }
}

impl Reader for S3Store {
    fn name(&self) -> &str {
        self.reader.name()
    }

    fn get(&self, key: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader.get(key, limit)
    }

    fn get_range(&self, key: &str, offset: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader.get_range(key, offset, len)
    }

    fn get_if_changed(&self, key: &str, etag: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        self.reader.get_if_changed(key, etag, limit)
    }

    fn replace(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.reader.replace(key, bytes)
    }
}

impl Store for S3Store {
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        Ok(match self.write(key, None, bytes)? {
            Written::Done { .. } => Created::New,
            Written::Lost => Created::Exists,
        })
    }

    fn swap(&self, key: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Swap, StoreError> {
        Ok(match self.write(key, expected, bytes)? {
            Written::Done { etag } => Swap::Done { etag },
            Written::Lost => Swap::Lost,
        })
    }

    fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let settings = self.reader.settings();
        let root = settings.full_key("");
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = self.repeat(prefix, || {
                let request = self
                    .client
                    .list_objects_v2()
                    .bucket(&settings.bucket)
                    .prefix(format!("{root}{prefix}"))
                    .set_continuation_token(next.clone());
                self.run(0, request.send())
            })?;
            for object in page.contents() {
                let Some(key) =
                    object.key().and_then(|key| key.strip_prefix(&root)).filter(|key| is_key(key))
                else {
                    continue;
                };
                found.push(Listed {
                    key: key.to_owned(),
                    size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                    modified: object.last_modified().and_then(|time| {
                        let seconds = u64::try_from(time.secs()).ok()?;
                        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
                    }),
                });
            }
            match page.next_continuation_token() {
                Some(token) if page.is_truncated() == Some(true) => next = Some(token.to_owned()),
                _ => break,
            }
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_key(self.reader.name(), key)?;
        let settings = self.reader.settings();
        self.repeat(key, || {
            let request = self.client.delete_object().bucket(&settings.bucket).key(settings.full_key(key));
            let answer = self.run(0, request.send())?;
            Ok(match answer {
                Err(Failed::Status { status: 404, code, .. }) if code != "NoSuchBucket" => Ok(()),
                other => other.map(|_| ()),
            })
        })
    }
}

/// What became of a write.
enum Written {
    Done { etag: Option<String> },
    Lost,
}

/// What an object is, read back.
enum Settled {
    /// Our bytes.
    Ours(Option<String>),
    /// What it was before: nothing was written.
    Unchanged,
    /// Something else.
    Other,
}

/// Why a request of the SDK failed.
enum Failed {
    /// The server said so.
    Status { status: u16, code: String, region: Option<String> },
    /// It never left.
    Unsent(String),
    /// It may have arrived.
    Unknown(String),
}

impl Failed {
    fn of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Self {
        match error {
            SdkError::ServiceError(service) => Self::Status {
                status: service.raw().status().as_u16(),
                code: service.err().code().unwrap_or_default().to_owned(),
                region: service.raw().headers().get("x-amz-bucket-region").map(str::to_owned),
            },
            SdkError::ConstructionFailure(_) => Self::Unsent("the request could not be made".to_owned()),
            SdkError::TimeoutError(_) => Self::Unknown("no answer in time".to_owned()),
            SdkError::ResponseError(_) => {
                Self::Unknown("the answer is not one of S3, or breaks off".to_owned())
            }
            SdkError::DispatchFailure(failure) => {
                let mut problem = "no connection".to_owned();
                // The innermost cause is the one that tells: connection refused, name not known, certificate.
                let mut cause = failure.as_connector_error().and_then(std::error::Error::source);
                while let Some(inner) = cause {
                    problem = format!("no connection: {inner}");
                    cause = inner.source();
                }
                Self::Unknown(problem)
            }
            _ => Self::Unknown("the request failed".to_owned()),
        }
    }

    fn may_pass(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status == 429 || *status == 409 || *status >= 500,
            Self::Unsent(_) => false,
            Self::Unknown(_) => true,
        }
    }
}

fn is_expired(status: u16, code: &str) -> bool {
    matches!(status, 400 | 401 | 403) && matches!(code, "ExpiredToken" | "TokenRefreshRequired")
}

/// The credentials of the next request, handed to the SDK.
#[derive(Debug, Clone, Default)]
struct Handed(Arc<Mutex<Option<aws_sdk_s3::config::Credentials>>>);

impl Handed {
    fn set(&self, credentials: Credentials) {
        let Credentials { key, secret, token, expires } = credentials;
        let token = token.map(|token| token.as_str().to_owned());
        let credentials = aws_sdk_s3::config::Credentials::new(key, secret.as_str(), token, expires, "cmc");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
    }
}

impl ProvideCredentials for Handed {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        use aws_credential_types::provider::{error::CredentialsError, future};
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        future::ProvideCredentials::ready(held.ok_or_else(|| CredentialsError::not_loaded("none yet")))
    }
}

fn runtime(name: &str) -> Result<Runtime, StoreError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StoreError::new(StoreErrorKind::Unreachable, name, format!("no runtime: {error}")))
}

/// The SDK's HTTP client: rustls with ring, the proxy and certificates of the environment that the caller passed.
fn http_client(name: &str, base: &str, env: &Env) -> Result<SharedHttpClient, StoreError> {
    let bad = |problem: String| StoreError::new(StoreErrorKind::Invalid, name, problem);
    let uri = base.parse().map_err(|_| bad(format!("endpoint {base:?} is not a URL")))?;
    let proxy = match chosen_proxy(&uri, env) {
        Some(url) => {
            let unusable = |_| bad("the proxy that the environment names cannot be used".to_owned());
            Some(ProxyConfig::all(url).map_err(unusable)?)
        }
        None => None,
    };
    let tls = match ["AWS_CA_BUNDLE", "SSL_CERT_FILE"]
        .into_iter()
        .find_map(|v| var(env, v).map(|path| (v, path)))
    {
        Some((variable, path)) => {
            let pem = std::fs::read(path).map_err(|error| bad(format!("{variable}: {path}: {error}")))?;
            let store = TrustStore::empty().with_pem_certificate(pem);
            TlsContext::builder().with_trust_store(store).build()
        }
        None => TlsContext::builder().build(),
    };
    let tls = tls.map_err(|error| bad(format!("TLS: {error}")))?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        if let Some(settings) = settings {
            builder = builder.connector_settings(settings.clone());
        }
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.set_proxy_config(proxy.clone());
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls.clone()).build()
    }))
}

/// Credentials of a profile that the SDK understands and we do not.
fn sdk_profile(
    name: &str,
    http: &SharedHttpClient,
    region: &str,
    profile: &str,
) -> Result<Credentials, StoreError> {
    use aws_config::profile::ProfileFileCredentialsProvider;
    use aws_config::provider_config::ProviderConfig;
    let config = ProviderConfig::without_region()
        .with_region(Some(Region::new(region.to_owned())))
        .with_http_client(http.clone());
    let provider = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build();
    let found = runtime(name)?.block_on(provider.provide_credentials()).map_err(|error| {
        let mut problem = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            problem = format!("{problem}: {inner}");
            cause = inner.source();
        }
        StoreError::new(StoreErrorKind::Refused, name, format!("profile {profile}: {problem}"))
    })?;
    Ok(Credentials {
        key: found.access_key_id().to_owned(),
        secret: found.secret_access_key().to_owned().into(),
        token: found.session_token().map(|token| token.to_owned().into()),
        expires: found.expiry(),
    })
}
