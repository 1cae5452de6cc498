//! Installing, updating, removing; what was there before; drift.

use crate::machine::{Machine, Made, name};
use cmc_fetch::Exit;
use cmc_fetch::state::Condition;
use cmc_types::check::Trigger;

fn api(version: &str) -> Made {
    Made::default()
        .file("/etc/systemd/system/api.service", "[Unit]")
        .file("/etc/api/config.yaml", version)
        .link("/etc/api/current", version)
        .daemon("/etc/systemd/system/api.service")
}

#[test]
fn a_first_install_writes_files_and_starts_and_a_second_run_does_nothing() {
    let machine = Machine::new();
    let ran = machine.run(&[("api", &api("one"))]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!(machine.read("/etc/api/config.yaml"), "one");
    assert_eq!(machine.tree()["etc/api/config.yaml"], "file 640 one");
    assert_eq!(machine.tree()["etc/api/current"], "link one");
    assert_eq!(
        machine.log(),
        ["systemctl daemon-reload", "systemctl restart api.service", "systemctl enable --now api.service"]
    );
    let ran = machine.run(&[("api", &api("one"))]);
    assert_eq!((ran.exit, ran.converged, ran.events.len()), (Exit::Done, true, 0), "{:?}", ran.events);
    assert!(machine.log().is_empty());
}

#[test]
fn an_update_runs_only_what_its_changed_paths_call_for() {
    let machine = Machine::new();
    machine.run(&[("api", &api("one"))]);
    machine.log();
    assert_eq!(machine.run(&[("api", &api("two"))]).exit, Exit::Done);
    assert_eq!(machine.read("/etc/api/config.yaml"), "two");
    assert_eq!(machine.log(), ["systemctl restart api.service"]);
}

#[test]
fn removal_stops_deletes_and_leaves_the_tree_as_it_was_before() {
    let machine = Machine::new();
    machine.write("/etc/hosts", "127.0.0.1 localhost\n");
    let before = machine.tree();
    machine.run(&[("api", &api("one"))]);
    machine.log();
    let ran = machine.run(&[]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!(machine.log(), ["systemctl disable --now api.service", "systemctl daemon-reload"]);
    assert_eq!(machine.tree(), before);
    assert!(machine.state().services.is_empty());
}

#[test]
fn foreign_content_is_saved_and_comes_back_on_removal() {
    let machine = Machine::new();
    machine.write("/etc/api/config.yaml", "mine");
    machine.write("/etc/old", "also mine");
    let made = api("one").absent("/etc/old");
    let before = machine.tree();
    let ran = machine.run(&[("api", &made)]);
    assert!(ran.said("was there before; a copy is kept in"), "{:?}", ran.events);
    assert_eq!(machine.read("/etc/api/config.yaml"), "one");
    assert!(!machine.at("/etc/old").exists());
    machine.run(&[("api", &api("two").absent("/etc/old"))]);
    assert_eq!(machine.run(&[]).exit, Exit::Done);
    assert_eq!(machine.tree(), before);
}

#[test]
fn a_path_that_a_new_bundle_no_longer_has_goes_and_its_original_comes_back() {
    let machine = Machine::new();
    machine.write("/etc/extra", "mine");
    machine.run(&[("api", &api("one").file("/etc/extra", "ours").file("/etc/more/x", "ours"))]);
    machine.run(&[("api", &api("one"))]);
    assert_eq!(machine.read("/etc/extra"), "mine");
    assert!(!machine.at("/etc/more").exists());
}

#[test]
fn identical_files_are_adopted_without_change() {
    let machine = Machine::new();
    machine.write("/etc/a", "same");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(machine.at("/etc/a"), mode).unwrap();
    let made = Made::default().file("/etc/a", "same").action(Trigger::Changed, &[], "reload");
    let ran = machine.run(&[("a", &made)]);
    assert!(ran.said("adopted"), "{:?}", ran.events);
    assert!(machine.log().is_empty());
}

#[test]
fn an_edited_file_is_repaired_its_copy_named_and_its_actions_run() {
    let machine = Machine::new();
    machine.run(&[("api", &api("one"))]);
    machine.log();
    std::fs::write(machine.at("/etc/api/config.yaml"), "edited").unwrap();
    let ran = machine.run(&[("api", &api("one"))]);
    assert_eq!(machine.read("/etc/api/config.yaml"), "one");
    assert!(ran.said("was edited; a copy is kept in"), "{:?}", ran.events);
    assert_eq!(machine.log(), ["systemctl restart api.service"]);
    let saved = std::fs::read_dir(machine.at("/var/lib/cmc/originals")).unwrap();
    let saved: Vec<_> = saved.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(saved, ["edited"]);
}

#[test]
fn a_removed_service_leaves_an_edited_file_where_it_is() {
    let machine = Machine::new();
    machine.run(&[("api", &api("one"))]);
    std::fs::write(machine.at("/etc/api/config.yaml"), "edited").unwrap();
    let ran = machine.run(&[]);
    assert_eq!(machine.read("/etc/api/config.yaml"), "edited");
    assert!(ran.said("was edited and stays as it is"), "{:?}", ran.events);
    assert!(!machine.at("/etc/api/current").exists());
}

#[test]
fn managed_blocks_come_change_and_go_without_touching_the_rest() {
    let machine = Machine::new();
    machine.write("/etc/login.conf", "default:\n");
    let before = machine.tree();
    let one = Made::default().block("/etc/login.conf", "api", "api:\n").block("/etc/new.conf", "api", "x\n");
    machine.run(&[("api", &one)]);
    assert_eq!(machine.read("/etc/login.conf"), "default:\n# BEGIN cmc api\napi:\n# END cmc api\n");
    let two = Made::default().block("/etc/login.conf", "api", "API:\n").block("/etc/new.conf", "api", "x\n");
    machine.run(&[("api", &two)]);
    assert_eq!(machine.read("/etc/login.conf"), "default:\n# BEGIN cmc api\nAPI:\n# END cmc api\n");
    std::fs::write(machine.at("/etc/login.conf"), "default:\n# BEGIN cmc api\nhacked\n# END cmc api\n")
        .unwrap();
    let ran = machine.run(&[("api", &two)]);
    assert_eq!(machine.read("/etc/login.conf"), "default:\n# BEGIN cmc api\nAPI:\n# END cmc api\n");
    assert!(ran.said("was edited; a copy"), "{:?}", ran.events);
    machine.run(&[]);
    assert_eq!(machine.tree(), before);
}

#[test]
fn a_block_that_holds_a_secret_enters_no_file_that_everybody_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    machine.write("/etc/hosts", "a\n");
    let chmod =
        |mode| std::fs::set_permissions(machine.at("/etc/hosts"), std::fs::Permissions::from_mode(mode));
    chmod(0o644).unwrap();
    let made = || Made::default().block("/etc/hosts", "api", "secret\n").mode(0o600);
    let ran = machine.run(&[("api", &made())]);
    assert!(ran.said("/etc/hosts is readable by everybody"), "{:?}", ran.events);
    assert_eq!(machine.read("/etc/hosts"), "a\n");
    chmod(0o640).unwrap();
    machine.run(&[("api", &made().block("/etc/new", "api", "secret\n").mode(0o600))]);
    assert_eq!(machine.read("/etc/hosts"), "a\n# BEGIN cmc api\nsecret\n# END cmc api\n");
    let mode = |at: &str| std::fs::metadata(machine.at(at)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("/etc/hosts"), mode("/etc/new")), (0o640, 0o600));
}

