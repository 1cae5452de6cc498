#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use std::process::{Command, Stdio};

fn signer(seed: u8) -> FileSigner {
    let (text, _) = from_seed(&Zeroizing::new([seed; 32]), "test").unwrap();
    FileSigner::parse(text.as_bytes(), "key").unwrap()
}

#[test]
fn a_signature_counts_for_its_key_role_and_bytes_only() {
    let (one, two) = (signer(1), signer(2));
    let pem = one.sign(Role::Release, b"body").unwrap();
    assert_eq!(verify(one.public_key(), Role::Release, b"body", &pem), Ok(()));
    assert_eq!(verify(one.public_key(), Role::Release, b"Body", &pem), Err(Rejected::Mismatch));
    assert_eq!(verify(one.public_key(), Role::Timestamp, b"body", &pem), Err(Rejected::Namespace));
    assert_eq!(verify(two.public_key(), Role::Release, b"body", &pem), Err(Rejected::Key));
}

#[test]
fn every_changed_character_of_the_armour_is_refused() {
    let one = signer(1);
    let pem = one.sign(Role::Release, b"body").unwrap();
    for i in 0..pem.trim_end().len() {
        for flip in [1u8, 2, 0x20] {
            let mut bytes = pem.clone().into_bytes();
            bytes[i] ^= flip;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            assert!(verify(one.public_key(), Role::Release, b"body", &text).is_err(), "byte {i} flip {flip}");
        }
    }
}

#[test]
fn sha256_signatures_are_refused() {
    let one = signer(1);
    let sig = one.key.sign(Role::Release.namespace(), HashAlg::Sha256, b"body").unwrap();
    let pem = sig.to_pem(LineEnding::LF).unwrap();
    assert_eq!(verify(one.public_key(), Role::Release, b"body", &pem), Err(Rejected::Parameters));
}

/// A FIDO token in software, which can be told not to be touched.
fn token(flags: u8) -> (PublicKey, String) {
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let point = ssh_key::public::Ed25519PublicKey(key.verifying_key().to_bytes());
    let data = KeyData::SkEd25519(ssh_key::public::SkEd25519::new(point, "ssh:"));
    let signed = SshSig::signed_data(Role::Release.namespace(), HashAlg::Sha512, b"body").unwrap();
    let mut message = HashAlg::Sha256.digest(b"ssh:");
    message.extend_from_slice(&[flags, 0, 0, 0, 9]);
    message.extend_from_slice(&HashAlg::Sha256.digest(&signed));
    let mut raw = key.sign(&message).to_bytes().to_vec();
    raw.extend_from_slice(&[flags, 0, 0, 0, 9]);
    let public = PublicKey::parse(PublicKey::of(&data).unwrap().as_str()).unwrap();
    let pem = assemble(&public, Role::Release, Signature::new(Algorithm::SkEd25519, raw).unwrap()).unwrap();
    (public, pem)
}

#[test]
fn a_fido_signature_counts_only_if_the_token_was_touched() {
    let (key, pem) = token(1);
    assert_eq!(verify(&key, Role::Release, b"body", &pem), Ok(()));
    assert_eq!(verify(&key, Role::Release, b"bodY", &pem), Err(Rejected::Mismatch));
    let (key, pem) = token(0);
    assert_eq!(verify(&key, Role::Release, b"body", &pem), Err(Rejected::Untouched));
    let (key, pem) = token(4);
    assert_eq!(verify(&key, Role::Release, b"body", &pem), Err(Rejected::Untouched));
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    for point in [[0u8; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let data = KeyData::Ed25519(ssh_key::public::Ed25519PublicKey(point));
        let text = PublicKey::of(&data).unwrap().text;
        assert!(PublicKey::parse(&text).is_err(), "{text}");
    }
    for text in ["", "ssh-ed25519", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQ==", "ssh-ed25519 AAAA", "age1x"] {
        assert!(PublicKey::parse(text).is_err(), "{text}");
    }
}

fn have(program: &str) -> bool {
    let found =
        Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    let found = found.unwrap().success();
    assert!(found || std::env::var_os("CMC_TEST_PROGRAMS").is_none(), "{program} is not installed");
    found
}

#[test]
fn ssh_keygen_verifies_ours_and_we_verify_its() {
    if !have("ssh-keygen") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let (text, public) = generate("me").unwrap();
    std::fs::write(path("key"), text.as_bytes()).unwrap();
    std::fs::set_permissions(path("key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(path("allowed"), format!("me {public}\n")).unwrap();
    std::fs::write(path("body"), "exact bytes").unwrap();
    let ours =
        FileSigner::parse(text.as_bytes(), "key").unwrap().sign(Role::Release, b"exact bytes").unwrap();
    std::fs::write(path("ours.sig"), &ours).unwrap();
    let verified = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-I", "me", "-n", "cmc-release@v1"])
        .arg("-f")
        .arg(path("allowed"))
        .arg("-s")
        .arg(path("ours.sig"))
        .stdin(std::fs::File::open(path("body")).unwrap())
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let signed = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", "cmc-release@v1", "-f"])
        .arg(path("key"))
        .arg(path("body"))
        .output()
        .unwrap();
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    let theirs = std::fs::read_to_string(path("body.sig")).unwrap();
    assert_eq!(verify(&public, Role::Release, b"exact bytes", &theirs), Ok(()));
    assert_eq!(theirs.trim_end(), ours.trim_end());
}

#[test]
fn a_running_agent_signs() {
    if !have("ssh-agent") || !have("ssh-add") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("agent");
    let (text, public) = generate("in the agent").unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, text.as_bytes()).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut agent =
        Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    let start = std::time::Instant::now();
    while agent_keys(&socket).is_err() && start.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let missing = AgentSigner::connect(&socket, &public);
    let added = Command::new("ssh-add").arg("-q").arg(&file).env("SSH_AUTH_SOCK", &socket).output().unwrap();
    let result = (|| {
        let signer = AgentSigner::connect(&socket, &public).map_err(|e| e.to_string())?;
        let pem = signer.sign(Role::Timestamp, b"body").map_err(|e| e.to_string())?;
        let keys = agent_keys(&socket).map_err(|e| e.to_string())?;
        Ok::<_, String>((verify(&public, Role::Timestamp, b"body", &pem), keys))
    })();
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(missing.is_err());
    assert!(added.status.success());
    let (verified, keys) = result.unwrap();
    assert_eq!(verified, Ok(()));
    assert_eq!(keys, [AgentKey { key: public, comment: "in the agent".to_owned() }]);
}
