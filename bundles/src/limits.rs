//! Every bound on what is read from a store, in one place. All are checked before anything is parsed or decompressed.

/// A kibibyte.
const KIB: u64 = 1024;
/// A mebibyte.
const MIB: u64 = 1024 * KIB;

/// The most bytes of a pointer object.
pub const POINTER: u64 = 64 * KIB;
/// The most bytes of a root object.
pub const ROOT: u64 = MIB;
/// The most bytes of a release object.
pub const RELEASE: u64 = 64 * KIB;
/// The most roots a reader walks from the one it knows to the newest.
pub const ROOTS: u64 = 1024;
/// The most signatures a statement may carry.
pub const SIGNATURES: usize = 64;
/// The most bytes of a vault, sealed.
pub const VAULT: u64 = MIB;
/// The most bytes of a pack; one chunk may exceed it by [`OVERHEAD`].
pub const PACK: u64 = 8 * MIB;
/// The size at which a pack is closed.
pub const PACK_TARGET: u64 = 4 * MIB;
/// The most bytes that age's header and tags, the zstd frame and the padding add to the largest member: 12 % of
/// padding and 1/4096 of tags, rounded up.
pub const OVERHEAD: u64 = MIB + 64 * KIB;
/// The most bytes of one member as stored.
pub const MEMBER: u64 = PACK + OVERHEAD;
/// The most bytes of an index node or manifest, opened.
pub const DOCUMENT: u64 = 10 * MIB;
/// The most bytes of a ledger, evidence or overrides object, opened.
pub const RECORD: u64 = 64 * MIB;
/// The most bytes of a bundle's tar.
pub const BUNDLE: u64 = 32 * MIB;
/// The most bytes of `bundle.json`.
pub const BUNDLE_JSON: u64 = 8 * MIB;
/// A file over this many bytes is cut in chunks.
pub const INLINE_FILE: u64 = MIB;
/// The bytes of a chunk; the last one of a file is shorter.
pub const CHUNK: u64 = 8 * MIB;
/// The most bytes of a file: 8 GiB, 1,024 chunks.
pub const FILE: u64 = 1024 * CHUNK;
/// The logarithm of the largest zstd window a reader allocates: 8 MiB.
pub const ZSTD_WINDOW_LOG: u32 = 23;
/// The most index bits that choose a leaf.
pub const INDEX_BITS: u32 = 24;
/// The most bytes of a secret's file, encrypted.
pub const SECRET: u64 = MIB + 64 * KIB;
/// The most bytes of a host's report.
pub const REPORT: u64 = MIB;
