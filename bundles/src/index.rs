//! The index: from a host's identifier to its manifest, without a name in it.
//!
//! Leaves hold rows `[id, locator, fp]`, sorted; a leaf holds the hosts that share the top `k` bits of their ids.
//! Above them nodes of up to 256 children `[slot, locator]`; the top node takes what is left of the `k` bits. With
//! `k` = 0 the top node is the only leaf. Nodes are zstd frames of JSON and are not sealed; a locator without a pack
//! lies in the pack of its node. A node that did not change keeps its place, so a reader stops at the first node that
//! is the one of last time.

use crate::canon;
use crate::error::{Error, TrustKind};
use crate::ids::HostId;
use crate::limits;
use crate::locator::Locator;
use crate::member;
use crate::pack::{At, PackWriter};
use crate::store::Reader;
use cmc_types::Blake3;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A node of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Node {
    /// 1.
    format: u32,
    /// Of a leaf: id, manifest, fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<(HostId, Locator, Blake3)>>,
    /// Of a node above: slot, node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    children: Option<Vec<(u8, Locator)>>,
}

/// What the index says of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its manifest.
    pub manifest: Locator,
    /// Keyed blake3 of what the manifest says.
    pub fp: Blake3,
}

const OBJECT: &str = "index";

/// How many of the id's bits each level takes, from the top.
fn levels(k: u32) -> Vec<u32> {
    let (full, rest) = (k / 8, k % 8);
    let top = (rest > 0).then_some(rest);
    top.into_iter().chain((0..full).map(|_| 8)).collect()
}

/// The number of bits that keeps leaves between 16 and 128 hosts, staying at `previous` as long as it does.
pub(crate) fn choose_k(hosts: usize, previous: Option<u32>) -> u32 {
    let fits = |k: u32| {
        let per_leaf = hosts >> k;
        per_leaf <= 128 && (k == 0 || per_leaf >= 16)
    };
    match previous {
        Some(k) if k <= limits::INDEX_BITS && fits(k) => k,
        _ => (0..limits::INDEX_BITS).find(|k| hosts >> k <= 64).unwrap_or(limits::INDEX_BITS),
    }
}

/// Parses a node; which of the two kinds it must be is for the caller to check.
pub(crate) fn parse(content: &[u8]) -> Result<Node, Error> {
    let node: Node = canon::from_slice(content, OBJECT)?;
    canon::format_one(node.format, OBJECT)?;
    Ok(node)
}

/// Reads a node and names its locators absolutely.
fn read(store: &dyn Reader, at: &Locator, leaf: bool) -> Result<Node, Error> {
    let bytes = member::fetch(store, at, limits::MEMBER, OBJECT)?;
    let content = member::decompress(&bytes, limits::DOCUMENT, OBJECT)?;
    let mut node = parse(&content)?;
    let bad = |problem: &str| Err(Error::trust(TrustKind::Format, OBJECT, problem));
    if node.rows.is_some() != leaf || node.children.is_some() == leaf {
        return bad("a leaf where a node is due, or a node where a leaf is");
    }
    let Some(pack) = at.pack else { return bad("a locator names no pack") };
    for row in node.rows.iter_mut().flatten() {
        row.1.pack.get_or_insert(pack);
    }
    for child in node.children.iter_mut().flatten() {
        child.1.pack.get_or_insert(pack);
    }
    if node.rows.iter().any(|rows| rows.windows(2).any(|pair| pair[0].0 >= pair[1].0))
        || node.children.iter().any(|rows| rows.windows(2).any(|pair| pair[0].0 >= pair[1].0))
    {
        return bad("its rows are not sorted");
    }
    Ok(node)
}

/// What a walk to one host found.
pub(crate) enum Walk {
    /// This node is the one of last time, so what lies below is as well.
    Same,
    /// The host's row, and the nodes on the way.
    Row(Row, Vec<Blake3>),
    /// No row.
    Unlisted,
}

/// Walks from the top to the host's row, stopping at the first node that stands at the same depth in `known`.
pub(crate) fn walk(
    store: &dyn Reader,
    top: &Locator,
    k: u32,
    id: &HostId,
    known: &[Blake3],
) -> Result<Walk, Error> {
    let mut at = top.clone();
    let mut nodes = Vec::new();
    let mut used = 0;
    for bits in levels(k) {
        if known.get(nodes.len()) == Some(&at.b3) {
            return Ok(Walk::Same);
        }
        nodes.push(at.b3);
        let node = read(store, &at, false)?;
        let slot = id.bits(used, bits);
        used += bits;
        let child = node.children.into_iter().flatten().find(|(s, _)| u32::from(*s) == slot);
        let Some((_, child)) = child else { return Ok(Walk::Unlisted) };
        at = child;
    }
    if known.get(nodes.len()) == Some(&at.b3) {
        return Ok(Walk::Same);
    }
    nodes.push(at.b3);
    let leaf = read(store, &at, true)?;
    let row = leaf.rows.into_iter().flatten().find(|(row, _, _)| row == id);
    Ok(match row {
        Some((_, manifest, fp)) => Walk::Row(Row { manifest, fp }, nodes),
        None => Walk::Unlisted,
    })
}

