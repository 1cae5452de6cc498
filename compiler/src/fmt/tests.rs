use super::format;
use std::path::Path;

fn laid_out(text: &str) -> String {
    let once = format(text).unwrap();
    assert_eq!(format(&once).unwrap(), once, "laying {text:?} out twice");
    once
}

#[test]
fn blanks_lines_and_commas_are_written_one_way() {
    let text = "\n\n[ fleet ]\nname='shop'   # Ours.\nlongest_name   =   1#x\n\n\n\ntags=[ 'a','b' , ]\nenv.X={type='port',value=1}\r\n[host.a]\nos=\"debian-12\"\n# Of b.\n[[ host . b ]]\nempty=[\n]\nnone={ }\nat=1979-05-27 07:32:00\nf=1.50\n\n";
    let want = "[fleet]\nname = 'shop'    # Ours.\nlongest_name = 1 #x\n\ntags = ['a', 'b']\nenv.X = { type = 'port', value = 1 }\n\n[host.a]\nos = \"debian-12\"\n\n# Of b.\n[[host.b]]\nempty = []\nnone = {}\nat = 1979-05-27 07:32:00\nf = 1.50\n";
    assert_eq!(laid_out(text), want);
}

#[test]
fn a_list_that_was_broken_stays_broken_and_a_long_one_is() {
    let text = "a=[\n1,2,\n\n\n # three\n3 # it\n, [4,\n5], {x=1}\n]\n";
    assert_eq!(laid_out(text), "a = [\n    1, 2,\n\n    # three\n    3, # it\n    [4, 5], { x = 1 },\n]\n");
    let item = "\"a word of some length\"";
    let text = format!("exec = [{}]\n", [item; 6].join(","));
    assert_eq!(laid_out(&text), format!("exec = [\n{}]\n", format!("    {item},\n").repeat(6)));
    let nested = "run = [\n[ # first\n\"a\"\n]]\n";
    assert_eq!(laid_out(nested), "run = [\n    [ # first\n        \"a\",\n    ],\n]\n");
}

#[test]
fn texts_of_several_lines_are_kept_as_they_are() {
    let text = "a=\"\"\"\n  x  \n[y]\n\"\"\"   # why\nb = '''\n#no'''\n";
    assert_eq!(laid_out(text), "a = \"\"\"\n  x  \n[y]\n\"\"\" # why\nb = '''\n#no'''\n");
}

#[test]
fn order_is_kept_where_dotted_keys_of_a_table_stand_apart() {
    let text = "a.x = 1\nb = 2\na.y = 3\n";
    assert_eq!(laid_out(text), text);
}

#[test]
fn what_is_no_toml_is_left_to_the_check() {
    for text in ["a = ", "a = 1\na = 2\n", "[a", "x = [1,,2]"] {
        assert_eq!(format(text), None, "{text:?}");
    }
}

#[test]
fn every_definition_of_the_repository_means_the_same_and_is_laid_out_once() {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for folder in ["examples", "tests/fixtures", "compiler/tests"] {
        toml_files(&root.join(folder), &mut files);
    }
    assert!(files.len() > 100, "{}", files.len());
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let Ok(before) = text.parse::<toml::Table>() else { continue };
        let after = laid_out(&text);
        assert_eq!(after.parse::<toml::Table>().unwrap(), before, "{}", file.display());
        let comments = |text: &str| text.matches('#').count();
        assert_eq!(comments(&after), comments(&text), "{}", file.display());
    }
}

fn toml_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            toml_files(&path, files);
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
}

mod properties {
    use super::format;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            Just("1".to_owned()),
            Just("-0.5e3".to_owned()),
            Just("true".to_owned()),
            Just("'l # x'".to_owned()),
            Just("\"b\\\"] \"".to_owned()),
            Just("\"\"\"\nm\n ] \"\"\"".to_owned()),
        ];
        scalar.prop_recursive(4, 24, 5, |inner| {
            let gap = prop_oneof![Just(""), Just(" "), Just("\n"), Just("\n\n # c\n"), Just(" # c\n")];
            let item = (gap.clone(), inner.clone(), gap).prop_map(|(a, v, b)| format!("{a}{v}{b}"));
            let list = (proptest::collection::vec(item, 0..5), any::<bool>()).prop_map(|(items, comma)| {
                let comma = if comma && !items.is_empty() { "," } else { "" };
                format!("[{}{comma}]", items.join(","))
            });
            let table = proptest::collection::vec(inner, 0..4).prop_map(|items| {
                let items: Vec<_> =
                    items.iter().enumerate().map(|(i, v)| format!("k{i} . 'q' ={v}")).collect();
                format!("{{ {} }}", items.join(" , "))
            });
            prop_oneof![list, table]
        })
    }

    proptest! {
        #[test]
        fn what_is_laid_out_means_the_same_and_stays_as_it_is(values in proptest::collection::vec(value(), 1..6)) {
            let text: String = values.iter().enumerate().map(|(i, v)| format!(" key{i}= {v}#c\n")).collect();
            prop_assume!(text.parse::<toml::Table>().is_ok());
            let once = format(&text).unwrap();
            prop_assert_eq!(once.parse::<toml::Table>().unwrap(), text.parse::<toml::Table>().unwrap());
            let comments = |text: &str| text.matches("#c").count() + text.matches("# c").count();
            prop_assert_eq!(comments(&once), comments(&text));
            prop_assert_eq!(format(&once).unwrap(), once);
        }
    }
}
