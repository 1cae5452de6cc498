//! A configuration management tool of one's own: reads `HOST PORT` lines, describes a fleet, checks it, runs the real
//! validators and writes every host's files: `own-tool OUT < tills.txt`.

use cmc_compiler::{CompileOptions, Dummies, LoadOptions, compile};
use cmc_types::Arch;
use cmc_types::definition::{Daemon, Document, File, Fleet, Harden, Host, Service};
use cmc_types::plan::Content;
use std::{error::Error, fs, io, path::Path, process::exit, sync::Arc};

/// A till on every host, on the port that the list says.
fn fleet(list: &str) -> Result<Document, Box<dyn Error>> {
    let mut fleet = Document::new(Fleet::new("tills".parse()?));
    for (name, port) in list.lines().filter_map(|line| line.split_once(' ')) {
        let host = Host::new("debian-12".parse()?, Arch::X86_64).tag("till".parse()?);
        fleet = fleet.host(name.parse()?, host.var("port".parse()?, port.parse::<u16>()?));
    }
    let till = Daemon::new(["/usr/local/bin/till", "{{ vars.port }}"]).user("www-data".parse()?);
    let config = File::content("{\"name\": {{ host.name|json }}, \"port\": {{ vars.port }}}\n");
    let service = Service::on(["@till"]).daemon(till.harden(Harden::Strict));
    Ok(fleet.service("till".parse()?, service.file("/etc/till.json".parse()?, config)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).ok_or("usage: own-tool OUT < LIST")?;
    if argument == "__sandbox" {
        exit(cmc_validators::sandbox::child_main()); // the validators run in children of this program
    }
    let document = fleet(&io::read_to_string(io::stdin())?)?;
    let options = CompileOptions { load: LoadOptions::of(&document)?, ..CompileOptions::default() };
    let compiled = compile(Path::new("."), &options, Arc::new(Dummies));
    compiled.diagnostics.iter().for_each(|one| eprintln!("{}", one.line(&compiled.sources)));
    let Some(plan) = compiled.plan else { exit(3) };
    let settings = cmc_validators::Settings::new(std::env::current_exe()?, &|path| fs::read(path));
    let report = cmc_validators::validate(&plan, &settings)?;
    report.findings.iter().for_each(|one| eprintln!("{}: {}", one.item.path, one.item.message));
    for (host, file) in plan.hosts.iter().flat_map(|host| host.files().map(move |(_, file)| (host, file))) {
        let path = Path::new(&argument).join(host.host.as_str()).join(file.entry.path.relative());
        fs::create_dir_all(path.parent().ok_or("no parent")?)?;
        let Content::Bytes(bytes) = &file.content else { continue };
        fs::write(path, bytes)?;
    }
    if report.failed() { exit(3) } else { Ok(()) }
}
