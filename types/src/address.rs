//! Where a host is reached: its name or IP address.

use crate::ParseError;
use std::net::{IpAddr, Ipv6Addr};

/// Checks an address: a DNS name (RFC 1123, with underscores, as they occur), an IPv4 or an IPv6 address, which may
/// have a zone (`fe80::1%eth0.100`).
pub fn check_address(text: &str) -> Result<(), ParseError> {
    let bad = |problem: &str| Err(ParseError::new("a name or an IP address, without a port", problem));
    let zoned = |text: &str| {
        text.split_once('%').is_some_and(|(address, zone)| {
            let is_of_zone = |byte| is_of_name(byte) || byte == b'.';
            address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && zone.bytes().all(is_of_zone)
        })
    };
    if text.parse::<IpAddr>().is_ok() || zoned(text) {
        return Ok(());
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.is_empty() {
        return bad("the address is empty");
    }
    if name.contains("://") {
        return bad("this is a URL");
    }
    if !name.bytes().all(|byte| is_of_name(byte) || byte == b'.') {
        return bad("neither a name nor an IP address");
    }
    if name.len() > 253 || name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return bad("a part of the name is empty or longer than 63 characters, or all of it longer than 253");
    }
    if name.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) {
        return bad("a part of the name begins or ends with a hyphen");
    }
    if name.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
        return bad("it looks like an IPv4 address and is none");
    }
    Ok(())
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::check_address;

    #[test]
    fn names_and_ip_addresses_are_taken() {
        for text in [
            "web1",
            "web1.example.net",
            "web1.example.net.",
            "a_b.local",
            "10.0.0.1",
            "::1",
            "fe80::1%eth0",
            "fe80::1%eth0.100",
            "1a",
        ] {
            assert_eq!(check_address(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused_with_the_reason() {
        let long = "a".repeat(64);
        for (text, part) in [
            ("", "empty"),
            ("not an address", "neither"),
            ("web1:22", "neither"),
            ("[::1]", "neither"),
            ("https://web1", "URL"),
            ("web1..net", "part of the name is empty"),
            (&long, "longer than 63"),
            ("-web", "hyphen"),
            ("10.0.0.300", "looks like"),
            ("10.0.1", "looks like"),
            ("fe80::1%", "neither"),
        ] {
            let error = check_address(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
