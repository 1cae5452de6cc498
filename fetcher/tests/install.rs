//! Installing, updating, removing; what was there before; drift.

use crate::bench::{Bench, Made, name};
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
    let bench = Bench::new();
    let ran = bench.run(&[("api", &api("one"))]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!(bench.read("/etc/api/config.yaml"), "one");
    assert_eq!(bench.tree()["etc/api/config.yaml"], "file 640 one");
    assert_eq!(bench.tree()["etc/api/current"], "link one");
    assert_eq!(
        bench.log(),
        ["systemctl daemon-reload", "systemctl restart api.service", "systemctl enable --now api.service"]
    );
    let ran = bench.run(&[("api", &api("one"))]);
    assert_eq!((ran.exit, ran.converged, ran.events.len()), (Exit::Done, true, 0), "{:?}", ran.events);
    assert!(bench.log().is_empty());
}

#[test]
fn an_update_runs_only_what_its_changed_paths_call_for() {
    let bench = Bench::new();
    bench.run(&[("api", &api("one"))]);
    bench.log();
    assert_eq!(bench.run(&[("api", &api("two"))]).exit, Exit::Done);
    assert_eq!(bench.read("/etc/api/config.yaml"), "two");
    assert_eq!(bench.log(), ["systemctl restart api.service"]);
}

