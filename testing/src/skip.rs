//! Tests that cannot be made on a machine.

use std::io::Write as _;

/// Says by name that a test cannot be made here, and why, for the list that `cargo xtask test` prints: as a line, and in
/// the file that `CMC_SKIPPED` names.
pub fn skip(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {reason}");
    println!("{line}");
    if let Some(path) = std::env::var_os("CMC_SKIPPED") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}
