//! The examples of the book are definitions, and do what the pages say. A comment before a block of a page says what
//! it is; the blocks of a page are one fleet:
//!
//! - `<!-- file: PATH -->`: a file of the page's fleet, or more of it;
//! - `<!-- hidden: PATH`, content, `-->`: a file that readers need not see;
//! - `<!-- output: HOST PATH -->`: that file as it is rendered;
//! - `<!-- broken: PATH -->`, then `<!-- error -->`: a file as it is wrong, and what is said of it.
//!
//! TOML and JSON without a comment stand for themselves: every key is one that the schema knows.

use super::support::{fleet, shown, text};
use cmc_compiler::{CompileOptions, Dummies, LoadOptions, compile, load};
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Block {
    what: Option<String>,
    language: String,
    text: String,
}

impl Block {
    fn is(&self, kind: &str) -> Option<&str> {
        self.what.as_deref()?.strip_prefix(kind)?.strip_prefix(": ")
    }
}

/// Every page of the book, and the README.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md")];
    for dir in ["docs", "docs/formats"] {
        let entries = std::fs::read_dir(root.join(dir)).unwrap();
        pages.extend(
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension() == Some("md".as_ref())),
        );
    }
    pages.sort();
    pages
}

/// The fenced blocks of a page, and its hidden files.
fn blocks(page: &Path) -> Vec<Block> {
    let page = std::fs::read_to_string(page).unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    let mut what = None;
    let mut end = None;
    for line in page.lines() {
        match end {
            Some(mark) if line == mark => end = None,
            Some(_) => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None if line.starts_with("```") => {
                let language = line.trim_start_matches('`').split(' ').next().unwrap().to_owned();
                blocks.push(Block { what: what.take(), language, text: String::new() });
                end = Some("```");
            }
            None => {
                let comment = line.strip_prefix("<!-- ");
                if let Some(path) = comment.and_then(|comment| comment.strip_prefix("hidden: ")) {
                    let (what, language) = (Some(format!("file: {path}")), String::new());
                    blocks.push(Block { what, language, text: String::new() });
                    end = Some("-->");
                } else if !line.is_empty() {
                    what = comment.and_then(|comment| comment.strip_suffix(" -->")).map(str::to_owned);
                }
            }
        }
    }
    blocks
}

#[test]
fn every_definition_in_the_book_has_only_keys_that_there_are() {
    let mut examples = 0;
    for page in pages() {
        for block in blocks(&page) {
            if block.what.is_some() || !["toml", "json"].contains(&block.language.as_str()) {
                continue;
            }
            let name = match block.text.contains("[fleet]") {
                true => "fleet.toml".to_owned(),
                false => format!("hosts/example.{}", block.language),
            };
            let files = [("fleet.toml", "[fleet]\nname = \"shop\"\n"), (name.as_str(), block.text.as_str())];
            let loaded = load(fleet(&files).path(), &LoadOptions::default());
            let errors: Vec<_> = loaded
                .diagnostics
                .iter()
                .filter(|found| found.is_error())
                .map(|found| &found.message)
                .collect();
            assert!(errors.is_empty(), "{}:\n{}\n{errors:?}", page.display(), block.text);
            examples += 1;
        }
    }
    assert!(examples >= 8, "{examples}");
}

#[test]
fn every_fleet_in_the_book_compiles_and_renders_what_the_page_shows() {
    let (mut fleets, mut outputs) = (0, 0);
    for page in pages() {
        let blocks = blocks(&page);
        let mut files: Vec<(&str, String)> = Vec::new();
        for block in &blocks {
            let Some(path) = block.is("file") else { continue };
            match files.iter_mut().find(|(known, _)| *known == path) {
                Some((_, text)) => *text = format!("{text}\n{}", block.text),
                None => files.push((path, block.text.clone())),
            }
        }
        if files.is_empty() {
            continue;
        }
        fleets += 1;
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let dir = fleet(&files);
        let options = CompileOptions::default();
        let compiled = compile(dir.path(), &options, Arc::new(Dummies));
        assert!(compiled.diagnostics.is_empty(), "{}:\n{}", page.display(), shown(&compiled));
        for block in &blocks {
            let Some((host, path)) = block.is("output").and_then(|what| what.split_once(' ')) else {
                continue;
            };
            assert_eq!(text(&compiled, host, path), block.text, "{}: {path} on {host}", page.display());
            outputs += 1;
        }
        for pair in blocks.windows(2).filter(|pair| pair[1].what.as_deref() == Some("error")) {
            std::fs::write(dir.path().join(pair[0].is("broken").unwrap()), &pair[0].text).unwrap();
            let found = shown(&compile(dir.path(), &options, Arc::new(Dummies)));
            for line in pair[1].text.lines() {
                assert!(found.contains(line), "{}: {line:?} is not said:\n{found}", page.display());
            }
        }
    }
    assert!(fleets >= 6 && outputs >= 10, "{fleets} fleets, {outputs} outputs");
}
