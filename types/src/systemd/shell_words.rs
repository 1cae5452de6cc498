//! Words of command lines that mean something to a shell, which systemd does not run.

use super::exec::next_word;

/// Operators that stand alone.
const OPERATORS: &[&str] = &[
    "|", "||", "|&", "&", "&&", ">", ">>", ">|", "<", "<<", "<<<", "2>", "2>>", "&>", "&>>", "1>", "2>&1",
    "1>&2", ">&2",
];

/// The first word of a command line, behind its program, that only a shell would read as it is meant: an operator, a
/// redirection to a path, a word that ends in `;`, a substitution. What is quoted or escaped is meant as it stands.
pub fn shell_word(line: &str) -> Option<&str> {
    let mut rest = line.trim();
    let mut first = true;
    while !rest.is_empty() {
        let (_, after) = next_word(rest).ok()?;
        let raw = rest[..rest.len() - after.len()].trim_end();
        rest = after;
        // A lone `;` ends a command.
        if raw == ";" {
            first = true;
            continue;
        }
        let is_program = std::mem::replace(&mut first, false);
        if is_program && raw.starts_with(['|', '@', '-', ':', '+', '!']) && raw.contains('|') {
            return None;
        }
        if !is_program && !raw.contains(['"', '\'', '\\']) && is_shell(raw) {
            return Some(raw);
        }
        if is_program && raw.len() > 1 && raw.ends_with(';') {
            return Some(raw);
        }
    }
    None
}

fn is_shell(word: &str) -> bool {
    let redirects = || {
        let target = word.trim_start_matches(['1', '2', '&']).trim_start_matches(['>', '<']);
        target.len() < word.len() && target.starts_with('/') && word.contains(['>', '<'])
    };
    let ends = word.len() > 1 && word.ends_with(';');
    OPERATORS.contains(&word) || ends || word.starts_with("$(") || word.starts_with('`') || redirects()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::shell_word;

    #[test]
    fn what_only_a_shell_reads_is_found_and_what_is_quoted_is_not() {
        for (line, word) in [
            ("/bin/a | /bin/b", "|"),
            ("/bin/a && /bin/b", "&&"),
            ("/bin/a x; /bin/b", "x;"),
            ("/bin/a; /bin/b", "/bin/a;"),
            ("/bin/a >/var/log/a", ">/var/log/a"),
            ("/bin/a 2>&1", "2>&1"),
            ("/bin/a 2>/dev/null", "2>/dev/null"),
            ("/bin/a --at $(date)", "$(date)"),
            ("/bin/a `date`", "`date`"),
            ("/bin/a ; /bin/b &", "&"),
        ] {
            assert_eq!(shell_word(line), Some(word), "{line}");
        }
        for line in [
            "/bin/sh -c 'a | b > /c; d && e'",
            "/bin/sh -c \"a | b\"",
            "/bin/a ; /bin/b",
            "/bin/find /x -exec rm {} \\;",
            "/bin/a ${X} $Y --x=a;b",
            "/bin/a <none> a>b --log=>x",
            "|/bin/a | b",
            "-|/bin/a | b",
            "/bin/a \"|\" '>' \\x7c",
        ] {
            assert_eq!(shell_word(line), None, "{line}");
        }
    }
}
