//! Operating systems, init systems and architectures: one table from which everything else follows.

use crate::{ParseError, text_type};
use serde::{Deserialize, Serialize};

/// The program that starts and watches daemons on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum InitSystem {
    /// systemd.
    Systemd,
    /// OpenBSD's rc.d with rcctl.
    OpenbsdRc,
    /// FreeBSD's rc.d with service and sysrc.
    FreebsdRc,
    /// OpenRC with rc-service and rc-update.
    Openrc,
}

impl InitSystem {
    /// The name people write and read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::OpenbsdRc => "openbsd-rc",
            Self::FreebsdRc => "freebsd-rc",
            Self::Openrc => "openrc",
        }
    }
}

impl std::fmt::Display for InitSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What the compiler knows of an operating system's family.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Name as in `os = "debian-12"` and in selectors `os:debian`.
    pub name: &'static str,
    /// The init system it comes with.
    pub init: InitSystem,
}

/// Every family that a host may have.
pub const FAMILIES: &[Family] = &[
    Family { name: "almalinux", init: InitSystem::Systemd },
    Family { name: "alpine", init: InitSystem::Openrc },
    Family { name: "arch", init: InitSystem::Systemd },
    Family { name: "debian", init: InitSystem::Systemd },
    Family { name: "fedora", init: InitSystem::Systemd },
    Family { name: "freebsd", init: InitSystem::FreebsdRc },
    Family { name: "gentoo", init: InitSystem::Openrc },
    Family { name: "openbsd", init: InitSystem::OpenbsdRc },
    Family { name: "opensuse", init: InitSystem::Systemd },
    Family { name: "rhel", init: InitSystem::Systemd },
    Family { name: "rocky", init: InitSystem::Systemd },
    Family { name: "ubuntu", init: InitSystem::Systemd },
];

/// An operating system: a family and, if the host says so, a release, such as `debian-12`, `openbsd-7.6`, `arch`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Os {
    family: String,
    release: Option<String>,
}

impl Os {
    /// Parses `FAMILY` or `FAMILY-RELEASE` with a release of digits and dots.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (family, release) = match text.split_once('-') {
            Some((family, release)) => (family, Some(release)),
            None => (text, None),
        };
        if !FAMILIES.iter().any(|known| known.name == family) {
            let known: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
            return Err(ParseError::new(
                format!("one of {}, with a release such as \"debian-12\"", known.join(", ")),
                "unknown operating system",
            ));
        }
        let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if release.is_some_and(|release| !numeric(release)) {
            return Err(ParseError::new(
                "a release of digits and dots, such as \"debian-12\"",
                "not a release",
            ));
        }
        Ok(Self { family: family.to_owned(), release: release.map(str::to_owned) })
    }

    /// The family's name, such as `debian`.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// The release, such as `12`.
    pub fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }

    /// The init system that the family comes with.
    pub fn init(&self) -> InitSystem {
        FAMILIES
            .iter()
            .find(|known| known.name == self.family)
            .map_or(InitSystem::Systemd, |known| known.init)
    }
}

impl std::fmt::Display for Os {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.release {
            Some(release) => write!(f, "{}-{release}", self.family),
            None => f.write_str(&self.family),
        }
    }
}

text_type!(
    Os,
    pattern = "^[a-z]+(-[0-9.]+)?$",
    description =
        "Operating system: a family and a release, such as \"debian-12\", \"openbsd-7.6\", \"alpine-3.20\"."
);

/// A processor architecture by the name that `uname -m` and Rust use on Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// 64-bit x86 (`amd64`).
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit ARM (`arm64`).
    Aarch64,
    /// 32-bit ARM with hardware floating point.
    Armv7l,
    /// 32-bit x86.
    I686,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit little-endian POWER.
    Ppc64le,
    /// IBM Z.
    S390x,
}

impl Arch {
    /// The name people write and read.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Armv7l => "armv7l",
            Self::I686 => "i686",
            Self::Riscv64 => "riscv64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
        }
    }
}

impl std::fmt::Display for Arch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
