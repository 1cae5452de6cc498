//! `units`: parsing and printing unit files, and looking directives up.

use crate::failure::{Failure, ensure};
use crate::measure::{Contender, in_turns};
use crate::report::Section;
use cmc_types::systemd::{DIRECTIVES, Unit, directive};
use std::time::Instant;

const UNITS: usize = 10_000;

/// A unit of the size and shape of those that distributions have.
fn unit(number: usize) -> String {
    format!(
        "# SPDX-License-Identifier: LGPL-2.1-or-later\n#\n# Unit {number} of a bench.\n\n[Unit]\nDescription=Service number {number}\n\
         Documentation=man:service{number}(8)\nAfter=network-online.target remote-fs.target\nWants=network-online.target\n\n\
         [Service]\nType=notify\nUser=service{number}\nEnvironmentFile=-/etc/default/service{number}\n\
         ExecStart=/usr/local/bin/service{number} --config /etc/service{number}/config.yaml \\\n    --port 8080\n\
         ExecReload=/bin/kill -HUP $MAINPID\nRestart=on-failure\nRestartSec=5s\nLimitNOFILE=65536\nProtectSystem=strict\n\
         ProtectHome=yes\nPrivateTmp=yes\nNoNewPrivileges=yes\nReadWritePaths=/var/lib/service{number}\n\n\
         [Install]\nWantedBy=multi-user.target\n"
    )
}

pub(crate) fn run() -> Result<Section, Failure> {
    let mut section = Section::new(
        "units",
        "Parsing 10,000 unit files of some 25 lines into the model that keeps every byte, and printing them; on one \
         thread, from memory to memory. Against a bare loop that splits the same texts into lines, splits those at `=`, \
         and copies them. And looking every directive up in its table, against a search in a sorted list of the names.",
    );
    let units: Vec<String> = (0..UNITS).map(unit).collect();
    let bytes: usize = units.iter().map(String::len).sum();
    let cmc = || {
        let start = Instant::now();
        let mut printed = 0;
        for text in &units {
            let unit = Unit::parse(text).map_err(|error| Failure(error.to_string()))?;
            printed += unit.print().len();
        }
        let taken = start.elapsed();
        ensure(printed == bytes, || format!("{printed} bytes instead of {bytes}"))?;
        Ok(taken)
    };
    let bare = || {
        let start = Instant::now();
        let (mut printed, mut keys) = (0, 0);
        for text in &units {
            let mut out = String::with_capacity(text.len());
            for line in text.split_inclusive('\n') {
                keys += line.split_once('=').map_or(0, |(key, _)| key.len());
                out.push_str(line);
            }
            printed += std::hint::black_box(out).len();
        }
        let taken = start.elapsed();
        ensure(printed == bytes && keys > 0, || format!("{printed} bytes instead of {bytes}"))?;
        Ok(taken)
    };
    let series = in_turns(9, &mut [Contender::new("cmc", cmc), Contender::new("bare loop", bare)])?;
    section.compare("parse and print", &series[0], &series[1], "");
    let speed = bytes as f64 / 1e6 / series[0].spread().median;
    section.note(format!("{:.1} MB: {speed:.0} MB/s (aim: 100).", bytes as f64 / 1e6));

    let names: Vec<&str> = DIRECTIVES.iter().map(|row| row.key).collect();
    let look_up = || {
        let start = Instant::now();
        let mut found = 0;
        for row in &DIRECTIVES {
            found += row.sections.iter().filter(|section| directive(**section, row.key).is_some()).count();
        }
        let taken = start.elapsed();
        ensure(found >= DIRECTIVES.len(), || format!("{found} directives found"))?;
        Ok(taken)
    };
    let search = || {
        let start = Instant::now();
        let mut found = 0;
        for row in &DIRECTIVES {
            found += row.sections.iter().filter(|_| names.binary_search(&row.key).is_ok()).count();
        }
        let taken = start.elapsed();
        ensure(found >= DIRECTIVES.len(), || format!("{found} names found"))?;
        Ok(taken)
    };
    let series = in_turns(9, &mut [Contender::new("cmc", look_up), Contender::new("bare search", search)])?;
    section.compare("every directive looked up", &series[0], &series[1], "");
    Ok(section)
}
