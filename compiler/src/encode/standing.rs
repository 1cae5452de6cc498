//! Where on its line a value stands that brings quotes of its own: inside other quotes they would end those, and what
//! they protect would lie open; in a shell's here-document they are part of the text, and protect nothing.

use super::{Checked, Context, Format, Refusal, Within};

/// What is open at the end of a line's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Quote(char),
    Comment,
}

/// Whose the quotes in a text are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// The quoting filter has put them around it.
    OfFilter,
    /// They are somewhere in what `{% set %}` or a macro has captured: of a filter, or the template's own.
    Captured,
}

/// Whether a text with quotes of its own may stand there. `before` is all of the output so far.
pub(super) fn check(
    format: Format,
    text: &str,
    quotes: Quotes,
    context: Context<'_>,
    before: &[u8],
) -> Checked {
    if !text.contains(['"', '\'']) || !has_quotes(format) {
        return Ok(());
    }
    // Quotes that are not around the whole value are a part of it.
    let begins = |line: &str| line.trim_end().ends_with('=');
    if format == Format::RcConfLocal && quotes == Quotes::OfFilter && !context.line.is_some_and(begins) {
        return Err(Refusal::hopeless("it needs quotes, and they count only around a whole value"));
    }
    let open = match context.within {
        Some(Within::Escaped | Within::Literal) => Open::Quote('"'),
        Some(_) => Open::Nothing,
        None => context.line.map_or(Open::Nothing, |line| open_at_end(format, line)),
    };
    let harmless = |quote: char| {
        let expands = is_shell(format) && text.contains(['$', '`']);
        quotes == Quotes::Captured && !text.contains(quote) && !expands
    };
    match open {
        Open::Quote(quote) if harmless(quote) => Ok(()),
        Open::Quote(quote) => {
            Err(Refusal::in_quotes(format!("it stands inside {quote}…{quote} and has quotes of its own")))
        }
        Open::Comment if quotes == Quotes::OfFilter && text.contains('\n') => {
            Err(Refusal::hopeless("it holds a line break, and stands in a comment"))
        }
        _ if quotes == Quotes::OfFilter
            && is_shell(format)
            && text.contains(['$', '`', '\\'])
            && in_here_document(before) =>
        {
            Err(Refusal::hopeless("it stands in a here-document, where quotes protect nothing"))
        }
        _ => Ok(()),
    }
}

fn is_shell(format: Format) -> bool {
    matches!(format, Format::Sh | Format::Crontab | Format::Logrotate | Format::Script)
}

/// Formats whose filter puts quotes around a text.
fn has_quotes(format: Format) -> bool {
    !matches!(format, Format::Plain | Format::Xml | Format::Sudoers | Format::LoginConf)
}

fn open_at_end(format: Format, line: &str) -> Open {
    let (mut open, mut word, mut escaped) = (Open::Nothing, true, false);
    for c in line.chars() {
        if std::mem::take(&mut escaped) {
            word = false;
            continue;
        }
        match (open, c) {
            (Open::Comment, _) => return Open::Comment,
            // A shell's '…' takes backslashes as they are.
            (Open::Quote('\''), '\\') if is_shell(format) => {}
            (_, '\\') => escaped = true,
            (Open::Quote(quote), c) if c == quote => open = Open::Nothing,
            (Open::Quote(_), _) => {}
            (Open::Nothing, '"' | '\'') => open = Open::Quote(c),
            (Open::Nothing, '#') if word => open = Open::Comment,
            (Open::Nothing, _) => {}
        }
        word = c.is_whitespace() || matches!(c, ';' | '{' | '}' | '(');
    }
    open
}

/// Whether the end of a script lies in a here-document in which the shell expands.
fn in_here_document(script: &[u8]) -> bool {
    let script = String::from_utf8_lossy(script);
    let mut ends: Option<(String, bool)> = None;
    for line in script.lines() {
        match &ends {
            Some((word, _)) if line.trim_start_matches('\t') == word => ends = None,
            Some(_) => {}
            None => {
                let Some((_, after)) = line.split_once("<<").filter(|(_, after)| !after.starts_with('<'))
                else {
                    continue;
                };
                let word = after.trim_start_matches('-').trim_start();
                let word =
                    word.split(|c: char| c.is_whitespace() || ";|&)>".contains(c)).next().unwrap_or_default();
                let plain: String = word.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
                let expands = plain.len() == word.len();
                ends = (!plain.is_empty()).then_some((plain, expands));
            }
        }
    }
    ends.is_some_and(|(_, expands)| expands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_at_the_end_of_a_line_is_known() {
        for (line, open) in [
            ("X=", Open::Nothing),
            ("X=\"", Open::Quote('"')),
            ("X=\"a\" Y='", Open::Quote('\'')),
            ("X='a\\' Y=", Open::Nothing),
            ("X=\"a\\\" ", Open::Quote('"')),
            ("echo it\\'s ", Open::Nothing),
            ("# don't ", Open::Comment),
            ("a#'", Open::Quote('\'')),
        ] {
            assert_eq!(open_at_end(Format::Sh, line), open, "{line}");
        }
        assert_eq!(open_at_end(Format::Nginx, "'a\\' "), Open::Quote('\''));
    }

    #[test]
    fn a_here_document_expands_unless_its_word_is_quoted() {
        for (script, expands) in [
            ("cat <<EOF\nx", true),
            ("cat <<-EOF >/etc/x\n\tx", true),
            ("cat <<'EOF'\nx", false),
            ("cat <<EOF\nx\nEOF\ny", false),
            ("cat <<-EOF\n\tx\n\tEOF\ny", false),
            ("cat <<<x\ny", false),
        ] {
            assert_eq!(in_here_document(script.as_bytes()), expands, "{script}");
        }
    }
}
