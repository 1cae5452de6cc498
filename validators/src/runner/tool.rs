//! A validator as the runner sees it: a built-in program, or one of the user's own.

use crate::glob;
use crate::registry::{Program, Scope};
use crate::sandbox::{Bounds, Request};
use cmc_types::definition::Validator;
use cmc_types::name::ValidatorName;
use cmc_types::plan::HostPlan;
use std::path::Path;

/// Where programs are looked for.
pub(super) const PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin";

/// A validator that is a program.
#[derive(Clone, Copy)]
pub(super) enum Tool<'a> {
    BuiltIn(&'static Program),
    Own(&'a ValidatorName, &'a Validator),
}

impl<'a> Tool<'a> {
    pub(super) fn name(&self) -> &'a str {
        match self {
            Self::BuiltIn(program) => program.name,
            Self::Own(name, _) => name.as_str(),
        }
    }

    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::BuiltIn(program) => program.scope,
            Self::Own(..) => Scope::Each,
        }
    }

    /// Whether it sees one file at a time, and nothing else.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self.scope(), Scope::Alone)
    }

    pub(super) fn program(&self) -> Option<&'static Program> {
        match self {
            Self::BuiltIn(program) => Some(program),
            Self::Own(..) => None,
        }
    }

    /// Whether it comes on top of what others check.
    pub(super) fn is_extra(&self) -> bool {
        self.program().is_some_and(|program| program.extra)
    }

    /// Whether it is chosen for this path, or for a script of this interpreter.
    pub(super) fn applies(&self, host: &HostPlan, path: &str, interpreter: Option<&str>) -> bool {
        match self {
            Self::BuiltIn(program) => {
                let place = program.applies_to.iter().any(|glob| glob::matches(glob, path));
                let script = interpreter.is_some_and(|name| program.interpreters.contains(&name));
                program.init.is_none_or(|init| init == host.init)
                    && (program.families.is_empty() || program.families.contains(&host.os.family()))
                    && if program.extra { place && script } else { place || script }
            }
            Self::Own(_, own) => own.applies_to.as_deref().is_some_and(|glob| glob::matches(glob, path)),
        }
    }

    pub(super) fn argv(&self) -> Vec<String> {
        match self {
            Self::BuiltIn(program) => program.argv.iter().map(|arg| (*arg).to_owned()).collect(),
            Self::Own(_, own) => own.argv.clone(),
        }
    }

    /// Program and arguments that print its version, if it has such.
    pub(super) fn version_argv(&self) -> &'static [&'static str] {
        self.program().map_or(&[], |program| program.version_argv)
    }

    pub(super) fn flat_accounts(&self) -> bool {
        self.program().is_some_and(|program| program.flat_accounts)
    }

    pub(super) fn bounds(&self, bounds: Bounds) -> Bounds {
        match self {
            Self::Own(_, Validator { timeout: Some(timeout), .. }) => {
                Bounds { millis: timeout.as_micros().div_ceil(1000).clamp(1, 600_000), ..bounds }
            }
            _ => bounds,
        }
    }

    /// Whether an exit code means good (`true`), bad (`false`), or says nothing.
    pub(super) fn means(&self, code: i32) -> Option<bool> {
        match self {
            Self::BuiltIn(program) if program.good.contains(&code) => Some(true),
            Self::BuiltIn(program) => program.bad.contains(&code).then_some(false),
            Self::Own(_, own) => Some(match &own.good {
                Some(good) => good.iter().any(|good| i32::from(*good) == code),
                None => code == 0,
            }),
        }
    }
}

/// The first of a program's other names that is here, if the usual one is not.
pub(super) fn another_name(request: &Request, also: &[&str]) -> Option<String> {
    let is_here = |name: &str| {
        PATH.split(':')
            .map(|dir| format!("{dir}/{name}"))
            .any(|path| Path::new(&path).exists() || request.entries.iter().any(|entry| entry.path == path))
    };
    if also.is_empty() || is_here(request.argv.first()?) {
        return None;
    }
    also.iter().find(|name| is_here(name)).map(|name| (*name).to_owned())
}
