use super::support::*;
use crate::error::Error;
use crate::store::{Fetch, Reader, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// A store in memory that remembers which bytes were read.
struct Memory {
    objects: BTreeMap<String, Vec<u8>>,
    read: Mutex<BTreeSet<(String, u64, u64)>>,
}

impl Memory {
    fn of(world: &World) -> Self {
        Self { objects: world.objects(), read: Mutex::default() }
    }

    fn note(&self, key: &str, off: u64, len: u64) {
        self.read.lock().unwrap().insert((key.to_owned(), off, len));
    }
}

impl Reader for Memory {
    fn name(&self) -> &str {
        "memory"
    }
    fn get(&self, key: &str, _: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.objects.get(key).cloned();
        self.note(key, 0, found.as_ref().map_or(0, Vec::len) as u64);
        Ok(found)
    }
    fn get_range(&self, key: &str, off: u64, len: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.note(key, off, len);
        let Some(bytes) = self.objects.get(key) else { return Ok(None) };
        let (start, end) = ((off as usize).min(bytes.len()), ((off + len) as usize).min(bytes.len()));
        Ok(Some(bytes[start..end].to_vec()))
    }
    fn get_if_changed(&self, key: &str, _: Option<&str>, limit: u64) -> Result<Fetch, StoreError> {
        Ok(match self.get(key, limit)? {
            Some(bytes) => Fetch::Found { bytes, etag: Some("e".to_owned()) },
            None => Fetch::Missing,
        })
    }
}

fn world() -> World {
    let mut world = World::new();
    let plans = world.two_hosts();
    world.publish(&plans).unwrap();
    world
}

#[test]
fn a_flip_in_every_16_byte_window_that_a_fresh_host_reads_is_refused_or_harmless() {
    let world = world();
    let mut store = Memory::of(&world);
    let good = world.read(&store, "web1").unwrap();
    let ranges = store.read.lock().unwrap().clone();
    let mut flips = 0;
    for (key, off, len) in ranges {
        for (i, at) in (off..off + len).step_by(16).enumerate() {
            let bit = 1u8 << (i % 8);
            store.objects.get_mut(&key).unwrap()[at as usize] ^= bit;
            match world.read(&store, "web1") {
                Ok(found) => assert_eq!(found, good, "{key} at {at}"),
                Err(error) => assert_eq!(error.exit_code(), 5, "{key} at {at}: {error}"),
            }
            store.objects.get_mut(&key).unwrap()[at as usize] ^= bit;
            flips += 1;
        }
    }
    assert!(flips > 300, "{flips}");
}

#[test]
fn an_object_that_is_missing_or_cut_short_is_named() {
    let world = world();
    let mut store = Memory::of(&world);
    world.read(&store, "web1").unwrap();
    let keys: BTreeSet<String> = store.read.lock().unwrap().iter().map(|(key, _, _)| key.clone()).collect();
    for key in keys {
        let Some(object) = store.objects.remove(&key) else { continue };
        let error = world.read(&store, "web1").unwrap_err();
        assert!(matches!(error, Error::Missing { .. }) && error.exit_code() == 6, "{key}: {error}");
        store.objects.insert(key.clone(), object[..object.len() / 2].to_vec());
        assert_eq!(world.read(&store, "web1").unwrap_err().exit_code(), 5, "{key}");
        store.objects.insert(key, object);
    }
}

#[test]
fn a_host_is_not_served_with_anothers_manifest() {
    let world = world();
    let mut state = crate::client::TrustState::new(&world.pin());
    crate::client::refresh(&world.store, &world.pin(), &mut state, world.now()).unwrap();
    // Signed, intact, even readable: but not this host's.
    let (name, id, identities) = (host("web1"), world.id("web2"), world.identities("web2"));
    let me = crate::client::Me { host: &name, id: &id, identities: &identities };
    let error = crate::client::manifest(&world.store, &world.pin(), &state, me, None).unwrap_err();
    assert_eq!(error.trust_kind(), Some(crate::TrustKind::Binding));
    let identities = world.identities("web1");
    let me = crate::client::Me { host: &name, id: &id, identities: &identities };
    let error = crate::client::manifest(&world.store, &world.pin(), &state, me, None).unwrap_err();
    assert_eq!(error.trust_kind(), Some(crate::TrustKind::Decrypt));
}

#[test]
fn statements_with_extra_or_repeated_fields_are_refused() {
    let world = world();
    let mut store = Memory::of(&world);
    for (from, to) in [
        ("{\"release\":", "{\"extra\":1,\"release\":"),
        ("\"timestamp\":{\"body\"", "\"timestamp\":{\"body\":\"\",\"body\""),
    ] {
        let good = store.objects["channels/main.json"].clone();
        let text = String::from_utf8(good.clone()).unwrap();
        assert!(text.contains(from));
        store.objects.insert("channels/main.json".to_owned(), text.replace(from, to).into_bytes());
        assert_eq!(world.read(&store, "web1").unwrap_err().exit_code(), 5);
        store.objects.insert("channels/main.json".to_owned(), good);
    }
}

/// The unsealed part of these bytes, opened (zstd frames: nodes of the index), and all else.
fn parts(object: &[u8]) -> (Vec<Vec<u8>>, Vec<&[u8]>) {
    let (mut opened, mut sealed) = (Vec::new(), Vec::new());
    let (mut from, mut at) = (0, 0);
    while at < object.len() {
        let frame = object[at..].starts_with(&[0x28, 0xb5, 0x2f, 0xfd]).then(|| {
            let len = zstd::zstd_safe::find_frame_compressed_size(&object[at..]).ok()?;
            Some((zstd::stream::decode_all(&object[at..at + len]).ok()?, len))
        });
        match frame.flatten() {
            Some((content, len)) => {
                opened.push(content);
                sealed.push(&object[from..at]);
                at += len;
                from = at;
            }
            None => at += 1,
        }
    }
    sealed.push(&object[from..]);
    (opened, sealed)
}

#[test]
fn nothing_readable_in_the_store_names_a_host_service_path_or_secret() {
    // So long that no ciphertext and no signature holds one by chance: 16 letters are one in 2^96 a place in base64.
    const HOSTS: [&str; 2] = ["host-canaries-north", "host-canaries-south"];
    const SHARED: (&str, &str) = ("service-canary-of-all", "/etc/path-canary-of-all");
    const OWN: (&str, &str, &str) =
        ("service-canary-of-one", "/etc/path-canary-of-one", "secret-canary-hunter-two");
    let mut world = World::new();
    let mut plans = Vec::new();
    for name in HOSTS {
        let shared = planned(SHARED.0, vec![file(SHARED.1, b"welcome\n", false)]);
        let mut own = planned(OWN.0, vec![file(OWN.1, format!("{} {name}", OWN.2).as_bytes(), true)]);
        own.after.push(service(SHARED.0));
        plans.push(world.plan(name, vec![shared, own]));
    }
    world.publish(&plans).unwrap();
    // A host does find them.
    let read = world.read(&world.store, HOSTS[0]).unwrap();
    assert_eq!(read[OWN.1], format!("{} {}", OWN.2, HOSTS[0]).as_bytes());
    assert!(read.contains_key(SHARED.1));

    let mut opened = 0;
    for (key, object) in world.objects() {
        let (frames, _) = parts(&object);
        opened += frames.len();
        for word in [HOSTS[0], HOSTS[1], SHARED.0, SHARED.1, OWN.0, OWN.1, OWN.2] {
            assert!(!key.contains(word), "{key} holds {word}");
            for bytes in frames.iter().chain([&object]) {
                let at = bytes.windows(word.len()).position(|window| window == word.as_bytes());
                assert_eq!(at, None, "{key} holds {word}");
            }
        }
    }
    assert!(opened > 0, "the index is not sealed, and must be looked into");
}

#[test]
fn two_equal_secrets_share_no_bytes_in_the_store() {
    let mut world = World::new();
    let secret = || planned("api", vec![file("/etc/s", &[7; 4000], true)]);
    let one = vec![world.plan("web1", vec![secret()])];
    world.publish(&one).unwrap();
    let before = world.objects();
    let both = vec![one[0].clone(), world.plan("web2", vec![secret()])];
    world.publish(&both).unwrap();
    let after = world.objects();
    // Nodes of the index are readable, and repeat what they say of hosts that did not change. Every age file begins
    // with the same 32 letters, so windows are longer by 16 bytes that no two share by chance.
    let windows = |object: &[u8]| -> Vec<Vec<u8>> {
        let (_, sealed) = parts(object);
        sealed.iter().flat_map(|part| part.windows(48)).map(<[u8]>::to_vec).collect()
    };
    let packs = |(key, _): &(&String, &Vec<u8>)| key.starts_with("packs");
    let seen: BTreeSet<Vec<u8>> =
        before.iter().filter(packs).flat_map(|(_, object)| windows(object)).collect();
    assert!(seen.len() > 4000, "{}", seen.len());
    for (key, object) in after.iter().filter(packs).filter(|(key, _)| !before.contains_key(*key)) {
        assert!(!windows(object).iter().any(|window| seen.contains(window)), "{key}");
    }
}

mod parsers {
    use crate::bundle::Archive;
    use crate::release::Pointer;
    use crate::signed::Signed;
    use crate::store::Reader;
    use proptest::prelude::*;

    fn pointer() -> &'static [u8] {
        static POINTER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        POINTER.get_or_init(|| super::world().store.get("channels/main.json", 1 << 20).unwrap().unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_make_them_panic(
            noise in proptest::collection::vec(any::<u8>(), 0..1500),
            cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let main = crate::Channel::main();
            let _ = Pointer::parse(&noise, &main);
            let _ = Signed::parse(&noise, "s");
            let _ = Archive::open(std::io::Cursor::new(&noise));
            let mut bytes = pointer().to_vec();
            for (at, byte) in cuts {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(pointer) = Pointer::parse(&bytes, &main) {
                let _ = pointer.claimed_root();
                for pem in pointer.release.signatures.iter().chain(&pointer.timestamp.signatures) {
                    let _ = crate::sshsig::claimed_key(pem);
                }
            }
        }
    }
}
