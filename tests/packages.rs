//! The configuration of a hundred Debian packages, adopted and rendered: every byte comes back, none is lost, and nothing is
//! called an error but what is one.
//!
//! `CMC_TEST_PACKAGES` names a directory with an unpacked root for each package, which `cargo xtask test` downloads.

use crate::support::{Scratch, skip, tree};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Defects that packages of Debian 12 really have, by path: what is said of each.
const DEFECTS: &[(&str, &str)] = &[
    // systemd-tmpfiles reads names that end in .conf alone; the package meant it to be read.
    ("/usr/lib/tmpfiles.d/nut-common.tmpfiles", "file-not-read"),
];

/// What adopting a package showed.
#[derive(Default)]
struct Seen {
    units: usize,
    units_identical: usize,
    files: usize,
    typed: BTreeMap<String, usize>,
    verbatim: usize,
    secrets: usize,
    wrong: Vec<String>,
    defects: Vec<(String, String)>,
}

#[test]
fn a_hundred_packages_come_back_byte_for_byte_without_false_alarm() {
    let test = "a_hundred_packages_come_back_byte_for_byte_without_false_alarm";
    let Some(roots) = std::env::var_os("CMC_TEST_PACKAGES") else {
        return skip(test, "CMC_TEST_PACKAGES names no directory of unpacked packages");
    };
    let mut packages: Vec<_> =
        std::fs::read_dir(&roots).unwrap().map(|entry| entry.unwrap().path()).collect();
    packages.sort();
    assert_eq!(packages.len(), 100, "not all packages are at hand");
    let scratch = Scratch::new();
    let mut seen = Seen::default();
    for root in &packages {
        package(&scratch, root, &mut seen);
    }
    println!(
        "{} units, {} identical; {} files, {} verbatim, {} secrets; typed: {:?}",
        seen.units, seen.units_identical, seen.files, seen.verbatim, seen.secrets, seen.typed
    );
    assert!(seen.wrong.is_empty(), "{:#?}", seen.wrong);
    // Point releases of Debian move the number by a few: 264 when it was first counted.
    assert!(seen.units >= 250, "{} units", seen.units);
    assert!(seen.units_identical * 100 >= seen.units * 99, "{} of {}", seen.units_identical, seen.units);
    let known: Vec<_> = DEFECTS.iter().map(|(path, code)| ((*path).to_owned(), (*code).to_owned())).collect();
    let unknown: Vec<_> = seen.defects.iter().filter(|defect| !known.contains(defect)).collect();
    assert!(unknown.is_empty(), "errors that are no known defect: {unknown:#?}");
}

/// Adopts a package, renders the fleet, and compares all that comes out with all that was there.
fn package(scratch: &Scratch, root: &Path, seen: &mut Seen) {
    let name = root.file_name().unwrap().to_str().unwrap();
    let (fleet, out) = (format!("fleets/{name}"), format!("out/{name}"));
    let root_text = root.to_str().unwrap();
    let args =
        ["adopt", root_text, "--out", &fleet, "--os", "debian-12", "--host", "deb", "--format", "json"];
    let ran = scratch.cmc(args);
    if ran.err.contains("holds no configuration") {
        return;
    }
    let document = ran.json();
    let files = document["files"].as_array().unwrap();
    for file in files {
        let path = file["path"].as_str().unwrap();
        let identical = file["differs"].as_array().unwrap().is_empty();
        seen.files += 1;
        if !identical {
            seen.wrong.push(format!("{name}: {path} differs in {}", file["differs"]));
        }
        if file["format"] == "systemd unit" {
            seen.units += 1;
            seen.units_identical += usize::from(identical);
        }
        match file["became"].as_str().unwrap() {
            "typed" => *seen.typed.entry(file["format"].as_str().unwrap().to_owned()).or_default() += 1,
            "verbatim" => seen.verbatim += 1,
            "secret" => seen.secrets += 1,
            _ => {}
        }
    }
    let said = document["diagnostics"].as_array().unwrap();
    let errors: Vec<_> = said.iter().filter(|said| said["severity"] == "error").collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
    for (path, codes) in document["defects"].as_object().unwrap() {
        seen.defects.push((path.clone(), codes.as_str().unwrap().to_owned()));
    }
    // What was there is there again, or is listed: nothing is lost.
    let mut was = tree(root);
    let skipped: u64 =
        document["skipped"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(was.len() as u64, files.len() as u64 + skipped, "{name}: {}", document["skipped"]);
    scratch.fleet(&fleet, &["check"]).expect(0);
    scratch.fleet(&fleet, &["render", "deb", "--out", &out]).expect(0);
    let is = tree(&scratch.path(&out));
    let secret = |path: &str| {
        files.iter().any(|file| file["became"] == "secret" && file["path"].as_str().unwrap()[1..] == *path)
    };
    let taken = |path: &str| files.iter().any(|file| file["path"].as_str().unwrap()[1..] == *path);
    was.retain(|path, _| taken(path));
    assert_eq!(was.keys().collect::<Vec<_>>(), is.keys().collect::<Vec<_>>(), "{name}");
    for (path, bytes) in &was {
        let mode = |root: &Path| std::fs::symlink_metadata(root.join(path)).unwrap().permissions().mode();
        if (!secret(path) && is[path] != *bytes) || mode(root) != mode(&scratch.path(&out)) {
            seen.wrong.push(format!("{name}: {path} is rendered with other bytes or another mode"));
        }
    }
}
