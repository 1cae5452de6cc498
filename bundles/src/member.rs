//! Members: the unit of sealing.
//!
//! A sealed member is an age file whose plaintext is one zstd frame and one skippable frame of zeros that pads both
//! to a size of Padmé (Nikitin et al., PURBs, 2019), so that sizes tell little; `age -d | zstd -d` gives the content.
//! Content that holds a secret or an identity is stored in raw blocks: compressed beside foreign text it could leak
//! through its size. Members that are not sealed (index nodes) are the zstd frame alone.

use crate::error::{Error, TrustKind};
use crate::ids::hash;
use crate::keys::{Identities, MemberKey, Recipient};
use crate::limits;
use crate::locator::Locator;
use crate::store::Reader;
use std::io::{Read, Write};

/// Whether content may be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Compressed.
    Compressed,
    /// Raw blocks: it holds a secret or an identity.
    Raw,
}

/// The level of compression: the fastest that pays.
const LEVEL: i32 = 3;
/// First skippable frame magic of RFC 8878 §3.1.2.
const SKIPPABLE: u32 = 0x184D_2A50;
/// Magic and length of a skippable frame.
const SKIPPABLE_HEADER: usize = 8;
/// The most bytes of a zstd block.
const RAW_BLOCK: usize = 128 * 1024;

/// The smallest size of Padmé that is at least `len`: at most 12 % more, and of as many values as a floating-point
/// number with a short mantissa has.
pub fn padme(len: u64) -> u64 {
    if len < 2 {
        return len;
    }
    let exponent = len.ilog2();
    let mantissa = exponent.ilog2() + 1;
    let mask = (1u64 << exponent.saturating_sub(mantissa)) - 1;
    len.saturating_add(mask) & !mask
}

/// One zstd frame.
pub(crate) fn compress(content: &[u8], packing: Packing) -> Result<Vec<u8>, Error> {
    match packing {
        Packing::Compressed => zstd::bulk::compress(content, LEVEL)
            .map_err(|e| Error::Failed(format!("cannot compress {} bytes: {e}", content.len()))),
        Packing::Raw => Ok(raw_frame(content)),
    }
}

/// A zstd frame of raw blocks (RFC 8878 §3.1.1): content size in 8 bytes, window 128 KiB, no checksum.
fn raw_frame(content: &[u8]) -> Vec<u8> {
    let blocks = content.len().div_ceil(RAW_BLOCK).max(1);
    let mut frame = Vec::with_capacity(content.len() + 3 * blocks + 14);
    frame.extend_from_slice(&0xFD2F_B528_u32.to_le_bytes());
    frame.push(0b1100_0000);
    frame.push((17 - 10) << 3);
    frame.extend_from_slice(&(content.len() as u64).to_le_bytes());
    let mut rest = content;
    loop {
        let (block, tail) = rest.split_at(rest.len().min(RAW_BLOCK));
        let header = (block.len() as u32) << 3 | u32::from(tail.is_empty());
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(block);
        rest = tail;
        if rest.is_empty() {
            return frame;
        }
    }
}

/// Seals content to recipients: frame, padding, age.
pub(crate) fn seal(content: &[u8], packing: Packing, recipients: &[Recipient]) -> Result<Vec<u8>, Error> {
    encrypt(&pad(compress(content, packing)?), recipients)
}

/// Appends a skippable frame of zeros that brings the whole to a size of Padmé.
fn pad(frame: Vec<u8>) -> zeroize::Zeroizing<Vec<u8>> {
    let mut plain = zeroize::Zeroizing::new(frame);
    let padded = padme((plain.len() + SKIPPABLE_HEADER) as u64) as usize;
    let zeros = padded - plain.len() - SKIPPABLE_HEADER;
    plain.extend_from_slice(&SKIPPABLE.to_le_bytes());
    plain.extend_from_slice(&(zeros as u32).to_le_bytes());
    plain.resize(padded, 0);
    plain
}

