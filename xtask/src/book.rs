//! The book as HTML, where mdbook is installed: that its pages are what mdbook takes.

use crate::process::{root, run, say, target_dir};
use crate::tools::find;
use std::process::Command;

/// Why the book was not built; `None` if it was.
pub(crate) fn build() -> Result<Option<&'static str>, String> {
    let Some(program) = find("mdbook") else {
        return Ok(Some("mdbook is not installed; `cargo install --locked mdbook` does it"));
    };
    say("building the book");
    let mut mdbook = Command::new(program);
    run(mdbook.arg("build").arg(root().join("docs")).arg("--dest-dir").arg(target_dir()?.join("book")))?;
    Ok(None)
}
