//! `.cmc/build/`: what `cmc build` leaves and `cmc publish` publishes: the plan without content, where its files come
//! from, and the receipts.

use crate::exit::{Failure, io};
use cmc_types::plan::{Plan, Provenances};
use cmc_types::receipt::Receipt;
use std::path::{Path, PathBuf};

fn dir(fleet: &Path) -> PathBuf {
    fleet.join(".cmc/build")
}

/// Writes receipts, provenance and plan; the plan last, since it is what `publish` looks for.
pub(crate) fn save(fleet: &Path, plan: &Plan, receipts: &[Receipt]) -> Result<(), Failure> {
    let dir = dir(fleet);
    std::fs::create_dir_all(&dir).map_err(|error| io("create", &dir, &error))?;
    write(&dir.join("receipts.json"), &receipts)?;
    write(&dir.join("provenance.json"), &Provenances::of(plan))?;
    write(&dir.join("plan.json"), plan)
}

/// Removes the plan, so that nothing older than a failed build can be published.
pub(crate) fn forget(fleet: &Path) -> Result<(), Failure> {
    let path = dir(fleet).join("plan.json");
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("remove", &path, &error)),
        _ => Ok(()),
    }
}

/// Reads plan and receipts; `None` if nothing was built.
pub(crate) fn load(fleet: &Path) -> Result<Option<(Plan, Vec<Receipt>)>, Failure> {
    let Some(plan) = read(&dir(fleet).join("plan.json"))? else { return Ok(None) };
    let Some(receipts) = read(&dir(fleet).join("receipts.json"))? else { return Ok(None) };
    Ok(Some((plan, receipts)))
}

fn write(path: &Path, value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_vec(value)
        .map_err(|error| Failure::failed(format!("could not print {}: {error}", path.display())))?;
    text.push(b'\n');
    crate::durable::write(path, &text, 0o644)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, Failure> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("read", path, &error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Failure::failed(format!("{} is damaged: {error}", path.display())).help("run `cmc build` again")
    })
}
