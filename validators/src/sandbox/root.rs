//! The private root: a tmpfs with the machine's system directories bound read-only, the requested parts of its /etc,
//! and the request's own files over them. Everything is made in memory, and is gone with the mount namespace.
//!
//! A directory of the machine is bound as a whole unless something of the request lies inside it; then it becomes a
//! directory of the tmpfs whose other entries are bound (or linked, under /usr and /opt) one by one: no overlay needed.

use super::init::Failure;
use super::wire::{Request, What};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::pivot_root;
use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Result, Write};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

/// Where the new root is made before it becomes `/`. It hides the machine's own directory of that name.
const NEW: &str = "/tmp";
/// Where system directories are bound whose entries are linked one by one.
const WHOLE: &str = "/.system";
/// The machine's directories that programs live in.
const SYSTEM: &[&str] = &[
    "/bin",
    "/gnu",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix",
    "/opt",
    "/run/current-system",
    "/sbin",
    "/usr",
];
/// Files and directories of the machine's /etc that say how programs start and find each other, not what they do.
const SYSTEM_ETC: &[&str] = &[
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/ethertypes",
    "/etc/gai.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/login.defs",
    "/etc/mime.types",
    "/etc/networks",
    "/etc/os-release",
    "/etc/pki",
    "/etc/protocols",
    "/etc/rpc",
    "/etc/services",
    "/etc/shells",
    "/etc/ssl",
    "/etc/static",
];
const DEVICES: &[&str] = &["full", "null", "random", "urandom", "zero"];
/// Directories that are there, empty, on every host.
const EMPTY: &[&str] = &[
    "/dev/shm",
    "/etc",
    "/home",
    "/media",
    "/mnt",
    "/proc",
    "/root",
    "/run/lock",
    "/srv",
    "/sys",
    "/tmp",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/mail",
    "/var/spool",
    "/var/tmp",
];
/// Aliases that every host has, whatever this machine has.
const ALIASES: &[(&str, &str)] = &[("/var/run", "/run"), ("/var/lock", "/run/lock")];
/// Seconds since 1970 that every file of the request bears (2000-01-01): a later access or change time is the program's.
const BEFORE: i64 = 946_684_800;

/// A root that was built and entered.
pub(super) struct Built {
    /// Where the entries of the request really lie, and their size.
    placed: Vec<Option<(String, u64)>>,
}

/// Builds the root and makes it `/`.
pub(super) fn build(request: &Request, contents: &[u8]) -> std::result::Result<Built, Failure> {
    let named = |step: &'static str| move |error: std::io::Error| (step, describe(&error));
    let plan = Plan::of(request);
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(|e| ("mount namespace", e.desc().to_owned()))?;
    let options = format!("size={},nr_inodes=200000,mode=0755", request.bounds.root);
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), NEW, Some("tmpfs"), flags, Some(options.as_str()))
        .map_err(|e| ("private root", e.desc().to_owned()))?;
    plan.show_machine(request).map_err(named("private root"))?;
    protect().map_err(named("read-only system"))?;
    for dir in EMPTY {
        fs::create_dir_all(format!("{NEW}{dir}")).map_err(named("private root"))?;
    }
    for device in DEVICES {
        let (from, to) = (format!("/dev/{device}"), format!("{NEW}/dev/{device}"));
        File::create(&to).and_then(|_| bind(&from, &to)).map_err(named("devices"))?;
    }
    // Before the old root goes: the kernel mounts a proc only where one is already to be seen.
    let proc_flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let proc = format!("{NEW}/proc");
    mount(Some("proc"), proc.as_str(), Some("proc"), proc_flags, None::<&str>)
        .map_err(|e| ("proc", e.desc().to_owned()))?;
    enter().map_err(named("private root"))?;
    let placed = plan.write(request, contents).map_err(named("files of the private root"))?;
    Ok(Built { placed })
}

fn describe(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_owned(),
        None => error.to_string(),
    }
}

/// What has to be a directory of the tmpfs, and what the request replaces.
struct Plan {
    aliases: Vec<(String, String)>,
    paths: Vec<String>,
    dirs: Vec<String>,
    needed: HashSet<String>,
    occupied: HashSet<String>,
}

