//! `render`: definitions to files, against a bare template loop and against Pkl.

use crate::bare::{self, Bare};
use crate::failure::{Context as _, Failure, ensure};
use crate::fleet::{Fleet, Shape};
use crate::measure::{Contender, Series, Taken, in_turns};
use crate::pkl::Pkl;
use crate::report::Section;
use cmc_compiler::{CompileOptions, Dummies, compile};
use cmc_types::Severity;
use cmc_types::plan::{Content, Plan};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Digests by host and path.
type Digests = BTreeMap<(String, String), blake3::Hash>;

pub(crate) fn run() -> Result<Section, Failure> {
    let mut section = Section::new(
        "render",
        "From definitions on disk to rendered files on disk: load, check against the schema, resolve, render, encode \
         and plan as `cmc build` does without its validators, then write. Against a bare loop over minijinja, blake3 \
         and writes that has its values in memory and knows nothing else, on one thread, where cmc uses every processor; \
         each in a process of its own. What the processors did in all is told as well. Written to a disk, the files \
         cost more than all else. And against `pkl eval -m` of a typed module that makes the same files.",
    );
    let disk = std::env::temp_dir();
    let memory = Some(PathBuf::from("/dev/shm")).filter(|dir| dir.is_dir());
    let small = Bench::new(Shape { hosts: 100, services: 2 })?;
    let large = Bench::new(Shape { hosts: 1000, services: 4 })?;
    small.against_bare(&mut section, "disk", &disk, 9)?;
    match &memory {
        Some(memory) => {
            small.against_bare(&mut section, "memory", memory, 15)?;
            large.against_bare(&mut section, "memory", memory, 5)?;
        }
        None => large.against_bare(&mut section, "disk", &disk, 3)?,
    }
    match Pkl::find() {
        None => section.note("SKIPPED pkl: `CMC_BENCH_PKL` names no pkl"),
        Some(pkl) => {
            small.against_pkl(&mut section, memory.as_deref().unwrap_or(&disk), &pkl, 7)?;
            large.against_pkl(&mut section, memory.as_deref().unwrap_or(&disk), &pkl, 3)?;
        }
    }
    Ok(section)
}

/// A fleet on disk and what its files must be.
struct Bench {
    shape: Shape,
    fleet: Fleet,
    dir: tempfile::TempDir,
    wanted: Digests,
}

impl Bench {
    fn new(shape: Shape) -> Result<Self, Failure> {
        let fleet = Fleet::new(shape);
        let dir = tempfile::tempdir().context("a directory for the fleet")?;
        fleet.write(dir.path())?;
        let mut wanted = Digests::new();
        Bare::new(&fleet)?.render(|host, _, files| {
            wanted.extend(files.into_iter().map(|file| ((host.name.clone(), file.path), file.digest)));
            Ok(())
        })?;
        ensure(wanted.len() == shape.files(), || {
            format!("{} files instead of {}", wanted.len(), shape.files())
        })?;
        Ok(Self { shape, fleet, dir, wanted })
    }

    fn against_bare(
        &self,
        section: &mut Section,
        what: &str,
        out: &Path,
        turns: usize,
    ) -> Result<(), Failure> {
        let mut contenders =
            vec![Contender::new("cmc", || self.cmc(out)), Contender::new("bare loop", || self.bare(out))];
        let series = in_turns(turns, &mut contenders)?;
        let text = format!("{}, written to {what}", self.shape.text());
        section.compare(&text, &series[0], &series[1], "≤ 2");
        let processors = series.iter().map(Series::of_processors).collect::<Vec<_>>();
        section.compare(&format!("{text}: processor time"), &processors[0], &processors[1], "");
        Ok(())
    }

    fn against_pkl(&self, section: &mut Section, out: &Path, pkl: &Pkl, turns: usize) -> Result<(), Failure> {
        pkl.write(&self.fleet, self.dir.path())?;
        let mut contenders =
            vec![Contender::new("cmc", || self.cmc(out)), Contender::new(&pkl.name, || self.pkl(pkl, out))];
        let series = in_turns(turns, &mut contenders)?;
        section.compare(&self.shape.text(), &series[0], &series[1], "≤ 0.2");
        let processors = series.iter().map(Series::of_processors).collect::<Vec<_>>();
        section.compare(
            &format!("{}: processor time", self.shape.text()),
            &processors[0],
            &processors[1],
            "",
        );
        Ok(())
    }

