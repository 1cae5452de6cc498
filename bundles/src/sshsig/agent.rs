//! Signing through a running ssh-agent: draft-ietf-sshm-ssh-agent, messages 11 to 14.
//!
//! The path of the agent's socket is an argument; nothing here reads the environment. One connection per request, so
//! an agent that was restarted is no trouble.

use super::{PublicKey, Role, SignError, Signer, assemble, verify};
use ssh_key::{HashAlg, Signature, SshSig};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// The most bytes of an agent's answer; OpenSSH's own limit.
const MAX_ANSWER: u32 = 256 * 1024;
/// How long an agent may take: somebody has to find the token and touch it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A key that an agent holds and that may sign here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentKey {
    /// The key.
    pub key: PublicKey,
    /// Its comment, usually the file it came from.
    pub comment: String,
}

/// The usable keys of the agent behind this socket; keys of other types are left out.
pub fn agent_keys(socket: &Path) -> Result<Vec<AgentKey>, SignError> {
    let fail = || SignError::new("ssh-agent", "its answer cannot be understood");
    let answer = ask(socket, &[REQUEST_IDENTITIES])?;
    let mut rest = answer.as_slice();
    if take_u8(&mut rest) != Some(IDENTITIES_ANSWER) {
        return Err(SignError::new("ssh-agent", "it refuses to list its keys"));
    }
    let count = take_u32(&mut rest).ok_or_else(fail)?;
    let mut keys = Vec::new();
    for _ in 0..count {
        let (blob, comment) =
            (take_string(&mut rest).ok_or_else(fail)?, take_string(&mut rest).ok_or_else(fail)?);
        let text = ssh_key::PublicKey::from_bytes(blob).ok().and_then(|key| key.to_openssh().ok());
        if let Some(key) = text.and_then(|text| PublicKey::parse(&text).ok()) {
            keys.push(AgentKey { key, comment: String::from_utf8_lossy(comment).into_owned() });
        }
    }
    Ok(keys)
}

/// Signs with a key that an ssh-agent holds.
#[derive(Debug, Clone)]
pub struct AgentSigner {
    socket: PathBuf,
    key: PublicKey,
}

impl AgentSigner {
    /// The key `key` of the agent behind `socket` (the caller's `SSH_AUTH_SOCK`). Fails if the agent lacks it.
    pub fn connect(socket: &Path, key: &PublicKey) -> Result<Self, SignError> {
        if agent_keys(socket)?.iter().any(|held| held.key == *key) {
            return Ok(Self { socket: socket.to_owned(), key: key.clone() });
        }
        Err(SignError::new(key.fingerprint(), "the ssh-agent does not hold this key; add it with `ssh-add`"))
    }
}

impl Signer for AgentSigner {
    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn sign(&self, role: Role, message: &[u8]) -> Result<String, SignError> {
        let fail = |problem: &str| SignError::new(self.key.fingerprint(), problem);
        let blob = ssh_key::PublicKey::from_openssh(self.key.as_str()).and_then(|key| key.to_bytes());
        let blob = blob.map_err(|_| fail("not a key an agent can hold"))?;
        let signed = SshSig::signed_data(role.namespace(), HashAlg::Sha512, message)
            .map_err(|_| fail("cannot be asked to sign"))?;
        let mut request = vec![SIGN_REQUEST];
        put_string(&mut request, &blob);
        put_string(&mut request, &signed);
        request.extend_from_slice(&0u32.to_be_bytes());
        let answer = ask(&self.socket, &request)?;
        let mut rest = answer.as_slice();
        if take_u8(&mut rest) != Some(SIGN_RESPONSE) {
            return Err(fail(
                "the ssh-agent refused to sign (a token not touched, or a question answered with no)",
            ));
        }
        let signature = take_string(&mut rest).and_then(|bytes| Signature::try_from(bytes).ok());
        let pem =
            assemble(&self.key, role, signature.ok_or_else(|| fail("the ssh-agent's answer is damaged"))?)?;
        verify(&self.key, role, message, &pem)
            .map_err(|why| fail(&format!("the ssh-agent's signature: {why}")))?;
        Ok(pem)
    }
}

fn ask(socket: &Path, request: &[u8]) -> Result<Vec<u8>, SignError> {
    let fail = |e: std::io::Error| SignError::new("ssh-agent", format!("{}: {e}", socket.display()));
    let mut stream = UnixStream::connect(socket).map_err(fail)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(fail)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(fail)?;
    let mut message = Vec::new();
    put_string(&mut message, request);
    stream.write_all(&message).map_err(fail)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).map_err(fail)?;
    let length = u32::from_be_bytes(length);
    if length > MAX_ANSWER {
        return Err(SignError::new("ssh-agent", "its answer is too long"));
    }
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer).map_err(fail)?;
    Ok(answer)
}

fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn take_u8(rest: &mut &[u8]) -> Option<u8> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    Some(*first)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(u32::from_be_bytes(*head))
}

fn take_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take_u32(rest)? as usize;
    let (head, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(head)
}
