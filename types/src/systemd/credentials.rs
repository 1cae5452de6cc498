//! Credentials, encoded texts and names: systemd.exec(5), "Credentials" and "Logging and Standard Input/Output";
//! names on D-Bus, of file descriptors and of errors.

use super::check::{BadValue, choice};
use super::exec::{all_words, unescape};
use super::{kernel, specifier, words};

/// A name of a credential: a proper file name.
pub(super) fn credential_name(text: &str) -> Result<(), BadValue> {
    specifier::check(text)?;
    let plain = specifier::sample(text);
    let allowed = |c: char| (' '..='~').contains(&c) && !matches!(c, '/' | ':');
    if plain.is_empty() || plain == "." || plain == ".." || !plain.chars().all(allowed) || plain.len() > 255 {
        return Err(BadValue::new(format!("{text:?} is no name of a credential"))
            .help("it is a file name of ASCII characters, without '/' and ':'"));
    }
    Ok(())
}

/// `NAME[:PATH]`; instead of a path the name of a credential that the manager has.
pub(super) fn load(text: &str) -> Result<(), BadValue> {
    let (name, source) = text.split_once(':').unwrap_or((text, ""));
    credential_name(name)?;
    match source {
        "" => Ok(()),
        path if specifier::sample(path).contains('/') => words::path(path),
        name => credential_name(name),
    }
}

/// `GLOB[:NAME]`.
pub(super) fn import(text: &str) -> Result<(), BadValue> {
    let (glob, name) = text.split_once(':').unwrap_or((text, "x"));
    credential_name(glob)?;
    credential_name(name)
}

/// `NAME:VALUE`. Never repeats the value.
pub(super) fn set(text: &str, encrypted: bool) -> Result<(), BadValue> {
    let Some((name, value)) = text.split_once(':').filter(|(_, value)| !value.is_empty()) else {
        return Err(BadValue::new("the credential has no value").help("write NAME:VALUE"));
    };
    credential_name(name)?;
    if encrypted { base64(value) } else { escapes(value) }
}

/// A text with escapes as in C and specifiers. Never repeats it.
pub(super) fn escaped(text: &str) -> Result<(), BadValue> {
    specifier::check(text)?;
    escapes(text)
}

fn escapes(text: &str) -> Result<(), BadValue> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('\\') {
        // NUL is allowed here.
        let nul = ["x00", "000"].iter().find_map(|nul| after.strip_prefix(nul));
        rest = match nul {
            Some(rest) => rest,
            None => {
                let (_, used) = unescape(after)?;
                after.char_indices().nth(used).map_or("", |(index, _)| &after[index..])
            }
        };
    }
    Ok(())
}

/// Base64, perhaps with blanks in it. Never repeats the text.
pub(super) fn base64(text: &str) -> Result<(), BadValue> {
    let digits = text.bytes().filter(|b| !b.is_ascii_whitespace());
    let padding = text.bytes().rev().take_while(|b| *b == b'=' || b.is_ascii_whitespace());
    let padding = padding.filter(|b| *b == b'=').count();
    let count = digits.clone().count();
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    if count > 0 && count.is_multiple_of(4) && padding <= 2 && digits.take(count - padding).all(known) {
        return Ok(());
    }
    Err(BadValue::new("the value is no base64").help("encode the bytes with `base64 -w0`"))
}

/// `FIELD=VALUE` …; names as the journal has them.
pub(super) fn journal_fields(text: &str) -> Result<(), BadValue> {
    for word in all_words(text)? {
        specifier::check(&word)?;
        let name = word.split_once('=').map(|(name, _)| name).unwrap_or_default();
        let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_uppercase())
            || !name.chars().all(allowed)
            || name.len() > 64
        {
            return Err(BadValue::new(format!("{word:?} is no field of the journal")).help(
                "write FIELD=VALUE: a name of upper-case letters, digits and _ that begins with a letter",
            ));
        }
    }
    Ok(())
}

/// A name of a file descriptor: ASCII without `:`, at most 255 characters.
pub(super) fn descriptor_name(text: &str) -> Result<(), BadValue> {
    specifier::check(text)?;
    let allowed = |c: char| (' '..='~').contains(&c) && c != ':';
    if text.len() <= 255 && text.chars().all(allowed) {
        return Ok(());
    }
    Err(BadValue::new(format!("{text:?} is no name of a file descriptor"))
        .help("it has at most 255 ASCII characters, and no ':'"))
}

/// A well-known name on D-Bus: elements with dots between them.
pub(super) fn bus_name(text: &str) -> Result<(), BadValue> {
    specifier::check(text)?;
    let plain = specifier::sample(text);
    let proper = |element: &str| {
        !element.is_empty()
            && !element.starts_with(|c: char| c.is_ascii_digit())
            && element.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    if plain.len() <= 255 && plain.contains('.') && plain.split('.').all(proper) {
        return Ok(());
    }
    Err(BadValue::new(format!("{text:?} is no name on D-Bus"))
        .help("write a name such as org.example.Service"))
}

/// The name or number of an error, or `kill`.
pub(super) fn errno(text: &str) -> Result<(), BadValue> {
    if text == "kill"
        || kernel::ERRNOS.contains(&text)
        || text.parse::<u16>().is_ok_and(|n| (1..=4095).contains(&n))
    {
        return Ok(());
    }
    Err(BadValue::new(format!("{text:?} is no error"))
        .help("write a name of errno(3) such as EPERM, a number from 1 to 4095, or kill")
        .candidates(text, kernel::ERRNOS.iter().copied()))
}

/// Kinds of mappings, or masks in hexadecimal.
pub(super) fn coredump_filter(text: &str) -> Result<(), BadValue> {
    let mask = |word: &str| u64::from_str_radix(word.strip_prefix("0x").unwrap_or(word), 16).is_ok();
    text.split_whitespace()
        .filter(|word| !mask(word))
        .try_for_each(|word| choice(word, kernel::COREDUMP_MAPPINGS))
}
