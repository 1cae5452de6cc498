//! The book is true: its commands run and print what the pages say, everything it mentions is a command that there is,
//! and its links lead somewhere. (That its definitions compile is tested in `compiler/tests/resolve/book.rs`.)

mod commands;
mod console;
mod links;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The book's pages, relative to the repository.
fn book() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for dir in ["docs", "docs/formats"] {
        let entries = std::fs::read_dir(root().join(dir)).unwrap();
        let names = entries.map(|entry| Path::new(dir).join(entry.unwrap().file_name()));
        pages.extend(names.filter(|path| path.extension() == Some("md".as_ref())));
    }
    pages.sort();
    pages
}

/// The book's pages and those beside it that people read.
fn pages() -> Vec<PathBuf> {
    let beside = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    beside.into_iter().map(PathBuf::from).chain(book()).collect()
}

fn read(page: &Path) -> String {
    let path = root().join(page);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A line of a page: inside a fenced block with its info words, or outside of any.
struct Line<'t> {
    number: usize,
    /// The words behind the fence, and the number of the block.
    block: Option<(&'t str, usize)>,
    text: &'t str,
}

/// The lines of a page without its fences.
fn lines(page: &str) -> Vec<Line<'_>> {
    let (mut lines, mut open, mut blocks) = (Vec::new(), None, 0);
    for (number, text) in page.lines().enumerate() {
        match (text.strip_prefix("```"), open) {
            (Some(_), Some(_)) => open = None,
            (Some(info), None) => {
                blocks += 1;
                open = Some((info, blocks));
            }
            (None, _) => lines.push(Line { number: number + 1, block: open, text }),
        }
    }
    lines
}

/// The paragraphs of a page outside of its blocks: the number of the first line, and the text in one line.
fn prose(page: &str) -> Vec<(usize, String)> {
    let mut paragraphs: Vec<(usize, String)> = Vec::new();
    let mut before = 0;
    for line in lines(page).iter().filter(|line| line.block.is_none() && !line.text.is_empty()) {
        match paragraphs.last_mut().filter(|_| before + 1 == line.number) {
            Some((_, text)) => text.extend([" ", line.text]),
            None => paragraphs.push((line.number, line.text.to_owned())),
        }
        before = line.number;
    }
    paragraphs
}
