//! login.conf as getcap(3) has it: an interpreter written from the manual pages of OpenBSD and FreeBSD, against which
//! what we print and what we say never applies is held.

use super::super::{Record, Setting, parse};
use super::*;
use crate::hostile::strings;
use proptest::prelude::*;

/// getcap(3).
mod getcap {
    /// Why a record cannot be had.
    #[derive(Debug, PartialEq, Eq)]
    pub(super) enum Failed {
        /// There is none of this name.
        Missing,
        /// `tc=` names none.
        Unresolved,
        /// More than 32 records stand for each other.
        Loop,
    }

    /// "cgetent extracts the capability name": a record is one logical line; a newline is escaped by a backslash, `#`
    /// in the first column begins a comment, blank lines are passed by. The first record of a name counts, and
    /// `tc=name` is replaced by the record's capabilities.
    pub(super) fn cgetent(text: &str, name: &str, depth: usize) -> Result<Vec<String>, Failed> {
        if depth > 32 {
            return Err(Failed::Loop);
        }
        let found = records(text).into_iter().find(|record| {
            let names = record.split(':').next().unwrap_or_default();
            names.split('|').any(|known| known == name)
        });
        let record = found.ok_or(Failed::Missing)?;
        let mut fields = Vec::new();
        for field in record.split(':').skip(1) {
            // What continues a record may be indented.
            let field = field.trim_start_matches(['\t', ' ']);
            match field.strip_prefix("tc=") {
                Some(base) => match cgetent(text, base, depth + 1) {
                    Ok(more) => fields.extend(more),
                    Err(Failed::Loop) => return Err(Failed::Loop),
                    Err(_) => return Err(Failed::Unresolved),
                },
                None => fields.push(field.to_owned()),
            }
        }
        Ok(fields)
    }

    fn records(text: &str) -> Vec<String> {
        let mut records = Vec::new();
        let mut record: Option<String> = None;
        for line in text.split('\n') {
            if record.is_none() && (line.starts_with('#') || line.trim().is_empty()) {
                continue;
            }
            let joined = record.get_or_insert_default();
            match line.strip_suffix('\\') {
                Some(part) => joined.push_str(part),
                None => {
                    joined.push_str(line);
                    records.extend(record.take());
                }
            }
        }
        records.extend(record);
        records
    }

    /// "cgetcap searches the capability record buf for the capability cap with type type": the first field of the name;
    /// `cap@` cancels it.
    pub(super) fn cgetcap<'f>(fields: &'f [String], cap: &str, kind: char) -> Option<&'f str> {
        for field in fields {
            let Some(rest) = field.strip_prefix(cap) else { continue };
            if rest.starts_with('@') {
                return None;
            }
            match (kind, rest.chars().next()) {
                (':', None) => return Some(""),
                (kind, Some(c)) if c == kind && kind != ':' => return Some(&rest[1..]),
                _ => {}
            }
        }
        None
    }

    /// "cgetstr retrieves the value of the string capability": `^X` is a control character, `\` with b t n f r e E c C
    /// or up to three octal digits another, and before anything else that itself.
    pub(super) fn cgetstr(fields: &[String], cap: &str) -> Option<Vec<u8>> {
        let value = cgetcap(fields, cap, '=')?.as_bytes();
        let mut out = Vec::new();
        let mut at = 0;
        while at < value.len() {
            match value[at] {
                b'^' => {
                    at += 1;
                    out.push(value.get(at)? & 0o37);
                    at += 1;
                }
                b'\\' => {
                    at += 1;
                    let c = *value.get(at)?;
                    if (b'0'..=b'7').contains(&c) {
                        let digits = value[at..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(*b));
                        let digits: Vec<u8> = digits.copied().collect();
                        let code =
                            digits.iter().fold(0_u32, |code, digit| code * 8 + u32::from(digit - b'0'));
                        out.push(code.to_le_bytes()[0]);
                        at += digits.len();
                        continue;
                    }
                    out.push(match c {
                        b'b' => 8,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 12,
                        b'r' => b'\r',
                        b'e' | b'E' => 27,
                        b'c' | b'C' => b':',
                        other => other,
                    });
                    at += 1;
                }
                byte => {
                    out.push(byte);
                    at += 1;
                }
            }
        }
        Some(out)
    }
}

use getcap::{Failed, cgetcap, cgetent, cgetstr};

#[test]
fn getcap_reads_what_was_set_whatever_the_value_holds() {
    let mut refused = 0;
    for text in strings() {
        for system in [System::OpenBsd, System::FreeBsd] {
            let settings = vec![
                ("x-before".to_owned(), Setting::Present),
                ("x-text".to_owned(), Setting::Value(text.clone())),
                ("x-gone".to_owned(), Setting::Removed),
                ("x-behind".to_owned(), Setting::Value("end".to_owned())),
            ];
            let record = Record { name: "api".into(), settings, base: vec!["daemon".into()] };
            let Ok(printed) = record.print(system) else {
                assert!(text.contains('\0'), "{text:?}");
                refused += 1;
                continue;
            };
            let file = format!("# head\n{printed}daemon:x-gone:x-more=1:\n");
            let fields = cgetent(&file, "api", 0).unwrap();
            assert_eq!(cgetstr(&fields, "x-text").as_deref(), Some(text.as_bytes()), "{printed}");
            assert_eq!(cgetcap(&fields, "x-before", ':'), Some(""));
            assert_eq!(cgetcap(&fields, "x-gone", ':'), None);
            assert_eq!(cgetstr(&fields, "x-behind").as_deref(), Some(&b"end"[..]));
            assert_eq!(cgetstr(&fields, "x-more").as_deref(), Some(&b"1"[..]));
            assert_eq!(cgetent(&file, "root", 0), Err(Failed::Missing));
            let kept = fields.iter().filter(|field| !field.is_empty()).count();
            assert_eq!(kept, 6, "{printed}");
            assert_eq!(parse(&printed).unwrap(), [record], "{printed}");
            assert!(judge(&file, system).is_empty(), "{printed}");
        }
    }
    assert!(refused <= 2 * strings().iter().filter(|text| text.contains('\0')).count());
}

