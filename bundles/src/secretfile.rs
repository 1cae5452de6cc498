//! Files `secrets/NAME.age`: one secret's value, encrypted with age to the operators. Plain age, so that the `age`
//! command opens and makes them too. Values stay in memory and are wiped.

use crate::error::{Error, TrustKind};
use crate::keys::{Identities, Recipient};
use crate::limits;
use crate::member;
use zeroize::Zeroizing;

/// Encrypts a value of at most 1 MiB.
pub fn encrypt(value: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Error> {
    if recipients.is_empty() {
        return Err(Error::Failed("the root of trust names no operator to encrypt to".to_owned()));
    }
    if value.len() as u64 > limits::SECRET - 64 * 1024 {
        return Err(Error::Failed(format!("a secret has at most {} bytes", limits::SECRET - 64 * 1024)));
    }
    member::encrypt(value, recipients)
}

/// Decrypts a file's content. `name` is what messages call it.
pub fn decrypt(file: &[u8], identities: &Identities, name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    if file.len() as u64 > limits::SECRET {
        return Err(Error::Failed(format!("{name}: too large for a secret")));
    }
    if identities.is_empty() {
        return Err(Error::Failed(format!("{name}: no key to decrypt it with")));
    }
    member::decrypt_all(file, identities, limits::SECRET, name).map_err(|error| match error {
        Error::Trust(inner) if inner.kind == TrustKind::Decrypt => {
            Error::Failed(format!("{}: {}", inner.object, inner.problem))
        }
        other => other,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::keys::MemberKey;
    use crate::sshsig;

    #[test]
    fn every_operator_opens_a_secret_and_nobody_else() {
        let (one, other) = (MemberKey::generate(), MemberKey::generate());
        let (ssh, public) = sshsig::generate("ops").unwrap();
        let to = [one.recipient().unwrap(), Recipient::parse(public.as_str()).unwrap()];
        let file = encrypt(b"hunter2\n", &to).unwrap();
        for keys in [Identities::of(&one).unwrap(), Identities::parse(ssh.as_bytes(), "ops").unwrap()] {
            assert_eq!(decrypt(&file, &keys, "db").unwrap().as_slice(), b"hunter2\n");
        }
        let error = decrypt(&file, &Identities::of(&other).unwrap(), "db").unwrap_err();
        assert_eq!(error.to_string(), "db: not encrypted to the key at hand");
    }

    #[test]
    fn identities_say_what_is_wrong_with_a_file() {
        for (content, problem) in [
            ("", "k: no key in it"),
            ("# comment\nhello", "k, line 2: not an age identity"),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
                "k: not an OpenSSH private key",
            ),
        ] {
            assert_eq!(Identities::parse(content.as_bytes(), "k").unwrap_err().to_string(), problem);
        }
    }
}
