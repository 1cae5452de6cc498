//! Which release of systemd an operating system has.

use crate::Os;

/// Families, their releases, and the release of systemd that each came with. Sources, looked up in November 2026:
/// packages.debian.org for Debian; for the others what their package pages and release notes are quoted with. Releases
/// that could not be confirmed are left out.
///
/// Left out, too, are families that roll (Arch, Gentoo), and Red Hat's and its kin, which carry single directives of
/// later releases back: what their systemd knows does not follow from its number.
const RELEASES: &[(&str, &str, u16)] = &[
    ("debian", "11", 247),
    ("debian", "12", 252),
    ("debian", "13", 257),
    ("fedora", "41", 256),
    ("fedora", "42", 257),
    ("fedora", "43", 258),
    ("fedora", "44", 259),
    ("opensuse", "15.6", 254),
    ("ubuntu", "20.04", 245),
    ("ubuntu", "22.04", 249),
    ("ubuntu", "24.04", 255),
    ("ubuntu", "26.04", 259),
];

/// The release of systemd that an operating system came with, such as 252 for `debian-12`. None: it is not known.
pub fn release_of(os: &Os) -> Option<u16> {
    let release = os.release()?;
    let known = |row: &&(&str, &str, u16)| {
        let point = release.strip_prefix(row.1).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        row.0 == os.family() && point
    };
    RELEASES.iter().find(known).map(|row| row.2)
}
