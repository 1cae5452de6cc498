//! `cargo xtask dist --out DIR`: release builds. The fetcher is built alone, so that no feature of the publisher
//! leaks into it, static, stripped and small; one that is too large is a failure.

use crate::process::{cargo, output, root, run as execute, say, target_dir};
use std::path::PathBuf;
use std::process::Command;

/// `cmc-fetch` has fewer bytes than this.
const FETCH_LIMIT: u64 = 4_500_000;

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let [flag, out] = args else { return Err("usage: cargo xtask dist --out DIR".to_owned()) };
    if flag != "--out" {
        return Err("usage: cargo xtask dist --out DIR".to_owned());
    }
    let out = PathBuf::from(out);
    std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    execute(cargo().args(["build", "--locked", "--release", "--package", "cmc"]))?;
    let fetch = build_for_hosts("cmc-fetch", "cmc-fetch")?;
    for (from, name) in [(target_dir()?.join("release/cmc"), "cmc"), (fetch, "cmc-fetch")] {
        let to = out.join(name);
        let size = std::fs::copy(&from, &to)
            .map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))?;
        say(&format!("{} {size} bytes", to.display()));
        if name == "cmc-fetch" && size >= FETCH_LIMIT {
            return Err(format!("cmc-fetch must have fewer than {FETCH_LIMIT} bytes"));
        }
    }
    Ok(())
}

/// Builds a program of hosts alone, static and small, and returns its path. Panics abort, so unwind tables are neither
/// made nor linked; a static executable relocates itself, so it may use the compact form; functions of the same code
/// are one.
pub(crate) fn build_for_hosts(package: &str, program: &str) -> Result<PathBuf, String> {
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let mut command = cargo();
    command.args(["rustc", "--locked", "--package", package, "--bin", program, "--profile", "host"]);
    // A static binary is linked for a named target only, so that build scripts stay dynamic.
    command.args(["--target", &host, "--"]);
    let script = root().join("fetcher/no-unwind.ld").display().to_string();
    let link = ["-Wl,-z,pack-relative-relocs", "-Wl,--icf=all", "-Wl,--no-eh-frame-hdr", "-T", &script];
    command.args(link.iter().flat_map(|arg| ["-C".to_owned(), format!("link-arg={arg}")]));
    command.env("RUSTFLAGS", "-C target-feature=+crt-static -C force-unwind-tables=no");
    execute(&mut command)?;
    Ok(target_dir()?.join(host).join("host").join(program))
}
