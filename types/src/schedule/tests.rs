//! Promises of schedules: one meaning, whichever cron or systemd reads it.

use super::Schedule;
use crate::small::cron::{Dialect, Entry, Job, Says, Table, parse};
use crate::small::{Entry as _, cron::Schedule as Cron};
use proptest::prelude::*;

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// As written, as printed, for systemd, for cron.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("02:30", "02:30", "*-*-* 02:30:00", "30 2 * * *"),
    ("2:5", "02:05", "*-*-* 02:05:00", "5 2 * * *"),
    ("*:0/15", "*:00/15", "*-*-* *:00/15:00", "*/15 * * * *"),
    ("*:5/20", "*:05/20", "*-*-* *:05/20:00", "5-59/20 * * * *"),
    ("*:*", "*:*", "*-*-* *:*:00", "* * * * *"),
    (
        "8..18/2:00,30",
        "08,10,12,14,16,18:00,30",
        "*-*-* 08,10,12,14,16,18:00,30:00",
        "0,30 8,10,12,14,16,18 * * *",
    ),
    ("Mon..Fri 08:00", "Mon..Fri 08:00", "Mon..Fri *-*-* 08:00:00", "0 8 * * 1-5"),
    ("sat,Sunday 10:00:00", "Sat,Sun 10:00", "Sat,Sun *-*-* 10:00:00", "0 10 * * 0,6"),
    ("Fri..Mon 10:00", "Mon,Fri..Sun 10:00", "Mon,Fri..Sun *-*-* 10:00:00", "0 10 * * 0,1,5,6"),
    ("*-1 04:00", "*-1 04:00", "*-*-01 04:00:00", "0 4 1 * *"),
    ("*-*-1,15 04:00", "*-1,15 04:00", "*-*-01,15 04:00:00", "0 4 1,15 * *"),
    ("12-24 18:00", "12-24 18:00", "*-12-24 18:00:00", "0 18 24 12 *"),
    ("*-*/2 00:00", "*-1/2 00:00", "*-*-01/2 00:00:00", "0 0 1-31/2 * *"),
    ("hourly", "*:00", "*-*-* *:00:00", "0 * * * *"),
    ("daily", "00:00", "*-*-* 00:00:00", "0 0 * * *"),
    ("weekly", "Mon 00:00", "Mon *-*-* 00:00:00", "0 0 * * 1"),
    ("monthly", "*-1 00:00", "*-*-01 00:00:00", "0 0 1 * *"),
    ("quarterly", "1/3-1 00:00", "*-01/3-01 00:00:00", "0 0 1 1-12/3 *"),
    ("yearly", "1-1 00:00", "*-01-01 00:00:00", "0 0 1 1 *"),
    // cron would take either of the two days: the weekday is a question to ask when it starts the job.
    ("Fri *-13 12:00", "Fri *-13 12:00", "Fri *-*-13 12:00:00", "0 12 13 * *"),
];

#[test]
fn a_schedule_is_what_systemd_and_cron_call_it() {
    for (text, printed, calendar, cron) in KNOWN {
        let schedule = schedule(text);
        assert_eq!(schedule.to_string(), *printed, "{text}");
        assert_eq!(schedule.on_calendar(), *calendar, "{text}");
        assert_eq!(schedule.cron().0.to_string(), *cron, "{text}");
        assert_eq!(super::Schedule::parse(printed).unwrap(), schedule, "{text}");
    }
    assert_eq!(schedule("Fri *-13 12:00").cron().1, [5]);
    assert!(schedule("Mon..Fri 08:00").cron().1.is_empty());
}

