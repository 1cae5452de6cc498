//! Where a store is: `dir:PATH`, `https://…` or `s3://BUCKET/PREFIX`, and the names of objects in it.

use crate::ParseError;
use crate::definition::StoreTable;

/// The place of a store, by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreUrl<'a> {
    /// A directory.
    Dir(&'a str),
    /// Behind HTTPS, read only: the whole URL.
    Http(&'a str),
    /// In S3.
    S3 {
        /// Name of the bucket.
        bucket: &'a str,
        /// What every key begins with, without the slash behind it; may be empty.
        prefix: &'a str,
    },
}

impl<'a> StoreUrl<'a> {
    /// Parses what is written. What passes may still not exist.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let bad = |problem: &str, expected: &str| Err(ParseError::new(expected, problem));
        let text = text.trim();
        if let Some(path) = text.strip_prefix("dir:") {
            return if path.is_empty() {
                bad("`dir:` needs a path", "dir:PATH")
            } else {
                Ok(Self::Dir(path))
            };
        }
        if let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            return if host.is_empty() {
                bad("the URL names no host", "https://HOST/PATH")
            } else {
                Ok(Self::Http(text))
            };
        }
        let Some(rest) = text.strip_prefix("s3://") else {
            return bad(
                "not the address of a store",
                "\"dir:PATH\", \"https://HOST/PATH\" or \"s3://BUCKET/PREFIX\"",
            );
        };
        if rest.contains(['?', '#', '@']) {
            return bad(
                "`s3://` takes a bucket and a prefix; settings stand in a table",
                "{ url = \"s3://BUCKET/PREFIX\", endpoint = \"…\", region = \"…\" }",
            );
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket(bucket) {
            return bad("not the name of a bucket", "3 to 63 lower-case letters, digits, dots and hyphens");
        }
        let prefix = prefix.trim_end_matches('/');
        if !prefix.is_empty() && !is_key(prefix) {
            return bad(
                "what stands behind the bucket cannot be a prefix",
                "letters, digits, `.`, `_`, `-` and `/`, no empty part and none that begins with a dot",
            );
        }
        Ok(Self::S3 { bucket, prefix })
    }
}

/// Checks the address of a store.
pub fn check_store_url(text: &str) -> Result<(), ParseError> {
    StoreUrl::parse(text).map(|_| ())
}

/// Checks the address of a store that a fleet is published to.
pub fn check_published_store(text: &str) -> Result<(), ParseError> {
    match StoreUrl::parse(text)? {
        StoreUrl::Http(_) => Err(ParseError::new(
            "\"dir:PATH\" or \"s3://BUCKET/PREFIX\"; hosts may read it through HTTPS",
            "a store behind HTTPS can only be read",
        )),
        StoreUrl::Dir(_) | StoreUrl::S3 { .. } => Ok(()),
    }
}

/// Refuses settings of S3 for another store; the error comes with the setting's name.
pub fn check_settings(table: &StoreTable) -> Result<(), (&'static str, ParseError)> {
    let settings = [
        ("endpoint", table.endpoint.is_some()),
        ("region", table.region.is_some()),
        ("path-style", table.path_style.is_some()),
        ("profile", table.profile.is_some()),
    ];
    match (StoreUrl::parse(&table.url), settings.into_iter().find(|(_, set)| *set)) {
        (Ok(StoreUrl::Dir(_) | StoreUrl::Http(_)), Some((name, _))) => {
            let problem = format!("`{name}` belongs to an s3:// store");
            Err((name, ParseError::new("the URL alone, or an s3:// store", problem)))
        }
        _ => Ok(()),
    }
}

/// S3's rules for names, and the dots and underscores that older buckets and other servers have.
fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b))
        && name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && name.bytes().last().is_some_and(|b| b.is_ascii_alphanumeric())
        && !name.contains("..")
}

/// The longest key, in bytes; S3 allows 1,024 with the prefix.
pub const MAX_KEY: usize = 512;

/// Whether a text is the key of an object: segments of `[A-Za-z0-9._-]` that start with no dot, joined by `/`. So a key
/// is always a relative path below the store, and never one of a directory store's own files.
pub fn is_key(key: &str) -> bool {
    let segment = |s: &str| {
        !s.is_empty()
            && s.len() <= 128
            && !s.starts_with('.')
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    key.len() <= MAX_KEY && key.split('/').all(segment)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_three_kinds_are_told_from_what_is_none() {
        for (url, place) in [
            ("dir:store", StoreUrl::Dir("store")),
            (" dir:/srv/x\n", StoreUrl::Dir("/srv/x")),
            ("https://store.example.net", StoreUrl::Http("https://store.example.net")),
            ("s3://cmc-prod", StoreUrl::S3 { bucket: "cmc-prod", prefix: "" }),
            ("s3://cmc-prod/shop/eu/", StoreUrl::S3 { bucket: "cmc-prod", prefix: "shop/eu" }),
        ] {
            assert_eq!(StoreUrl::parse(url), Ok(place), "{url}");
        }
        for (url, part) in [
            ("", "address of a store"),
            ("store", "address of a store"),
            ("s4://x", "address of a store"),
            ("dir:", "needs a path"),
            ("https:///x", "no host"),
            ("s3://", "name of a bucket"),
            ("s3://Bucket/x", "name of a bucket"),
            ("s3://buc/../x", "prefix"),
            ("s3://buc//x", "prefix"),
            ("s3://buc/x?endpoint=y", "settings stand in a table"),
        ] {
            let error = check_store_url(url).unwrap_err().to_string();
            assert!(error.contains(part), "{url}: {error}");
        }
    }

    #[test]
    fn a_fleet_is_published_to_what_can_be_written() {
        assert_eq!(check_published_store("dir:store"), Ok(()));
        assert_eq!(check_published_store("s3://bucket"), Ok(()));
        let error = check_published_store("https://store.example.net/x").unwrap_err().to_string();
        assert!(error.contains("only be read"), "{error}");
    }

    #[test]
    fn settings_belong_to_s3() {
        let table = |url: &str| StoreTable {
            url: url.to_owned(),
            endpoint: None,
            region: Some("eu".to_owned()),
            path_style: None,
            profile: None,
        };
        assert_eq!(check_settings(&table("s3://bucket")), Ok(()));
        assert_eq!(check_settings(&table("dir:x")).unwrap_err().0, "region");
    }
}
