//! Every example of `docs/templates.md` does what the page says. Comments before its blocks say what each is:
//! `file: PATH`, `broken: PATH` (the file as it is wrong), `error` (what is said of that), `output: HOST PATH`.

use super::support::{fleet, shown, text};
use cmc_compiler::{CompileOptions, Dummies, compile};
use std::path::Path;
use std::sync::Arc;

struct Block {
    what: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/templates.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut blocks = Vec::new();
    for part in page.split("<!-- ").skip(1) {
        let (what, rest) = part.split_once(" -->\n```").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        let (text, _) = rest.split_once("\n```").unwrap();
        blocks.push(Block { what: what.to_owned(), text: format!("{text}\n") });
    }
    blocks
}

#[test]
fn every_example_of_the_book_does_what_it_says() {
    let blocks = blocks();
    let files: Vec<(&str, &str)> = blocks
        .iter()
        .filter_map(|block| Some((block.what.strip_prefix("file: ")?, block.text.as_str())))
        .collect();
    let dir = fleet(&files);
    let compiled = compile(dir.path(), &CompileOptions::default(), Arc::new(Dummies));
    assert!(compiled.plan.is_some(), "{}", shown(&compiled));
    let mut outputs = 0;
    for block in &blocks {
        if let Some((host, path)) = block.what.strip_prefix("output: ").and_then(|what| what.split_once(' '))
        {
            assert_eq!(text(&compiled, host, path), block.text, "{path}");
            outputs += 1;
        }
    }
    assert!(outputs >= 5);

    for pair in blocks.windows(2).filter(|pair| pair[1].what == "error") {
        let path = pair[0].what.strip_prefix("broken: ").unwrap();
        std::fs::write(dir.path().join(path), &pair[0].text).unwrap();
        let found = shown(&compile(dir.path(), &CompileOptions::default(), Arc::new(Dummies)));
        for line in pair[1].text.lines() {
            assert!(found.contains(line), "{line:?} is not said:\n{found}");
        }
    }
}
