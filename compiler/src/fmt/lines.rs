//! Lines of a file that is laid out, and how they become one text.

/// Columns up to which comments behind values are moved to stand below each other.
const FURTHEST_COMMENT: usize = 80;

/// A line, or several where a text of several lines stands in it.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Without a comment behind it and without blanks at its end.
    pub(super) text: String,
    /// The comment behind it.
    pub(super) comment: Option<String>,
    pub(super) kind: Kind,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Blank,
    Comment,
    /// Of a table.
    Header,
    /// A value, or a part of one.
    Entry,
}

/// Joins lines: one blank line at most, one before each table, none at the ends; comments behind the values of lines
/// that follow each other begin in one column.
pub(super) fn join(mut lines: Vec<Line>) -> String {
    space(&mut lines);
    let mut text = String::new();
    let mut start = 0;
    while start < lines.len() {
        let commented = |line: &Line| line.comment.is_some() && !line.text.contains('\n');
        let run = lines[start..].iter().take_while(|line| commented(line)).count().max(1);
        let width = |line: &Line| line.text.chars().count();
        let widest = lines[start..start + run].iter().map(width).max().unwrap_or_default();
        for line in &lines[start..start + run] {
            text.push_str(&line.text);
            if let Some(comment) = &line.comment {
                let column = if widest <= FURTHEST_COMMENT { widest } else { width(line) };
                text.push_str(&" ".repeat(column - width(line) + 1));
                text.push_str(comment);
            }
            text.push('\n');
        }
        start += run;
    }
    text
}

/// Blank lines as they shall be.
fn space(lines: &mut Vec<Line>) {
    let mut spaced: Vec<Line> = Vec::with_capacity(lines.len());
    for line in lines.drain(..) {
        let blank_before = spaced.last().is_none_or(|last| last.kind == Kind::Blank);
        match line.kind {
            Kind::Blank if blank_before => continue,
            Kind::Header => {
                // A comment right above a header belongs to it.
                let comments = spaced.iter().rev().take_while(|line| line.kind == Kind::Comment).count();
                let place = spaced.len() - comments;
                if place > 0 && spaced[place - 1].kind != Kind::Blank {
                    spaced.insert(place, Line::default());
                }
            }
            _ => {}
        }
        spaced.push(line);
    }
    while spaced.last().is_some_and(|line| line.kind == Kind::Blank) {
        spaced.pop();
    }
    *lines = spaced;
}
