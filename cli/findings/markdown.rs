//! A comment of a merge or pull request, in the Markdown that GitHub, GitLab and Forgejo show.

use super::{Findings, human};
use crate::terminal::Terminal;
use cmc_types::Severity;

/// Bytes that a comment may have: GitHub takes 65,536 characters.
const LONGEST: usize = 60_000;

/// A headline, then each finding as people see it on a terminal.
pub(super) fn comment(findings: &Findings, terminal: &Terminal) -> String {
    let mut text = format!("### cmc: {}\n", findings.summary());
    let mut shown = 0;
    for (one, key) in findings.shown(terminal) {
        let severity = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let place = one.primary.as_ref().map(|label| {
            let start = findings.sources.line_column(label.place.file, label.place.span.start);
            format!(" in {}", code(&format!("{}:{}", findings.path(label.place.file, terminal), start.line)))
        });
        let body = block("text", &human::render(one, key, &findings.sources, false));
        let place = place.unwrap_or_default();
        let next = format!("\n**{severity}**{place}, {}\n\n{body}", code(one.code.name()));
        if text.len() + next.len() > LONGEST {
            break;
        }
        shown += 1;
        text.push_str(&next);
    }
    if let Some(hidden) = findings.hidden(shown) {
        text.push_str(&format!("\n{hidden}\n"));
    }
    text
}

/// What kept all of it from being checked.
pub(super) fn failed(message: &str) -> String {
    format!("### cmc could not check anything\n\n{}", block("text", message))
}

/// A block of code, whatever stands in it.
pub(crate) fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Code within a line, whatever stands in it.
pub(crate) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{block, code};

    #[test]
    fn nothing_in_a_text_ends_its_code() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(code("/etc/x\ny"), "`/etc/x y`");
        assert_eq!(block("text", "```\nx\n"), "````text\n```\nx\n````\n");
    }
}
