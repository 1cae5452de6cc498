//! What `docs/editors.md` sets up, with the program that the editors run.

use crate::support::{Scratch, has, skip};
use std::process::Command;

/// The settings file that the page shows.
fn settings() -> String {
    let page = std::fs::read_to_string("docs/editors.md").unwrap();
    let (_, rest) = page.split_once("```ini\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Runs `taplo lint` in a fleet that has the page's settings.
fn lint(scratch: &Scratch) -> Option<crate::support::Ran> {
    let known = std::env::var_os("CMC_TEST_TAPLO").or_else(|| has("taplo").then(|| "taplo".into()))?;
    Some(Command::new(known).arg("lint").current_dir(scratch.path("shop")).output().unwrap().into())
}

fn fleet() -> Scratch {
    let scratch = Scratch::new();
    scratch.copy_from_repository("examples/shop", "shop");
    scratch.write("shop/.taplo.toml", &settings());
    let schema = scratch.cmc(["schema"]).expect(0);
    scratch.write("shop/.cmc/definition.schema.json", &schema.out);
    scratch
}

#[test]
fn editors_take_a_whole_fleet_and_show_a_misspelt_key() {
    let scratch = fleet();
    let Some(good) = lint(&scratch) else {
        return skip("editors", "CMC_TEST_TAPLO names no taplo, and none is installed");
    };
    assert_eq!(good.code, 0, "{}", good.err);
    let definition = scratch.read("shop/services/api.toml");
    scratch.write(
        "shop/services/api.toml",
        &definition.replacen("[service.api.daemon]", "[service.api.deamon]", 1),
    );
    let bad = lint(&scratch).unwrap();
    assert_eq!(bad.code, 1);
    assert!(bad.err.contains("services/api.toml"), "{}", bad.err);
}
