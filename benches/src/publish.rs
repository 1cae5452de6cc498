//! `publish`: a first publish of a whole fleet to a directory, against a bare loop that makes as many sealed objects.

use crate::bare::Bare;
use crate::failure::{Context as _, Failure, ensure};
use crate::fleet::{Fleet, Shape};
use crate::measure::{Contender, in_turns};
use crate::publisher::Keys;
use crate::report::Section;
use cmc_bundles::keys::MemberKey;
use cmc_bundles::store::DirStore;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const SHAPE: Shape = Shape { hosts: 1000, services: 4 };
/// Bytes after which a pack is written, as cmc does.
const PACK: usize = 4 << 20;

pub(crate) fn run() -> Result<Section, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut section = Section::new(
        "publish",
        format!(
            "Cold publish of {} to a directory store, from definitions on disk: compile on every processor, pack, then seal \
             every bundle of every host to a key of its own and every manifest to host and fleet on {cores} threads, \
             write packs, sign. Against a bare loop on one thread that renders and hashes the same files and makes as \
             many tar, zstd and age files with the same libraries, in packs of the same size, each synced. No bundle is \
             the same on two hosts.",
            SHAPE.text()
        ),
    );
    let fleet = Fleet::new(SHAPE);
    let dir = tempfile::tempdir().context("a directory for the fleet")?;
    fleet.write(dir.path())?;
    let keys = Keys::new()?;
    let mut contenders = vec![
        Contender::new("cmc", || cmc(&keys, dir.path())),
        Contender::new("bare loop, 1 thread", || bare(&fleet)),
    ];
    let series = in_turns(5, &mut contenders)?;
    section.compare(&SHAPE.text(), &series[0], &series[1], "≤ 2");
    Ok(section)
}

/// A first publish; everything in the store is opened and hashed afterwards.
fn cmc(keys: &Keys, dir: &Path) -> Result<Duration, Failure> {
    let out = tempfile::tempdir().context("a directory for the store")?;
    let store = DirStore::new(out.path().join("store"));
    let start = Instant::now();
    let published = keys.publish(dir, &store)?;
    let time = start.elapsed();
    let bundles = SHAPE.hosts * SHAPE.services;
    ensure(published.sealed == bundles, || format!("{} bundles instead of {bundles}", published.sealed))?;
    keys.verify(&store)?;
    Ok(time)
}

/// Renders, hashes, packs, compresses, encrypts, writes: per service one tar to a fresh key, per host one list of
/// digests and keys to host and fleet.
fn bare(fleet: &Fleet) -> Result<Duration, Failure> {
    let out = tempfile::tempdir().context("a directory for packs")?;
    let fleet_key = age::x25519::Identity::generate().to_public();
    let host_keys: BTreeMap<&str, age::x25519::Recipient> = fleet
        .hosts
        .iter()
        .map(|host| (host.name.as_str(), age::x25519::Identity::generate().to_public()))
        .collect();
    let start = Instant::now();
    let mut packs = Packs { dir: out.path(), open: Vec::new(), objects: 0 };
    let mut manifest = String::new();
    let mut left = fleet.services.len();
    Bare::new(fleet)?.render(|host, service, files| {
        let mut tar = tar::Builder::new(Vec::new());
        for file in &files {
            let mut header = tar::Header::new_ustar();
            header.set_size(file.text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            let name = format!("files/{}", file.digest.to_hex());
            tar.append_data(&mut header, name, file.text.as_bytes()).context("tar")?;
        }
        let tar = tar.into_inner().context("tar")?;
        let digest = blake3::hash(&tar);
        let member = MemberKey::generate();
        let key: age::x25519::Identity = member.expose().parse().context("a member's key")?;
        let at = packs.seal(&zstd::bulk::compress(&tar, 3).context("zstd")?, &[&key.to_public()])?;
        let (name, digest) = (&service.name, digest.to_hex());
        manifest.push_str(&format!(
            "{{\"service\":\"{name}\",\"digest\":\"{digest}\",\"at\":{at},\"identity\":\"{}\"}}\n",
            member.expose()
        ));
        left -= 1;
        if left == 0 {
            left = fleet.services.len();
            let host_key = host_keys.get(host.name.as_str()).context_none("a host's key")?;
            packs.seal(manifest.as_bytes(), &[host_key, &fleet_key])?;
            manifest.clear();
        }
        Ok(())
    })?;
    packs.close()?;
    let time = start.elapsed();
    let objects = fleet.hosts.len() * (fleet.services.len() + 1);
    ensure(packs.objects == objects, || format!("{} objects instead of {objects}", packs.objects))?;
    Ok(time)
}

/// Sealed objects, written in files of some size.
struct Packs<'d> {
    dir: &'d Path,
    open: Vec<u8>,
    objects: usize,
}

impl Packs<'_> {
    /// Encrypts and adds an object, and returns where it lies.
    fn seal(&mut self, plain: &[u8], to: &[&age::x25519::Recipient]) -> Result<usize, Failure> {
        let recipients = to.iter().map(|recipient| *recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).context("age")?;
        let mut sealed = Vec::with_capacity(plain.len() + 1024);
        let mut writer = encryptor.wrap_output(&mut sealed).context("age")?;
        writer.write_all(plain).context("age")?;
        writer.finish().context("age")?;
        let at = self.open.len();
        self.open.extend_from_slice(&sealed);
        self.objects += 1;
        if self.open.len() >= PACK {
            self.close()?;
        }
        Ok(at)
    }

    fn close(&mut self) -> Result<(), Failure> {
        let pack = std::mem::take(&mut self.open);
        let path = self.dir.join(blake3::hash(&pack).to_hex().as_str());
        let mut file = File::create(&path).context(path.display())?;
        file.write_all(&pack).and_then(|()| file.sync_all()).context(path.display())
    }
}

/// An option that must be there.
trait Wanted<T> {
    fn context_none(self, what: &str) -> Result<T, Failure>;
}

impl<T> Wanted<T> for Option<T> {
    fn context_none(self, what: &str) -> Result<T, Failure> {
        self.ok_or_else(|| Failure(format!("{what} is missing")))
    }
}