    /// Times a process that writes files to a new directory in `out`, and looks at every file.
    fn timed(&self, out: &Path, work: impl FnOnce(&Path) -> Result<(), Failure>) -> Result<Taken, Failure> {
        let out = tempfile::tempdir_in(out).context("a directory for files")?;
        let (start, before) = (Instant::now(), of_children()?);
        work(out.path())?;
        let taken = Taken { wall: start.elapsed(), processor: Some(of_children()?.saturating_sub(before)) };
        for ((host, path), digest) in &self.wanted {
            let file = out.path().join(host).join(path.trim_start_matches('/'));
            let bytes = std::fs::read(&file).context(file.display())?;
            ensure(blake3::hash(&bytes) == *digest, || format!("{host}: {path} has the wrong content"))?;
        }
        Ok(taken)
    }

    fn cmc(&self, out: &Path) -> Result<Taken, Failure> {
        self.timed(out, |out| process(&["cmc".as_ref(), self.dir.path().as_ref(), out.as_ref()]))
    }

    fn bare(&self, out: &Path) -> Result<Taken, Failure> {
        let Shape { hosts, services } = self.shape;
        let (hosts, services) = (hosts.to_string(), services.to_string());
        self.timed(out, |out| process(&["bare".as_ref(), hosts.as_ref(), services.as_ref(), out.as_ref()]))
    }

    fn pkl(&self, pkl: &Pkl, out: &Path) -> Result<Taken, Failure> {
        self.timed(out, |out| pkl.render(self.dir.path(), out))
    }
}

/// The processor time, user and system, of all processes that were waited for.
fn of_children() -> Result<Duration, Failure> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("processor time")?;
    let micros = |time: TimeVal| u64::try_from(time.num_microseconds()).unwrap_or_default();
    Ok(Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time())))
}

/// Runs [`work`] in a process of its own, so that what is set up once per process counts.
fn process(arguments: &[&OsStr]) -> Result<(), Failure> {
    let program = std::env::current_exe().context("this program")?;
    let status = Command::new(program).arg("work").args(arguments).status().context("this program")?;
    ensure(status.success(), || format!("{arguments:?} failed"))
}

/// What a measured process does: `cmc DIR OUT` or `bare HOSTS SERVICES OUT`.
pub(crate) fn work(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [what, dir, out] if what == "cmc" => {
            let plan = plan(Path::new(dir))?;
            for host in &plan.hosts {
                for (_, file) in host.files() {
                    let Content::Bytes(bytes) = &file.content else { continue };
                    bare::write(Path::new(out), host.host.as_str(), file.entry.path.as_str(), bytes)?;
                }
            }
            Ok(())
        }
        [what, hosts, services, out] if what == "bare" => {
            let number = |text: &str| text.parse::<usize>().context(text);
            let shape = Shape { hosts: number(hosts)?, services: number(services)? };
            let mut digests = Digests::new();
            Bare::new(&Fleet::new(shape))?.render(|host, _, files| {
                for file in files {
                    bare::write(Path::new(out), &host.name, &file.path, file.text.as_bytes())?;
                    digests.insert((host.name.clone(), file.path), file.digest);
                }
                Ok(())
            })
        }
        _ => Err(Failure(format!("there is no work {arguments:?}"))),
    }
}

/// Compiles a fleet that has no errors. It has warnings: nothing but its own templates reads its `env`.
pub(crate) fn plan(dir: &Path) -> Result<Plan, Failure> {
    let compiled = compile(dir, &CompileOptions::default(), Arc::new(Dummies));
    let error = compiled.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    if let Some(error) = error {
        return Err(Failure(format!("the fleet has errors: {}", error.message)));
    }
    compiled.plan.ok_or_else(|| Failure::new("the fleet has no plan"))
}
