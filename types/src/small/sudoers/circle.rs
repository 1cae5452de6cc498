//! Aliases that name each other in a circle: sudo cannot tell what they stand for, and none of them ever matches.

use super::super::lines::Problem;
use super::AliasKind;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An alias, as the kind's namespace knows it.
type Key = (AliasKind, String);

/// Which alias names which, with the place where it does.
#[derive(Default)]
pub(super) struct Named(Vec<(Key, Key, Problem)>);

impl Named {
    /// Notes that an alias names another at the place of a problem.
    pub(super) fn add(&mut self, alias: &Key, name: Key, place: &Problem) {
        let problem = Problem {
            what: "the alias leads back to the one that it is a member of",
            help: Cow::Borrowed("take one alias out of the circle: sudo cannot tell what they stand for"),
            severity: crate::Severity::Error,
            ..place.clone()
        };
        self.0.push((alias.clone(), name, problem));
    }

    /// A problem at each place where an alias of a circle names the next.
    pub(super) fn circles(self) -> Vec<Problem> {
        let mut numbers: BTreeMap<&Key, usize> = BTreeMap::new();
        for key in self.0.iter().flat_map(|(alias, name, _)| [alias, name]) {
            let next = numbers.len();
            numbers.entry(key).or_insert(next);
        }
        let edges: Vec<(usize, usize)> =
            self.0.iter().map(|(alias, name, _)| (numbers[alias], numbers[name])).collect();
        let back: Vec<(usize, usize)> = edges.iter().map(|(from, to)| (*to, *from)).collect();
        // What leads to a circle and is led to by one is in one, or between two.
        let (leads, led) = (endless(numbers.len(), &edges), endless(numbers.len(), &back));
        let within = |node: usize| leads[node] && led[node];
        let told: Vec<bool> = edges.iter().map(|(from, to)| within(*from) && within(*to)).collect();
        self.0.into_iter().zip(told).filter(|(_, told)| *told).map(|((_, _, problem), _)| problem).collect()
    }
}

/// The nodes from which one can go on for ever.
fn endless(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut out = vec![0_usize; nodes];
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (from, to) in edges {
        out[*from] += 1;
        into[*to].push(*from);
    }
    let mut ends: Vec<usize> = (0..nodes).filter(|node| out[*node] == 0).collect();
    let mut endless = vec![true; nodes];
    while let Some(end) = ends.pop() {
        endless[end] = false;
        for from in &into[end] {
            out[*from] -= 1;
            if out[*from] == 0 {
                ends.push(*from);
            }
        }
    }
    endless
}
