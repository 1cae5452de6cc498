//! Crontabs, from the manual pages of three systems and what Debian's `crontab -n` says.

use super::*;
use cron::{Job, Says, Schedule};

fn table(dialect: Dialect, user_column: bool) -> Format {
    Format::Cron(Table { dialect, user_column })
}

const DEBIAN: Format = Format::Cron(Table { dialect: Dialect::Debian, user_column: true });
const USERS: Format = Format::Cron(Table { dialect: Dialect::Debian, user_column: false });

fn job(format: Format, line: &str) -> Job {
    let Format::Cron(table) = format else { panic!("{format:?}") };
    let (file, problems) = cron::parse(&format!("{line}\n"), table);
    assert!(problems.iter().all(|p| p.severity != Severity::Error), "{line}: {problems:?}");
    match file.entries().next().unwrap().1.line.clone() {
        Says::Job(job) => job,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_of_the_manual_is_read() {
    let manual = "\
# use /bin/sh to run commands, no matter what /etc/passwd says
SHELL=/bin/sh
# mail any output to `paul', no matter whose crontab this is
MAILTO=paul
#
# run five minutes after midnight, every day
5 0 * * *       $HOME/bin/daily.job >> $HOME/tmp/out 2>&1
# run at 2:15pm on the first of every month -- output mailed to paul
15 14 1 * *     $HOME/bin/monthly
23 0-23/2 * * * echo \"run 23 minutes after midn, 2am, 4am ..., everyday\"
5 4 * * sun     echo \"run at 5 after 4 every sunday\"
33 22 * * *     expr $(date +\\%s) / 60 / 60 / 24 \\% 9 > /dev/null || echo Wax the floor.
@weekly /usr/bin/x
NAME = 'a b'
";
    assert_eq!(said(USERS, manual), Vec::<String>::new());
    assert_eq!(reprint(USERS, manual), manual);
    assert_eq!(job(USERS, "5 4 * jan-mar/2 sun x").schedule.to_string(), "5 4 * 1-3/2 0");
    let system = job(DEBIAN, "@daily\troot\t/bin/x y");
    assert_eq!((system.user.as_deref(), system.command.as_str()), (Some("root"), "/bin/x y"));
}

#[test]
fn mistakes_of_schedules_are_named() {
    for (line, expected) in [
        ("60 * * * * x", "the minute cannot be read"),
        ("5/10 * * * * x", "the minute cannot be read"),
        ("*/0 * * * * x", "the minute cannot be read"),
        ("*/ * * * * x", "the minute cannot be read"),
        ("1,,2 * * * * x", "the minute cannot be read"),
        ("*5 * * * * x", "the minute cannot be read"),
        ("1-2-3 * * * * x", "the minute cannot be read"),
        ("~ * * * * x", "the minute cannot be read"),
        ("0 23-7 * * * x", "the hour cannot be read"),
        ("0 0 L * * x", "the day of the month cannot be read"),
        ("0 0 * january * x", "the month cannot be read"),
        ("0 0 * * 5#2 x", "the day of the week cannot be read"),
        ("0 0 * * fri-sun x", "the day of the week cannot be read"),
        ("*/70 * * * * x", "the step is longer than the range"),
        ("0 0 31 2,4 * x", "the job never runs"),
        ("@dayly x", "there is no such word for a schedule"),
        ("@DAILY x", "there is no such word for a schedule"),
        ("@every_minute x", "there is no such word for a schedule"),
        ("* * * * * * x", "a sixth field of time"),
        ("* * * *", "there are fewer than five fields of time"),
        ("run me daily", "the line is neither a variable nor a job"),
        ("* * * * *", "there is no command"),
        ("@daily", "there is no command"),
        ("* * * * * -n x", "the command begins with a `-`"),
        ("* * * * * root x", "the user is taken for the command"),
        ("* * * * * date +%F", "a bare `%` ends the command"),
        ("* * * * * x\r", "the line ends in a carriage return, as on Windows"),
        ("MAILTO=", "a variable has no value"),
        ("A=\"b", "the quote of a value is not closed"),
        ("A='b' c", "behind the quoted value stands something else"),
        ("=b", "a variable has no proper name"),
        ("PATH=$HOME/bin:/bin", "cron expands nothing in the value of a variable"),
    ] {
        assert_eq!(one(USERS, line), expected, "{line}");
    }
    let long = format!("* * * * * {}", "x".repeat(999));
    assert_eq!(one(USERS, &long), "the command is longer than cron reads");
    assert_eq!(said(USERS, "* * * * * x"), ["1:1-12: the last line does not end in a line feed"]);
    assert_eq!(said(USERS, "A=b\n# the end"), Vec::<String>::new());
}

#[test]
fn the_column_of_the_user_is_missed() {
    for (line, expected) in [
        ("*/5 * * * * /usr/bin/x", "the user is missing"),
        ("@daily [ -x /bin/x ] && /bin/x", "the user is missing"),
        ("*/5 * * * * curl http://x", "the program stands where the user should"),
        ("*/5 * * * * root", "there is no command behind the user"),
        ("*/5 * * * *", "there is neither user nor command"),
        ("0 */5 * * * * root x", "a sixth field of time"),
    ] {
        assert_eq!(one(DEBIAN, line), expected, "{line}");
    }
}

#[test]
fn the_dialects_differ_as_their_manuals_say() {
    let openbsd = table(Dialect::OpenBsd, true);
    let freebsd = table(Dialect::FreeBsd, true);
    let cronie = table(Dialect::Cronie, false);
    let busybox = table(Dialect::Busybox, false);
    let random = job(openbsd, "~ 1~5 * * * root -n -q -s /bin/x");
    assert_eq!(
        (random.flags.as_slice(), random.schedule.to_string().as_str()),
        (&['n', 'q', 's'][..], "~ 1~5 * * *")
    );
    assert_eq!(one(openbsd, "@every_minute root x"), "there is no such word for a schedule");
    assert_eq!(one(openbsd, "0 0 * * * root -v x"), "the command begins with a `-`");
    assert_eq!(job(freebsd, "@every_minute root -n x").flags, ['n']);
    assert_eq!(job(freebsd, "@90 root x").schedule, Schedule::Seconds(90));
    assert_eq!(job(freebsd, "5/10 * * * * www:www/daemon x").user.as_deref(), Some("www:www/daemon"));
    assert_eq!(one(freebsd, "~ * * * * root x"), "the minute cannot be read");
    assert_eq!(job(cronie, "-*/5 1~3 * * * x").command, "x");
    assert_eq!(one(cronie, "MAILTO="), "");
    assert_eq!(said(busybox, "0 22-6 * * * x"), Vec::<String>::new());
}
