//! Disk images, mounts and files to open: systemd.exec(5), "Paths"; `OpenFile=` of systemd.service(5).

use super::check::{BadValue, choice};
use super::exec::all_words;
use super::{choices, numbers, specifier, words};

/// The words of a value, each split at its colons; `\:` is a colon within a part.
fn colon_words(text: &str) -> Result<Vec<Vec<String>>, BadValue> {
    // A colon within a part is set aside as a character that no value may hold, while quotes and escapes are read.
    let words = all_words(&text.replace("\\:", "\u{1}"))?;
    let parts = |word: &String| word.split(':').map(|part| part.replace('\u{1}', ":")).collect();
    Ok(words.iter().map(parts).collect())
}

/// `SOURCE[:DESTINATION[:OPTIONS]]`, the source perhaps with `-`.
pub(super) fn bind_paths(text: &str) -> Result<(), BadValue> {
    for parts in colon_words(text)? {
        let mut parts = parts.iter();
        words::path(parts.next().map_or("", |source| source.trim_start_matches('-')))?;
        if let Some(destination) = parts.next() {
            words::path(destination)?;
        }
        for option in parts.flat_map(|options| options.split(',')).filter(|option| !option.is_empty()) {
            choice(option, &["rbind", "norbind"])?;
        }
    }
    Ok(())
}

/// `PATH[:OPTIONS]`.
pub(super) fn tmpfs_paths(text: &str) -> Result<(), BadValue> {
    for parts in colon_words(text)? {
        words::path(parts.first().map_or("", String::as_str))?;
        parts.iter().skip(1).try_for_each(|options| specifier::check_options(options))?;
    }
    Ok(())
}

/// `[PARTITION:]OPTIONS`.
pub(super) fn image_options(text: &str) -> Result<(), BadValue> {
    colon_words(text)?.iter().try_for_each(|parts| partitions(parts))
}

fn partitions(parts: &[String]) -> Result<(), BadValue> {
    match parts {
        [] => Ok(()),
        [options] => specifier::check_options(options),
        pairs => pairs.chunks(2).try_for_each(|pair| {
            choice(&pair[0], choices::PARTITIONS)?;
            pair.get(1).map_or(Ok(()), |options| specifier::check_options(options))
        }),
    }
}

/// `[-]IMAGE:DESTINATION[:OPTIONS…]`, or without a destination for extensions.
pub(super) fn images(text: &str, destinations: bool) -> Result<(), BadValue> {
    for parts in colon_words(text)? {
        let (source, rest) = parts.split_first().ok_or_else(|| BadValue::new("there is no image"))?;
        words::path(source.strip_prefix('-').unwrap_or(source))?;
        if !destinations {
            partitions(rest)?;
            continue;
        }
        let (destination, options) = rest.split_first().ok_or_else(|| {
            BadValue::new(format!("{source:?} has no destination")).help("write IMAGE:DESTINATION")
        })?;
        words::path(destination)?;
        partitions(options)?;
    }
    Ok(())
}

/// `PARTITION=FLAG+FLAG`, with colons between; or `*` (all), `-` (nothing), `~` (what is there must not be used).
pub(super) fn image_policy(text: &str) -> Result<(), BadValue> {
    const FLAGS: &[&str] = &[
        "verity",
        "signed",
        "encrypted",
        "encryptedwithintegrity",
        "unprotected",
        "unused",
        "absent",
        "open",
        "ignore",
        "read-only-on",
        "read-only-off",
        "growfs-on",
        "growfs-off",
    ];
    if matches!(text, "*" | "-" | "~") {
        return Ok(());
    }
    for part in text.split(':') {
        let Some((partition, flags)) = part.split_once('=') else {
            return Err(BadValue::new(format!("{part:?} is no policy of a partition"))
                .help("write PARTITION=FLAG+FLAG, or * - ~ for all"));
        };
        if !partition.is_empty() {
            choice(partition, choices::PARTITIONS)?;
        }
        flags.split('+').try_for_each(|flag| choice(flag, FLAGS))?;
    }
    Ok(())
}

/// An even count of hexadecimal digits, or a path.
pub(super) fn root_hash(text: &str) -> Result<(), BadValue> {
    if text.starts_with('/') {
        return words::path(text);
    }
    if text.len() >= 32 && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(BadValue::new("the value is no root hash").help("write at least 32 hexadecimal digits, or a path"))
}

/// A path, or `base64:` and the signature.
pub(super) fn root_hash_signature(text: &str) -> Result<(), BadValue> {
    match text.strip_prefix("base64:") {
        Some(signature) => super::credentials::base64(signature),
        None if text.starts_with('/') => words::path(text),
        None => {
            Err(BadValue::new("the value is no signature").help("write base64: and the signature, or a path"))
        }
    }
}

/// `PATH[:NAME[:OPTIONS]]`.
pub(super) fn open_file(text: &str) -> Result<(), BadValue> {
    let parts = colon_words(text)?;
    let [parts] = parts.as_slice() else {
        return Err(BadValue::new("one file is expected here").help("give each file a value of its own"));
    };
    words::path(parts.first().map_or("", String::as_str))?;
    if let Some(name) = parts.get(1) {
        super::credentials::descriptor_name(name)?;
    }
    let options: Vec<&str> =
        parts.get(2).map_or("", String::as_str).split(',').filter(|o| !o.is_empty()).collect();
    options.iter().try_for_each(|option| choice(option, &["read-only", "append", "truncate", "graceful"]))?;
    let modes = options.iter().filter(|option| **option != "graceful").count();
    if parts.len() > 3 || modes > 1 {
        return Err(
            BadValue::new("a file is opened in one way").help("keep one of read-only, append, truncate")
        );
    }
    Ok(())
}

/// Absolute paths with colons between them.
pub(super) fn search_path(text: &str) -> Result<(), BadValue> {
    if text.bytes().all(|b| b == b':') {
        return Err(BadValue::new("there is no path"));
    }
    text.split(':').filter(|path| !path.is_empty()).try_for_each(words::path)
}

/// A size, a percentage, or `off`.
pub(super) fn disk_quota(text: &str) -> Result<(), BadValue> {
    match text {
        "off" => Ok(()),
        share if share.ends_with(['%', '‰', '‱']) => numbers::percent(share),
        size => numbers::size(size).map(drop),
    }
}
