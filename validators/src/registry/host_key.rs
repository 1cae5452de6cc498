//! A throw-away SSH host key, so that `sshd -t` finds one. It is the same everywhere, is known to everybody who reads
//! this file, and exists only inside the sandbox.

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
pub(super) fn private_key() -> String {
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
    let label = ["OPENSSH", "PRIVATE", "KEY"].join(" ");
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64(&key).as_bytes().chunks(70) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
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