impl Plan {
    fn of(request: &Request) -> Self {
        let mut aliases: Vec<(String, String)> =
            ALIASES.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        for dir in SYSTEM {
            if let Some(target) =
                fs::read_link(dir).ok().and_then(|target| target.to_str().map(str::to_owned))
            {
                aliases.push(((*dir).to_owned(), format!("/{}", target.trim_start_matches('/'))));
            }
        }
        let real = |path: &str| {
            let alias = aliases
                .iter()
                .find(|(from, _)| path.strip_prefix(from.as_str()).is_some_and(|rest| rest.starts_with('/')));
            alias.map_or_else(|| path.to_owned(), |(from, to)| format!("{to}{}", &path[from.len()..]))
        };
        let paths: Vec<String> = request.entries.iter().map(|entry| real(&entry.path)).collect();
        let dirs: Vec<String> = request.dirs.iter().map(|dir| real(dir)).collect();
        let mut needed: HashSet<String> = dirs.iter().cloned().collect();
        for path in paths.iter().chain(&dirs) {
            let mut rest = path.as_str();
            while let Some(end) = rest.rfind('/').filter(|end| *end > 0) {
                rest = &rest[..end];
                if !needed.insert(rest.to_owned()) {
                    break;
                }
            }
        }
        let occupied = paths.iter().cloned().collect();
        Self { aliases, paths, dirs, needed, occupied }
    }

    /// Binds what the program may see of this machine.
    fn show_machine(&self, request: &Request) -> Result<()> {
        for dir in SYSTEM {
            self.show(dir)?;
        }
        let wanted: BTreeSet<&str> =
            SYSTEM_ETC.iter().copied().chain(request.machine.iter().map(String::as_str)).collect();
        let mut last = "\0";
        for path in wanted {
            if !path.strip_prefix(last).is_some_and(|rest| rest.starts_with('/')) {
                last = path;
                self.show(path)?;
            }
        }
        Ok(())
    }

    fn show(&self, path: &str) -> Result<()> {
        let kind = match fs::symlink_metadata(path) {
            Ok(meta) if !self.occupied.contains(path) => meta.file_type(),
            Ok(_) => return Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let new = format!("{NEW}{path}");
        if let Some(parent) = Path::new(&new).parent() {
            fs::create_dir_all(parent)?;
        }
        let needed = self.needed.contains(path);
        if kind.is_symlink() {
            // A link on the way to something of the request becomes a directory, unless it is one of the aliases.
            let alias = self.aliases.iter().any(|(from, _)| from == path);
            return if needed && !alias {
                fs::create_dir_all(&new)
            } else {
                symlink(fs::read_link(path)?, &new)
            };
        }
        if kind.is_dir() && needed {
            fs::create_dir_all(&new)?;
            let top = path.split('/').nth(1).unwrap_or_default();
            let linked = matches!(top, "usr" | "opt").then(|| format!("{WHOLE}/{top}"));
            if let Some(whole) = &linked
                && !Path::new(&format!("{NEW}{whole}")).exists()
            {
                let to = format!("{NEW}{whole}");
                fs::create_dir_all(&to)?;
                bind(&format!("/{top}"), &to)?;
            }
            let children = match fs::read_dir(path) {
                // Not ours to list: then the program could not either.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(()),
                children => children?,
            };
            for child in children {
                let Some(child) = child?.path().to_str().map(str::to_owned) else { continue };
                if linked.is_some() && !self.needed.contains(&child) {
                    self.link(&child)?;
                } else {
                    self.show(&child)?;
                }
            }
            return Ok(());
        }
        if kind.is_dir() {
            fs::create_dir_all(&new)?;
        } else if kind.is_file() {
            File::create(&new)?;
        } else {
            return Ok(());
        }
        match bind(path, &new) {
            // Not ours to read: then the program could not either.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
            other => other,
        }
    }

    /// Links an entry of a system directory to the directory bound as a whole.
    fn link(&self, path: &str) -> Result<()> {
        if self.occupied.contains(path) {
            return Ok(());
        }
        match fs::read_link(path) {
            Ok(target) => symlink(target, format!("{NEW}{path}")),
            Err(_) => symlink(format!("{WHOLE}{path}"), format!("{NEW}{path}")),
        }
    }

    /// Writes the request's files; the new root is `/` by now, so that no link can lead outside.
    fn write(&self, request: &Request, contents: &[u8]) -> Result<Vec<Option<(String, u64)>>> {
        for (from, to) in ALIASES {
            symlink(to, from)?;
        }
        for dir in ["/tmp", "/var/tmp", "/run/lock", "/dev/shm"] {
            fs::set_permissions(dir, Permissions::from_mode(0o1777))?;
        }
        for (name, target) in
            [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")]
        {
            symlink(target, format!("/dev/{name}"))?;
        }
        for dir in &self.dirs {
            fs::create_dir_all(dir)?;
        }
        let mut placed = Vec::with_capacity(self.paths.len());
        let mut links = Vec::new();
        let mut rest = contents;
        for (path, entry) in self.paths.iter().zip(&request.entries) {
            let (content, mode, hollow) = match &entry.what {
                What::File { mode, size, .. } => {
                    let (content, tail) =
                        rest.split_at_checked(*size as usize).ok_or(ErrorKind::InvalidData)?;
                    rest = tail;
                    (content, *mode, 0)
                }
                What::Hollow { mode, size } => (&[][..], *mode, *size),
                What::Link { target } => {
                    links.push((path, target));
                    placed.push(None);
                    continue;
                }
                What::Nothing => {
                    placed.push(None);
                    continue;
                }
            };
            if let Some(parent) = Path::new(path).parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(content)?;
            if hollow > 0 {
                file.set_len(hollow)?;
            }
            // Host's root may read anything; here it is the owner who reads.
            file.set_permissions(Permissions::from_mode(mode | 0o400))?;
            drop(file);
            let before = TimeSpec::new(BEFORE, 0);
            utimensat(
                nix::fcntl::AT_FDCWD,
                path.as_str(),
                &before,
                &before,
                UtimensatFlags::NoFollowSymlink,
            )?;
            placed.push(Some((path.clone(), content.len() as u64 + hollow)));
        }
        for (path, target) in links {
            if let Some(parent) = Path::new(path).parent() {
                fs::create_dir_all(parent)?;
            }
            symlink(target, path)?;
        }
        Ok(placed)
    }
}

fn bind(from: &str, to: &str) -> Result<()> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)?;
    Ok(())
}

