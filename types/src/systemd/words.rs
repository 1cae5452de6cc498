//! Values made of names: units, paths, accounts, variables, capabilities, addresses.

use super::check::{BadValue, known};
use super::choices::Words;
use super::credentials::errno;
use super::exec::all_words;
use super::numbers::integer;
use super::unit_name::{UnitName, UnitType};
use super::{choices, kernel, specifier};
use crate::nearest;

/// One unit name of one of the types (any if there are none). Specifiers may stand in it.
pub(super) fn unit(text: &str, types: &[UnitType]) -> Result<(), BadValue> {
    specifier::check(text)?;
    if text.contains(char::is_whitespace) {
        return Err(BadValue::new("one unit is expected here"));
    }
    let name = UnitName::parse(&sampled(text)).map_err(|bad| match types {
        [only, ..] if !text.contains('.') => bad.help(format!("did you mean \"{text}.{}\"?", only.name())),
        _ => bad,
    })?;
    if types.is_empty() {
        return Ok(());
    }
    if types.contains(&name.kind()) {
        return match name.is_template() {
            true => Err(BadValue::new(format!("{text:?} is a template without an instance"))
                .help("write PREFIX@INSTANCE.TYPE")),
            false => Ok(()),
        };
    }
    let endings: Vec<_> = types.iter().map(|kind| format!(".{}", kind.name())).collect();
    Err(BadValue::new(format!("a .{} unit does not go here", name.kind().name()))
        .help(format!("write a unit that ends in {}", endings.join(" or "))))
}

/// What a unit's name may be once specifiers are expanded: `%n` is a name with its type.
fn sampled(word: &str) -> String {
    let sample = specifier::sample(word);
    if word.ends_with("%n") { format!("{sample}.service") } else { sample }
}

/// Unit names with blanks between them.
pub(super) fn units(text: &str, templates: bool) -> Result<(), BadValue> {
    for word in text.split_whitespace() {
        specifier::check(word)?;
        if word.contains(',') {
            return Err(BadValue::new("units are separated by blanks, not commas").help(format!(
                "write {:?}",
                text.replace(',', " ").split_whitespace().collect::<Vec<_>>().join(" ")
            )));
        }
        let name = UnitName::parse(&sampled(word))?;
        if name.is_template() && !templates {
            return Err(BadValue::new(format!("{word:?} is a template without an instance"))
                .help("write PREFIX@INSTANCE.TYPE"));
        }
    }
    Ok(())
}

/// One absolute path.
pub(super) fn path(text: &str) -> Result<(), BadValue> {
    specifier::check(text)?;
    let plain = specifier::sample(text);
    if !plain.starts_with('/') {
        return Err(BadValue::new(format!("{text:?} is no absolute path")).help("begin it with '/'"));
    }
    if plain.split('/').any(|part| part == "..") {
        return Err(BadValue::new("the path has a '..' component"));
    }
    if plain.chars().any(char::is_control) {
        return Err(BadValue::new("the path holds a control character"));
    }
    Ok(())
}

/// Absolute paths.
pub(super) fn plain_paths(text: &str) -> Result<(), BadValue> {
    all_words(text)?.iter().try_for_each(|word| path(word))
}

/// Absolute paths, each perhaps after `-` (it may be missing), `+` (it is below the root directory), or `-+`.
pub(super) fn paths(text: &str) -> Result<(), BadValue> {
    for word in all_words(text)? {
        let rest = word.strip_prefix('-').unwrap_or(&word);
        let bare = rest.strip_prefix('+').unwrap_or(rest);
        if bare.starts_with(['-', '+']) {
            let plain = bare.trim_start_matches(['-', '+']);
            let signs = &word[..word.len() - plain.len()];
            let sign = |sign: char| if signs.contains(sign) { String::from(sign) } else { String::new() };
            return Err(BadValue::new(format!("{word:?} has its signs twice or in the wrong order"))
                .help(format!("'-' comes before '+', each once: {}{}{plain}", sign('-'), sign('+'))));
        }
        path(bare)?;
    }
    Ok(())
}

