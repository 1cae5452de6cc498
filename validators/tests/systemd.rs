//! systemd's own verifier on units, timers, sockets and drop-ins.

use crate::fleet::{check, file, host, plan, receipt, said, unavailable};
use crate::programs::{Case, real};
use crate::{Ended, Test};
use cmc_types::plan::{Format, PlannedFile};
use cmc_types::receipt::Verdict;

pub(crate) const TESTS: &[Test] = &[
    ("systemd::good_units_pass_and_bad_ones_are_refused_at_their_lines", systemd),
    ("systemd::lines_that_it_passes_by_are_errors_in_what_typed_models_make", systemd_typed),
    ("systemd::lines_that_it_passes_by_are_warnings_in_files_and_what_it_refuses_an_error", systemd_files),
    ("systemd::advice_against_old_forms_is_a_warning", systemd_advice),
    ("systemd::checks_drop_ins_of_units_that_only_the_host_has", systemd_drop_in),
];

const UNIT: &str = "[Unit]\nDescription=API\nAfter=postgresql.service\n[Service]\nExecStart=/usr/local/bin/api --port 80\n\
                    User=api\n[Install]\nWantedBy=multi-user.target\n";

fn systemd() -> Ended {
    let unit = |name: &str, text: &str| file(&format!("/etc/systemd/system/{name}"), text);
    let timer = "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n";
    real(Case {
        validator: "systemd-analyze",
        good: vec![
            vec![unit("api.service", UNIT), unit("backup.timer", timer)],
            vec![unit("job@.service", "[Service]\nExecStart=/usr/bin/job-%i %i\n")],
            vec![unit("api.socket", "[Socket]\nListenStream=80\n[Install]\nWantedBy=sockets.target\n")],
        ],
        bad: vec![
            (
                vec![unit("api.service", "[Service]\nType=simple\n")],
                "error /etc/systemd/system/api.service Service has no ExecStart=",
            ),
            (
                vec![unit("api.service", "[Service]\nExecStart=/usr/bin/x %Z\n")],
                "error /etc/systemd/system/api.service:2 Failed to resolve unit specifiers",
            ),
            (
                vec![typed("/etc/systemd/system/backup.timer", "[Timer]\nOnCalendar=dayly\n")],
                "error /etc/systemd/system/backup.timer:2 Failed to parse calendar specification",
            ),
        ],
    })
}

fn typed(path: &str, text: &str) -> PlannedFile {
    PlannedFile { format: Format::Typed, ..file(path, text) }
}

fn systemd_typed() -> Ended {
    let unit = |extra: &str| vec![typed("/etc/systemd/system/api.service", &UNIT.replace("User=api", extra))];
    real(Case {
        validator: "systemd-analyze",
        good: vec![],
        bad: vec![
            (unit("Usr=api"), "error /etc/systemd/system/api.service:6 Unknown key"),
            (
                unit("LimitNOFILE=lots"),
                "error /etc/systemd/system/api.service:6 Failed to parse resource value",
            ),
        ],
    })
}

fn systemd_files() -> Ended {
    let unit = |extra: &str| vec![file("/etc/systemd/system/api.service", &UNIT.replace("User=api", extra))];
    for passed_by in ["Usr=api", "LimitNOFILE=lots", "PrivateTmp=maybe", "Environment=A=b c", "[Foo]"] {
        let report = check(&plan(vec![host("web1", "debian-12", unit(passed_by))]));
        if let Some(reason) = unavailable(&report, "systemd-analyze") {
            return Ended::Skipped(reason);
        }
        assert_eq!(receipt(&report, "systemd-analyze").verdict, Verdict::Passed, "{passed_by}: {report:#?}");
        let said = said(&report);
        assert!(
            said.len() == 1 && said[0].starts_with("warning /etc/systemd/system/api.service:6 "),
            "{passed_by}: {said:#?}"
        );
    }
    real(Case {
        validator: "systemd-analyze",
        good: vec![],
        bad: vec![
            (
                unit("WorkingDirectory=srv\nUsr=api"),
                "error /etc/systemd/system/api.service:6 WorkingDirectory= path is not absolute",
            ),
            (
                unit("Usr=api\nType=oneshot\nRestart=always"),
                "error /etc/systemd/system/api.service Service has Restart= set to either always",
            ),
            (unit("Usr=api\n[Foo"), "error /etc/systemd/system/api.service:7 Invalid section header"),
        ],
    })
}

fn systemd_advice() -> Ended {
    let files = vec![file("/etc/systemd/system/api.service", &UNIT.replace("User=api", "MemoryLimit=1G"))];
    let report = check(&plan(vec![host("web1", "debian-12", files)]));
    if let Some(reason) = unavailable(&report, "systemd-analyze") {
        return Ended::Skipped(reason);
    }
    assert_eq!(receipt(&report, "systemd-analyze").verdict, Verdict::Passed, "{report:#?}");
    let said = said(&report);
    assert!(
        said.len() == 1 && said[0].starts_with("warning /etc/systemd/system/api.service:6 "),
        "{said:#?}"
    );
    Ended::Passed
}

fn systemd_drop_in() -> Ended {
    let drop_in = |text: &str| vec![typed("/etc/systemd/system/nginx.service.d/50-cmc.conf", text)];
    real(Case {
        validator: "systemd-analyze",
        good: vec![drop_in("[Service]\nEnvironmentFile=/etc/cmc/env/nginx.env\n")],
        bad: vec![(
            drop_in("[Service]\nEnvironmentFil=/etc/cmc/env/nginx.env\n"),
            "error /etc/systemd/system/nginx.service.d/50-cmc.conf:2 Unknown key",
        )],
    })
}