#[test]
fn a_path_that_passes_between_services_is_never_deleted() {
    let machine = Machine::new();
    let a = Made::default().file("/etc/shared", "x").file("/etc/a", "a");
    let b = Made::default().file("/etc/b", "b");
    machine.run(&[("a", &a), ("b", &b)]);
    let a = Made::default().file("/etc/a", "a");
    let b = Made::default().file("/etc/b", "b").file("/etc/shared", "x").action(
        Trigger::Changed,
        &["/etc/shared"],
        "b",
    );
    let ran = machine.run(&[("a", &a), ("b", &b)]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!(machine.read("/etc/shared"), "x");
    let ran = machine.run(&[("b", &b)]);
    assert_eq!((ran.exit, machine.read("/etc/shared").as_str()), (Exit::Done, "x"));
}

#[test]
fn a_watched_path_of_another_service_triggers_whatever_the_order() {
    let machine = Machine::new();
    let tls = |text: &str| Made::default().file("/etc/tls/a.pem", text);
    let web =
        Made::default().file("/etc/web", "w").action(Trigger::Changed, &["/etc/tls/a.pem"], "reload web");
    machine.run(&[("web", &web), ("tls", &tls("1"))]);
    machine.log();
    let ran = machine.run(&[("web", &web), ("tls", &tls("2"))]);
    assert_eq!(machine.log(), ["reload web"], "{:?}", ran.events);
    machine.run(&[("tls", &tls("2")), ("web", &web)]);
    machine.run(&[("tls", &tls("3")), ("web", &web)]);
    assert_eq!(machine.log(), ["reload web"]);
    assert!(machine.run(&[("tls", &tls("3")), ("web", &web)]).converged);
    assert!(machine.log().is_empty());
}

#[test]
fn a_lost_state_adopts_identical_files_saves_differing_ones_and_deletes_nothing() {
    let machine = Machine::new();
    let one = api("one").file("/etc/gone", "x");
    machine.run(&[("api", &one)]);
    std::fs::remove_file(machine.at("/var/lib/cmc/state.json")).unwrap();
    let ran = machine.run(&[("api", &api("two"))]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!(machine.read("/etc/gone"), "x");
    assert_eq!(machine.read("/etc/api/config.yaml"), "two");
    assert!(ran.said("/etc/api/config.yaml: was there before; a copy"), "{:?}", ran.events);
}

#[test]
fn a_damaged_state_is_kept_aside_and_begins_anew() {
    let machine = Machine::new();
    machine.run(&[("api", &api("one"))]);
    std::fs::write(machine.at("/var/lib/cmc/state.json"), "{\"format\":").unwrap();
    let ran = machine.run(&[("api", &api("one"))]);
    assert!(ran.said("is damaged"), "{:?}", ran.events);
    assert_eq!(machine.condition("api"), Condition::Good);
    assert!(machine.at("/var/lib/cmc/state.json.damaged").exists());
}

#[test]
fn an_emptied_unit_of_a_service_is_stopped_before_it_goes() {
    let machine = Machine::new();
    let timer = "/etc/systemd/system/api.timer";
    let with = api("one").file(timer, "[Timer]").action(
        Trigger::Leaving,
        &[timer],
        "systemctl disable --now api.timer",
    );
    machine.run(&[("api", &with)]);
    machine.log();
    machine.run(&[("api", &api("one"))]);
    assert_eq!(machine.log()[0], "systemctl disable --now api.timer");
    assert!(!machine.at(timer).exists());
}

#[test]
fn a_service_that_cannot_be_stopped_holds_its_removal_up_twice() {
    let machine = Machine::new();
    machine.run(&[("api", &api("one"))]);
    machine.fail_commands("disable");
    for _ in 0..2 {
        assert_eq!(machine.run(&[]).exit, Exit::Failed);
        assert_eq!(machine.read("/etc/api/config.yaml"), "one");
    }
    assert_eq!(machine.run(&[]).exit, Exit::Done);
    assert!(!machine.at("/etc/api").exists());
    assert!(!machine.state().services.contains_key(&name("api")));
}

#[test]
fn a_reload_is_skipped_when_its_daemon_is_restarted_anyway() {
    let machine = Machine::new();
    let made = |unit: &str, conf: &str| {
        let mut made = Made::default()
            .file("/etc/unit", unit)
            .file("/etc/conf", conf)
            .action(Trigger::Changed, &["/etc/unit"], "restart")
            .action(Trigger::Changed, &["/etc/conf"], "reload");
        made.actions.last_mut().unwrap().unless = vec![crate::machine::path("/etc/unit")];
        made
    };
    machine.run(&[("a", &made("1", "1"))]);
    assert_eq!(machine.log(), ["restart"]);
    machine.run(&[("a", &made("1", "2"))]);
    assert_eq!(machine.log(), ["reload"]);
    machine.run(&[("a", &made("2", "3"))]);
    assert_eq!(machine.log(), ["restart"]);
}
