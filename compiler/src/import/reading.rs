//! What imported files say, as data: the form that `cmc schema FORMAT` describes.

use super::{Kind, Original, small};
use crate::schema::formats;
use cmc_types::file_format::{FileFormat, format_of};
use cmc_types::{Os, UnixPath};
use serde_json::{Value, json};

/// Systems whose paths are tried, in this order.
const SYSTEMS: [&str; 4] = ["debian-12", "openbsd-7.6", "freebsd-14.1", "alpine-3.20"];

/// What a file says; nothing if others may not read it, or it is a unit, whose definition says the same.
pub(super) fn reading(original: &Original, asked: Option<Kind>) -> Option<Value> {
    if original.private {
        return None;
    }
    let by_content = || Kind::detect(&original.path, &original.text).and_then(format);
    let format = asked.and_then(format).or_else(|| by_path(&original.path)).or_else(by_content)?;
    let says = formats::reading(format, &original.text)?;
    Some(json!({ "file": original.name, "says": says }))
}

fn by_path(path: &str) -> Option<FileFormat> {
    if let Some((_, _, format)) = small::by_path(path) {
        return Some(FileFormat::Small(format));
    }
    let path = UnixPath::parse(path).ok()?;
    let mut systems = SYSTEMS.iter().filter_map(|os| Os::parse(os).ok());
    systems.find_map(|os| format_of(&path, &os)).map(|found| found.format)
}

/// The format of a kind; nothing if the path says it.
fn format(kind: Kind) -> Option<FileFormat> {
    Some(match kind {
        Kind::Systemd => FileFormat::Unit(None),
        Kind::OpenbsdRc => FileFormat::OpenbsdRc,
        Kind::FreebsdRc => FileFormat::FreebsdRc,
        Kind::Openrc => FileFormat::Openrc,
        Kind::LoginConf(system) => FileFormat::LoginConf(system),
        Kind::Env(dialect) => FileFormat::Env(dialect),
        Kind::Small(kind) => return by_path(&kind?.usual_path()),
    })
}