/// Relative, normal names of directories, each perhaps with `:LINK` where links are made.
pub(super) fn directories(text: &str, links: bool) -> Result<(), BadValue> {
    for word in all_words(text)? {
        specifier::check(&word)?;
        if word.contains(':') && !links {
            return Err(BadValue::new(format!("{word:?} asks for a link, and none is made here")));
        }
        let mut parts = word.splitn(3, ':');
        for (index, name) in parts.by_ref().take(2).enumerate() {
            let flags = index == 1 && name.is_empty() && word.ends_with(":ro");
            let plain = specifier::sample(name);
            if plain.starts_with('/') {
                return Err(BadValue::new(format!("{name:?} is absolute"))
                    .help("write a name below the base directory, such as \"api\" for /run/api"));
            }
            if flags {
                continue;
            }
            if plain.is_empty() || plain.split('/').any(|part| part == "." || part == "..") {
                return Err(BadValue::new(format!("{name:?} is no proper name of a directory"))
                    .help("write a name below the base directory without '.' and '..', such as \"api\" or \"api/cache\""));
            }
        }
        if let Some(flags) = parts.next().filter(|flags| *flags != "ro") {
            return Err(BadValue::new(format!("{flags:?} is no flag of a directory"))
                .help("write NAME:LINK or NAME:LINK:ro"));
        }
    }
    Ok(())
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `NAME=VALUE` with quotes around what holds blanks.
pub(super) fn environment(text: &str) -> Result<(), BadValue> {
    for word in all_words(text)? {
        specifier::check(&word)?;
        let Some((name, _)) = word.split_once('=') else {
            return Err(BadValue::new(format!("{word:?} is no NAME=VALUE"))
                .help("put quotes around the whole assignment if its value holds blanks: \"NAME=a b\""));
        };
        if !is_variable(name) {
            return Err(BadValue::new(format!("{name:?} is no name of a variable"))
                .help("a name consists of letters, digits and _ and begins with no digit"));
        }
    }
    Ok(())
}

/// Names of variables, or assignments where those are taken, too.
pub(super) fn env_names(text: &str, assignments: bool) -> Result<(), BadValue> {
    for word in all_words(text)? {
        let name = word.split_once('=').filter(|_| assignments).map_or(word.as_str(), |(name, _)| name);
        specifier::check(&word)?;
        if !is_variable(&specifier::sample(name)) {
            return Err(BadValue::new(format!("{name:?} is no name of a variable")));
        }
    }
    Ok(())
}

/// A user or group by name or number.
pub(super) fn account(text: &str) -> Result<(), BadValue> {
    specifier::check(text)?;
    let plain = specifier::sample(text);
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        return integer(&plain, 0, 4_294_967_294).map(drop);
    }
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if plain.starts_with(first) && plain.chars().all(rest) && plain.len() <= 255 {
        return Ok(());
    }
    Err(BadValue::new(format!("{text:?} is no name of a user or group"))
        .help("a name begins with a letter or _ and goes on with letters, digits and _ - ."))
}

pub(super) fn capabilities(text: &str) -> Result<(), BadValue> {
    for word in text.strip_prefix('~').unwrap_or(text).split_whitespace() {
        if word.parse::<u8>().is_ok_and(|number| number < 64) {
            continue;
        }
        let upper = word.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_");
        if name.is_some_and(|name| kernel::CAPABILITIES.contains(&name)) {
            continue;
        }
        let meant = nearest(name.unwrap_or(&upper), kernel::CAPABILITIES.iter().copied());
        let bad = BadValue::new(format!("{word:?} is no capability"));
        return Err(match meant {
            Some(meant) => bad.help(format!("did you mean \"CAP_{meant}\"?")),
            None => bad.help("capabilities(7) lists them, such as CAP_NET_BIND_SERVICE"),
        });
    }
    Ok(())
}

/// System calls of all architectures: those of the groups of systemd 252 (`systemd-analyze syscall-filter`), and those
/// that the kernel got up to 6.18.
const SYSCALLS: &str = include_str!("syscalls.txt");

/// System calls and groups, each perhaps with `:ERRNO` or `:kill`.
pub(super) fn syscalls(text: &str, release: Option<u16>) -> Result<(), BadValue> {
    for word in text.strip_prefix('~').unwrap_or(text).split_whitespace() {
        let (name, error) = word.split_once(':').unwrap_or((word, "kill"));
        errno(error)?;
        if name.starts_with('@') {
            if !choices::SYSCALL_GROUPS.known(None).any(|known| known == name) {
                return Err(BadValue::new(format!("{name:?} is no group of system calls"))
                    .help("`systemd-analyze syscall-filter` lists them")
                    .candidates(name, choices::SYSCALL_GROUPS.known(release)));
            }
        } else if !SYSCALLS.split_ascii_whitespace().any(|known| known == name) {
            return Err(BadValue::new(format!("{name:?} is no system call"))
                .help("write names with blanks between them; `~` stands before the first only")
                .candidates(name, SYSCALLS.split_ascii_whitespace()));
        }
    }
    Ok(())
}