/// Makes everything that was bound so far, with all that is mounted below it, read-only. What the machine itself has
/// mounted below its own directory of that name is hidden, and not told from these by its path.
fn protect() -> Result<()> {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    let mounts: Vec<Vec<&str>> = table.lines().map(|line| line.split(' ').collect()).collect();
    let mut inside = HashSet::from([id_of_root()?]);
    loop {
        let known = inside.len();
        let below = mounts.iter().filter(|mount| mount.get(1).is_some_and(|parent| inside.contains(*parent)));
        let below: Vec<String> = below.map(|mount| mount[0].to_owned()).collect();
        inside.extend(below);
        if inside.len() == known {
            break;
        }
    }
    for fields in mounts.iter().filter(|mount| mount.get(1).is_some_and(|parent| inside.contains(*parent))) {
        let (Some(point), Some(options)) = (fields.get(4), fields.get(5)) else { continue };
        let point = unescape(point);
        let mut flags = MsFlags::MS_BIND
            | MsFlags::MS_REMOUNT
            | MsFlags::MS_RDONLY
            | MsFlags::MS_NOSUID
            | MsFlags::MS_NODEV;
        // Flags of the machine's own mounts are locked: leaving one out is refused.
        for option in options.split(',') {
            flags |= match option {
                "noexec" => MsFlags::MS_NOEXEC,
                "noatime" => MsFlags::MS_NOATIME,
                "nodiratime" => MsFlags::MS_NODIRATIME,
                "relatime" => MsFlags::MS_RELATIME,
                _ => MsFlags::empty(),
            };
        }
        mount(None::<&str>, point.as_str(), None::<&str>, flags, None::<&str>)?;
    }
    Ok(())
}

/// The number by which mountinfo knows the new root.
fn id_of_root() -> Result<String> {
    let root = File::open(NEW)?;
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", root.as_raw_fd()))?;
    let id = info.lines().find_map(|line| line.strip_prefix("mnt_id:"));
    id.map(|id| id.trim().to_owned()).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// Undoes the octal escapes of proc(5) mountinfo: blank, tab, newline, backslash.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

/// Makes the new root `/` and lets go of the machine's.
fn enter() -> Result<()> {
    std::env::set_current_dir(NEW)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    std::env::set_current_dir("/")?;
    Ok(())
}

impl Built {
    /// The entries that were read, and those that were changed or removed, by index.
    pub(super) fn traces(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut read, mut changed) = (Vec::new(), Vec::new());
        for (index, placed) in self.placed.iter().enumerate() {
            let Some((path, size)) = placed else { continue };
            match fs::symlink_metadata(path) {
                Ok(meta) => {
                    if meta.atime() != BEFORE {
                        read.push(index);
                    }
                    if meta.mtime() != BEFORE || meta.size() != *size || !meta.is_file() {
                        changed.push(index);
                    }
                }
                Err(_) => changed.push(index),
            }
        }
        (read, changed)
    }
}
