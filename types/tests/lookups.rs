//! Looking up what is known takes no memory, however often it is done.

#![allow(clippy::unwrap_used)]

use allocation_counter::measure;
use cmc_types::login_conf::{self, System};
use cmc_types::systemd::{DIRECTIVES, UnitName, directive, is_known_unit, section};
use std::hint::black_box;

#[test]
fn looking_up_directives_sections_capabilities_and_units_allocates_nothing() {
    let units: Vec<UnitName> = ["nginx.service", "network-online.target", "nothing.socket"]
        .map(|name| UnitName::parse(name).unwrap())
        .into();
    // The first look at the list of units may index it.
    black_box(is_known_unit(&units[0]));
    let seen = measure(|| {
        for row in &DIRECTIVES {
            for known in row.sections {
                assert!(black_box(directive(*known, row.key)).is_some());
                assert!(black_box(section(known.name())).is_some());
            }
            black_box(section(row.key));
        }
        for name in ["openfiles-cur", "datasize", "charset", "no-such-capability"] {
            black_box(login_conf::find(name, System::OpenBsd));
            black_box(login_conf::find(name, System::FreeBsd));
        }
        units.iter().for_each(|unit| {
            black_box(is_known_unit(unit));
        });
    });
    assert_eq!(seen.count_total, 0, "{seen:?}");
    // The counter counts.
    assert_eq!(measure(|| drop(black_box(String::from("one")))).count_total, 1);
}
