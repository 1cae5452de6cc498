use super::*;
use crate::hostile;
use proptest::prelude::*;

#[test]
fn quoted_words_are_read_back() {
    for text in hostile::strings() {
        let quoted = quote(&text).unwrap();
        assert_eq!(split(&quoted), Ok(vec![text.clone()]), "{quoted}");
    }
}

#[test]
fn dash_reads_quoted_words_and_assignments() {
    let Some(mut dash) = hostile::program("dash", "shell quoting") else { return };
    let words = hostile::strings();
    let folder = tempfile::tempdir().unwrap();
    let mut script = String::new();
    let mut expected = Vec::new();
    for text in &words {
        script.push_str(&format!("printf '%s\\0' {}\n", quote(text).unwrap()));
        expected.push(text.clone());
        if let Ok(line) = assignment("value", text) {
            script.push_str(&format!("{line}\nprintf '%s\\0' \"$value\"\n"));
            expected.push(text.clone());
        }
    }
    let path = folder.path().join("script");
    std::fs::write(&path, script).unwrap();
    let output = dash.arg(&path).current_dir(folder.path()).output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read: Vec<_> =
        output.stdout.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word)).collect();
    for (expected, found) in expected.iter().zip(&read) {
        assert_eq!(expected, found);
    }
    assert_eq!(read.len(), expected.len() + 1);
}

#[test]
fn identifiers_come_from_service_names() {
    let of = |name: &str| Identifier::from_service(&crate::ServiceName::parse(name).unwrap()).to_string();
    assert_eq!(of("my-api.v2"), "my_api_v2");
    assert_eq!(of("7zip"), "_7zip");
}

#[test]
fn active_text_is_not_a_static_word() {
    for text in ["$x", "`x`", "$(x)", "\"$x\"", "a*", "~", "a;b", "a|b", "'x", "\"x", "x\\", "{a,b}"] {
        assert!(split(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn words_round_trip(words in prop::collection::vec("[^\\x00]*", 0..5)) {
        prop_assert_eq!(split(&join(&words).unwrap()), Ok(words));
    }

    #[test]
    fn conf_round_trip(values in prop::collection::vec("[ -~\\t]*", 0..4), comment in "[ -~]*") {
        let mut lines = vec![ConfLine::Comment(comment)];
        lines.extend(values.into_iter().map(|value| ConfLine::Assign { name: Identifier::parse("x_y").unwrap(), value }));
        lines.push(ConfLine::Export(crate::UnixPath::parse("/etc/cmc/env/x.env").unwrap()));
        let conf = Conf { lines };
        prop_assert_eq!(Conf::parse(&conf.print().unwrap()).unwrap(), conf);
    }

    #[test]
    fn parser_never_panics(text in any::<String>()) {
        let _ = parse(&text);
        let _ = Conf::parse(&text);
        let _ = split(&text);
    }
}
