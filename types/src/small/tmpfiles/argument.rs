//! The seventh column of tmpfiles.d, and the specifiers in it and in paths.

use super::{Argument, Kind, Modifier};
use crate::small::lines::Reader;
use crate::small::words::{unquote, within};
use std::ops::Range;

/// Letters that systemd replaces behind `%`.
const SPECIFIERS: &str = "aAbBCgGhHlLmMoStTuUvVwW%";

/// Whether every `%` with a letter or digit behind it is a specifier.
pub(super) fn specifiers_are_good(reader: &mut Reader<'_>, text: &str, bytes: Range<usize>) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let next = rest[at + 1..].chars().next();
        if next.is_some_and(|c| c.is_ascii_alphanumeric() && !SPECIFIERS.contains(c)) {
            let help = "write `%%` for a percent sign; the specifiers are in tmpfiles.d(5)";
            reader.error(bytes, "there is no such specifier behind a `%`", help);
            return false;
        }
        rest = &rest[at + 1 + next.map_or(0, char::len_utf8)..];
    }
    true
}

/// Whether a line of this kind takes the argument, and the argument is one.
pub(super) fn argument_is_good(
    reader: &mut Reader<'_>,
    kind: Kind,
    modifiers: &[Modifier],
    argument: Option<&str>,
    bytes: Range<usize>,
) -> bool {
    let has = |modifier| modifiers.contains(&modifier);
    let (takes, base64, ..) = kind.row();
    let letter = reader.text.len() - reader.text.trim_start_matches([' ', '\t', '\r']).len();
    let letter = letter..letter + 1;
    if has(Modifier::Base64) && !base64 {
        reader.error(letter, "a line of this type takes no argument in base64", "leave out the `~`");
        return false;
    }
    let Some(text) = argument else {
        if takes == Argument::Required {
            let help =
                "the argument is the seventh column; write `-` for those before that have their default";
            reader.error(letter, "a line of this type needs an argument", help);
            return false;
        }
        if has(Modifier::Credential) {
            reader.error(letter, "no credential is named", "with `^` the argument is a credential's name");
            return false;
        }
        return true;
    };
    match takes {
        Argument::None => {
            let help = "it would be ignored; TYPE PATH MODE USER GROUP AGE are all that such a line has";
            reader.error(bytes, "a line of this type takes no argument", help);
            return false;
        }
        _ if has(Modifier::Credential) => {
            let name = text.trim();
            let good = !name.contains('/') && !matches!(name, "." | "..") && name.len() <= 255;
            if !good {
                reader.error(bytes, "that is no name of a credential", "a credential is named like a file");
            }
            return good;
        }
        _ => {}
    }
    match kind.letter() {
        'c' | 'b' => {
            let number = |text: &str, most: u32| text.trim().parse::<u32>().is_ok_and(|n| n <= most);
            let good = text
                .split_once(':')
                .is_some_and(|(major, minor)| number(major, 0xfff) && number(minor.trim_end(), 0xf_ffff));
            if !good {
                reader.error(bytes, "the device is not MAJOR:MINOR", "write two numbers, such as `1:3`");
            }
            good
        }
        'h' | 'H' => {
            let letters = text.trim();
            let letters = letters.strip_prefix(['+', '-', '=']).unwrap_or(letters);
            let unknown = letters.chars().find(|c| !"aAcCdDeijPsStTu".contains(*c));
            if unknown.is_some() {
                let help = "attributes are letters of chattr(1), such as `+C`";
                reader.error(bytes, "there is no such file attribute", help);
            }
            unknown.is_none()
        }
        't' | 'T' => {
            let mut at = 0;
            let mut good = true;
            while let (true, Ok(Some((pair, next)))) = (good, unquote(text, at)) {
                good = pair.text.contains('=');
                at = next;
            }
            good &= at == text.len();
            if !good {
                reader.error(bytes, "an extended attribute is not NAME=VALUE", "it would be ignored");
            }
            good
        }
        'f' | 'F' | 'w' | 'L' | 'C' if !has(Modifier::Base64) => {
            if let Some(at) = bad_escape(text) {
                let help =
                    "after a backslash may stand one of a b f n r t v s \\ \" ', xHH, or three octal digits";
                let escaped = text[at + 1..].chars().next().map_or(0, char::len_utf8);
                let bytes = within(&bytes, at..at + 1 + escaped);
                reader.error(bytes, "there is no such escape", help);
                return false;
            }
            let relative = kind.letter() == 'C' && !text.starts_with(['/', '%']);
            if relative {
                reader.error(bytes, "what is copied is not an absolute path", "write the whole path");
                return false;
            }
            specifiers_are_good(reader, text, bytes)
        }
        _ => true,
    }
}

/// Where an escape begins that systemd refuses (its `cunescape`).
fn bad_escape(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('\\') {
        let start = at + found;
        let rest = &text[start + 1..];
        let digits = |from: usize, length: usize, radix: u32| {
            let digits = rest.get(from..from + length)?;
            let good = digits.chars().all(|c| c.is_digit(radix));
            (good && !digits.chars().all(|c| c == '0')).then_some(from + length)
        };
        let length = match rest.chars().next() {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | 's' | '\\' | '"' | '\'') => Some(1),
            Some('x') => digits(1, 2, 16),
            Some('u') => digits(1, 4, 16),
            Some('U') => digits(1, 8, 16),
            Some('0'..='7') => digits(0, 3, 8),
            _ => None,
        };
        match length {
            Some(length) => at = start + 1 + length,
            None => return Some(start),
        }
    }
    None
}
