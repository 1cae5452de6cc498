//! Every target on its seeds and on mutations of them, with a generator whose seed is fixed: what libFuzzer would begin
//! with, on any compiler. `CMC_FUZZ_ROUNDS` asks for more.

use cmc_fuzz::TARGETS;
use std::path::Path;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

const TOKENS: &[&[u8]] = &[
    b"\0", b"\n", b"\r\n", b"\\", b"\\\n", b"\"", b"'", b"$", b"%", b"=", b"[", b"]", b"{", b"}", b"#", b":", b"\xff", b"\xc3\xa9",
    b" ", b"\t", b"18446744073709551616", b"-1", b"null", b"true", b"{}", b"[]", b"..", b"\xef\xbb\xbf", b"{{", b"}}",
];

fn mutate(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len() + 1);
        let end = (at + random.below(12)).min(data.len());
        match random.below(7) {
            0 if at < data.len() => data[at] ^= 1 << random.below(8),
            1 if at < data.len() => data[at] = random.next() as u8,
            2 => drop(data.drain(at..end)),
            3 => {
                let part = data[at..end].to_vec();
                data.splice(at..at, part);
            }
            4 => data.truncate(at),
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let part = other[from..(from + random.below(40)).min(other.len())].to_vec();
                data.splice(at..end, part);
            }
            _ => drop(data.splice(at..at, TOKENS[random.below(TOKENS.len())].iter().copied())),
        }
    }
    data
}

#[test]
fn no_target_panics_on_mutated_seeds() {
    let rounds = std::env::var("CMC_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3_000);
    for (name, run) in TARGETS {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let mut seeds: Vec<_> = std::fs::read_dir(&dir)
            .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        seeds.sort();
        let seeds: Vec<_> = seeds.iter().map(|path| std::fs::read(path).unwrap()).collect();
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in &seeds {
            run(seed);
        }
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..rounds {
            let data = mutate(&mut random, &seeds);
            let outcome = std::panic::catch_unwind(|| run(&data));
            assert!(outcome.is_ok(), "{name}, round {round}: {:?}", String::from_utf8_lossy(&data));
        }
    }
}

/// The seed that no editor can write; `CMC_UPDATE=1` writes it.
#[test]
fn the_bundle_among_the_seeds_is_one() {
    use cmc_bundles::bundle::BundleJson;
    use cmc_types::check::{Action, FileEntry, FileKind, HealthCheck, Probe, Trigger};
    let content: std::sync::Arc<[u8]> = b"port = 8080\n"[..].into();
    let b3 = cmc_types::Blake3::parse("19fefa6f1e98c3e2f9b3b093a5bfe8eecae555579f78bc80bd1cc531515c7970").unwrap();
    let file = FileEntry {
        path: "/etc/api.conf".parse().unwrap(),
        kind: FileKind::File,
        mode: Some("0644".parse().unwrap()),
        user: Some("root".to_owned()),
        group: Some("root".to_owned()),
        size: Some(content.len() as u64),
        b3: Some(b3),
        chunks: Vec::new(),
        target: None,
        block: None,
    };
    let argv = ["systemctl", "restart", "api.service"].map(str::to_owned).to_vec();
    let json = BundleJson {
        format: 1,
        service: "api".parse().unwrap(),
        files: vec![file],
        actions: vec![Action { on: Trigger::Changed, paths: Vec::new(), argv, timeout: 90, once: false, unless: Vec::new() }],
        checks: vec![HealthCheck { probe: Probe::Tcp("127.0.0.1:80".to_owned()), within: 30, failures: 3, restart: None }],
        capture: Vec::new(),
    };
    let tar = cmc_bundles::bundle::pack(&json, &[(b3, content)].into()).unwrap();
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/bundle_tar/one");
    if std::env::var_os("CMC_UPDATE").is_some() {
        std::fs::create_dir_all(seed.parent().unwrap()).unwrap();
        std::fs::write(&seed, &tar).unwrap();
    }
    assert!(std::fs::read(&seed).unwrap_or_default() == tar, "CMC_UPDATE=1 cargo test writes {}", seed.display());
}
