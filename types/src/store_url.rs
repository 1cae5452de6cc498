//! Where a store is: `dir:PATH`, `https://…` or `s3://BUCKET/PREFIX`, judged by its form.

use crate::ParseError;

/// Checks the address of a store. What passes may still not exist.
pub fn check_store_url(text: &str) -> Result<(), ParseError> {
    let bad = |problem: &str| {
        Err(ParseError::new("\"dir:PATH\", \"https://HOST/PATH\" or \"s3://BUCKET/PREFIX\"", problem))
    };
    let text = text.trim();
    if let Some(path) = text.strip_prefix("dir:") {
        return if path.is_empty() { bad("`dir:` needs a path") } else { Ok(()) };
    }
    if let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return if host.is_empty() { bad("the URL names no host") } else { Ok(()) };
    }
    let Some(rest) = text.strip_prefix("s3://") else {
        return bad("not the address of a store");
    };
    if rest.contains(['?', '#', '@']) {
        return bad("`s3://` takes a bucket and a prefix; settings stand in a table");
    }
    if is_bucket(rest.split('/').next().unwrap_or_default()) {
        return Ok(());
    }
    bad("not the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")
}

/// S3's rules for names, and the dots and underscores that older buckets and other servers have.
pub fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b))
        && name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && name.bytes().last().is_some_and(|b| b.is_ascii_alphanumeric())
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::check_store_url;

    #[test]
    fn the_three_kinds_are_told_from_what_is_none() {
        for url in ["dir:store", "dir:/srv/x", "https://store.example.net", "s3://cmc-prod/shop/eu/"] {
            assert_eq!(check_store_url(url), Ok(()), "{url}");
        }
        for url in ["", "store", "s4://x", "dir:", "https:///x", "s3://", "s3://Bucket/x", "s3://bucket?x=y"]
        {
            assert!(check_store_url(url).is_err(), "{url}");
        }
    }
}
