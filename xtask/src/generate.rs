//! `cargo xtask generate [--check]`: writes the generated files of the tree, or says which are out of date. The work
//! is that of the drift tests themselves; `CMC_UPDATE=1` makes them write.

use crate::process::{cargo, run as execute};

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask generate [--check]".to_owned()),
    };
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--locked", "--quiet", "--test", "generated"]);
    if !check {
        tests.env("CMC_UPDATE", "1");
    }
    execute(&mut tests).map_err(|error| match check {
        true => format!("{error}\nrun `cargo xtask generate` and commit what it writes"),
        false => error,
    })
}
