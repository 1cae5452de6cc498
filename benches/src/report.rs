//! What a bench found, as Markdown, and the page that keeps it.

use crate::failure::{Context as _, Failure};
use crate::measure::Series;
use std::fmt::Write as _;
use std::path::Path;

/// What a bench found.
#[derive(Debug)]
pub(crate) struct Section {
    /// Name of the bench, as on the command line.
    pub(crate) name: &'static str,
    /// What is measured, and against what.
    pub(crate) about: String,
    rows: Vec<[String; 5]>,
    notes: Vec<String>,
}

impl Section {
    pub(crate) fn new(name: &'static str, about: impl Into<String>) -> Self {
        Self { name, about: about.into(), rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a comparison; `aim` is the ratio that is wanted, such as "≤ 2".
    pub(crate) fn compare(&mut self, what: &str, ours: &Series, peer: &Series, aim: &str) {
        self.rows.push([
            what.to_owned(),
            format!("{}: {}", ours.name, ours.spread().time()),
            format!("{}: {}", peer.name, peer.spread().time()),
            ours.to(peer).ratio(),
            aim.to_owned(),
        ]);
    }

    /// Adds something worth knowing.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Markdown below a heading of its name.
    pub(crate) fn text(&self, machine: &str) -> String {
        let mut text = format!("## {}\n\n{}\n\n", self.name, self.about);
        if !self.rows.is_empty() {
            text.push_str("| what | cmc | against | ratio | aim |\n|---|---|---|---|---|\n");
            for row in &self.rows {
                let _ = writeln!(text, "| {} |", row.join(" | "));
            }
            text.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(text, "- {note}");
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "`cargo xtask bench {}` on {machine}.", self.name);
        text
    }
}

/// Cores, processor, memory and kernel; nothing that names the machine.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cpu =
        field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
        .map_or_else(String::new, |kib| format!(", {} GB of memory", kib.div_ceil(1 << 20)));
    let release = read("/proc/sys/kernel/osrelease");
    let numbers: String = release.trim().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    format!("{cores} cores, {cpu}{memory}, {} {numbers}", std::env::consts::OS)
}

const HEADER: &str = "\
# Results

Every figure is a ratio to a peer or a bare loop in the same run. Those compared take turns; times and ratios are
median (lowest–highest) of the turns. A bench that does the wrong work fails. `cargo xtask bench --write` makes this
page, `cargo xtask bench --write NAME` one section of it.
";

/// Replaces the sections on the page that were measured, and keeps the others.
pub(crate) fn write(page: &Path, sections: &[Section], machine: &str, order: &[&str]) -> Result<(), Failure> {
    let old = std::fs::read_to_string(page).unwrap_or_default();
    let old: Vec<&str> = old.split("\n## ").skip(1).collect();
    let mut text = HEADER.to_owned();
    for name in order {
        let kept = || old.iter().find(|section| section.lines().next() == Some(name));
        if let Some(section) = sections.iter().find(|section| section.name == *name) {
            let _ = write!(text, "\n{}", section.text(machine));
        } else if let Some(section) = kept() {
            let _ = writeln!(text, "\n## {}", section.trim_end());
        }
    }
    std::fs::write(page, text).context(page.display())
}
