//! `cmc host add`.

use super::{defined, enrolment, id_of};
use crate::exit::{Failure, io};
use crate::keys::KeyArgs;
use crate::terminal::{Terminal, called};
use crate::{durable, fleet, lock, trust};
use cmc_bundles::Channel;
use cmc_bundles::keys::Recipient;
use cmc_bundles::sshsig::PublicKey;
use cmc_types::{Arch, HostName, Os, TagName};
use std::path::Path;

/// Add a host: write hosts/NAME.toml with its identifier, and print the line that enrols it
///
/// Recipient and reporter are what `cmc-fetch enroll` printed on the host. Without a recipient the host is built, but not
/// published to; without a reporter its reports are not believed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  cmc host add web1 --os debian-12 --arch x86_64 --tag web --recipient age1…"
)]
pub(crate) struct Args {
    /// Name of the host
    name: HostName,
    /// Operating system, such as debian-12, openbsd-7.6, freebsd-14, alpine-3.20
    #[arg(long)]
    os: Os,
    /// Architecture, such as x86_64 or aarch64
    #[arg(long, value_parser = arch)]
    arch: Arch,
    /// Name or address that other hosts reach it by
    #[arg(long, value_parser = super::address)]
    address: Option<String>,
    /// A tag; may be given more than once
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<TagName>,
    /// Public key that its manifest is encrypted to: age1… or an SSH host key
    #[arg(long, value_name = "KEY")]
    recipient: Option<String>,
    /// Public key that signs its reports
    #[arg(long, value_name = "KEY")]
    reporter: Option<String>,
    /// The channel that it follows
    #[arg(long, default_value = "main")]
    channel: Channel,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    with: fleet::With,
}

fn arch(text: &str) -> Result<Arch, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "expected x86_64, aarch64, armv7l, i686, riscv64, ppc64le or s390x".to_owned())
}

/// Writes the definition and prints the enrolment line.
pub(crate) fn run(args: &Args, directory: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let (fleet, host) = defined(&args.name, directory, &args.with, terminal)?;
    if host.is_some() {
        return Err(Failure::failed(format!("the fleet has a host {} already", args.name)).help(format!(
            "`cmc host show {}` prints what enrols it; its recipient is changed in its definition",
            args.name
        )));
    }
    if let Some(recipient) = &args.recipient {
        Recipient::parse(recipient)
            .map_err(|error| Failure::new(crate::exit::USAGE, format!("--recipient: {error}")))?;
    }
    if let Some(reporter) = &args.reporter {
        PublicKey::parse(reporter)
            .map_err(|error| Failure::new(crate::exit::USAGE, format!("--reporter: {error}")))?;
    }
    let _lock = lock::take(directory, "host add", terminal)?;
    let id = id_of(&args.name, directory, &args.keys)?;
    let line = enrolment(
        args.name.as_str(),
        &id,
        &args.channel,
        directory,
        fleet.store.as_ref(),
        &trust::load(directory)?,
    )?;
    let dir = directory.join("hosts");
    std::fs::create_dir_all(&dir).map_err(|error| io("create", &dir, &error))?;
    let path = dir.join(format!("{}.toml", args.name));
    durable::create(&path, text(args, &id).as_bytes(), 0o644)?;
    let name = &args.name;
    terminal.say(&format!("wrote {}", called(&path)));
    if args.recipient.is_none() {
        terminal.say(&format!(
            "{name} is built but not published to until its definition has a `recipient`: `cmc-fetch enroll` on {name} prints it"
        ));
    }
    terminal.say(&format!("on {name}: cmc-fetch enroll 'LINE', with this line:"));
    terminal.out(&format!("{line}\n"))
}

fn text(args: &Args, id: &str) -> String {
    let tags: Vec<&str> = args.tags.iter().map(TagName::as_str).collect();
    definition(
        args.name.as_str(),
        &[
            ("os", Some(args.os.to_string())),
            ("arch", Some(args.arch.to_string())),
            ("address", args.address.clone()),
            ("id", Some(id.to_owned())),
            ("recipient", args.recipient.clone()),
            ("reporter", args.reporter.clone()),
        ],
        &tags,
    )
}

/// The text of a host's definition.
fn definition(name: &str, values: &[(&str, Option<String>)], tags: &[&str]) -> String {
    // JSON's strings are TOML's basic strings, once a name is a plain key or quoted.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let header = if name.contains('.') { quoted(name) } else { name.to_owned() };
    let mut text = format!("[host.{header}]\n");
    for (key, value) in values {
        if let Some(value) = value {
            text.push_str(&format!("{key} = {}\n", quoted(value)));
        }
    }
    if !tags.is_empty() {
        let tags: Vec<_> = tags.iter().map(|tag| quoted(tag)).collect();
        text.push_str(&format!("tags = [{}]\n", tags.join(", ")));
    }
    text
}