/// Words of a list, perhaps after `~`; or one of the words that stand alone.
pub(super) fn toggled(text: &str, known: &[&str], alone: &[&str]) -> Result<(), BadValue> {
    if alone.contains(&text) {
        return Ok(());
    }
    let mut words = text.strip_prefix('~').unwrap_or(text).split_whitespace();
    words.try_for_each(|word| {
        if known.contains(&word) {
            return Ok(());
        }
        let bad = BadValue::new(format!("{word:?} is not known here"));
        // `INET` for `AF_INET`.
        let tail = format!("_{word}");
        if let Some(whole) = known.iter().find(|known| known.ends_with(&tail)) {
            return Err(bad.help(format!("did you mean {whole:?}?")));
        }
        Err(bad
            .help(format!(
                "known are {}{}",
                known[..known.len().min(12)].join(" "),
                if known.len() > 12 { " …" } else { "" }
            ))
            .candidates(word, known.iter().copied()))
    })
}

pub(super) fn signal(text: &str) -> Result<(), BadValue> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let realtime = |sign| name.strip_prefix(sign).is_some_and(|n| n.parse::<u8>().is_ok_and(|n| n <= 30));
    let number = text.parse::<u8>().is_ok_and(|n| (1..=64).contains(&n));
    let exact = text == upper;
    let named = kernel::SIGNALS.contains(&name) || matches!(name, "RTMIN" | "RTMAX" | "POLL" | "IOT" | "CLD");
    if number || (exact && (named || realtime("RTMIN+") || realtime("RTMAX-"))) {
        return Ok(());
    }
    let bad = BadValue::new(format!("{text:?} is no signal"));
    Err(match nearest(name, kernel::SIGNALS.iter().copied()) {
        Some(meant) => bad.help(format!("did you mean \"SIG{meant}\"?")),
        None => bad.help("signal(7) lists them, such as SIGTERM"),
    })
}

/// Exit codes 0 to 255, their names, and signals.
pub(super) fn exit_status(text: &str) -> Result<(), BadValue> {
    for word in text.split_whitespace() {
        if word.parse::<u8>().is_ok() || choices::EXIT_STATUSES.contains(&word) || signal(word).is_ok() {
            continue;
        }
        let names = choices::EXIT_STATUSES.iter().chain(kernel::SIGNALS).copied();
        return Err(BadValue::new(format!("{word:?} is neither an exit code nor a signal"))
            .help("write numbers from 0 to 255 and names such as SIGKILL or TEMPFAIL")
            .candidates(word, names));
    }
    Ok(())
}

/// One of the words, or a word with an argument: `file:PATH`, `append:PATH`, `truncate:PATH`, `fd:NAME`.
pub(super) fn stream(text: &str, words: Words, release: Option<u16>) -> Result<(), BadValue> {
    match text.split_once(':') {
        Some(("file" | "append" | "truncate", target)) => path(target),
        Some(("fd", name)) if !name.is_empty() => Ok(()),
        _ => known(text, words, release).map_err(|bad| {
            let help = bad.help.unwrap_or_default();
            BadValue::new(bad.problem).help(format!("{help}, or file:PATH, append:PATH, fd:NAME"))
        }),
    }
}

fn port(text: &str) -> Result<(), BadValue> {
    let wrong = || BadValue::new(format!("{text:?} is no port")).help("a port is from 1 to 65535");
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    text.parse::<u16>().ok().filter(|port| *port > 0).map(drop).ok_or_else(wrong)
}

