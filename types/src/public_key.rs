//! Public keys that hosts' definitions hold, judged by their form: age recipients (Bech32, BIP 173) and OpenSSH public
//! keys (RFC 4253, section 6.6). Nothing is encrypted or verified here; what passes is parsed again by what uses it.

use crate::ParseError;

/// Bech32's alphabet: a character's place is its value.
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The generator of Bech32's checksum.
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// What age's recipients begin with, before the separator `1`.
const AGE: &str = "age";
/// The digits of a recipient behind the separator: 256 bits in groups of five, and six of checksum.
const AGE_DIGITS: usize = 52 + 6;
/// The least and the most bits of an RSA key that things are encrypted to.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// Checks what a host's manifest is encrypted to: `age1…`, `ssh-ed25519 …` or `ssh-rsa …`, perhaps with a comment.
pub fn check_recipient(text: &str) -> Result<(), ParseError> {
    let bad =
        |problem: &str| ParseError::new("a recipient: `age1…`, `ssh-ed25519 …` or `ssh-rsa …`", problem);
    let text = text.trim();
    if text.starts_with("AGE-SECRET-KEY-") {
        return Err(bad("this is a private key, which belongs on its host alone"));
    }
    if let Some(digits) = text.strip_prefix(AGE).and_then(|rest| rest.strip_prefix('1')) {
        return age_key(digits).map_err(bad);
    }
    if text.starts_with("sk-ssh-") || text.starts_with("sk-ecdsa-") {
        return Err(bad("a FIDO key can sign but not decrypt"));
    }
    ssh_key(text, &["ssh-ed25519", "ssh-rsa"]).map_err(bad)
}

/// Checks what a host's reports are signed with: `ssh-ed25519 …`, or a FIDO key of that kind, perhaps with a comment.
pub fn check_reporter(text: &str) -> Result<(), ParseError> {
    let bad = |problem: &str| {
        ParseError::new("a signing key: `ssh-ed25519 …` or `sk-ssh-ed25519@openssh.com …`", problem)
    };
    ssh_key(text.trim(), &["ssh-ed25519", "sk-ssh-ed25519@openssh.com"]).map_err(bad)
}

fn age_key(digits: &str) -> Result<(), &'static str> {
    let value =
        |byte: u8| BECH32.iter().position(|digit| *digit == byte).and_then(|at| u8::try_from(at).ok());
    let values: Option<Vec<u8>> = digits.bytes().map(value).collect();
    let values = values.ok_or("the age recipient holds a character that none has")?;
    if values.len() != AGE_DIGITS {
        return Err(if values.len() < AGE_DIGITS {
            "the age recipient is cut short"
        } else {
            "the age recipient is too long"
        });
    }
    let name = AGE.bytes().map(|byte| byte >> 5).chain([0]).chain(AGE.bytes().map(|byte| byte & 31));
    let checksum = name.chain(values.iter().copied()).fold(1u32, |sum, value| {
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        let taps = GENERATOR.iter().enumerate().filter(|(bit, _)| (sum >> 25 >> bit) & 1 == 1);
        taps.fold(shifted, |sum, (_, tap)| sum ^ tap)
    });
    // 52 digits hold 260 bits, of which the last four are none of the key's.
    let padding = values.get(51).is_none_or(|value| value & 0b1111 != 0);
    if checksum != 1 || padding {
        return Err("the age recipient is damaged: its checksum is wrong");
    }
    Ok(())
}

fn ssh_key(text: &str, kinds: &[&str]) -> Result<(), &'static str> {
    let mut words = text.split_ascii_whitespace();
    let kind = words.next().filter(|kind| kinds.contains(kind)).ok_or("no key of such a kind")?;
    let body = words.next().ok_or("the key itself is missing")?;
    let bytes = base64(body).ok_or("the key is damaged: not base64")?;
    let mut fields = Fields(&bytes);
    let damaged = "the key is damaged or cut short";
    if fields.next().ok_or(damaged)? != kind.as_bytes() {
        return Err("the key is of another kind than it says");
    }
    if kind == "ssh-rsa" {
        let (_, modulus) = (fields.next().ok_or(damaged)?, fields.next().ok_or(damaged)?);
        let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
        if !RSA_BITS.contains(&bits) {
            return Err("the RSA key has fewer than 2048 or more than 4096 bits");
        }
    } else if fields.next().ok_or(damaged)?.len() != 32 {
        return Err(damaged);
    }
    if kind.starts_with("sk-") {
        fields.next().ok_or(damaged)?;
    }
    if fields.0.is_empty() { Ok(()) } else { Err("the key is damaged: something stands behind it") }
}

/// What is left of fields that each stand behind their length, four bytes.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }
}

/// Base64 of RFC 4648 with its padding, nothing between.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = (buffer << 6 | u32::from(value)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
        }
    }
    (buffer & ((1 << bits) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE_KEY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJFbLyYrOdSArbSPVHzUOsTEG3rRVRHMuxpvR5KhJmzm";

    #[test]
    fn keys_that_programs_print_are_taken() {
        for key in [AGE_KEY, ED25519, &format!("{ED25519} root@web1"), &format!(" {AGE_KEY}\n")] {
            assert_eq!(check_recipient(key), Ok(()), "{key}");
        }
        assert_eq!(check_reporter(&format!("{ED25519} cmc")), Ok(()));
    }

    #[test]
    fn a_key_with_one_wrong_character_is_refused() {
        for at in 4..AGE_KEY.len() {
            let other = if &AGE_KEY[at..=at] == "q" { "p" } else { "q" };
            let damaged = format!("{}{other}{}", &AGE_KEY[..at], &AGE_KEY[at + 1..]);
            assert!(check_recipient(&damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_refused_with_the_reason() {
        for (key, part) in [
            ("", "no key of such a kind"),
            ("age1foo", "character"),
            ("age1qqq", "cut short"),
            (&format!("{AGE_KEY}q"), "too long"),
            ("AGE-SECRET-KEY-1QQ", "private key"),
            ("ssh-ed25519", "missing"),
            ("ssh-ed25519 AAAA", "damaged"),
            ("ssh-ed25519 AAA", "not base64"),
            (&ED25519.replace("ssh-ed25519 ", "ssh-rsa "), "another kind"),
            (&ED25519[..ED25519.len() - 4], "damaged"),
            (&format!("{ED25519}AAAA"), "behind it"),
            ("sk-ssh-ed25519@openssh.com AAAA", "FIDO"),
            ("ecdsa-sha2-nistp256 AAAA", "no key of such a kind"),
        ] {
            let error = check_recipient(key).unwrap_err().to_string();
            assert!(error.contains(part), "{key}: {error}");
        }
        assert!(check_reporter("ssh-rsa x").is_err());
        assert!(check_reporter(AGE_KEY).is_err());
    }

    #[test]
    fn base64_is_read_in_its_one_form() {
        for (text, bytes) in [("", &b""[..]), ("Zg==", b"f"), ("Zm8=", b"fo"), ("Zm9vYmFy", b"foobar")] {
            assert_eq!(base64(text).as_deref(), Some(bytes));
        }
        for text in ["Zh==", "Zm9=", "Zg=", "Zg", "Z===", "Zm9v YmFy", "Zm=v"] {
            assert_eq!(base64(text), None, "{text}");
        }
    }
}
