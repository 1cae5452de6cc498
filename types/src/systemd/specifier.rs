//! Specifiers: `%i`, `%n` … in values (systemd.unit(5), "Specifiers").

use super::check::BadValue;

/// Every specifier of system units but `%%`, and whether it stands for an absolute path.
const SPECIFIERS: &[(char, bool)] = &[
    ('a', false), // architecture
    ('A', false), // image version
    ('b', false), // boot id
    ('B', false), // build id
    ('C', true),  // cache directory root
    ('d', true),  // credentials directory
    ('D', true),  // directory of shared data
    ('E', true),  // configuration directory root
    ('f', true),  // unescaped instance or prefix as a path
    ('g', false), // group of the manager
    ('G', false), // its number
    ('h', true),  // home of the manager's user
    ('H', false), // host name
    ('i', false), // instance
    ('I', false), // instance, unescaped
    ('j', false), // last part of the prefix
    ('J', false), // the same, unescaped
    ('l', false), // short host name
    ('L', true),  // log directory root
    ('m', false), // machine id
    ('M', false), // image id
    ('n', false), // full unit name
    ('N', false), // the same without its type
    ('o', false), // operating system id
    ('p', false), // prefix
    ('P', false), // prefix, unescaped
    ('q', false), // pretty host name
    ('s', true),  // the user's shell
    ('S', true),  // state directory root
    ('t', true),  // runtime directory root
    ('T', true),  // temporary directory
    ('u', false), // user of the manager
    ('U', false), // its number
    ('v', false), // kernel release
    ('V', true),  // persistent temporary directory
    ('w', false), // operating system version
    ('W', false), // operating system variant
    ('y', true),  // path of the unit's file
    ('Y', true),  // its directory
];

/// Specifiers that came with systemd 246 or later.
const NEWER: &[(char, u16)] = &[
    ('a', 246),
    ('o', 246),
    ('w', 246),
    ('B', 246),
    ('W', 246),
    ('l', 246),
    ('A', 249),
    ('M', 249),
    ('d', 251),
    ('q', 251),
    ('y', 251),
    ('Y', 251),
    ('D', 256),
];

/// The first specifier of a text that a release does not know, and the one that brought it.
pub(super) fn newer(text: &str, release: u16) -> Option<(char, u16)> {
    let names = text.split('%').skip(1).filter_map(|after| after.chars().next());
    let mut found = names.filter_map(|name| NEWER.iter().find(|(newer, _)| *newer == name)).copied();
    // `%%d` is a percent sign and a letter.
    found.find(|(name, since)| *since > release && text.replace("%%", "").contains(&format!("%{name}")))
}

/// Whether the text holds a specifier.
pub(super) fn any(text: &str) -> bool {
    text.replace("%%", "").contains('%')
}

/// The first specifier of a text that stands for the instance of a template, and for nothing in other units.
pub fn instance_specifier(text: &str) -> Option<&'static str> {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            continue;
        }
        match chars.next() {
            Some('i') => return Some("%i"),
            Some('I') => return Some("%I"),
            _ => {}
        }
    }
    None
}

/// Refuses an unknown specifier; systemd would ignore the line, or the whole unit.
pub(super) fn check(text: &str) -> Result<(), BadValue> {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            continue;
        }
        let next = chars.next();
        if next != Some('%') && !SPECIFIERS.iter().any(|(known, _)| Some(*known) == next) {
            let name = next.map(String::from).unwrap_or_default();
            return Err(
                BadValue::new(format!("unknown specifier %{name}")).help("write %% for a percent sign")
            );
        }
    }
    Ok(())
}

/// The same for mount options, where `size=10%` is customary: systemd takes a `%` that no letter or digit follows as it
/// is, and only there cmc does, too.
pub(super) fn check_options(text: &str) -> Result<(), BadValue> {
    let text = text.replace("%%", "");
    text.match_indices('%').try_for_each(|(index, _)| {
        let after = &text[index + 1..];
        if after.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            check(&text[index..index + 2])
        } else {
            Ok(())
        }
    })
}

/// The text with an example value for each specifier, so that its shape can be checked.
pub(super) fn sample(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some(name) if SPECIFIERS.contains(&(name, true)) => out.push_str("/x"),
            _ => out.push('x'),
        }
    }
    out
}
