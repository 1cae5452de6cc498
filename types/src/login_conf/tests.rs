use super::*;
use crate::definition::LoginCapability;
use crate::hostile;
use proptest::prelude::*;

fn record(values: impl IntoIterator<Item = String>) -> Record {
    let settings =
        values.into_iter().enumerate().map(|(index, value)| (format!("x-{index}"), Setting::Value(value)));
    Record { name: "api".into(), settings: settings.collect(), base: vec!["daemon".into()] }
}

#[test]
fn hostile_values_are_read_back_and_start_no_capability_of_their_own() {
    let all = record(hostile::strings());
    let text = all.print(System::OpenBsd).unwrap();
    assert_eq!(parse(&text).unwrap(), std::slice::from_ref(&all));
    for line in text.lines().skip(1) {
        let inside = line.strip_prefix("\t:").unwrap();
        let inside = inside.strip_suffix(":\\").or_else(|| inside.strip_suffix(':')).unwrap();
        assert!(!inside.contains(':'), "{line}");
    }
    assert_eq!(text.lines().count(), all.settings.len() + 2);
}

#[test]
fn a_record_looks_as_the_manual_has_it() {
    let settings = vec![
        ("openfiles-cur".to_owned(), Setting::Value("4096".into())),
        ("hushlogin".to_owned(), Setting::Present),
        ("ignorenologin".to_owned(), Setting::Removed),
        ("setenv".to_owned(), Setting::Value("A=b:c".into())),
    ];
    let record = Record { name: "api".into(), settings, base: vec!["daemon".into()] };
    assert_eq!(
        record.print(System::OpenBsd).unwrap(),
        "api:\\\n\t:openfiles-cur=4096:\\\n\t:hushlogin:\\\n\t:ignorenologin@:\\\n\t:setenv=A=b\\cc:\\\n\t:tc=daemon:\n"
    );
}

#[test]
fn the_first_occurrence_wins_and_nothing_follows_tc() {
    let records = parse("a:x-v=1:x-v=2:tc=b:\n# comment\n\nb:\\\n\t:x-w=^A\\072\\E:\n").unwrap();
    assert_eq!(records[0].get("x-v"), Some(&Setting::Value("1".into())));
    assert_eq!(records[1].get("x-w"), Some(&Setting::Value("\u{1}:\u{1b}".into())));
    assert!(parse("a:tc=b:x-v=1:\n").is_err());
}

#[test]
fn values_are_checked_by_kind() {
    let check = |name: &str, value: LoginCapability, system| {
        check(find(name, system).unwrap(), &value, system).map_err(|bad| bad.problem)
    };
    let text = |text: &str| LoginCapability::Text(text.into());
    let value = |text: &str| Ok(Setting::Value(text.into()));
    let open = System::OpenBsd;
    assert_eq!(check("openfiles-cur", LoginCapability::Integer(4096), open), value("4096"));
    assert_eq!(check("datasize", text("2x4k"), open), value("2x4k"));
    assert_eq!(check("datasize-max", text("infinity"), open), value("infinity"));
    assert_eq!(check("umask", text("27"), open), value("027"));
    assert_eq!(check("hushlogin", LoginCapability::Bool(true), open), Ok(Setting::Present));
    assert_eq!(check("openfiles", LoginCapability::Bool(false), open), Ok(Setting::Removed));
    assert_eq!(
        check("setenv", LoginCapability::List(vec!["A=b,c".into(), "D=e".into()]), open),
        value("A=b\\,c,D=e")
    );
    assert_eq!(
        check("path", LoginCapability::List(vec!["/a b".into(), "~/bin".into()]), open),
        value("/a\\ b ~/bin")
    );
    for (name, bad) in [
        ("openfiles", text("many")),
        ("openfiles", LoginCapability::Integer(-1)),
        ("datasize", text("1p")),
        ("cputime", text("30")),
        ("cputime", LoginCapability::Integer(30)),
        ("umask", LoginCapability::Integer(27)),
        ("umask", text("999")),
        ("hushlogin", text("yes")),
        ("shell", text("ksh")),
        ("datasize", text("unlimited")),
    ] {
        assert!(check(name, bad.clone(), open).is_err(), "{name} {bad:?}");
    }
    assert!(check("datasize", text("unlimited"), System::FreeBsd).is_ok());
    assert!(check("setenv", LoginCapability::List(vec!["A=b,c".into()]), System::FreeBsd).is_err());
    assert!(find("sbsize", open).is_none() && find("sbsize", System::FreeBsd).is_some());
    assert!(
        find("auth-su", open).is_some()
            && find("hushlogin-cur", open).is_none()
            && find("x-mine", open).is_some()
    );
}

#[test]
fn the_table_names_each_capability_once() {
    let mut names: Vec<_> = CAPABILITIES.iter().map(|capability| capability.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CAPABILITIES.len());
}

proptest! {
    #[test]
    fn round_trip(values in prop::collection::vec("[^\\x00]*", 0..6)) {
        let record = record(values);
        prop_assert_eq!(parse(&record.print(System::FreeBsd).unwrap()).unwrap(), [record]);
    }

    #[test]
    fn parser_never_panics(text in any::<String>()) {
        let _ = (parse(&text), each(&text), misplaced(&text, "api"));
    }
}
