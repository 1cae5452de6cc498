//! `cargo xtask demo`: the main job on an embedded directory store, then the build of the larger example.

use crate::process::{cargo, root, run as execute, say, target_dir};
use std::process::Command;

pub(crate) fn run(_: &[String]) -> Result<(), String> {
    execute(cargo().args(["build", "--locked", "--quiet", "--package", "cmc", "--package", "cmc-fetch"]))?;
    let cmc = target_dir()?.join("debug/cmc");
    execute(Command::new(&cmc).arg("try"))?;
    say(
        "\nThe larger example, examples/shop: nginx with TLS, an api and a worker on Debian, an OpenBSD gateway, an Alpine host.",
    );
    execute(Command::new(&cmc).arg("-C").arg(root().join("examples/shop")).arg("build"))?;
    say("\nNext: read README.md's tour, or begin with your own fleet:");
    say(&format!("  {} init my-fleet && {} -C my-fleet build", cmc.display(), cmc.display()));
    Ok(())
}