/// An address of `ListenStream=` and its like (systemd.socket(5)).
pub(super) fn listen(text: &str) -> Result<(), BadValue> {
    if specifier::any(text) {
        return specifier::check(text);
    }
    let shape = || {
        BadValue::new(format!("{text:?} is nothing to listen on"))
            .help("write a path, @NAME, PORT, IPV4:PORT, [IPV6]:PORT or vsock:CID:PORT")
    };
    if text.contains(char::is_whitespace) && !text.starts_with('/') {
        return Err(shape());
    }
    if text.starts_with(['/', '@']) || text.starts_with("vsock:") {
        return listen_local(text);
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or_else(shape)?;
        address.parse::<std::net::Ipv6Addr>().map_err(|_| shape())?;
        let after = after.strip_prefix(':').ok_or_else(shape)?;
        return port(after.split_once('%').map_or(after, |(port, _)| port));
    }
    match text.rsplit_once(':') {
        Some((address, number)) => {
            address.parse::<std::net::Ipv4Addr>().map_err(|_| shape())?;
            port(number)
        }
        None if text.bytes().all(|b| b.is_ascii_digit()) => port(text),
        None => Err(shape()),
    }
}

/// An address of `ListenSequentialPacket=`: no port.
pub(super) fn listen_local(text: &str) -> Result<(), BadValue> {
    if specifier::any(text) {
        return specifier::check(text);
    }
    match text {
        "/" => Err(BadValue::new("the path is a directory")),
        _ if text.starts_with('/') => path(text),
        _ if text.starts_with('@') || text.starts_with("vsock:") => Ok(()),
        _ => Err(BadValue::new(format!("{text:?} is nothing to listen on"))
            .help("write a path, @NAME or vsock:CID:PORT")),
    }
}

/// A name of a namespace of the journal.
pub(super) fn log_namespace(text: &str) -> Result<(), BadValue> {
    specifier::check(text)?;
    let plain = specifier::sample(text);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '@');
    if plain.chars().all(allowed) && plain.len() < 240 && plain != "." && plain != ".." {
        return Ok(());
    }
    Err(BadValue::new(format!("{text:?} is no name of a log namespace"))
        .help("it consists of letters, digits and : - _ . @"))
}

/// IP addresses with an optional prefix length, or `any localhost link-local multicast`.
pub(super) fn addresses(text: &str) -> Result<(), BadValue> {
    for word in text.split_whitespace() {
        if matches!(word, "any" | "localhost" | "link-local" | "multicast") {
            continue;
        }
        let (address, length) = match word.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (word, None),
        };
        let wrong = || {
            BadValue::new(format!("{word:?} is no IP address or network")).help(
                "write addresses such as 10.0.0.0/8 or fd00::/8, or any, localhost, link-local, multicast",
            )
        };
        let address: std::net::IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        if let Some(length) = length {
            integer(length, 0, longest)?;
        }
    }
    Ok(())
}

/// Indices and ranges of processors with blanks or commas between them, or one of the words.
pub(super) fn cpus(text: &str, words: &[&str]) -> Result<(), BadValue> {
    if words.contains(&text) {
        return Ok(());
    }
    if specifier::any(text) {
        return specifier::check(text);
    }
    for part in text.split([',', ' ', '\t']).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if integer(first, 0, 8191)? > integer(last, 0, 8191)? {
            return Err(BadValue::new(format!("the range {part} goes backwards")));
        }
    }
    Ok(())
}

/// A path, absolute or below `/run`.
pub(super) fn run_path(text: &str) -> Result<(), BadValue> {
    let absolute = specifier::sample(text).starts_with('/');
    if absolute { path(text) } else { path(&format!("/run/{text}")) }
}

/// Words of letters and digits with commas between them.
pub(super) fn comma_words(text: &str) -> Result<(), BadValue> {
    let bad = text.split(',').map(str::trim).find(|word| {
        word.is_empty() || !word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    });
    match bad {
        None => Ok(()),
        Some(word) => {
            Err(BadValue::new(format!("{word:?} is no word")).help("write words with commas between them"))
        }
    }
}

/// URIs that systemd takes for documentation.
pub(super) fn uris(text: &str) -> Result<(), BadValue> {
    const SCHEMES: &[&str] = &["http://", "https://", "file:/", "info:", "man:"];
    for word in text.split_whitespace() {
        if !SCHEMES.iter().any(|scheme| word.len() > scheme.len() && word.starts_with(scheme)) {
            return Err(BadValue::new(format!("{word:?} is no URI of documentation"))
                .help("it begins with http://, https://, file:/, info: or man:"));
        }
    }
    Ok(())
}
