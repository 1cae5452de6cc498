//! `cargo xtask dist --out DIR`: release builds. The fetcher is built alone, so that no feature of the publisher
//! leaks into it, static, stripped and small.

use crate::process::{cargo, output, run as execute, say, target_dir};
use std::path::PathBuf;
use std::process::Command;

/// The aim for the size of `cmc-fetch`, in bytes. Not reached yet: 4.8 MB.
const FETCH_LIMIT: u64 = 4_500_000;

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let [flag, out] = args else { return Err("usage: cargo xtask dist --out DIR".to_owned()) };
    if flag != "--out" {
        return Err("usage: cargo xtask dist --out DIR".to_owned());
    }
    let out = PathBuf::from(out);
    std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    execute(cargo().args(["build", "--locked", "--release", "--package", "cmc"]))?;
    let mut fetch = cargo();
    fetch.args(["build", "--locked", "--package", "cmc-fetch", "--profile", "host", "--target", &host]);
    // A static binary is linked for a named target only, so that build scripts stay dynamic.
    // Panics abort, so nothing unwinds; a static executable relocates itself, so it may use the compact form.
    let flags = "-C target-feature=+crt-static -C force-unwind-tables=no -C link-arg=-Wl,-z,pack-relative-relocs -C link-arg=-Wl,--icf=all";
    fetch.env("RUSTFLAGS", flags);
    execute(&mut fetch)?;
    let target = target_dir()?;
    for (from, name) in
        [(target.join("release/cmc"), "cmc"), (target.join(&host).join("host/cmc-fetch"), "cmc-fetch")]
    {
        let to = out.join(name);
        let size = std::fs::copy(&from, &to)
            .map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))?;
        say(&format!("{} {size} bytes", to.display()));
        if name == "cmc-fetch" && size > FETCH_LIMIT {
            say(&format!(
                "cmc-fetch is larger than its aim of {FETCH_LIMIT} bytes: see what its closure holds"
            ));
        }
    }
    Ok(())
}
