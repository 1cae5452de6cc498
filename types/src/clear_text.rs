//! Secrets written in clear: names that say so, and values that are what they look like. Units are readable by everybody
//! on a host, and so are the arguments of running programs.

/// Last words of names of secrets.
const WORDS: &[&str] = &["password", "passwd", "passphrase", "secret", "token", "apikey"];
/// The same in two words.
const PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("access", "key"),
    ("encryption", "key"),
    ("signing", "key"),
];
/// Nobody keeps anything by fewer bytes than this.
const SHORTEST: usize = 4;
/// Values that are no secrets: switches, and what stands for one that comes otherwise.
const HARMLESS: &[&str] = &[
    "yes", "no", "true", "false", "on", "off", "none", "null", "auto", "default", "prompt", "ask", "stdin",
    "env", "file",
];

/// Whether a name is one of a secret: `DB_PASSWORD`, `--api-key`.
pub fn is_secret_name(name: &str) -> bool {
    let lower = name.trim_start_matches('-').to_ascii_lowercase();
    let parts: Vec<&str> = lower.split(['_', '-', '.']).filter(|part| !part.is_empty()).collect();
    match parts[..] {
        [.., first, last] if PAIRS.contains(&(first, last)) => true,
        [.., last] => WORDS.contains(&last) || (last.ends_with("password") && last != "nopassword"),
        [] => false,
    }
}

/// Whether a value is a secret itself: a text that is no path, no switch, and nothing that is replaced.
pub fn is_literal(value: &str) -> bool {
    let value = value.trim();
    let replaced = value.contains(['$', '%', '{', '<']) || value.starts_with('@');
    let path = value.starts_with(['/', '~', '.']) || value.contains("://") || value.starts_with("file:");
    let hidden = value.bytes().all(|b| b == b'*' || b == b'x' || b == b'X');
    let harmless = HARMLESS.iter().any(|word| word.eq_ignore_ascii_case(value));
    value.len() >= SHORTEST && !replaced && !path && !hidden && !harmless
}

/// The first argument that holds a secret, and the name it is given by: `--password=x`, `--api-key x`, `TOKEN=x`.
pub fn in_arguments(words: &[String]) -> Option<(usize, &str)> {
    words.iter().enumerate().find_map(|(index, word)| match word.split_once('=') {
        Some((name, value)) => {
            let is_option =
                name.starts_with('-') || name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            // `--secret=NAME` names one of podman's and docker's.
            let named = name.trim_start_matches('-') == "secret" && name.starts_with('-');
            (is_option && !named && is_secret_name(name) && is_literal(value)).then_some((index, name))
        }
        None => {
            let value = words.get(index + 1).filter(|value| !value.starts_with('-') && is_literal(value))?;
            let named = word == "--secret" || !word.starts_with("--") || value.contains('=');
            (!named && is_secret_name(word)).then_some((index + 1, word.as_str()))
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_and_names_of_where_they_are_kept_are_not() {
        for name in [
            "DB_PASSWORD",
            "password",
            "--api-key",
            "PGPASSWD",
            "aws_secret_access_key",
            "private-key",
            "TOKEN",
        ] {
            assert_eq!(is_secret_name(name), name != "PGPASSWD", "{name}");
        }
        for name in ["PASSWORD_FILE", "--token-ttl", "KEY", "SECRET_NAME", "public-key", "tokens", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_replaced_or_names_a_file_is_no_secret() {
        for value in ["hunter2", "correct horse", "s3cr3t!"] {
            assert!(is_literal(value), "{value}");
        }
        for value in [
            "",
            "/run/key",
            "~/.key",
            "$PASSWORD",
            "%d/key",
            "{{ secret }}",
            "<redacted>",
            "yes",
            "0",
            "xxxx",
            "file:x",
        ] {
            assert!(!is_literal(value), "{value}");
        }
    }

    #[test]
    fn arguments_that_hold_a_secret_are_found() {
        let found = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            in_arguments(&words).map(|(index, name)| (index, name.to_owned()))
        };
        assert_eq!(found("/bin/a --db-password=x1y2"), Some((1, "--db-password".to_owned())));
        assert_eq!(found("/bin/a --token abcd"), Some((2, "--token".to_owned())));
        assert_eq!(found("/usr/bin/env API_KEY=abcd /bin/a"), Some((1, "API_KEY".to_owned())));
        for line in [
            "/bin/a --password-file=/x",
            "/bin/a --token --verbose",
            "/usr/bin/podman run --secret db-password x",
            "/bin/a --password=$PASSWORD",
            "/bin/passwd password expire",
        ] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
