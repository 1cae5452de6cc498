//! `cargo xtask bench`: builds what is measured for release, installs the peers where allowed, runs the benches.

use crate::dist;
use crate::process::{cargo, run as execute, target_dir};
use crate::tools;
use std::process::Command;

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    // Together, so that both share one build of every dependency.
    execute(cargo().args([
        "build",
        "--locked",
        "--release",
        "--package",
        "cmc",
        "--package",
        "cmc-benches",
    ]))?;
    let release = target_dir()?.join("release");
    let mut bench = Command::new(release.join("cmc-bench"));
    bench.args(args).env("CMC_BENCH_CMC", release.join("cmc"));
    let all = args.iter().all(|argument| argument == "--write");
    if all || args.iter().any(|argument| argument == "quiet-fetch") {
        bench.env("CMC_BENCH_FETCH", dist::build_for_hosts("cmc-fetch", "cmc-fetch")?);
        bench.env("CMC_BENCH_GET", dist::build_for_hosts("cmc-bench-programs", "conditional-get")?);
        bench.env("CMC_BENCH_PEAK", dist::build_for_hosts("cmc-bench-programs", "peak-memory")?);
    }
    if let Some(pkl) = tools::pkl().filter(|_| all || args.iter().any(|argument| argument == "render")) {
        bench.env("CMC_BENCH_PKL", pkl);
    }
    execute(&mut bench)
}