#[test]
fn what_no_schedule_is_is_refused_with_the_reason() {
    for (text, problem) in [
        ("", "the time is empty"),
        ("24:00", "the hour goes from 0 to 23"),
        ("30 2 * * *", "these are five fields of a crontab"),
        ("02:30 UTC", "a host goes by its own clock: no time zone can follow the time"),
        ("02:30:15", "cron knows no seconds"),
        ("2027-1-1 00:00", "cron knows no years"),
        ("2-30 00:00", "none of the months has such a day"),
        ("*:0/0", "the step of a minute is no number from 1"),
        ("18..8:00", "the hours 18..8 go backwards"),
        ("Mun 08:00", "a weekday is not one of Mon to Sun"),
        ("Mon", "there is no HOUR:MINUTE"),
        ("tomorrow", "there is no HOUR:MINUTE"),
        ("*:+5", "the minute goes from 0 to 59"),
        ("a b c 1:00", "a weekday is not one of Mon to Sun"),
        ("1:2:3:4", "the time is not HOUR:MINUTE"),
    ] {
        assert_eq!(Schedule::parse(text).map_err(|error| error.problem), Err(problem.to_owned()), "{text:?}");
    }
    for text in crate::hostile::strings() {
        let _ = Schedule::parse(&text);
    }
}

/// Whether five fields mean a minute, read as crontab(5) says.
fn cron_has(line: &str, (month, day): (u8, u8), weekday: u8, (hour, minute): (u8, u8)) -> bool {
    let fields: Vec<&str> = line.split(' ').collect();
    let has = |index: usize, low: u8, high: u8, number: u8| {
        fields[index].split(',').any(|item| {
            let (range, step) = item.split_once('/').unwrap_or((item, "1"));
            let (first, last) = match range.split_once('-') {
                Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap()),
                None if range == "*" => (low, high),
                None => (range.parse().unwrap(), range.parse().unwrap()),
            };
            (first..=last).contains(&number) && (number - first).is_multiple_of(step.parse().unwrap())
        })
    };
    let (days, weekdays) = (has(2, 1, 31, day), has(4, 0, 7, weekday % 7));
    let either = fields[2] != "*" && fields[4] != "*";
    let today = if either { days || weekdays } else { days && weekdays };
    has(0, 0, 59, minute) && has(1, 0, 23, hour) && has(3, 1, 12, month) && today
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let bits = |low: u8, high: u8| {
        let all = (low..=high).fold(0_u64, |set, number| set | 1 << number);
        let even = (low..=high, 2..20_u8).prop_map(move |(first, step)| {
            (first..=high).step_by(usize::from(step)).fold(0_u64, |set, number| set | 1 << number)
        });
        prop_oneof![
            Just(all),
            any::<u64>().prop_map(move |set| set & all).prop_filter("one at least", |set| *set != 0),
            even,
        ]
    };
    (bits(0, 6), bits(1, 12), bits(1, 28), bits(0, 23), bits(0, 59)).prop_map(
        |(weekdays, months, days, hours, minutes)| Schedule { weekdays, months, days, hours, minutes },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_means_the_same_to_us_and_to_every_cron(
        schedule in any_schedule(),
        times in proptest::collection::vec((1..=12_u8, 1..=31_u8, 1..=7_u8, 0..24_u8, 0..60_u8), 50),
    ) {
        prop_assert_eq!(Schedule::parse(&schedule.to_string()).unwrap(), schedule);
        let (fields, guard) = schedule.cron();
        let line = fields.to_string();
        for (month, day, weekday, hour, minute) in times {
            let (date, time) = ((month, day), (hour, minute));
            let runs = cron_has(&line, date, weekday, time) && (guard.is_empty() || guard.contains(&weekday));
            prop_assert_eq!(runs, schedule.has(date, weekday, time), "{} {:?}", line, (date, weekday, time));
        }
        for dialect in Dialect::ALL {
            let table = Table { dialect, user_column: true };
            let job = Job { schedule: fields.clone(), user: Some("root".into()), flags: vec![], command: "/x".into() };
            let entry = Entry { table, line: Says::Job(job) };
            let text = entry.print().unwrap() + "\n";
            let (file, problems) = parse(&text, table);
            prop_assert!(problems.is_empty(), "{:?} {}: {:?}", dialect, text, problems);
            prop_assert!(matches!(&file.lines()[0].entry, Some(read) if *read == entry));
        }
        prop_assert!(!Cron::never_comes(&fields));
    }
}

