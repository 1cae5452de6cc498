//! What imported files say, as data: the form that `cmc schema FORMAT` describes.

use super::{Kind, Original};
use crate::schema::formats;
use cmc_types::file_format::{FileFormat, format_of_copy};
use serde_json::{Value, json};

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
    format_of_copy(path).map(|(_, _, format)| format)
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
        Kind::Daemon | Kind::Job => return None,
    })
}
