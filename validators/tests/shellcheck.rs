//! ShellCheck on scripts of init systems that are kept as they are; those that cmc printed are none of its business.

use crate::fleet::{check, file, host, plan, receipt, said, unavailable};
use crate::{Ended, Test};
use cmc_types::plan::{Format, PlannedFile};
use cmc_types::receipt::Verdict;

pub(crate) const TESTS: &[Test] = &[("shellcheck::foreign_scripts_alone_are_read", shellcheck)];

fn shellcheck() -> Ended {
    let script = |os: &str, path: &str, body: &str| {
        let file = file(path, &format!("{body}\n"));
        check(&plan(vec![host("web1", os, vec![file])]))
    };
    let functions = "rc_pre() {\n\tif [[ -d /x ]]; then\n\t\ttrue\n\tfi\n}\n";
    let openbsd = format!("#!/bin/ksh\n. /etc/rc.d/rc.subr\n{functions}rc_cmd $1");
    let depend = "#!/sbin/openrc-run\ncommand=/usr/bin/api\ndepend() {\n\tneed net\n}";
    let freebsd = |body: &str| format!("#!/bin/sh\n. /etc/rc.subr\nname=api\n{body}\nrun_rc_command \"$1\"");
    let good = [
        ("openbsd-7.6", "/etc/rc.d/api", openbsd.clone()),
        ("freebsd-14.1", "/usr/local/etc/rc.d/api", freebsd("pidfile=$dir/api.pid")),
        ("alpine-3.20", "/etc/init.d/api", depend.to_owned()),
    ];
    for (os, path, text) in good {
        let report = script(os, path, &text);
        if let Some(reason) = unavailable(&report, "shellcheck") {
            return Ended::Skipped(reason);
        }
        let receipt = receipt(&report, "shellcheck");
        assert_eq!(receipt.verdict, Verdict::Passed, "{report:#?}");
        assert!(!receipt.required && !receipt.version.is_empty(), "{receipt:#?}");
    }
    let bad = [
        (
            "freebsd-14.1",
            "/usr/local/etc/rc.d/api",
            freebsd("start_precmd() {\n\tname = api\n}"),
            "error /usr/local/etc/rc.d/api:5:7 Remove spaces around =",
        ),
        (
            "openbsd-7.6",
            "/etc/rc.d/api",
            openbsd.replace("/x ]]", "/x]]"),
            "error /etc/rc.d/api:4:15 You need a space before the ]]",
        ),
        (
            "alpine-3.20",
            "/etc/init.d/api",
            format!("{depend}\nstart_pre() {{\n\trm $@\n}}"),
            "error /etc/init.d/api:7:5 Double quote array expansions",
        ),
    ];
    for (os, path, text, expected) in bad {
        let report = script(os, path, &text);
        assert_eq!(receipt(&report, "shellcheck").verdict, Verdict::Failed, "{report:#?}");
        let said = said(&report);
        assert!(said.iter().any(|line| line.contains(expected)), "{expected:?} is not in {said:#?}");
    }
    let ours = PlannedFile { format: Format::Typed, ..file("/etc/rc.d/api", &openbsd) };
    let elsewhere = file("/usr/local/bin/api", "#!/bin/sh\nname = api\n");
    let report = check(&plan(vec![host("web1", "openbsd-7.6", vec![ours, elsewhere])]));
    assert!(report.receipts.iter().all(|receipt| receipt.item.validator != "shellcheck"), "{report:#?}");
    Ended::Passed
}
