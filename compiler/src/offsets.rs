//! Which byte of one text each byte of another is: of a text and how it stands in its definition file, through the
//! quotes and escapes of TOML 1.1 (all four kinds of strings) and JSON; of a template as the engine got it and as it
//! was written. Never guesses: what cannot be followed has no places.

/// What each byte of a text is in another.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    /// Where the two stop going in step: offset in the one, offset in the other.
    steps: Vec<(usize, usize)>,
}

impl Offsets {
    /// Follows `text` through what is written for it, quotes included; `None` if that is not how it is written.
    pub(crate) fn of_literal(written: &str, text: &str) -> Option<Self> {
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| written.starts_with(quotes))?;
        let inner = written[quotes.len()..].strip_suffix(quotes)?;
        let end = quotes.len() + inner.len();
        let escapes = quotes.starts_with('"');
        let mut at = quotes.len();
        if quotes.len() == 3 {
            at += [b"\r\n".as_slice(), b"\n"]
                .iter()
                .find(|end| inner.as_bytes().starts_with(end))
                .map_or(0, |end| end.len());
        }
        let mut offsets = Self { steps: vec![(0, at)] };
        let (bytes, wanted) = (written.as_bytes(), text.as_bytes());
        let mut offset = 0;
        while at < end {
            if escapes && bytes[at] == b'\\' {
                let (length, decoded) = escape(&written[at..end])?;
                if let Some(decoded) = decoded {
                    offset += text.get(offset..)?.strip_prefix(decoded).map(|_| decoded.len_utf8())?;
                }
                at += length;
                offsets.step(offset, at);
            } else if wanted.get(offset) == Some(&bytes[at]) {
                (offset, at) = (offset + 1, at + 1);
            } else if bytes[at..end].starts_with(b"\r\n") {
                at += 1;
                offsets.step(offset, at);
            } else {
                return None;
            }
        }
        (offset == wanted.len()).then_some(offsets)
    }

    /// From `offset` on, bytes are those from `at` on.
    pub(crate) fn step(&mut self, offset: usize, at: usize) {
        match self.steps.last_mut() {
            Some(last) if last.0 == offset => last.1 = at,
            _ => self.steps.push((offset, at)),
        }
    }

    /// What a byte is in the other text; of a literal: its offset from the first quote.
    pub(crate) fn at(&self, offset: usize) -> usize {
        let next = self.steps.partition_point(|(start, _)| *start <= offset);
        let (start, at) = next.checked_sub(1).map_or((0, 0), |last| self.steps[last]);
        let bound = self.steps.get(next).map(|(_, next)| *next).filter(|next| *next >= at);
        (at + (offset - start)).min(bound.unwrap_or(usize::MAX))
    }
}

/// Bytes of the escape that a text begins with, and what it stands for: nothing if it continues the line.
fn escape(written: &str) -> Option<(usize, Option<char>)> {
    let hex = |from: usize, digits: usize| u32::from_str_radix(written.get(from..from + digits)?, 16).ok();
    let code = |digits: usize| Some((2 + digits, Some(char::from_u32(hex(2, digits)?)?)));
    let one = |decoded: char| Some((2, Some(decoded)));
    match written[1..].chars().next()? {
        'b' => one('\u{8}'),
        't' => one('\t'),
        'n' => one('\n'),
        'f' => one('\u{c}'),
        'r' => one('\r'),
        'e' => one('\u{1b}'),
        same @ ('"' | '\\' | '/') => one(same),
        'x' => code(2),
        'u' => match hex(2, 4)? {
            high @ 0xD800..=0xDBFF => {
                let low = hex(8, 4)
                    .filter(|low| written[6..].starts_with("\\u") && (0xDC00..=0xDFFF).contains(low))?;
                Some((12, Some(char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))?)))
            }
            _ => code(4),
        },
        'U' => code(8),
        _ => {
            let rest = &written[1..];
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            rest[..blank].contains('\n').then_some((1 + blank, None))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Offsets;
    use proptest::prelude::*;

    /// What is written for each line of a text, from its first byte on.
    fn lines<'w>(written: &'w str, text: &str) -> Vec<&'w str> {
        let offsets = Offsets::of_literal(written, text).unwrap();
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(offset, _)| offset + 1));
        starts.map(|offset| &written[offsets.at(offset)..]).collect()
    }

    #[test]
    fn every_kind_of_string_is_followed_through_its_escapes() {
        assert_eq!(
            lines("\"a\\nb\\u00e9\\n\\\"c\"", "a\nbé\n\"c"),
            ["a\\nb\\u00e9\\n\\\"c\"", "b\\u00e9\\n\\\"c\"", "\\\"c\""]
        );
        assert_eq!(lines("'a\\n'", "a\\n"), ["a\\n'"]);
        assert_eq!(lines("'''\na\nb'''", "a\nb"), ["a\nb'''", "b'''"]);
        assert_eq!(lines("\"\"\"\r\na\r\nb\"\"\"", "a\nb"), ["a\r\nb\"\"\"", "b\"\"\""]);
        assert_eq!(lines("\"\"\"\r\na\r\nb\"\"\"", "a\r\nb"), ["a\r\nb\"\"\"", "b\"\"\""]);
        assert_eq!(lines("\"\"\"a \\\n   b\\n\\  \n\n c\"\"\"", "a b\nc")[1], "c\"\"\"");
        assert_eq!(lines("\"\\ud83d\\ude00\\/\\n\\U0001F600x\"", "😀/\n😀x")[1], "\\U0001F600x\"");
        assert_eq!(lines("\"\\x41\\e\\nb\"", "A\u{1b}\nb")[1], "b\"");
        assert_eq!(lines("\"\"", ""), ["\""]);
    }

    #[test]
    fn what_is_written_otherwise_has_no_places() {
        for (written, text) in [
            ("\"a\"", "b"),
            ("\"a\"", "ab"),
            ("\"ab\"", "a"),
            ("x", "x"),
            ("\"", ""),
            ("\"\\q\"", "q"),
            ("\"\\u12\"", "x"),
            ("\"\\ud83d\"", "x"),
            ("\"\\é\"", "é"),
        ] {
            assert!(Offsets::of_literal(written, text).is_none(), "{written}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_printer_writes_is_followed_to_its_last_byte(text in "[\\PC\n\r\t\u{1}\"'\\\\]{0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            let toml = format!("\"\"\"\n{}\"\"\"", &json[1..json.len() - 1]);
            for written in [json.as_str(), toml.as_str()] {
                let offsets = Offsets::of_literal(written, &text).unwrap();
                let rest = written[offsets.at(text.len())..].trim_matches(['"', '\'']);
                prop_assert!(rest.is_empty(), "{} {}", written, rest);
            }
        }

        #[test]
        fn no_text_makes_it_panic(written in ".{0,40}", text in ".{0,20}", at in 0_usize..60) {
            for written in [written.clone(), format!("\"{written}\""), format!("\"\"\"{written}\"\"\"")] {
                if let Some(offsets) = Offsets::of_literal(&written, &text) {
                    offsets.at(at);
                }
            }
        }
    }
}
