//! Set-up, demo, tests, benches, distribution and generated files of cmc: `cargo xtask COMMAND`.
//!
//! Each command has a file. Nothing here is part of the product.

mod bench;
mod book;
mod demo;
mod deny;
mod dist;
mod generate;
mod packages;
mod process;
mod test;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo               show the main job in under a minute: no root, no cloud
  test [FILTER]      install what the tests need where allowed, run everything, list what was skipped
  dist --out DIR     build DIR/cmc and a static DIR/cmc-fetch for release
  bench [--write] [NAME…]
                     measure against bare loops and peers; --write keeps the figures in benches/RESULTS.md
  generate [--check] write (or compare) the generated files: schemas, page of codes
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let result = match command.as_str() {
        "demo" => demo::run(&rest),
        "test" => test::run(&rest),
        "bench" => bench::run(&rest),
        "dist" => dist::run(&rest),
        "generate" => generate::run(&rest),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            process::say(&message);
            ExitCode::from(if message == USAGE { 2 } else { 1 })
        }
    }
}
