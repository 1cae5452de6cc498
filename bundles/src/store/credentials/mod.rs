//! Where S3 credentials come from: the sources that AWS's own tools use, in their order, each bounded in time.
//!
//! 1. environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`
//! 2. profile of the shared files (first of all if the store's settings name one)
//! 3. web identity: `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN` (Kubernetes' IRSA, CI's OpenID Connect)
//! 4. container: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `_FULL_URI` (ECS, EKS Pod Identity)
//! 5. instance: IMDSv2, unless `AWS_EC2_METADATA_DISABLED`
//!
//! The environment and the home directory are those of the map that the caller passes. Temporary credentials are kept
//! until five minutes before they expire, then fetched again. Values are wiped when dropped and never shown.

mod profile;
mod remote;

pub(super) use profile::Profile;
pub(super) use remote::element;

use super::{Env, HttpLimits, StoreError, StoreErrorKind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// Credentials of one identity.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) key: String,
    pub(super) secret: Zeroizing<String>,
    pub(super) token: Option<Zeroizing<String>>,
    pub(super) expires: Option<SystemTime>,
}

/// How long before their end credentials are replaced.
const EARLY: Duration = Duration::from_secs(300);

/// The sources, and what the last one gave.
pub(super) struct Chain {
    store: String,
    env: Env,
    profile: Profile,
    limits: HttpLimits,
    region: Option<String>,
    cached: Mutex<Option<Credentials>>,
    profile_source: Option<ProfileSource>,
}

/// Reads the profile of this name as AWS's SDK does: roles taken on with another profile, programs.
pub(super) type ProfileSource = Box<dyn Fn(&str) -> Result<Credentials, StoreError> + Send + Sync>;

/// What a source answers.
enum Source {
    Found(Credentials),
    /// It is not set up; why.
    Absent(&'static str),
}

impl Chain {
    /// The sources for a store; `region` is where web identities are exchanged.
    pub(super) fn new(
        store: &str,
        env: &Env,
        profile: Profile,
        region: Option<&str>,
        limits: HttpLimits,
    ) -> Self {
        Self {
            store: store.to_owned(),
            env: env.clone(),
            profile,
            limits,
            region: region.map(str::to_owned),
            cached: Mutex::new(None),
            profile_source: None,
        }
    }

    /// Adds a source for profiles that need more than is done here.
    #[cfg(feature = "s3")]
    pub(super) fn set_profile_source(&mut self, source: ProfileSource) {
        self.profile_source = Some(source);
    }

    /// Credentials that are valid for some minutes yet.
    pub(super) fn get(&self) -> Result<Credentials, StoreError> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |c: &Credentials| c.expires.is_none_or(|end| end > SystemTime::now() + EARLY);
        if let Some(credentials) = cached.as_ref().filter(|c| fresh(c)) {
            return Ok(credentials.clone());
        }
        match self.find() {
            Ok(found) => {
                *cached = Some(found.clone());
                Ok(found)
            }
            // The source is down but what it gave is still valid for a while.
            Err(error) => {
                match cached.as_ref().filter(|c| c.expires.is_some_and(|end| end > SystemTime::now())) {
                    Some(old) => Ok(old.clone()),
                    None => Err(error),
                }
            }
        }
    }

    /// Drops what is cached, after the store said that it expired.
    pub(super) fn forget(&self) {
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn find(&self) -> Result<Credentials, StoreError> {
        type Step = fn(&Chain) -> Result<Source, StoreError>;
        let named: [(&str, Step); 5] = [
            ("profile", Chain::read_profile),
            ("environment", Chain::read_environment),
            ("web identity", Chain::ask_sts),
            ("container", Chain::ask_container),
            ("instance", Chain::ask_instance),
        ];
        let usual: [(&str, Step); 5] = [named[1], named[0], named[2], named[3], named[4]];
        let mut absent = Vec::new();
        for (name, step) in if self.profile.is_chosen() { named } else { usual } {
            match step(self)? {
                Source::Found(credentials) => return Ok(credentials),
                Source::Absent(why) => absent.push(format!("{name}: {why}")),
            }
        }
        Err(self.error(format!("no credentials; {}", absent.join("; "))))
    }

    fn error(&self, problem: impl Into<String>) -> StoreError {
        StoreError::new(StoreErrorKind::Refused, &self.store, problem)
    }

    fn var(&self, name: &str) -> Option<&str> {
        var(&self.env, name)
    }

    fn read_environment(&self) -> Result<Source, StoreError> {
        match (self.var("AWS_ACCESS_KEY_ID"), self.var("AWS_SECRET_ACCESS_KEY")) {
            (Some(key), Some(secret)) => Ok(Source::Found(Credentials {
                key: key.to_owned(),
                secret: secret.to_owned().into(),
                token: self.var("AWS_SESSION_TOKEN").map(|token| token.to_owned().into()),
                expires: None,
            })),
            (None, None) => Ok(Source::Absent("AWS_ACCESS_KEY_ID is not set")),
            (Some(_), None) => Err(self.error("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not")),
            (None, Some(_)) => Err(self.error("AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not")),
        }
    }

    fn read_profile(&self) -> Result<Source, StoreError> {
        let profile = &self.profile;
        if let Some(credentials) = profile.credentials() {
            return Ok(Source::Found(credentials));
        }
        if let (Some(role), Some(file)) = (profile.get("role_arn"), profile.get("web_identity_token_file")) {
            return self.exchange(role, profile.get("role_session_name"), file).map(Source::Found);
        }
        if let Some(setting) = profile.unsupported() {
            if let Some(source) = &self.profile_source {
                return source(profile.name()).map(Source::Found);
            }
            let problem = format!("profile {}: {setting} is not supported here", profile.name());
            return Err(self.error(problem).with_help("use keys, a web identity, or the host's own role"));
        }
        if profile.is_chosen() && !profile.is_found() {
            let problem = format!("there is no profile {} in the AWS configuration files", profile.name());
            return Err(self.error(problem));
        }
        Ok(Source::Absent(if profile.is_found() { "it holds no credentials" } else { "there is none" }))
    }

    fn ask_sts(&self) -> Result<Source, StoreError> {
        match (self.var("AWS_ROLE_ARN"), self.var("AWS_WEB_IDENTITY_TOKEN_FILE")) {
            (Some(role), Some(file)) => {
                self.exchange(role, self.var("AWS_ROLE_SESSION_NAME"), file).map(Source::Found)
            }
            (None, Some(_)) => Err(self.error("AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not")),
            _ => Ok(Source::Absent("AWS_WEB_IDENTITY_TOKEN_FILE is not set")),
        }
    }
}

/// A variable that is set and not empty.
pub(super) fn var<'e>(env: &'e Env, name: &str) -> Option<&'e str> {
    env.get(name).map(String::as_str).filter(|value| !value.is_empty())
}
