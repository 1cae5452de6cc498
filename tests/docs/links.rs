//! Links between pages lead to pages and headings that there are, and every page of the book is in its summary.

use super::{book, lines, pages, prose, read, root};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// The name of a heading in links, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.map(|char| if char == ' ' { '-' } else { char.to_ascii_lowercase() }).collect()
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let text = read(page);
    let headings = lines(&text).into_iter().filter(|line| line.block.is_none() && line.text.starts_with('#'));
    headings.map(|line| anchor(line.text.trim_start_matches('#').trim())).collect()
}

/// The targets of a paragraph's links, without those in code.
fn targets(paragraph: &str) -> Vec<&str> {
    let plain = paragraph.split('`').step_by(2);
    // The text of a link may itself hold code: what follows it begins with `](`.
    plain.flat_map(|part| part.split("](").skip(1)).filter_map(|rest| rest.split(')').next()).collect()
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn links_lead_to_pages_and_headings_that_there_are() {
    let (mut broken, mut count) = (Vec::new(), 0);
    for page in pages() {
        let text = read(&page);
        for (number, paragraph) in prose(&text) {
            for target in targets(&paragraph) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                count += 1;
                let (path, heading) =
                    target.split_once('#').map_or((target, None), |(path, it)| (path, Some(it)));
                let to = match path {
                    "" => page.clone(),
                    path => plain(&page.parent().unwrap().join(path)),
                };
                let place = format!("{}:{}: {target}", page.display(), number);
                if !root().join(&to).exists() {
                    broken.push(format!("{place}: no such file"));
                } else if page.starts_with("docs") && !to.starts_with("docs") {
                    broken.push(format!("{place}: leaves the book"));
                } else if heading.is_some_and(|heading| !anchors(&to).contains(heading)) {
                    broken.push(format!("{place}: no such heading"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 40, "{count}");
}

#[test]
fn every_page_of_the_book_is_in_its_summary_once() {
    let summary = Path::new("docs/SUMMARY.md");
    let text = read(summary);
    let text = prose(&text);
    let listed = text.iter().flat_map(|(_, paragraph)| targets(paragraph));
    let listed: Vec<PathBuf> = listed.map(|target| Path::new("docs").join(target)).collect();
    for page in book().iter().filter(|page| *page != summary) {
        let times = listed.iter().filter(|listed| *listed == page).count();
        assert_eq!(times, 1, "{} in SUMMARY.md", page.display());
    }
    for page in &listed {
        assert!(root().join(page).is_file(), "SUMMARY.md lists {}, which does not exist", page.display());
    }
}
