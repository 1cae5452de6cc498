//! What code makes prints as it is read, or is refused; no hostile text becomes a line.

use super::*;
use crate::hostile;
use cron::{Field, Item, Job, Range, Says, Schedule};
use proptest::prelude::*;

/// An entry that carries the text, in every column that takes one.
fn carrying(text: &str) -> Vec<Result<String, crate::Refused>> {
    let owned = text.to_owned();
    let table = Table { dialect: Dialect::Debian, user_column: true };
    let daily = Schedule::Nickname(cron::Nickname::of("daily", Dialect::Debian).unwrap());
    let job = |user: &str, command: &str| {
        let job = Job {
            schedule: daily.clone(),
            user: Some(user.to_owned()),
            flags: Vec::new(),
            command: command.to_owned(),
        };
        printed(cron::Entry { table, line: Says::Job(job) }, |text| cron::parse(text, table))
    };
    let variable = |name: &str, value: &str| {
        let line = Says::Variable { name: name.to_owned(), value: value.to_owned() };
        printed(cron::Entry { table, line }, |text| cron::parse(text, table))
    };
    let tmp = |path: &str, user: &str, argument: Option<&str>| {
        let entry = tmpfiles::Entry {
            kind: tmpfiles::Kind::of('f').unwrap(),
            modifiers: vec![tmpfiles::Modifier::Boot],
            path: path.to_owned(),
            mode: Some(tmpfiles::Mode { bits: 0o640, masked: true, only_new: true }),
            user: Some(tmpfiles::Owner { name: user.to_owned(), only_new: true }),
            group: None,
            age: None,
            argument: argument.map(str::to_owned),
        };
        printed(entry, tmpfiles::parse)
    };
    let user = |name: &str, gecos: &str, home: &str| {
        let entry = sysusers::Entry::User {
            name: name.to_owned(),
            locked: false,
            id: None,
            group: Some(sysusers::Group::Name("web".to_owned())),
            gecos: Some(gecos.to_owned()),
            home: Some(home.to_owned()),
            shell: None,
        };
        printed(entry, sysusers::parse)
    };
    let setting = |key: &str, value: &str, dialect| {
        let entry = sysctl::Entry {
            dialect,
            ignore_failure: false,
            key: key.to_owned(),
            value: Some(value.to_owned()),
        };
        printed(entry, |text| sysctl::parse(text, dialect))
    };
    let host = |name: &str, comment: Option<&str>| {
        let entry = hosts::Entry {
            address: [10, 0, 0, 1].into(),
            zone: None,
            name: name.to_owned(),
            aliases: vec!["db".to_owned()],
            comment: comment.map(str::to_owned),
        };
        printed(entry, |text| hosts::parse(text, hosts::Zones::Read))
    };
    let module = modules::Entry { dialect: modules::Dialect::Systemd, name: owned.clone(), options: vec![] };
    let limit = limits::Entry {
        domain: limits::Domain::User(owned),
        limit: Some((limits::Type::Both, limits::Item::of("core").unwrap(), limits::Value::Unlimited)),
    };
    let path = format!("/srv/{text}");
    vec![
        job("root", text),
        job(text, "x"),
        variable("A", text),
        variable(text, "b"),
        tmp(&path, "root", None),
        tmp("/x", text, None),
        tmp("/x", "root", Some(text)),
        user("web", text, "/srv"),
        user(text, "x", "/srv"),
        user("web", "x", &path),
        setting("vm.x", text, sysctl::Dialect::Linux),
        setting("kern.x", text, sysctl::Dialect::Bsd),
        setting(text, "1", sysctl::Dialect::Linux),
        host(text, None),
        host("web", Some(text)),
        printed(module, |text| modules::parse(text, modules::Dialect::Systemd)),
        printed(limit, limits::parse),
    ]
}

