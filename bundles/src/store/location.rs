//! What people write for a store, `dir:PATH`, `https://…` or `s3://BUCKET/PREFIX`, turned into the store itself.

use super::http::without_secrets;
use super::{
    DirStore, Env, HttpLimits, HttpReader, Reader, S3Reader, S3Settings, Store, StoreError, StoreErrorKind,
};
use cmc_types::ParseError;
use cmc_types::definition::StoreTable;
use cmc_types::store_url::{StoreUrl, check_settings};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A parsed place of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A directory.
    Dir(PathBuf),
    /// Behind HTTPS, read only.
    Http(String),
    /// In S3.
    S3(S3Settings),
}

impl Location {
    /// Parses what is written; a relative `dir:` lies below `base`.
    pub fn parse(table: &StoreTable, base: &Path) -> Result<Self, StoreError> {
        let url = table.url.trim();
        let bad = |error: ParseError| {
            StoreError::new(StoreErrorKind::Invalid, without_secrets(url), error.problem)
                .with_help(format!("expected {}", error.expected))
        };
        let place = StoreUrl::parse(url).map_err(bad)?;
        check_settings(table).map_err(|(_, error)| bad(error))?;
        Ok(match place {
            StoreUrl::Dir(path) => Self::Dir(base.join(path)),
            StoreUrl::Http(url) => Self::Http(url.to_owned()),
            StoreUrl::S3 { bucket, prefix } => Self::S3(S3Settings {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
                endpoint: table.endpoint.clone(),
                region: table.region.clone(),
                path_style: table.path_style,
                profile: table.profile.clone(),
            }),
        })
    }
}

/// Opens a store for reading. Nothing is read yet, except AWS's configuration files for `s3://`.
pub fn open_reader(table: &StoreTable, base: &Path, env: &Env) -> Result<Box<dyn Reader>, StoreError> {
    Ok(match Location::parse(table, base)? {
        Location::Dir(path) => Box::new(DirStore::new(path)),
        Location::Http(url) => Box::new(HttpReader::new(&url, env, limits(env)?)?),
        Location::S3(settings) => Box::new(S3Reader::new(settings, env, limits(env)?)?),
    })
}

/// Opens a store for reading and writing. `https://` stores are refused; `s3://` needs the feature `s3`.
pub fn open(table: &StoreTable, base: &Path, env: &Env) -> Result<Box<dyn Store>, StoreError> {
    match Location::parse(table, base)? {
        Location::Dir(path) => Ok(Box::new(DirStore::new(path))),
        Location::Http(url) => {
            let problem = "a store behind HTTPS can only be read";
            Err(StoreError::new(StoreErrorKind::Invalid, without_secrets(&url), problem)
                .with_help("publish to s3:// or dir:, and let hosts read it through HTTPS"))
        }
        #[cfg(feature = "s3")]
        Location::S3(settings) => Ok(Box::new(super::S3Store::with_limits(settings, env, limits(env)?)?)),
        #[cfg(not(feature = "s3"))]
        Location::S3(settings) => {
            let _ = env;
            let problem = "this program is built without the S3 client that writes";
            Err(StoreError::new(StoreErrorKind::Invalid, settings.name(), problem))
        }
    }
}

/// The bounds, of which `CMC_STORE_TIMEOUT` (such as `90s`) sets how long a request may take, however small.
fn limits(env: &Env) -> Result<HttpLimits, StoreError> {
    let usual = HttpLimits::default();
    let Some(text) = env.get("CMC_STORE_TIMEOUT").filter(|text| !text.is_empty()) else { return Ok(usual) };
    let seconds = cmc_types::Timespan::parse(text)
        .ok()
        .map(cmc_types::Timespan::as_secs)
        .filter(|seconds| *seconds > 0);
    let Some(seconds) = seconds else {
        let problem = format!("{text:?} is no time; expected a number with a unit, such as 90s");
        return Err(StoreError::new(StoreErrorKind::Invalid, "CMC_STORE_TIMEOUT", problem));
    };
    let total = Duration::from_secs(seconds);
    Ok(HttpLimits { total, connect: usual.connect.min(total), ..usual })
}

/// The table of a store that is given as a URL alone.
pub fn table(url: &str) -> StoreTable {
    StoreTable { url: url.to_owned(), endpoint: None, region: None, path_style: None, profile: None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Location, StoreError> {
        Location::parse(&table(url), Path::new("/fleet"))
    }

    #[test]
    fn relative_directories_lie_beside_the_definitions() {
        assert_eq!(parse("dir:store").unwrap(), Location::Dir("/fleet/store".into()));
        assert_eq!(parse("dir:/srv/store").unwrap(), Location::Dir("/srv/store".into()));
    }

    #[test]
    fn buckets_and_prefixes_are_told_apart() {
        let Location::S3(settings) = parse("s3://cmc-prod/shop/eu/").unwrap() else { unreachable!() };
        assert_eq!((settings.bucket.as_str(), settings.prefix.as_str()), ("cmc-prod", "shop/eu"));
        assert_eq!(settings.name(), "s3://cmc-prod/shop/eu");
        assert_eq!(settings.full_key("trust/1.json"), "shop/eu/trust/1.json");
    }

    #[test]
    fn what_is_no_store_is_refused_with_what_is() {
        for url in ["store", "dir:", "s3://Bucket", "s3://buc//x"] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Invalid, "{url}");
            assert!(error.to_string().contains("expected"), "{url}: {error}");
        }
        let mut settings = table("dir:x");
        settings.region = Some("eu".to_owned());
        assert!(Location::parse(&settings, Path::new("/")).unwrap_err().to_string().contains("`region`"));
    }

    #[test]
    fn messages_hold_no_password() {
        let error =
            HttpReader::new("https://me:hunter2@host/x?sig=hunter2", &Env::new(), HttpLimits::default());
        let text = error.err().unwrap().to_string();
        assert!(!text.contains("hunter2"), "{text}");
    }
}