/// Seals content to a fresh key, and returns the key.
pub(crate) fn seal_fresh(content: &[u8], packing: Packing) -> Result<(Vec<u8>, MemberKey), Error> {
    let key = MemberKey::generate();
    let sealed = seal(content, packing, &[key.recipient()?])?;
    Ok((sealed, key))
}

/// age alone.
pub(crate) fn encrypt(plain: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Error> {
    let fail = |e: &dyn std::fmt::Display| Error::Failed(format!("cannot encrypt: {e}"));
    let keys = recipients.iter().map(Recipient::age).collect::<Result<Vec<_>, _>>()?;
    let keys = keys.iter().map(|key| &**key as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(keys).map_err(|e| fail(&e))?;
    let mut sealed = Vec::with_capacity(plain.len() + 1024);
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|e| fail(&e))?;
    writer.write_all(plain).map_err(|e| fail(&e))?;
    writer.finish().map_err(|e| fail(&e))?;
    Ok(sealed)
}

/// The reader of an age file's plaintext. `sealed` has been verified by hash.
fn decrypt<'a>(
    sealed: &'a [u8],
    identities: &Identities,
    object: &str,
) -> Result<impl Read + use<'a>, Error> {
    let refuse = |problem: &str| Error::trust(TrustKind::Decrypt, object, problem);
    let decryptor = age::Decryptor::new_buffered(sealed).map_err(|_| refuse("not an age file"))?;
    if decryptor.is_scrypt() {
        return Err(refuse("encrypted with a passphrase"));
    }
    decryptor.decrypt(identities.iter()).map_err(|e| match e {
        age::DecryptError::NoMatchingKeys => refuse("not encrypted to the key at hand"),
        _ => refuse("its encryption is damaged"),
    })
}

/// age alone, the other way; at most `limit` bytes.
pub(crate) fn decrypt_all(
    sealed: &[u8],
    identities: &Identities,
    limit: u64,
    object: &str,
) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(sealed.len()));
    let mut reader = decrypt(sealed, identities, object)?.take(limit + 1);
    reader
        .read_to_end(&mut plain)
        .map_err(|_| Error::trust(TrustKind::Decrypt, object, "its encryption is damaged"))?;
    if plain.len() as u64 > limit {
        return Err(Error::trust(TrustKind::Limit, object, format!("holds more than {limit} bytes")));
    }
    Ok(plain)
}

/// Writes the content of a verified sealed member to `out`, at most `limit` bytes, and returns their number.
pub(crate) fn open_to(
    sealed: &[u8],
    identities: &Identities,
    limit: u64,
    object: &str,
    out: &mut dyn Write,
) -> Result<u64, Error> {
    let mut plain = decrypt(sealed, identities, object)?;
    let size = decompress_to(&mut plain, limit, object, out)?;
    // What follows the frames is read to the end, so that age's last tag is checked.
    let rest = std::io::copy(&mut plain, &mut std::io::sink());
    rest.map_err(|_| Error::trust(TrustKind::Decrypt, object, "its encryption is damaged"))?;
    Ok(size)
}

/// The content of a verified sealed member.
pub(crate) fn open(
    sealed: &[u8],
    identities: &Identities,
    limit: u64,
    object: &str,
) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    open_to(sealed, identities, limit, object, &mut content)?;
    Ok(content)
}

/// The content of a verified member that is not sealed.
pub(crate) fn decompress(frames: &[u8], limit: u64, object: &str) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    decompress_to(&mut &frames[..], limit, object, &mut content)?;
    Ok(content)
}

fn decompress_to(frames: &mut dyn Read, limit: u64, object: &str, out: &mut dyn Write) -> Result<u64, Error> {
    let damaged = |_| Error::trust(TrustKind::Format, object, "not a zstd frame, or a damaged one");
    let mut decoder = zstd::stream::read::Decoder::new(frames).map_err(damaged)?;
    decoder.window_log_max(limits::ZSTD_WINDOW_LOG).map_err(damaged)?;
    let mut buffer = zeroize::Zeroizing::new(vec![0; 64 * 1024]);
    let mut size = 0u64;
    loop {
        let n = decoder.read(&mut buffer).map_err(damaged)?;
        if n == 0 {
            return Ok(size);
        }
        size += n as u64;
        if size > limit {
            return Err(Error::trust(TrustKind::Limit, object, format!("holds more than {limit} bytes")));
        }
        let part = buffer.get(..n).unwrap_or_default();
        out.write_all(part).map_err(|e| Error::Failed(format!("cannot write {object}: {e}")))?;
    }
}

