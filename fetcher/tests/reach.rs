//! Changes that could cut the host off from its store: of the resolver, interfaces, firewall or SSH server.

use crate::machine::{Machine, Made, name};
use cmc_fetch::Exit;
use cmc_types::check::Trigger;

fn resolver(text: &str) -> Made {
    Made::default().file("/etc/resolv.conf", text).action(Trigger::Changed, &[], "restart-resolver")
}

#[test]
fn a_change_after_which_the_store_is_out_of_reach_is_undone_and_quarantined() {
    let machine = Machine::new();
    machine.run(&[("net", &resolver("good"))]);
    let path = machine.at("/etc/resolv.conf");
    *machine.reachable.borrow_mut() = Box::new(move || std::fs::read_to_string(&path).unwrap() != "bad");
    let before = machine.tree();
    let ran = machine.run(&[("net", &resolver("bad"))]);
    assert_eq!(ran.exit, Exit::RolledBack, "{:?}", ran.events);
    assert!(ran.said("the store could not be reached after the change"), "{:?}", ran.events);
    assert_eq!(machine.tree(), before);
    assert_eq!(machine.state().services[&name("net")].quarantined.len(), 1);
    machine.log();
    assert_eq!(machine.run(&[("net", &resolver("bad"))]).exit, Exit::Done);
    assert!(machine.log().is_empty(), "a quarantined bundle is not tried again");
}

#[test]
fn a_store_that_is_out_of_reach_after_undoing_too_is_at_fault_itself_and_the_change_is_tried_again() {
    let machine = Machine::new();
    machine.run(&[("net", &resolver("old"))]);
    *machine.reachable.borrow_mut() = Box::new(|| false);
    let ran = machine.run(&[("net", &resolver("new"))]);
    assert_eq!((ran.exit, ran.converged), (Exit::RolledBack, false), "{:?}", ran.events);
    assert_eq!(machine.read("/etc/resolv.conf"), "old");
    assert!(machine.state().services[&name("net")].quarantined.is_empty());
    *machine.reachable.borrow_mut() = Box::new(|| true);
    assert_eq!(machine.run(&[("net", &resolver("new"))]).exit, Exit::Done);
    assert_eq!(machine.read("/etc/resolv.conf"), "new");
}

#[test]
fn a_network_that_takes_a_minute_to_come_back_counts_as_reachable_before_and_after_undoing() {
    for slow in ["new", "old"] {
        let machine = std::rc::Rc::new(Machine::new());
        machine.run(&[("net", &resolver("old"))]);
        let (asked, weak) = (std::cell::Cell::new(0), std::rc::Rc::downgrade(&machine));
        *machine.reachable.borrow_mut() = Box::new(move || {
            let now = weak.upgrade().unwrap().read("/etc/resolv.conf");
            if now != slow {
                return slow == "new";
            }
            asked.set(asked.get() + 1);
            asked.get() > 8
        });
        let ran = machine.run(&[("net", &resolver("new"))]);
        let expected = if slow == "new" { Exit::Done } else { Exit::RolledBack };
        assert_eq!(ran.exit, expected, "{slow}: {:?}", ran.events);
        let quarantined = machine.state().services[&name("net")].quarantined.len();
        assert_eq!(quarantined, usize::from(slow == "old"), "{slow}: {:?}", ran.events);
    }
}

#[test]
fn other_changes_do_not_ask_the_store_again() {
    let machine = Machine::new();
    *machine.reachable.borrow_mut() = Box::new(|| panic!("asked"));
    let made = Made::default().file("/etc/motd", "x").action(Trigger::Changed, &[], "restart");
    assert_eq!(machine.run(&[("base", &made)]).exit, Exit::Done);
}