/// A whole index, as a publisher reads it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    /// Bits that choose a leaf.
    pub(crate) k: u32,
    /// All rows.
    pub(crate) rows: BTreeMap<HostId, Row>,
    /// Every node by depth and prefix, with its place; locators in it are absolute.
    nodes: BTreeMap<(usize, u32), (Node, Locator)>,
}

/// Reads the whole index.
pub(crate) fn read_all(store: &dyn Reader, top: &Locator, k: u32) -> Result<Tree, Error> {
    let mut tree = Tree { k, ..Tree::default() };
    let mut level = vec![(0u32, top.clone())];
    let mut used = 0;
    for (depth, bits) in levels(k).into_iter().enumerate() {
        used += bits;
        let mut below = Vec::new();
        for (prefix, at) in level {
            let node = read(store, &at, false)?;
            for (slot, child) in node.children.iter().flatten() {
                if u32::from(*slot) >> bits != 0 {
                    return Err(Error::trust(TrustKind::Format, OBJECT, "a slot is out of bounds"));
                }
                below.push((prefix << bits | u32::from(*slot), child.clone()));
            }
            tree.nodes.insert((depth, prefix), (node, at));
        }
        level = below;
    }
    let depth = levels(k).len();
    for (prefix, at) in level {
        let node = read(store, &at, true)?;
        for (id, manifest, fp) in node.rows.iter().flatten() {
            if id.bits(0, used) != prefix {
                return Err(Error::trust(TrustKind::Format, OBJECT, "a row is in another's leaf"));
            }
            tree.rows.insert(*id, Row { manifest: manifest.clone(), fp: *fp });
        }
        tree.nodes.insert((depth, prefix), (node, at));
    }
    Ok(tree)
}

/// Writes the index of `rows`; nodes that `previous` has already keep their place. Returns the top node's place.
pub(crate) fn write(
    packs: &mut PackWriter<'_>,
    previous: Option<&Tree>,
    k: u32,
    rows: &BTreeMap<HostId, (At, Blake3)>,
) -> Result<At, Error> {
    let previous = previous.filter(|tree| tree.k == k);
    let bits = levels(k);
    let mut leaves: BTreeMap<u32, Vec<(&HostId, &At, &Blake3)>> = BTreeMap::new();
    if k == 0 {
        leaves.insert(0, Vec::new());
    }
    for (id, (at, fp)) in rows {
        leaves.entry(id.bits(0, k)).or_default().push((id, at, fp));
    }
    let mut level: BTreeMap<u32, At> = BTreeMap::new();
    for (prefix, rows) in leaves {
        let old = previous.and_then(|tree| tree.nodes.get(&(bits.len(), prefix)));
        let at = place(packs, old, 256 * rows.len(), |packs| Node {
            format: 1,
            rows: Some(rows.iter().map(|(id, at, fp)| (**id, packs.locate(at), **fp)).collect()),
            children: None,
        })?;
        level.insert(prefix, at);
    }
    for (depth, taken) in bits.iter().enumerate().rev() {
        let mut above: BTreeMap<u32, Vec<(u8, At)>> = BTreeMap::new();
        if depth == 0 {
            above.insert(0, Vec::new());
        }
        for (prefix, at) in level {
            let slot = (prefix & ((1 << taken) - 1)) as u8;
            above.entry(prefix >> taken).or_default().push((slot, at));
        }
        level = BTreeMap::new();
        for (prefix, children) in above {
            let old = previous.and_then(|tree| tree.nodes.get(&(depth, prefix)));
            let at = place(packs, old, 256 * children.len(), |packs| Node {
                format: 1,
                rows: None,
                children: Some(children.iter().map(|(slot, at)| (*slot, packs.locate(at))).collect()),
            })?;
            level.insert(prefix, at);
        }
    }
    level.remove(&0).ok_or_else(|| Error::Failed("the index has no top".to_owned()))
}

/// The old place of a node that did not change, else a new one. `estimate` bounds its JSON in bytes.
fn place(
    packs: &mut PackWriter<'_>,
    old: Option<&(Node, Locator)>,
    estimate: usize,
    node: impl Fn(&PackWriter<'_>) -> Node,
) -> Result<At, Error> {
    packs.make_room(estimate as u64 + 1024)?;
    let node = node(packs);
    if let Some((same, at)) = old
        && *same == node
    {
        return Ok(At::Fixed(at.clone()));
    }
    let content = canon::to_vec(&node, OBJECT)?;
    if content.len() as u64 > limits::DOCUMENT {
        return Err(Error::Failed("a node of the index is too large".to_owned()));
    }
    packs.add(member::compress(&content, member::Packing::Compressed)?)
}
