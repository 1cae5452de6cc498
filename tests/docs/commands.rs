//! What pages and help texts say of `cmc` and `cmc-fetch` is parsed by the real command lines: a command or option that
//! does not exist is found wherever it is mentioned.

use super::{book, lines, pages, prose, read};
use crate::support::Scratch;

/// A command line somewhere, as words.
struct Mention {
    place: String,
    words: Vec<String>,
}

/// The words of a shell command, up to what is not the program's own.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for char in text.chars() {
        match (char, quote) {
            ('\'' | '"', None) => quote = Some(char),
            (_, Some(open)) if char == open => quote = None,
            (' ', None) => words.push(std::mem::take(&mut word)),
            _ => word.push(char),
        }
    }
    words.push(word);
    let ends = |word: &String| ["|", ">", "<", "&&", "||", ";", "2>&1"].contains(&word.as_str());
    let end = words.iter().position(ends).unwrap_or(words.len());
    words.truncate(end);
    words.retain(|word| !word.is_empty());
    words
}

/// Every command line of `cmc` or `cmc-fetch` in a text, which may hold several.
fn mentioned(place: &str, text: &str, found: &mut Vec<Mention>) {
    for part in text.split(" && ").flat_map(|part| part.split(" | ")) {
        let words = words(part.trim().trim_start_matches("$ ").trim_start_matches("# "));
        let start = words.iter().position(|word| matches!(word.as_str(), "cmc" | "cmc-fetch"));
        // The program stands first, or behind `ssh HOST`.
        let Some(start) = start.filter(|at| *at == 0 || words[0] == "ssh") else { continue };
        let program = words[start].clone();
        let rest = words[start + 1..].iter().map(|word| word.trim_end_matches([',', '…']).to_owned());
        let rest = rest.filter(|word| !word.is_empty());
        found
            .push(Mention { place: place.to_owned(), words: std::iter::once(program).chain(rest).collect() });
    }
}

fn mentions() -> Vec<Mention> {
    let mut found = Vec::new();
    for page in pages() {
        let text = read(&page);
        let place = |number: usize| format!("{}:{number}", page.display());
        let in_blocks = lines(&text)
            .into_iter()
            .filter(|line| line.block.is_some_and(|(info, _)| info.starts_with("console") || info == "sh"));
        in_blocks.for_each(|line| mentioned(&place(line.number), line.text, &mut found));
        for (number, paragraph) in prose(&text) {
            let spans = paragraph.split('`').skip(1).step_by(2);
            spans.for_each(|span| mentioned(&place(number), span, &mut found));
        }
    }
    // The examples that every help text ends with.
    let help = include_str!("../snapshots/main__command_line__help.snap");
    for (number, line) in help.lines().enumerate().filter(|(_, line)| line.starts_with("  ")) {
        let command = line.trim().split("   ").next().unwrap_or_default();
        mentioned(&format!("help:{}", number + 1), command, &mut found);
    }
    found
}

/// Placeholders as something that parses.
fn filled(words: &[String]) -> Vec<String> {
    let mut filled: Vec<String> = Vec::new();
    for word in words {
        let placeholder = word.chars().all(|char| char.is_ascii_uppercase());
        filled.push(match (placeholder, filled.last().map(String::as_str)) {
            (false, _) => word.clone(),
            (true, Some("--os")) => "debian-12".into(),
            (true, Some("--arch")) => "x86_64".into(),
            (true, _) if word == "N" => "1".into(),
            (true, _) if word == "COMMAND" => "run".into(),
            (true, _) => word.to_lowercase(),
        });
    }
    filled
}

#[test]
fn every_command_that_is_mentioned_is_one() {
    let scratch = Scratch::new();
    let commands: Vec<String> = listed(&scratch.fetch(&["--help"]).expect(0).out);
    let mentions = mentions();
    assert!(mentions.len() > 100, "{}", mentions.len());
    let mut known = std::collections::BTreeSet::new();
    for Mention { place, words } in mentions {
        let mut words = filled(&words);
        if !known.insert(words.clone()) {
            continue;
        }
        if words[0] == "cmc-fetch" {
            words.splice(0..1, ["cmc".to_owned(), "fetch".to_owned()]);
        }
        if words.get(1).is_some_and(|word| word == "fetch") {
            let command = words[2..].iter().find(|word| commands.contains(word));
            let only_options = words[2..].iter().all(|word| word.starts_with('-'));
            assert!(command.is_some() || only_options, "{place}: {words:?}: there is no such command");
        }
        // With `--help`, everything before it is parsed, and only what is missing is not missed.
        let ran = scratch.cmc(words[1..].iter().map(String::as_str).chain(["--help"]));
        assert!(ran.code == 0, "{place}: {}: {}", words.join(" "), ran.err);
    }
}

/// The names in the list of commands of a help text.
fn listed(help: &str) -> Vec<String> {
    let list =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = list.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn every_command_stands_in_the_book() {
    let scratch = Scratch::new();
    let book: String = book().iter().map(|page| read(page)).collect();
    for (program, help) in [
        ("cmc", scratch.cmc(["--help"]).expect(0).out),
        ("cmc-fetch", scratch.fetch(&["--help"]).expect(0).out),
    ] {
        for command in listed(&help).into_iter().filter(|command| command != "help") {
            let called = format!("{program} ");
            let told = book.lines().flat_map(|line| line.split(&called).skip(1)).any(|rest| {
                // The command stands first, or behind `-C DIR` or `--config FILE`.
                let words: Vec<&str> = rest.split([' ', '`', ',']).collect();
                let at = if words[0].starts_with('-') { 2 } else { 0 };
                words.get(at) == Some(&command.as_str())
            });
            assert!(told, "the book says nothing of `{program} {command}`");
        }
    }
}
