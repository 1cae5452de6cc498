//! What is a secret: what others may not read on the machine, and keys wherever they lie. A definition lies in a repository
//! that many people read.

use cmc_types::SecretName;
use std::collections::BTreeSet;

/// Files that others may not read and that hold no secret: rules about who may do what.
const OPEN: &[&str] =
    &["/etc/sudoers", "/etc/sudoers.d/", "/usr/local/etc/sudoers", "/usr/local/etc/sudoers.d/"];

/// What begins a private key in a form that is meant to be stored.
const KEYS: &[&[u8]] = &[
    b"AGE-SECRET-KEY-1",
    b"PuTTY-User-Key-File-",
    b"-----BEGIN OpenVPN Static key",
    b"Private-key-format: v1",
];

/// Why a file's content is a secret, as the rest of a sentence; nothing if it is none. An empty file holds no secret.
pub(super) fn why(path: &str, mode: u32, bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return None;
    }
    if holds_key(bytes) {
        return Some("holds a private key");
    }
    let is_open = OPEN.iter().any(|open| match open.ends_with('/') {
        true => path.starts_with(open),
        false => path == *open,
    });
    (mode & 0o004 == 0 && !is_open).then_some("may not be read by everybody")
}

fn holds_key(bytes: &[u8]) -> bool {
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let armored = bytes.split(|byte| *byte == b'\n').any(|line| {
        let begins = line.trim_ascii_start().starts_with(b"-----BEGIN ");
        begins && line.windows(11).any(|window| window == b"PRIVATE KEY")
    });
    armored || KEYS.iter().any(|key| holds(key))
}

/// A secret's name from its path, other than those that are taken.
pub(super) fn name(path: &str, taken: &BTreeSet<SecretName>) -> SecretName {
    let clean: String = path
        .trim_start_matches('/')
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
        .collect();
    let clean = clean.trim_matches(['-', '.', '_']);
    // The end of a path tells more than its beginning.
    let short = clean[clean.len().saturating_sub(56)..].trim_start_matches(['-', '.', '_']);
    let short = if short.is_empty() { "secret" } else { short };
    let mut number = 1_u64;
    loop {
        let text = if number == 1 { short.to_owned() } else { format!("{short}-{number}") };
        match SecretName::parse(&text) {
            Ok(name) if !taken.contains(&name) => return name,
            _ => number += 1,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_others_may_not_read_and_keys_are_secrets() {
        let key = b"# mine\n-----BEGIN EC PRIVATE KEY-----\n";
        assert!(why("/etc/x.key", 0o600, b"a").is_some());
        assert!(why("/etc/shadow", 0o640, b"root:*:").is_some());
        assert!(why("/etc/x.pem", 0o644, key).is_some());
        assert!(why("/etc/hosts", 0o644, b"127.0.0.1 localhost").is_none());
        assert!(why("/etc/sudoers.d/api", 0o440, b"api ALL=(ALL) ALL").is_none());
        assert!(why("/etc/.pwd.lock", 0o600, b"").is_none());
        assert!(why("/etc/doc", 0o644, b"write -----BEGIN PRIVATE KEY----- first").is_none());
    }

    #[test]
    fn names_are_paths_and_unique() {
        let mut taken = BTreeSet::new();
        let first = name("/etc/ssl/private/Web 1.key", &taken);
        assert_eq!(first.as_str(), "etc-ssl-private-web-1.key");
        taken.insert(first);
        assert_eq!(name("/etc/ssl/private/web-1.key", &taken).as_str(), "etc-ssl-private-web-1.key-2");
        let long = name(&format!("/etc/{}/key", "a".repeat(200)), &taken);
        assert!(long.as_str().len() <= 63 && long.as_str().ends_with("-key"));
    }
}
