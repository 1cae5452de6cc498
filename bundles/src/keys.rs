//! Keys of encryption: recipients that things are sealed to, and identities that open them. (Keys of signatures are
//! in [`crate::sshsig`].)

use crate::error::{Error, TrustKind};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// The identity of one member: a fresh X25519 key, written as age's `AGE-SECRET-KEY-1…`. Wiped when dropped; prints
/// as dots.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberKey(Zeroizing<String>);

impl MemberKey {
    /// A fresh key.
    pub fn generate() -> Self {
        Self::of(&age::x25519::Identity::generate())
    }

    /// The key of an age identity.
    fn of(identity: &age::x25519::Identity) -> Self {
        use age::secrecy::ExposeSecret;
        Self(Zeroizing::new(identity.to_string().expose_secret().to_owned()))
    }

    /// Its public half.
    pub fn recipient(&self) -> Result<Recipient, Error> {
        Ok(Recipient { text: self.age()?.to_public().to_string() })
    }

    /// The key as text, for the file of an identity. Secret.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn age(&self) -> Result<age::x25519::Identity, Error> {
        age::x25519::Identity::from_str(&self.0)
            .map_err(|_| Error::trust(TrustKind::Format, "identity of a member", "not an age identity"))
    }
}

impl Serialize for MemberKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MemberKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberKey(…)")
    }
}

/// A public key that things are sealed to: `age1…`, `ssh-ed25519 …` or `ssh-rsa …`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient {
    text: String,
}

impl Recipient {
    /// Parses a recipient; a comment behind an SSH key is dropped.
    pub fn parse(text: &str) -> Result<Self, cmc_types::ParseError> {
        let bad = |problem: &str| {
            cmc_types::ParseError::new("a recipient: `age1…`, `ssh-ed25519 …` or `ssh-rsa …`", problem)
        };
        let text = text.trim();
        if text.starts_with("age1") {
            return match age::x25519::Recipient::from_str(text) {
                Ok(_) => Ok(Self { text: text.to_owned() }),
                Err(_) => Err(bad("damaged age recipient")),
            };
        }
        if text.starts_with("sk-ssh-") || text.starts_with("sk-ecdsa-") {
            return Err(bad("a FIDO key can sign but not decrypt"));
        }
        let mut words = text.split_ascii_whitespace();
        let (Some(kind @ ("ssh-ed25519" | "ssh-rsa")), Some(body)) = (words.next(), words.next()) else {
            return Err(bad("not a recipient"));
        };
        let text = format!("{kind} {body}");
        match age::ssh::Recipient::from_str(&text) {
            Ok(_) => Ok(Self { text }),
            Err(_) => Err(bad("damaged or unsupported SSH public key")),
        }
    }

    /// The recipient as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn age(&self) -> Result<Box<dyn age::Recipient + Send>, Error> {
        let bad = |_| Error::Failed(format!("cannot encrypt to the recipient {}", self.text));
        if self.text.starts_with("age1") {
            let recipient = age::x25519::Recipient::from_str(&self.text).map_err(|_| bad(()))?;
            return Ok(Box::new(recipient));
        }
        let recipient = age::ssh::Recipient::from_str(&self.text).map_err(|_| bad(()))?;
        Ok(Box::new(recipient))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.text)
    }
}

impl FromStr for Recipient {
    type Err = cmc_types::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Recipient {
    type Error = cmc_types::ParseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> String {
        recipient.text
    }
}

/// The private keys of a person or host: what a file of age identities or an OpenSSH private key holds.
pub struct Identities {
    keys: Vec<Box<dyn age::Identity + Send + Sync>>,
    recipients: Vec<Recipient>,
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities").field("recipients", &self.recipients).finish_non_exhaustive()
    }
}

impl Identities {
    /// No keys.
    pub fn none() -> Self {
        Self { keys: Vec::new(), recipients: Vec::new() }
    }

    /// Reads the content of a file: lines of `AGE-SECRET-KEY-1…` with `#` comments, or an OpenSSH private key of type
    /// Ed25519 or RSA. `name` is what messages call the file. A key behind a passphrase is refused: nothing here asks.
    pub fn parse(content: &[u8], name: &str) -> Result<Self, Error> {
        let text = std::str::from_utf8(content)
            .map_err(|_| Error::Failed(format!("{name}: not a text file with age or OpenSSH keys")))?;
        if text.trim_start().starts_with("-----BEGIN") {
            return Self::parse_ssh(text, name);
        }
        let mut all = Self::none();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = age::x25519::Identity::from_str(line)
                .map_err(|_| Error::Failed(format!("{name}, line {}: not an age identity", i + 1)))?;
            all.recipients.push(Recipient { text: key.to_public().to_string() });
            all.keys.push(Box::new(key));
        }
        if all.keys.is_empty() {
            return Err(Error::Failed(format!("{name}: no key in it")));
        }
        Ok(all)
    }

    fn parse_ssh(text: &str, name: &str) -> Result<Self, Error> {
        let fail = |problem: &str| Err(Error::Failed(format!("{name}: {problem}")));
        let key = match age::ssh::Identity::from_buffer(text.as_bytes(), Some(name.to_owned())) {
            Ok(key) => key,
            Err(_) => return fail("not an OpenSSH private key"),
        };
        match &key {
            age::ssh::Identity::Unencrypted(_) => {}
            age::ssh::Identity::Encrypted(_) => {
                return fail(
                    "the key is protected by a passphrase; decryption needs a key without one (`ssh-keygen -p` removes it, `age-keygen` makes another)",
                );
            }
            age::ssh::Identity::Unsupported(_) => {
                return fail("this type of SSH key cannot decrypt; use Ed25519, RSA or an age key");
            }
        }
        let recipients = match age::ssh::Recipient::try_from(key.clone()) {
            Ok(recipient) => Recipient::parse(&recipient.to_string()).into_iter().collect(),
            Err(_) => Vec::new(),
        };
        Ok(Self { keys: vec![Box::new(key)], recipients })
    }

    /// One member's key as identities.
    pub fn of(key: &MemberKey) -> Result<Self, Error> {
        let key = key.age()?;
        Ok(Self {
            recipients: vec![Recipient { text: key.to_public().to_string() }],
            keys: vec![Box::new(key)],
        })
    }

    /// Both sets of keys.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.keys.extend(other.keys);
        self.recipients.extend(other.recipients);
        self
    }

    /// Public halves, where they are known.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.keys.iter().map(|key| &**key as &dyn age::Identity)
    }
}

/// An age identity's text as a key of its own, for files that cmc makes.
impl FromStr for MemberKey {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let key = Self(Zeroizing::new(text.trim().to_owned()));
        key.age().map(|age| Self::of(&age))
    }
}
