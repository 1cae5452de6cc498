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
    b"\0",
    b"\n",
    b"\r\n",
    b"\\",
    b"\\\n",
    b"\"",
    b"'",
    b"$",
    b"%",
    b"=",
    b"[",
    b"]",
    b"{",
    b"}",
    b"#",
    b":",
    b"\xff",
    b"\xc3\xa9",
    b" ",
    b"\t",
    b"18446744073709551616",
    b"-1",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"..",
    b"\xef\xbb\xbf",
    b"{{",
    b"}}",
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
    let rounds = std::env::var("CMC_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
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
