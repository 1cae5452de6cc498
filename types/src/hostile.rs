//! Strings that break encoders, for the tests of every format.

/// More than 10,000 strings: every ASCII character alone, before, within and behind a word; pairs of what shells,
/// systemd and getcap act upon; known injections; and some thousand random ones, always the same.
pub(crate) fn strings() -> Vec<String> {
    let mut all = vec![String::new()];
    let ascii: Vec<char> = (1..=127u8).map(char::from).collect();
    for c in
        ascii.iter().copied().chain(['\u{80}', '\u{85}', '\u{a0}', '\u{2028}', '\u{feff}', 'é', '日', '🦀'])
    {
        all.extend([format!("{c}"), format!("{c}ab"), format!("a{c}b"), format!("ab{c}"), format!("{c}{c}")]);
    }
    let special: Vec<char> = "'\"\\$`#;&|<>(){}[]*?~!^:=%@, \t\n".chars().collect();
    for first in &special {
        for second in &special {
            all.push(format!("{first}{second}"));
        }
    }
    all.extend(
        [
            "$(id)",
            "`id`",
            "${HOME}",
            "$HOME",
            "a;id",
            "a\nid",
            "a\n\nB=c",
            "'; id; '",
            "'\\''",
            "\\'",
            "\"\\\"\"",
            "x'\"y\"'z",
            "%h/%i",
            "%%",
            "$$",
            "\\n",
            "\\",
            "\\\\",
            "a\\\nb",
            "export A=b",
            "#c",
            "a #b",
            "a # b\\",
            " lead",
            "trail ",
            "\ttab\t",
            "~root",
            "a:~root",
            "*.log",
            "[a-z]",
            "a b  c",
            "-n",
            "--",
            "-e \\c",
            "\u{1b}[31m",
            "\r\n",
            "a\r",
            "=a",
            "a=b=c",
            ":tc=root:",
            "\\c",
            "^C",
            "\\072",
            "}\nid\n{",
            "EOF",
            "!x",
            "!!",
        ]
        .map(str::to_owned),
    );
    let alphabet: Vec<char> = "'\"\\$`#;&|<>(){}[]*?~!^:=%@, \t\nabAB01_-./+é日".chars().collect();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..9000 {
        let length = 1 + next(12);
        all.push((0..length).map(|_| alphabet[next(alphabet.len())]).collect());
    }
    all
}

/// A path that is one.
pub(crate) fn path(text: &str) -> crate::UnixPath {
    crate::UnixPath::parse(text).unwrap()
}

/// An account's name that is one.
pub(crate) fn account(text: &str) -> crate::name::AccountName {
    crate::name::AccountName::parse(text).unwrap()
}

/// What `sh -n` says of a script must be nothing.
pub(crate) fn passes_the_syntax_check(script: &str, test: &str) {
    let Some(mut sh) = program("sh", test) else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, script).unwrap();
    assert!(sh.arg("-n").arg(file.path()).status().unwrap().success());
}

/// Words printed by a program, each ended by NUL, are the arguments that it was to get.
pub(crate) fn arrived(arguments: &[String], printed: &[u8]) {
    let words: Vec<_> = printed.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    assert_eq!(words.len(), arguments.len() + 1);
    for (expected, found) in arguments.iter().zip(&words) {
        assert_eq!(expected, found);
    }
}

/// A program to compare with; without it the test is skipped by name.
pub(crate) fn program(name: &str, test: &str) -> Option<std::process::Command> {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()));
    if !found {
        cmc_testing::skip(test, &format!("{name} is not installed"));
        return None;
    }
    Some(std::process::Command::new(name))
}
