//! The table of directives: one row for each directive that systemd 252 knows, and for those added up to systemd 262.
//!
//! One file per manual page. Sections, kinds, and what repeating and emptying do follow
//! `src/core/load-fragment-gperf.gperf.in` and `load-fragment.c` of systemd; a test compares names and sections with what
//! `/lib/systemd/systemd --dump-configuration-items` says.
//!
//! Rows with `.since(N)` came with systemd 246 or later; older ones are on every host that is known ([`release_of`]). Those
//! after 252 were taken from the same file of later versions. `N` up to 257 is what the manual pages of systemd 257 say
//! ("Added in version N"), which a test repeats. Where one entry is about several directives and names one version, `N` of
//! the others was not confirmed, but for encrypted credentials (release notes of 250); the test lists them. Later ones
//! follow the manual pages and release notes as far as those could be read. The newest release they were looked up for
//! is [`NEWEST`], of 22 September 2026. `Startup…` limits of memory have no version of their own in the manual and stand
//! with the earliest that they can have. What a release merely added to the
//! values of a directive stands with its release in `choices.rs` and `newer.rs`.
//!
//! [`release_of`]: super::release_of

mod cgroup;
mod exec;
mod others;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod releases;
mod service;
mod socket;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;
mod unit;

use super::directive::{Directive, Empty, Repeat};
use super::kind::Kind;
use super::names::Section;

/// The newest release of systemd whose directives the table has.
pub const NEWEST: u16 = 262;

pub(super) const SECOND: u64 = 1_000_000;
/// Units that run programs: systemd.exec(5), systemd.kill(5).
const EXEC: &[Section] = &[Section::Service, Section::Socket, Section::Mount, Section::Swap];
/// Units with a control group: systemd.resource-control(5).
const CGROUP: &[Section] =
    &[Section::Service, Section::Socket, Section::Mount, Section::Swap, Section::Slice, Section::Scope];
const KILL: &[Section] = &[Section::Service, Section::Socket, Section::Mount, Section::Swap, Section::Scope];
const SERVICE: &[Section] = &[Section::Service];

const SPAN: Kind = Kind::Timespan(SECOND);
const UNSIGNED: Kind = Kind::Integer(0, 4_294_967_295);
const INTEGER: Kind = Kind::Integer(-2_147_483_648, 2_147_483_647);

/// The last value counts; an empty one is refused.
const fn one(sections: &'static [Section], key: &'static str, kind: Kind) -> Directive {
    row(sections, key, kind, Repeat::Last, Empty::Refused)
}

/// The last value counts; an empty one restores the default.
const fn optional(sections: &'static [Section], key: &'static str, kind: Kind) -> Directive {
    row(sections, key, kind, Repeat::Last, Empty::Resets)
}

/// Values add up; an empty one removes those before it.
const fn list(sections: &'static [Section], key: &'static str, kind: Kind) -> Directive {
    row(sections, key, kind, Repeat::Appends, Empty::Resets)
}

const fn flag(sections: &'static [Section], key: &'static str) -> Directive {
    one(sections, key, Kind::Bool)
}

const fn row(
    sections: &'static [Section],
    key: &'static str,
    kind: Kind,
    repeat: Repeat,
    empty: Empty,
) -> Directive {
    Directive { sections, key, kind, repeat, empty, since: None, replaced_by: None }
}

impl Directive {
    const fn since(self, release: u16) -> Self {
        Self { since: Some(release), ..self }
    }

    const fn replaced_by(self, successor: &'static str) -> Self {
        Self { replaced_by: Some(successor), ..self }
    }
}

const PAGES: [&[Directive]; 6] =
    [unit::ROWS, service::ROWS, exec::ROWS, cgroup::ROWS, socket::ROWS, others::ROWS];
const COUNT: usize = {
    let mut count = 0;
    let mut page = 0;
    while page < PAGES.len() {
        count += PAGES[page].len();
        page += 1;
    }
    count
};

/// Every directive, sorted by name. A name whose sections take different values has several rows.
pub static DIRECTIVES: [Directive; COUNT] = sorted();

/// The rows of a name.
pub(super) fn rows(key: &str) -> &'static [Directive] {
    let first = DIRECTIVES.partition_point(|row| row.key < key);
    let count = DIRECTIVES[first..].partition_point(|row| row.key == key);
    &DIRECTIVES[first..first + count]
}

/// All pages as one table, merge-sorted by name when cmc is compiled.
const fn sorted() -> [Directive; COUNT] {
    let mut from = [PAGES[0][0]; COUNT];
    let (mut page, mut filled) = (0, 0);
    while page < PAGES.len() {
        let mut index = 0;
        while index < PAGES[page].len() {
            from[filled] = PAGES[page][index];
            filled += 1;
            index += 1;
        }
        page += 1;
    }
    let mut width = 1;
    while width < COUNT {
        let mut to = from;
        let mut start = 0;
        while start < COUNT {
            let middle = least(start + width, COUNT);
            let end = least(start + 2 * width, COUNT);
            let (mut left, mut right, mut out) = (start, middle, start);
            while out < end {
                let take_right = left == middle || (right < end && less(from[right].key, from[left].key));
                if take_right {
                    to[out] = from[right];
                    right += 1;
                } else {
                    to[out] = from[left];
                    left += 1;
                }
                out += 1;
            }
            start = end;
        }
        from = to;
        width *= 2;
    }
    from
}

const fn least(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

/// Whether a name stands before another, as `str` orders them.
const fn less(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut index = 0;
    while index < a.len() && index < b.len() {
        if a[index] != b[index] {
            return a[index] < b[index];
        }
        index += 1;
    }
    a.len() < b.len()
}