#[test]
fn removal_stops_deletes_and_leaves_the_tree_as_it_was_before() {
    let bench = Bench::new();
    bench.write("/etc/hosts", "127.0.0.1 localhost\n");
    let before = bench.tree();
    bench.run(&[("api", &api("one"))]);
    bench.log();
    let ran = bench.run(&[]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!(bench.log(), ["systemctl disable --now api.service", "systemctl daemon-reload"]);
    assert_eq!(bench.tree(), before);
    assert!(bench.state().services.is_empty());
}

#[test]
fn foreign_content_is_saved_and_comes_back_on_removal() {
    let bench = Bench::new();
    bench.write("/etc/api/config.yaml", "mine");
    bench.write("/etc/old", "also mine");
    let made = api("one").absent("/etc/old");
    let before = bench.tree();
    let ran = bench.run(&[("api", &made)]);
    assert!(ran.said("was there before; a copy is kept in"), "{:?}", ran.events);
    assert_eq!(bench.read("/etc/api/config.yaml"), "one");
    assert!(!bench.at("/etc/old").exists());
    bench.run(&[("api", &api("two").absent("/etc/old"))]);
    assert_eq!(bench.run(&[]).exit, Exit::Done);
    assert_eq!(bench.tree(), before);
}

#[test]
fn a_path_that_a_new_bundle_no_longer_has_goes_and_its_original_comes_back() {
    let bench = Bench::new();
    bench.write("/etc/extra", "mine");
    bench.run(&[("api", &api("one").file("/etc/extra", "ours").file("/etc/more/x", "ours"))]);
    bench.run(&[("api", &api("one"))]);
    assert_eq!(bench.read("/etc/extra"), "mine");
    assert!(!bench.at("/etc/more").exists());
}

#[test]
fn identical_files_are_adopted_without_change() {
    let bench = Bench::new();
    bench.write("/etc/a", "same");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(bench.at("/etc/a"), mode).unwrap();
    let made = Made::default().file("/etc/a", "same").action(Trigger::Changed, &[], "reload");
    let ran = bench.run(&[("a", &made)]);
    assert!(ran.said("adopted"), "{:?}", ran.events);
    assert!(bench.log().is_empty());
}

#[test]
fn an_edited_file_is_repaired_its_copy_named_and_its_actions_run() {
    let bench = Bench::new();
    bench.run(&[("api", &api("one"))]);
    bench.log();
    std::fs::write(bench.at("/etc/api/config.yaml"), "edited").unwrap();
    let ran = bench.run(&[("api", &api("one"))]);
    assert_eq!(bench.read("/etc/api/config.yaml"), "one");
    assert!(ran.said("was edited; a copy is kept in"), "{:?}", ran.events);
    assert_eq!(bench.log(), ["systemctl restart api.service"]);
    let saved = std::fs::read_dir(bench.at("/var/lib/cmc/originals")).unwrap();
    let saved: Vec<_> = saved.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(saved, ["edited"]);
}

#[test]
fn a_removed_service_leaves_an_edited_file_where_it_is() {
    let bench = Bench::new();
    bench.run(&[("api", &api("one"))]);
    std::fs::write(bench.at("/etc/api/config.yaml"), "edited").unwrap();
    let ran = bench.run(&[]);
    assert_eq!(bench.read("/etc/api/config.yaml"), "edited");
    assert!(ran.said("was edited and stays as it is"), "{:?}", ran.events);
    assert!(!bench.at("/etc/api/current").exists());
}

#[test]
fn managed_blocks_come_change_and_go_without_touching_the_rest() {
    let bench = Bench::new();
    bench.write("/etc/login.conf", "default:\n");
    let before = bench.tree();
    let one = Made::default().block("/etc/login.conf", "api", "api:\n").block("/etc/new.conf", "api", "x\n");
    bench.run(&[("api", &one)]);
    assert_eq!(bench.read("/etc/login.conf"), "default:\n# BEGIN cmc api\napi:\n# END cmc api\n");
    let two = Made::default().block("/etc/login.conf", "api", "API:\n").block("/etc/new.conf", "api", "x\n");
    bench.run(&[("api", &two)]);
    assert_eq!(bench.read("/etc/login.conf"), "default:\n# BEGIN cmc api\nAPI:\n# END cmc api\n");
    std::fs::write(bench.at("/etc/login.conf"), "default:\n# BEGIN cmc api\nhacked\n# END cmc api\n")
        .unwrap();
    let ran = bench.run(&[("api", &two)]);
    assert_eq!(bench.read("/etc/login.conf"), "default:\n# BEGIN cmc api\nAPI:\n# END cmc api\n");
    assert!(ran.said("was edited; a copy"), "{:?}", ran.events);
    bench.run(&[]);
    assert_eq!(bench.tree(), before);
}

#[test]
fn a_path_that_passes_between_services_is_never_deleted() {
    let bench = Bench::new();
    let a = Made::default().file("/etc/shared", "x").file("/etc/a", "a");
    let b = Made::default().file("/etc/b", "b");
    bench.run(&[("a", &a), ("b", &b)]);
    let a = Made::default().file("/etc/a", "a");
    let b = Made::default().file("/etc/b", "b").file("/etc/shared", "x").action(
        Trigger::Changed,
        &["/etc/shared"],
        "b",
    );
    let ran = bench.run(&[("a", &a), ("b", &b)]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!(bench.read("/etc/shared"), "x");
    let ran = bench.run(&[("b", &b)]);
    assert_eq!((ran.exit, bench.read("/etc/shared").as_str()), (Exit::Done, "x"));
}

#[test]
fn a_watched_path_of_another_service_triggers_whatever_the_order() {
    let bench = Bench::new();
    let tls = |text: &str| Made::default().file("/etc/tls/a.pem", text);
    let web =
        Made::default().file("/etc/web", "w").action(Trigger::Changed, &["/etc/tls/a.pem"], "reload web");
    bench.run(&[("web", &web), ("tls", &tls("1"))]);
    bench.log();
    let ran = bench.run(&[("web", &web), ("tls", &tls("2"))]);
    assert_eq!(bench.log(), ["reload web"], "{:?}", ran.events);
    bench.run(&[("tls", &tls("2")), ("web", &web)]);
    bench.run(&[("tls", &tls("3")), ("web", &web)]);
    assert_eq!(bench.log(), ["reload web"]);
    assert!(bench.run(&[("tls", &tls("3")), ("web", &web)]).converged);
    assert!(bench.log().is_empty());
}

#[test]
fn a_lost_state_adopts_identical_files_saves_differing_ones_and_deletes_nothing() {
    let bench = Bench::new();
    let one = api("one").file("/etc/gone", "x");
    bench.run(&[("api", &one)]);
    std::fs::remove_file(bench.at("/var/lib/cmc/state.json")).unwrap();
    let ran = bench.run(&[("api", &api("two"))]);
    assert_eq!(ran.exit, Exit::Done, "{:?}", ran.events);
    assert_eq!(bench.read("/etc/gone"), "x");
    assert_eq!(bench.read("/etc/api/config.yaml"), "two");
    assert!(ran.said("/etc/api/config.yaml: was there before; a copy"), "{:?}", ran.events);
}

#[test]
fn a_damaged_state_is_kept_aside_and_begins_anew() {
    let bench = Bench::new();
    bench.run(&[("api", &api("one"))]);
    std::fs::write(bench.at("/var/lib/cmc/state.json"), "{\"format\":").unwrap();
    let ran = bench.run(&[("api", &api("one"))]);
    assert!(ran.said("is damaged"), "{:?}", ran.events);
    assert_eq!(bench.condition("api"), Condition::Good);
    assert!(bench.at("/var/lib/cmc/state.json.damaged").exists());
}

#[test]
fn an_emptied_unit_of_a_service_is_stopped_before_it_goes() {
    let bench = Bench::new();
    let timer = "/etc/systemd/system/api.timer";
    let with = api("one").file(timer, "[Timer]").action(
        Trigger::Leaving,
        &[timer],
        "systemctl disable --now api.timer",
    );
    bench.run(&[("api", &with)]);
    bench.log();
    bench.run(&[("api", &api("one"))]);
    assert_eq!(bench.log()[0], "systemctl disable --now api.timer");
    assert!(!bench.at(timer).exists());
}

#[test]
fn a_service_that_cannot_be_stopped_holds_its_removal_up_twice() {
    let bench = Bench::new();
    bench.run(&[("api", &api("one"))]);
    bench.fail_commands("disable");
    for _ in 0..2 {
        assert_eq!(bench.run(&[]).exit, Exit::Failed);
        assert_eq!(bench.read("/etc/api/config.yaml"), "one");
    }
    assert_eq!(bench.run(&[]).exit, Exit::Done);
    assert!(!bench.at("/etc/api").exists());
    assert!(!bench.state().services.contains_key(&name("api")));
}

#[test]
fn a_reload_is_skipped_when_its_daemon_is_restarted_anyway() {
    let bench = Bench::new();
    let made = |unit: &str, conf: &str| {
        let mut made = Made::default()
            .file("/etc/unit", unit)
            .file("/etc/conf", conf)
            .action(Trigger::Changed, &["/etc/unit"], "restart")
            .action(Trigger::Changed, &["/etc/conf"], "reload");
        made.actions.last_mut().unwrap().unless = vec![crate::bench::path("/etc/unit")];
        made
    };
    bench.run(&[("a", &made("1", "1"))]);
    assert_eq!(bench.log(), ["restart"]);
    bench.run(&[("a", &made("1", "2"))]);
    assert_eq!(bench.log(), ["reload"]);
    bench.run(&[("a", &made("2", "3"))]);
    assert_eq!(bench.log(), ["restart"]);
}
