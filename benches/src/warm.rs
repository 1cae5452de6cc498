//! `warm`: what people wait for at the terminal, through the real `cmc`.

use crate::failure::{Context as _, Failure, ensure};
use crate::fleet::{Fleet, Shape};
use crate::measure::{Contender, in_turns};
use crate::report::Section;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const MEDIUM: Shape = Shape { hosts: 100, services: 4 };
const LARGE: Shape = Shape { hosts: 1000, services: 4 };

pub(crate) fn run() -> Result<Section, Failure> {
    let mut section = Section::new(
        "warm",
        "The real `cmc`, a process each time, with files in the page cache. Starting is compared with starting a \
         program that does nothing; a second `cmc build` of unchanged definitions, and a check of the same, with the \
         first build, which runs the validators; the check of a fleet with one of ten times as many hosts.",
    );
    let Some(cmc) = std::env::var_os("CMC_BENCH_CMC").map(PathBuf::from) else {
        section.note("SKIPPED: `CMC_BENCH_CMC` names no cmc");
        return Ok(section);
    };
    let cmc = Cmc { program: cmc };
    let shop = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/shop"));
    let nothing = || run_timed(&mut Command::new("true"));

    let mut contenders = vec![
        Contender::new("cmc --help", || cmc.run(&["--help".as_ref()])),
        Contender::new("true", nothing),
        Contender::new("cmc check", || cmc.on(shop, "check")),
    ];
    let series = in_turns(20, &mut contenders)?;
    section.compare("start", &series[0], &series[1], "");
    section.compare("check of examples/shop", &series[2], &series[1], "");

    let dir = tempfile::tempdir().context("a directory for the fleets")?;
    let (medium, large) = (dir.path().join("medium"), dir.path().join("large"));
    Fleet::new(MEDIUM).write(&medium)?;
    Fleet::new(LARGE).write(&large)?;
    let built = medium.join(".cmc");
    let plan = built.join("build/plan.json");
    let mut contenders = vec![
        Contender::new("first cmc build", || {
            std::fs::remove_dir_all(&built)
                .or_else(|error| match error.kind() {
                    std::io::ErrorKind::NotFound => Ok(()),
                    _ => Err(error),
                })
                .context(built.display())?;
            cmc.on(&medium, "build")
        }),
        Contender::new("second cmc build", || cmc.on(&medium, "build")),
        Contender::new("cmc check", || cmc.on(&medium, "check")),
        Contender::new("cmc check of ten times as many", || cmc.on(&large, "check")),
    ];
    let series = in_turns(3, &mut contenders)?;
    section.compare(&format!("build of {} again", MEDIUM.text()), &series[1], &series[0], "");
    section.compare(&format!("check of {}", MEDIUM.text()), &series[2], &series[0], "");
    section.compare(&format!("check of {}", LARGE.text()), &series[3], &series[2], "≤ 10");
    let size =
        |path: &Path| std::fs::metadata(path).map(|meta| meta.len() as f64 / 1e6).context(path.display());
    section.note(format!(
        "{}: plan.json {:.1} MB, receipts.json {:.1} MB.",
        MEDIUM.text(),
        size(&plan)?,
        size(&plan.with_file_name("receipts.json"))?
    ));
    Ok(section)
}

/// The program.
struct Cmc {
    program: PathBuf,
}

impl Cmc {
    fn run(&self, arguments: &[&std::ffi::OsStr]) -> Result<Duration, Failure> {
        run_timed(Command::new(&self.program).args(arguments))
    }

    fn on(&self, fleet: &Path, command: &str) -> Result<Duration, Failure> {
        self.run(&["-C".as_ref(), fleet.as_ref(), command.as_ref()])
    }
}

/// Times a process that must succeed.
fn run_timed(command: &mut Command) -> Result<Duration, Failure> {
    let start = Instant::now();
    let output = command.output().context(command.get_program().display())?;
    let time = start.elapsed();
    ensure(output.status.success(), || String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(time)
}
