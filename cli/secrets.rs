//! The fleet's secrets: `secrets/NAME.age`, opened in memory with the operator's key.

use crate::exit::{Failure, io};
use crate::keys::KeyArgs;
use cmc_bundles::keys::{Identities, Recipient};
use cmc_bundles::publish::Roots;
use cmc_bundles::secretfile;
use cmc_compiler::{Dummies, SecretError, SecretValue, Secrets};
use cmc_types::SecretName;
use cmc_types::definition::{Secret, SecretType};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What every age file begins with (age-encryption.org/v1).
const AGE: &[u8; 21] = b"age-encryption.org/v1";

/// Real values.
pub(crate) struct FileSecrets {
    directory: PathBuf,
    identities: Option<Identities>,
}

impl FileSecrets {
    /// The secrets of a fleet, opened with these keys. Without keys, using one is an error.
    pub(crate) fn new(directory: &Path, identities: Option<Identities>) -> Self {
        Self { directory: directory.to_owned(), identities }
    }
}

impl Secrets for FileSecrets {
    fn get(&self, name: &SecretName, _: &Secret) -> Result<SecretValue, SecretError> {
        let unreadable = |problem: String| SecretError::Unreadable(problem);
        let path = file(&self.directory, name);
        let sealed = match std::fs::read(&path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(SecretError::Missing),
            Err(error) => return Err(unreadable(format!("could not read {}: {error}", path.display()))),
        };
        let Some(identities) = &self.identities else {
            return Err(unreadable("no key of an operator is at hand; give it with --identity".to_owned()));
        };
        let value = secretfile::decrypt(&sealed, identities, &path.display().to_string())
            .map_err(|error| unreadable(error.to_string()))?;
        Ok(SecretValue::new(value.as_slice()))
    }
}

/// Stand-ins, for a build without keys, which knows nevertheless which secrets have no value yet.
pub(crate) struct StandIns {
    directory: PathBuf,
}

impl StandIns {
    /// Stand-ins for the secrets of a fleet.
    pub(crate) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }
}

impl Secrets for StandIns {
    fn get(&self, name: &SecretName, definition: &Secret) -> Result<SecretValue, SecretError> {
        Dummies.get(name, definition)
    }

    fn are_dummies(&self) -> bool {
        true
    }

    fn lacks(&self, name: &SecretName) -> Option<String> {
        let called = format!("secrets/{name}.age");
        let mut head = [0; AGE.len()];
        let read =
            std::fs::File::open(file(&self.directory, name)).and_then(|mut file| file.read_exact(&mut head));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Some(format!("{called} does not exist"))
            }
            Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                Some(format!("{called} cannot be read: {error}"))
            }
            _ => (head != *AGE).then(|| format!("{called} is no age file")),
        }
    }
}

/// Where a secret's value lies.
pub(crate) fn file(directory: &Path, name: &SecretName) -> PathBuf {
    directory.join("secrets").join(format!("{name}.age"))
}

/// Reads and decrypts a secret's value; `None` if it has none.
pub(crate) fn open(
    directory: &Path,
    name: &SecretName,
    keys: &KeyArgs,
    roots: &Roots,
) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let path = file(directory, name);
    let sealed = match std::fs::read(&path) {
        Ok(sealed) => sealed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("read", &path, &error)),
    };
    let identities = keys.identities(roots.newest().fleet_id())?;
    match secretfile::decrypt(&sealed, &identities, &path.display().to_string()) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(Failure::new(
            error.exit_code(),
            match keys.file(roots.newest().fleet_id())? {
                Some(key) => format!("{error} ({})", key.display()),
                None => error.to_string(),
            },
        )
        .help(format!(
            "give an operator's key with --identity FILE; whoever can read it may run `cmc secret rotate`, and \
             `cmc secret set {name}` sets it anew"
        ))),
    }
}

/// The operators that secrets are encrypted to.
pub(crate) fn recipients(roots: &Roots) -> Vec<Recipient> {
    roots.newest().root().operators.iter().map(|operator| operator.recipient.clone()).collect()
}

/// Encrypts a value and writes its file.
pub(crate) fn store(directory: &Path, name: &SecretName, value: &[u8], roots: &Roots) -> Result<(), Failure> {
    let sealed = secretfile::encrypt(value, &recipients(roots))?;
    let dir = directory.join("secrets");
    std::fs::create_dir_all(&dir).map_err(|error| io("create", &dir, &error))?;
    crate::durable::write(&file(directory, name), &sealed, 0o644)
}

/// What is wrong with a value of this type; never the value itself.
pub(crate) fn problem(value: &[u8], kind: SecretType) -> Option<&'static str> {
    let text = std::str::from_utf8(value).ok();
    let line = text.filter(|text| !text.contains(['\n', '\r', '\0']));
    let pem = |label: &str| text.is_some_and(|text| text.contains("-----BEGIN ") && text.contains(label));
    match kind {
        _ if value.is_empty() => Some("it is empty"),
        SecretType::Binary => None,
        SecretType::Text if line.is_none() => Some("it is not one line of UTF-8 text"),
        SecretType::Password if line.is_none_or(|line| line.trim() != line) => {
            Some("it is not one line without blanks at its ends")
        }
        SecretType::Url if line.is_none_or(|line| !is_url(line)) => Some("it is not an absolute URL"),
        SecretType::TlsKey if !pem("PRIVATE KEY-----") => Some("it holds no PEM private key"),
        SecretType::TlsCertificate if !pem("CERTIFICATE-----") => Some("it holds no PEM certificate"),
        SecretType::SshKey if !pem("OPENSSH PRIVATE KEY-----") => Some("it is no OpenSSH private key"),
        _ => None,
    }
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    !rest.is_empty()
        && scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && scheme.bytes().all(letter)
        && !rest.contains(char::is_whitespace)
}
