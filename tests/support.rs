//! Runs the real binaries on a machine of their own: private home, clean environment, fakes on the search path.

pub(crate) use cmc_testing::skip;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// How long a test waits for what must come: more than any machine needs, however much else it does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A scratch directory with a home, in which commands run.
pub(crate) struct Scratch {
    dir: tempfile::TempDir,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Fails the test unless the command ended with this exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Its stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("cmc-test-").tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("home")).unwrap();
        Self { dir }
    }

    /// A path in the scratch directory.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(relative)
    }

    /// `cmc`, to be run in the scratch directory with a private home.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cmc"));
        command.current_dir(self.dir.path()).env_clear();
        command.env("HOME", self.path("home")).env("XDG_CONFIG_HOME", self.path("home/.config"));
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("LANG", "C.UTF-8");
        command
    }

    /// Runs `cmc` with these arguments.
    pub(crate) fn cmc<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.command().args(args).output().unwrap().into()
    }

    /// Runs `cmc -C FLEET` with these arguments.
    pub(crate) fn fleet(&self, fleet: &str, args: &[&str]) -> Ran {
        self.cmc(["-C", fleet].iter().chain(args))
    }

    /// Runs `cmc fetch` with these arguments: the same code as `cmc-fetch`.
    pub(crate) fn fetch(&self, args: &[&str]) -> Ran {
        self.cmc(std::iter::once(&"fetch").chain(args))
    }

    /// Writes a file, making its directories.
    pub(crate) fn write(&self, relative: impl AsRef<Path>, text: &str) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a text file.
    #[track_caller]
    pub(crate) fn read(&self, relative: impl AsRef<Path>) -> String {
        let path = self.path(relative);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Copies a directory of the repository into the scratch directory.
    pub(crate) fn copy_from_repository(&self, from: &str, to: &str) {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(from), &self.path(to));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            if entry.file_name() != ".cmc" && entry.file_name() != "store" {
                copy(&entry.path(), &target);
            }
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every regular file below a directory: path relative to it, and content.
pub(crate) fn tree(dir: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    let mut pending = vec![dir.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                pending.push(path);
            } else {
                let content = if path.is_symlink() {
                    std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                } else {
                    std::fs::read(&path).unwrap()
                };
                files.insert(path.strip_prefix(dir).unwrap().to_string_lossy().into_owned(), content);
            }
        }
    }
    files
}

/// Whether a program is on the search path or in the folders of system programs.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    dirs.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    dirs.iter().any(|dir| dir.join(program).is_file())
}

/// Whether the tests run as root, for whom nothing is closed.
pub(crate) fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

/// The program at a place where another user can run it, with the whole scratch directory open to that user; `None` if
/// that is not possible here.
pub(crate) fn copy_of_program(scratch: &Scratch) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let program = scratch.path("cmc");
    if !program.exists() && std::fs::hard_link(env!("CARGO_BIN_EXE_cmc"), &program).is_err() {
        std::fs::copy(env!("CARGO_BIN_EXE_cmc"), &program).ok()?;
    }
    std::fs::set_permissions(scratch.path(""), std::fs::Permissions::from_mode(0o755)).ok()?;
    let mut command = Command::new(&program);
    command.arg("--version").current_dir("/").uid(65_534).gid(65_534);
    command.output().ok().filter(|output| output.status.success()).map(|_| program)
}
