//! Throw-away keys and certificates, for configurations that name ones that exist only on the host. They are the same
//! everywhere, are known to everybody who reads this file, and exist only inside the sandbox.

use super::View;
use crate::sandbox::{Entry, What};

/// What stands in for a file that only the host has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A TLS certificate.
    Certificate,
    /// Its private key.
    Key,
    /// Both in one file.
    Both,
    /// An SSH host key.
    HostKey,
}

/// Stand-ins for the files that follow one of these keywords in a configuration.
pub(super) fn stand_ins(view: &View<'_>, keywords: &[(&str, Kind)]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for line in view.subjects.iter().flat_map(|(_, text)| text.lines()) {
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || "=;\"'".contains(c))
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            let kind = keywords.iter().find(|(keyword, _)| pair[0].eq_ignore_ascii_case(keyword));
            let Some((_, kind)) = kind.filter(|_| is_plain(pair[1])) else { continue };
            let path = if pair[1].ends_with('/') {
                format!("{}throw-away.pem", pair[1])
            } else {
                pair[1].to_owned()
            };
            entries.push(Entry { path, what: What::file(0o600, text(*kind).into_bytes()) });
        }
    }
    entries
}

/// An absolute, normal path without variables and globs.
fn is_plain(path: &str) -> bool {
    path.starts_with('/')
        && path.len() > 1
        && !path.contains(['$', '*', '?', '[', '%', '{'])
        && !["//", "/./", "/../"].iter().any(|part| path.contains(part))
}

/// The text of a stand-in.
pub(super) fn text(kind: Kind) -> String {
    let certificate = || armour("CERTIFICATE", CERTIFICATE);
    let key = || armour(&["PRIVATE", "KEY"].join(" "), KEY);
    match kind {
        Kind::Certificate => certificate(),
        Kind::Key => key(),
        Kind::Both => certificate() + &key(),
        Kind::HostKey => host_key(),
    }
}

/// PEM (RFC 7468) of base64.
fn armour(label: &str, base64: &str) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// A self-signed P-256 certificate for `throw-away.invalid`, and its key (PKCS#8).
const CERTIFICATE: &str = "MIIBfzCCASSgAwIBAgIBATAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJ0aHJvdy1hd2F5LmludmFsaWQwIBcNMjYxMTIxMDk1NzMyWhgPOTk2\
    NjEwMjcwOTU3MzJaMB0xGzAZBgNVBAMMEnRocm93LWF3YXkuaW52YWxpZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABO9/Cjwk0IuRCH8GTlraT/dE/7JckQZis/bb\
    4GuwcfL7dqrNez+/OyEcfZRLDY7gRn+6lXIzzn92awDtxDTfV8KjUzBRMB0GA1UdDgQWBBS06lkaIEHkzbALjJS7pgySJhpT8zAfBgNVHSMEGDAWgBS06lkaIEHkzbAL\
    jJS7pgySJhpT8zAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQC1xcR7OkQ9uPFZUDjs3BnLnDj8kK2IrMWcvt/SoudvdwIhALXQnkxILQo65XIjNdTe\
    ltXMiIBaIRvW7RGw8Qpcx7pi";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkVaHRCFXCrZQnQUI9odsvEHIvAnqwWbf56YXpfTaMFmhRANCAATvfwo8\
    JNCLkQh/Bk5a2k/3RP+yXJEGYrP22+BrsHHy+3aqzXs/vzshHH2USw2O4EZ/upVyM85/dmsA7cQ031fC";

/// An Ed25519 pair: 32 bytes of seed and the public key that RFC 8032 §7.1 derives from it (its first test vector).
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
    0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
const PUBLIC: [u8; 32] = [
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
    0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

/// The private key in OpenSSH's format (`PROTOCOL.key`), unencrypted.
fn host_key() -> String {
    let mut public = Vec::new();
    field(&mut public, b"ssh-ed25519");
    field(&mut public, &PUBLIC);
    let mut private = vec![0; 8];
    private.extend(&public);
    field(&mut private, &[SEED, PUBLIC].concat());
    field(&mut private, b"throw-away");
    private.extend((1u8..).take((8 - private.len() % 8) % 8));
    let mut key = b"openssh-key-v1\0".to_vec();
    field(&mut key, b"none");
    field(&mut key, b"none");
    field(&mut key, b"");
    key.extend(1u32.to_be_bytes());
    field(&mut key, &public);
    field(&mut key, &private);
    armour(&["OPENSSH", "PRIVATE", "KEY"].join(" "), &base64(&key))
}

fn field(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend((bytes.len() as u32).to_be_bytes());
    to.extend(bytes);
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