/// Prints an entry between two others and reads all three back.
fn printed<E: Entry + Clone + PartialEq + std::fmt::Debug>(
    entry: E,
    parse: impl Fn(&str) -> (File<E>, Vec<Problem>),
) -> Result<String, crate::Refused> {
    let line = entry.print()?;
    let mut file = File::new();
    file.comment("before\nand after");
    file.push(entry.clone())?;
    file.push(entry.clone())?;
    let text = file.print();
    assert_eq!(text.lines().count(), 3, "{text:?}");
    let (again, problems) = parse(&text);
    assert!(problems.iter().all(|p| p.severity != Severity::Error), "{text:?}: {problems:?}");
    let entries: Vec<_> = again.entries().map(|(line, entry)| (line, entry.clone())).collect();
    assert_eq!(entries, [(2, entry.clone()), (3, entry)], "{text:?}");
    assert_eq!(again.print(), text);
    Ok(line)
}

#[test]
fn hostile_text_is_carried_as_it_is_or_refused() {
    let mut carried = [0_usize; 17];
    for text in hostile::strings() {
        for (count, result) in carried.iter_mut().zip(carrying(&text)) {
            *count += usize::from(result.is_ok());
        }
    }
    assert!(carried.iter().all(|count| *count > 10), "{carried:?}");
    assert!(carried[0] > 2000 && carried[2] > 2000 && carried[4] > 2000, "{carried:?}");
}

#[test]
fn refusals_name_the_format_and_no_value() {
    let messages: Vec<String> =
        carrying("s3cret\nx").into_iter().map(|result| result.unwrap_err().to_string()).collect();
    assert!(messages.iter().all(|message| !message.contains("s3cret") && message.contains("cannot carry")));
}

fn field(low: u8, high: u8) -> impl Strategy<Value = Field> {
    let one = low..=high;
    let range = prop_oneof![
        Just(Range::All),
        one.clone().prop_map(Range::One),
        (one.clone(), one).prop_map(|(a, b)| Range::Between(a.min(b), a.max(b))),
    ];
    let item = (range, prop::option::of(1_u16..60))
        .prop_map(|(range, step)| Item { range, step: step.filter(|_| !matches!(range, Range::One(_))) });
    prop::collection::vec(item, 1..4).prop_map(Field)
}

proptest! {
    #[test]
    fn schedules_print_as_they_are_read(
        fields in (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)),
        dialect in prop::sample::select(Dialect::ALL.to_vec()),
    ) {
        let table = Table { dialect, user_column: false };
        let schedule = Schedule::Fields([fields.0, fields.1, fields.2, fields.3, fields.4]);
        let job = Job { schedule, user: None, flags: Vec::new(), command: "x".to_owned() };
        let entry = cron::Entry { table, line: Says::Job(job) };
        prop_assert!(printed(entry, |text| cron::parse(text, table)).is_ok());
    }

    #[test]
    fn any_text_prints_as_it_was(text in "[\\PC\n\r\t\"'\\\\*#%=@-]{0,80}", index in any::<prop::sample::Index>()) {
        let formats = formats();
        let format = formats[index.index(formats.len())];
        prop_assert_eq!(reprint(format, &text), text.clone());
        for problem in check(format, &text) {
            prop_assert!(problem.line >= 1 && !problem.message().is_empty());
        }
    }

    #[test]
    fn what_is_read_from_columns_prints_the_same(
        line in "[fdLwuzcmrg@*0-9~:/! -]{1,6}( (-|/[a-z%\"]{1,4}|[0-9:~am]{1,5}|root|\"a b\")){0,7}",
    ) {
        let text = format!("{line}\n");
        for entry in tmpfiles::parse(&text).0.entries().map(|(_, entry)| entry.clone()) {
            if let Ok(line) = entry.print() {
                prop_assert_eq!(tmpfiles::parse(&line).0.entries().next().map(|(_, e)| e.clone()), Some(entry));
            }
        }
        for entry in sysusers::parse(&text).0.entries().map(|(_, entry)| entry.clone()) {
            let line = entry.print();
            prop_assert!(line.is_ok(), "{:?} of {:?}", line, text);
        }
    }
}