/// What systemd makes of calendar events: the normalized form of each.
fn normalized(events: &[String]) -> Option<Vec<String>> {
    let output = std::process::Command::new("systemd-analyze").arg("calendar").args(events).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let form = |line: &str| line.trim().strip_prefix("Normalized form: ").map(str::to_owned);
    // One that is normal already is not named again.
    let original = |line: &str| line.trim().strip_prefix("Original form: ").map(str::to_owned);
    let mut forms: Vec<String> = Vec::new();
    let mut last = None;
    for line in text.lines() {
        if let Some(form) = original(line) {
            last = Some(form);
        } else if let Some(form) = form(line) {
            forms.push(form);
            last = None;
        }
    }
    assert!(last.is_none());
    Some(forms)
}

#[test]
fn systemd_takes_what_we_print_for_what_was_written() {
    let written: Vec<String> = KNOWN.iter().map(|(text, ..)| (*text).to_owned()).collect();
    // What we take beyond systemd: weekdays over the end of a week, and steps of any.
    let ours_alone = |text: &String| text.starts_with("Fri..Mon") || text.contains("*/");
    let written: Vec<String> = written.into_iter().filter(|text| !ours_alone(text)).collect();
    let printed: Vec<String> = written.iter().map(|text| schedule(text).on_calendar()).collect();
    let Some(theirs) = normalized(&written) else {
        eprintln!("SKIPPED schedule: systemd-analyze is not installed");
        return;
    };
    let ours = normalized(&printed).unwrap();
    assert_eq!(theirs.len(), written.len());
    for ((text, theirs), ours) in written.iter().zip(theirs).zip(ours) {
        // Equal sets may be written in two ways: both are read again by us.
        let read = |form: &str| schedule(form.strip_suffix(":00").unwrap_or(form));
        assert_eq!(read(&theirs), schedule(text), "{text}: {theirs}");
        assert_eq!(read(&ours), schedule(text), "{text}: {ours}");
    }
}

#[test]
fn what_a_schedule_is_to_cron_is_that_schedule_again() {
    for text in [
        "02:30",
        "*:00/5",
        "Mon..Fri 08:00",
        "Sun 04:00",
        "Sat,Sun 03:10",
        "*-1 04:00",
        "1,7-1..7 00/2:15",
        "12-24 23:59",
        "*:*",
        "Tue *:07",
    ] {
        let schedule = Schedule::parse(text).unwrap();
        assert_eq!(Schedule::of_cron(&schedule.cron().0), Some(schedule), "{text}");
    }
}

#[test]
fn lines_of_crontabs_mean_schedules_where_one_says_the_same() {
    use crate::small::cron::{Dialect, Says, Table, parse};
    let of = |fields: &str| {
        let table = Table { dialect: Dialect::Debian, user_column: false };
        let (file, problems) = parse(&format!("{fields} x\n"), table);
        assert!(
            problems.iter().all(|problem| problem.severity != crate::Severity::Error),
            "{fields}: {problems:?}"
        );
        let Says::Job(job) = file.lines()[0].entry.clone().unwrap().line else { panic!("{fields}") };
        Schedule::of_cron(&job.schedule).map(|schedule| schedule.to_string())
    };
    for (fields, schedule) in [
        ("30 4 * * *", "04:30"),
        ("*/15 * * * *", "*:00/15"),
        ("5-55/10 * * * *", "*:05/10"),
        ("0 9-17 * * mon-fri", "Mon..Fri 09..17:00"),
        ("17 5 * * 7", "Sun 05:17"),
        ("17 5 * * 0,6", "Sat,Sun 05:17"),
        ("17 5 * * 5-7", "Fri..Sun 05:17"),
        ("0 0 1 jan *", "1-1 00:00"),
        ("@weekly", "Sun 00:00"),
        ("@midnight", "00:00"),
        ("@annually", "1-1 00:00"),
        ("@hourly", "*:00"),
    ] {
        assert_eq!(of(fields).as_deref(), Some(schedule), "{fields}");
    }
    // Either day suffices; at no time; when the machine starts.
    for fields in ["0 0 13 * fri", "0 0 */2 * fri", "@reboot"] {
        assert_eq!(of(fields), None, "{fields}");
    }
}