/// Reads a member and verifies its hash. `limit` bounds its length as stored.
pub(crate) fn fetch(store: &dyn Reader, at: &Locator, limit: u64, object: &str) -> Result<Vec<u8>, Error> {
    let key = at.key().ok_or_else(|| Error::trust(TrustKind::Format, object, "its locator names no pack"))?;
    if at.len > limit || at.off.checked_add(at.len).is_none_or(|end| end > i64::MAX as u64) {
        return Err(Error::trust(TrustKind::Limit, object, "its locator is out of bounds"));
    }
    match store.get_range(&key, at.off, at.len)? {
        Some(bytes) if bytes.len() as u64 == at.len && hash(&bytes) == at.b3 => Ok(bytes),
        Some(_) => Err(Error::trust(TrustKind::Hash, object, format!("what lies at {key} has another hash"))),
        None => Err(Error::Missing { object: object.to_owned(), store: store.name().to_owned(), key }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padme_grows_by_at_most_twelve_percent_and_is_stable() {
        for len in (1..5000).chain([65_535, 65_536, 65_537, 8_388_608, 8_388_609, u64::from(u32::MAX)]) {
            let padded = padme(len);
            assert!(padded >= len && padme(padded) == padded, "{len}");
            assert!((padded - len) * 100 <= len * 12, "{len} → {padded}");
        }
        // Values of the paper's reference implementation.
        assert_eq!([padme(9), padme(100), padme(1000), padme(1_000_000)], [10, 104, 1024, 1_015_808]);
    }

    #[test]
    fn two_members_of_close_sizes_are_equally_long() {
        let sizes: std::collections::BTreeSet<usize> =
            (4000..4030).map(|len| pad(compress(&vec![7; len], Packing::Raw).unwrap()).len()).collect();
        assert!(sizes.len() <= 2, "{sizes:?}");
    }

    #[test]
    fn a_bomb_is_refused_before_it_fills_memory() {
        let key = MemberKey::generate();
        let bomb = seal(&vec![0; 40 << 20], Packing::Compressed, &[key.recipient().unwrap()]).unwrap();
        assert!(bomb.len() < 8192);
        let ids = Identities::of(&key).unwrap();
        let error = open(&bomb, &ids, 1 << 20, "bundle").unwrap_err();
        assert_eq!(error.trust_kind(), Some(TrustKind::Limit));
    }

    #[test]
    fn a_frame_that_asks_for_a_large_window_is_refused() {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(b"x").unwrap();
        let frame = encoder.finish().unwrap();
        assert!(decompress(&frame, 1 << 20, "node").is_err());
    }

    #[test]
    fn every_flipped_byte_of_a_sealed_member_is_refused() {
        let key = MemberKey::generate();
        let ids = Identities::of(&key).unwrap();
        let sealed = seal(b"content", Packing::Compressed, &[key.recipient().unwrap()]).unwrap();
        for i in 0..sealed.len() {
            let mut bytes = sealed.clone();
            bytes[i] ^= 1;
            assert!(open(&bytes, &ids, 1 << 20, "bundle").is_err(), "byte {i}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn content_comes_back(content in proptest::collection::vec(any::<u8>(), 0..300_000), raw: bool) {
            let packing = if raw { Packing::Raw } else { Packing::Compressed };
            let (sealed, key) = seal_fresh(&content, packing).unwrap();
            let opened = open(&sealed, &Identities::of(&key).unwrap(), 1 << 20, "bundle").unwrap();
            prop_assert!(opened == content);
            prop_assert!(decompress(&compress(&content, packing).unwrap(), 1 << 20, "node").unwrap() == content);
        }

        #[test]
        fn no_bytes_make_decompression_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = decompress(&bytes, 1 << 20, "node");
        }
    }
}
