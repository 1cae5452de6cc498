//! Groups: services that exchange a path are changed together, everything else by itself.

use crate::changes::Move;
use cmc_types::check::FileKind;
use cmc_types::{ServiceName, UnixPath};
use std::collections::BTreeMap;

/// Sorts moves into groups, keeping the order of their first members.
pub fn of(moves: Vec<Move>) -> Vec<Vec<Move>> {
    let mut leader: Vec<usize> = (0..moves.len()).collect();
    let mut claimed: BTreeMap<&UnixPath, usize> = BTreeMap::new();
    for (i, one) in moves.iter().enumerate() {
        for (_, json) in one.from.iter().chain(&one.to) {
            for file in json.files.iter().filter(|file| file.kind != FileKind::Block) {
                let other = *claimed.entry(&file.path).or_insert(i);
                let (a, b) = (find(&leader, i), find(&leader, other));
                leader[a.max(b)] = a.min(b);
            }
        }
    }
    let leaders: Vec<usize> = (0..moves.len()).map(|i| find(&leader, i)).collect();
    let mut groups: BTreeMap<usize, Vec<Move>> = BTreeMap::new();
    for (one, leader) in moves.into_iter().zip(leaders) {
        groups.entry(leader).or_default().push(one);
    }
    groups.into_values().collect()
}

fn find(leader: &[usize], mut i: usize) -> usize {
    while leader[i] != i {
        i = leader[i];
    }
    i
}

/// The names in a group, for messages.
pub fn names(group: &[Move]) -> Vec<&ServiceName> {
    group.iter().map(|one| &one.service).collect()
}
