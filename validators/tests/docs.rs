//! The book's table of programs is the registry's.

use crate::{Ended, Test};
use cmc_validators::registry::{PROGRAMS, Program, Scope, Stub};
use std::fmt::Write;
use std::path::PathBuf;

pub(crate) const TESTS: &[Test] = &[("docs::the_table_of_programs_is_the_registrys", table)];

const BEGIN: &str = "--test main docs -->\n";
const END: &str = "<!-- end -->";

fn table() -> Ended {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/validators.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(BEGIN).unwrap();
    let (old, tail) = rest.split_once(END).unwrap();
    let new = render();
    if std::env::var_os("CMC_UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{new}{END}{tail}")).unwrap();
        return Ended::Passed;
    }
    assert_eq!(
        old, new,
        "CMC_UPDATE_FIXTURES=1 cargo test -p cmc-validators --test main docs writes it anew"
    );
    Ended::Passed
}

fn render() -> String {
    let mut text =
        "\n| `check =` | what | chosen for | run as | needs, from this machine or made up | package |\n\
                    |---|---|---|---|---|---|\n"
            .to_owned();
    for program in PROGRAMS {
        let _ = writeln!(
            text,
            "| `{}` | {}: {} | {} | {} | {} | {} |",
            program.name,
            scope(program),
            program.about,
            chosen(program),
            if program.root_because.is_empty() {
                "ordinary uid".to_owned()
            } else {
                format!("uid 0 inside: {}", program.root_because)
            },
            needs(program),
            packages(program),
        );
    }
    text.push('\n');
    for program in PROGRAMS {
        let _ = writeln!(text, "- `{}`", program.argv.join(" "));
    }
    text.push('\n');
    text
}

fn scope(program: &Program) -> &'static str {
    match program.scope {
        Scope::Alone => "each file alone",
        Scope::Each => "each file in its tree",
        Scope::Set => "all of them at once",
        Scope::Tree { .. } => "the whole tree",
    }
}

fn chosen(program: &Program) -> String {
    let globs = program.applies_to.iter().map(|glob| format!("`{}`", glob.replace('|', "\\|")));
    let scripts = program.interpreters.iter().map(|name| format!("`#!…/{name}`"));
    if program.extra {
        let (globs, scripts): (Vec<_>, Vec<_>) = (globs.collect(), scripts.collect());
        return format!("{} at {}", scripts.join(", "), globs.join(", "));
    }
    globs.chain(scripts).collect::<Vec<_>>().join(", ")
}

fn needs(program: &Program) -> String {
    let stubs = program.stubs.iter().map(|(path, stub)| match stub {
        Stub::HostKey => format!("throw-away key `{path}`"),
        Stub::Text(_) => format!("stub `{path}`"),
        Stub::Link(target) => format!("`{path}` → `{target}`"),
    });
    let machine = program.machine.iter().map(|path| format!("`{path}`"));
    let needs: Vec<String> = machine.chain(stubs).collect();
    if needs.is_empty() { "–".to_owned() } else { needs.join(", ") }
}

fn packages(program: &Program) -> String {
    let named = program.packages.iter().map(|(family, package)| match *family {
        "" if program.packages.len() > 1 => format!("elsewhere `{package}`"),
        "" => format!("`{package}`"),
        family => format!("{family} `{package}`"),
    });
    named.collect::<Vec<_>>().join(", ")
}
