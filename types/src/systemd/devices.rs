//! Devices, BPF programs and the network: systemd.resource-control(5), systemd.socket(5).

use super::check::{BadValue, choice};
use super::exec::all_words;
use super::kind::Kind;
use super::{choices, kernel, numbers, specifier, words};

/// `DEVICE VALUE`: a device's node, or a file or mount point on it.
pub(super) fn of_device(text: &str, kind: &Kind, release: Option<u16>) -> Result<(), BadValue> {
    let shape = || {
        BadValue::new("a device and a value are expected")
            .help("write them with a blank between: /dev/sda 100M")
    };
    let (device, value) = text.split_once(char::is_whitespace).ok_or_else(shape)?;
    words::path(device.trim_matches('"'))?;
    kind.check(value.trim_start(), release)
}

/// `/dev/NODE`, `char-GLOB` or `block-GLOB`, and what is allowed.
pub(super) fn device_allow(text: &str) -> Result<(), BadValue> {
    let words = all_words(text)?;
    let (device, access) = match words.as_slice() {
        [device] => (device, None),
        [device, access] => (device, Some(access)),
        _ => return Err(BadValue::new("a device and its access are expected").help("write /dev/NODE rwm")),
    };
    specifier::check(device)?;
    let group = ["char-", "block-"].iter().find_map(|kind| device.strip_prefix(kind));
    let plain = specifier::sample(device);
    let below = ["/dev/", "/run/systemd/inaccessible/"].iter().any(|folder| plain.starts_with(folder));
    if !below && group.is_none_or(str::is_empty) {
        return Err(BadValue::new(format!("{device:?} is no device"))
            .help("write a path below /dev, or char-NAME or block-NAME as in /proc/devices"));
    }
    match access {
        Some(access) if access.is_empty() || access.chars().any(|c| !matches!(c, 'r' | 'w' | 'm')) => {
            Err(BadValue::new(format!("{access:?} is no access to a device"))
                .help("write some of r (read), w (write), m (create)"))
        }
        _ => Ok(()),
    }
}

/// `TYPE:PATH`.
pub(super) fn bpf_program(text: &str) -> Result<(), BadValue> {
    let (kind, path) = text
        .split_once(':')
        .ok_or_else(|| BadValue::new("the program's type is missing").help("write TYPE:PATH"))?;
    choice(kind, kernel::BPF_TYPES)?;
    words::path(path)
}

/// `[ipv4:|ipv6:][tcp:|udp:][PORT|LOW-HIGH]`, or `any`.
pub(super) fn bind_rule(text: &str) -> Result<(), BadValue> {
    if text == "any" {
        return Ok(());
    }
    let mut parts: Vec<&str> = text.split(':').collect();
    for names in [["ipv4", "ipv6"], ["tcp", "udp"]] {
        if parts.first().is_some_and(|part| names.contains(part)) {
            parts.remove(0);
        }
    }
    let shape = || {
        BadValue::new(format!("{text:?} is no rule for ports"))
            .help("write [ipv4:|ipv6:][tcp:|udp:]PORT or LOW-HIGH, or any")
    };
    match parts.as_slice() {
        [] => Ok(()),
        [ports] => {
            let (low, high) = ports.split_once('-').unwrap_or((ports, ports));
            let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
            match (port(low), port(high)) {
                (Some(low), Some(high)) if low <= high => Ok(()),
                _ => Err(shape().help("a port is from 1 to 65535, the lower one first")),
            }
        }
        _ => Err(shape()),
    }
}

/// A name of a network interface, as the kernel takes it.
pub(super) fn interface(text: &str) -> Result<(), BadValue> {
    interface_name(text, 15)
}

/// The same, perhaps an alternative name; specifiers may stand in it.
pub(super) fn any_interface(text: &str) -> Result<(), BadValue> {
    specifier::check(text)?;
    interface_name(&specifier::sample(text), 127)
}

/// Names of network interfaces, perhaps after `~`.
pub(super) fn interfaces(text: &str) -> Result<(), BadValue> {
    all_words(text.strip_prefix('~').unwrap_or(text))?.iter().try_for_each(|word| interface(word))
}

fn interface_name(text: &str, longest: usize) -> Result<(), BadValue> {
    let allowed = |c: char| c.is_ascii_graphic() && !matches!(c, ':' | '/' | '%');
    let number = text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with("0x");
    let reserved = matches!(text, "." | ".." | "all" | "default");
    if !number && !reserved && text.len() <= longest && text.chars().all(allowed) {
        return Ok(());
    }
    Err(BadValue::new(format!("{text:?} is no name of a network interface"))
        .help(format!("it has at most {longest} characters, and is no number")))
}

/// `cgroup|user|group:FAMILY:TABLE:SET` …
pub(super) fn nft_sets(text: &str) -> Result<(), BadValue> {
    for word in all_words(text)? {
        let parts: Vec<&str> = word.split(':').collect();
        let [source, family, table, set] = parts.as_slice() else {
            return Err(BadValue::new(format!("{word:?} is no set of nftables"))
                .help("write cgroup, user or group, then :FAMILY:TABLE:SET"));
        };
        choice(source, &["cgroup", "user", "group"])?;
        choice(family, &["arp", "bridge", "inet", "ip", "ip6", "netdev"])?;
        if table.is_empty() || set.is_empty() {
            return Err(BadValue::new(format!("{word:?} names no table or no set")));
        }
    }
    Ok(())
}

/// A family of netlink by name or number, and a multicast group.
pub(super) fn netlink(text: &str) -> Result<(), BadValue> {
    let mut words = text.split_whitespace();
    let family = words.next().unwrap_or_default();
    if family.parse::<u16>().is_err() {
        choice(family, kernel::NETLINK_FAMILIES)?;
    }
    match (words.next(), words.next()) {
        (None, _) => Ok(()),
        (Some(group), None) => numbers::integer(group, 0, 4_294_967_295).map(drop),
        _ => Err(BadValue::new("there is more than a family and a group")),
    }
}

/// File systems and groups of them.
pub(super) fn file_systems(text: &str) -> Result<(), BadValue> {
    for word in text.strip_prefix('~').unwrap_or(text).split_whitespace() {
        if word.starts_with('@') {
            choice(word, choices::FILE_SYSTEM_GROUPS)?;
        } else if !word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            return Err(BadValue::new(format!("{word:?} is no file system"))
                .help("write names with blanks between them; `~` stands before the first only"));
        }
    }
    Ok(())
}

/// A boolean or `private`, perhaps with `:` and a name.
pub(super) fn private_hostname(text: &str, release: Option<u16>) -> Result<(), BadValue> {
    let (mode, name) = text.split_once(':').unwrap_or((text, "x"));
    Kind::BoolOr(choices::PRIVATE_HOSTNAME).check(mode, release)?;
    specifier::check(name)?;
    let plain = specifier::sample(name);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if plain.is_empty() || plain.len() > 64 || !plain.chars().all(allowed) {
        return Err(BadValue::new(format!("{name:?} is no host name")));
    }
    Ok(())
}