#[test]
fn what_never_applies_is_told_with_its_line() {
    let text = "default:\\\n\t:openfiles=64:\\\n\t:openfiles-cur=32:\\\n\t:umask=022:\nstaff:\\\n\t:tc=default:\\\n\t:umask=027:\\\n\t:maxproc=9:\na:\\\n\t:tc=b:\nb:tc=c:\nc:tc=b:\nd:tc=nobody:umask=1:umask=2:\ndefault:umask=1:\n";
    let found = judge(text, System::OpenBsd);
    let found: Vec<_> = found
        .iter()
        .map(|problem| (problem.line, problem.columns.start, problem.what, problem.word.as_deref().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            (3, 3, "a capability never applies", "openfiles-cur"),
            (7, 3, "a capability never applies", "umask"),
            (10, 3, "classes build upon each other in a circle", "tc"),
            (11, 3, "classes build upon each other in a circle", "tc"),
            (12, 3, "classes build upon each other in a circle", "tc"),
            (13, 3, "`tc` names a class that there is not", "nobody"),
            (13, 21, "a capability never applies", "umask"),
            (14, 1, "a class stands in the file before, and the first record counts", "default"),
        ]
    );
    let circles: Vec<_> = judge(text, System::OpenBsd).into_iter().map(|problem| problem.help).collect();
    assert!(circles[2].starts_with("a → b → c → b:"), "{}", circles[2]);
    // A part of login.conf may name what is elsewhere.
    assert!(judge("api:tc=daemon:\n", System::OpenBsd).is_empty());
}

/// A field of a random record: a capability or `tc=`.
fn any_field() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => ("(umask|openfiles|openfiles-cur|openfiles-max|path|x-a)", "(|=1|=2|@)").prop_map(|(name, value)| name + &value),
        1 => "[a-d]".prop_map(|base| format!("tc={base}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_we_say_never_applies_could_as_well_not_stand_there(
        records in proptest::collection::vec(proptest::collection::vec(any_field(), 0..6), 1..4),
    ) {
        let names = ["default", "a", "b", "c"];
        let file = |skip: Option<(usize, usize)>| {
            let mut text = String::new();
            for (index, fields) in records.iter().enumerate() {
                text.push_str(names[index]);
                for (number, field) in fields.iter().enumerate() {
                    // A line each, so that a problem's line says which it is; what is left out leaves its line.
                    text.push_str(":\\\n\t");
                    if skip != Some((index, number)) {
                        text.push(':');
                        text.push_str(field);
                    }
                }
                text.push_str(":\n");
            }
            text
        };
        let text = file(None);
        let problems = judge(&text, System::OpenBsd);
        let lookups = |text: &str| -> Vec<Option<Vec<u8>>> {
            let mut found = Vec::new();
            for name in &names[..records.len()] {
                let Ok(fields) = cgetent(text, name, 0) else { continue };
                for cap in ["umask", "openfiles", "path", "x-a"] {
                    found.push(cgetstr(&fields, cap));
                    found.push(cgetcap(&fields, cap, ':').map(|value| value.as_bytes().to_vec()));
                }
            }
            found
        };
        let mut line = 1;
        for (index, fields) in records.iter().enumerate() {
            let class = names[index];
            let entry = cgetent(&text, class, 0);
            let lines = line + 1..=line + u32::try_from(fields.len()).unwrap();
            let said = |what: &str| problems.iter().any(|found| found.what == what && lines.contains(&found.line));
            // Whichever `tc=` fails first is what getcap tells.
            let circle = said("classes build upon each other in a circle");
            prop_assert!(circle || entry != Err(Failed::Loop), "{} of {}", class, text);
            prop_assert!(!circle || entry.is_err(), "{} of {}", class, text);
            for (number, field) in fields.iter().enumerate() {
                let at = line + 1 + u32::try_from(number).unwrap();
                let shadowed = problems.iter().any(|found| found.line == at && found.what == "a capability never applies");
                // The first of a name with another type than is asked for is passed by: only equal kinds hide each other.
                let kinds = |field: &str| (field.contains('='), field.contains('@'));
                let name = field.split(['=', '@']).next().unwrap_or_default();
                let hidden_by_its_kind = fields[..number].iter().any(|other| {
                    other.split(['=', '@']).next() == Some(name) && (kinds(other) == kinds(field) || other.ends_with('@'))
                });
                if shadowed && hidden_by_its_kind {
                    prop_assert_eq!(lookups(&text), lookups(&file(Some((index, number)))), "{}", text);
                }
            }
            line += 1 + u32::try_from(fields.len()).unwrap();
        }
    }
}
