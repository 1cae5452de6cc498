//! What imported files say, as data: the form that `cmc schema FORMAT` describes.

use super::{Kind, Original, kind};
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
    let path = UnixPath::parse(&original.path).ok()?;
    let by_path = || {
        let mut systems = SYSTEMS.iter().filter_map(|os| Os::parse(os).ok());
        systems.find_map(|os| format_of(&path, &os)).map(|found| found.format)
    };
    let by_content = || kind::Kind::detect(&original.path, &original.text).map(format);
    let format = asked.map(format).or_else(by_path).or_else(by_content)?;
    let says = formats::reading(format, &original.text)?;
    Some(json!({ "file": original.name, "says": says }))
}

fn format(kind: Kind) -> FileFormat {
    match kind {
        Kind::Systemd => FileFormat::Unit(None),
        Kind::OpenbsdRc => FileFormat::OpenbsdRc,
        Kind::FreebsdRc => FileFormat::FreebsdRc,
        Kind::Openrc => FileFormat::Openrc,
        Kind::LoginConf(system) => FileFormat::LoginConf(system),
        Kind::Env(dialect) => FileFormat::Env(dialect),
    }
}
