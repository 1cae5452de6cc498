//! Where the state lies, and what is believed: nothing that somebody else could have written.

use crate::world::World;
use cmc_fetch::Exit;
use cmc_fetch::config::Config;
use cmc_fetch::run;
use cmc_fetch::state::State;
use cmc_fetch::status;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn world() -> World {
    let world = World::new();
    world.publish_file("1\n");
    world
}

fn refused(world: &World) -> String {
    let run = world.with(Some(&world.store), &world.config(), run::run);
    run.unwrap_err().to_string()
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn the_state_is_never_where_a_link_leads_out_of_the_root() {
    for (link, outside) in [("var", "outside"), ("var/lib", "outside"), ("var/lib/cmc", "outside")] {
        let world = world();
        let outside = world.dir.path().join(outside);
        std::fs::create_dir_all(outside.join("lib/cmc")).unwrap();
        let link = world.root().join(link);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&outside, &link).unwrap();
        assert!(refused(&world).contains("leads nowhere"), "{}", link.display());
        assert!(status::read(&world.config(), &world.root(), 0).is_err());
        assert_eq!(std::fs::read_dir(outside.join("lib/cmc")).unwrap().count(), 0);
    }
}

#[test]
fn a_link_within_the_root_that_nobody_else_could_have_made_is_followed() {
    let world = world();
    std::fs::create_dir_all(world.root().join("srv/state")).unwrap();
    symlink("/srv/state", world.root().join("var")).unwrap();
    assert_eq!(world.run().exit, Exit::Done);
    assert!(world.root().join("srv/state/lib/cmc/state.json").exists());
    assert_eq!(State::find(&world.root()).unwrap(), world.root().join("srv/state/lib/cmc"));
    assert!(status::read(&world.config(), &world.root(), 0).unwrap().converged);
}

#[test]
fn a_state_directory_that_others_could_write_is_refused_and_one_they_could_read_is_closed() {
    for part in ["", "bundles", "installed", "originals", "reports"] {
        let world = world();
        assert_eq!(world.run().exit, Exit::Done);
        world.publish_file("2\n");
        let dir = State::dir(&world.root()).join(part);
        for open in [0o777, 0o720, 0o702] {
            mode(&dir, open);
            assert!(refused(&world).contains("can be written by others"), "{part} {open:o}");
        }
        assert_eq!(world.read("etc/motd"), "1\n");
        mode(&dir, 0o755);
        assert_eq!(world.run().exit, Exit::Done);
        assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    }
    let world = world();
    std::fs::create_dir_all(world.root().join("var/lib/cmc")).unwrap();
    symlink(world.dir.path(), world.root().join("var/lib/cmc/bundles")).unwrap();
    assert!(refused(&world).contains("is not a directory"));
}

#[test]
fn an_identity_that_others_may_read_and_a_configuration_that_they_may_write_are_refused() {
    let world = world();
    let identity = world.dir.path().join("identity");
    for open in [0o644, 0o602, 0o620] {
        mode(&identity, open);
        let outcome = world.run();
        assert_eq!(outcome.exit, Exit::Failed);
        assert!(outcome.errors[0].contains("others have access: chmod 0600"), "{outcome:?}");
    }
    assert!(!world.root().join("etc").exists());
    mode(&identity, 0o640);
    assert_eq!(world.run().exit, Exit::Done);
    let config = world.dir.path().join("fetch.toml");
    std::fs::write(&config, world.config_text()).unwrap();
    mode(&config, 0o646);
    assert!(Config::load(&config).unwrap_err().to_string().contains("chmod 0644"));
    mode(&config, 0o644);
    Config::load(&config).unwrap();
}

#[test]
fn what_cannot_be_read_or_is_a_newer_programs_is_not_thrown_away() {
    let world = world();
    assert_eq!(world.run().exit, Exit::Done);
    let dir = State::dir(&world.root());
    for file in ["state.json", "trust.json"] {
        let path = dir.join(file);
        let content = std::fs::read(&path).unwrap();
        // Reading a directory is an error of the system's, as a failing disk's is.
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(refused(&world).contains(file));
        assert!(path.is_dir(), "it was taken for damaged");
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, content).unwrap();
    }
    let path = dir.join("state.json");
    let text =
        std::fs::read_to_string(&path).unwrap().replacen("\"format\": 1", "\"format\": 2, \"new\": 0", 1);
    std::fs::write(&path, &text).unwrap();
    let error = refused(&world);
    assert!(error.contains("state.json has format 2: a newer cmc-fetch made it"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}
