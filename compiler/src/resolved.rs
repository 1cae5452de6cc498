//! A service as it is on one host: merged, rendered, typed. What `resolve` makes and `lower` turns into files.

use crate::lower::systemd::UnitsAtHand;
use crate::tree::Node;
use cmc_types::definition::Service;
use cmc_types::{Arch, EnvName, HostName, InitSystem, Os, Place, ServiceName};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What lowering may know of a host.
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// Name.
    pub name: HostName,
    /// Operating system.
    pub os: Os,
    /// Architecture.
    pub arch: Arch,
    /// Init system.
    pub init: InitSystem,
    /// Services of this host that have a daemon or unit, and the name that the init system knows each by.
    pub units: BTreeMap<ServiceName, String>,
    /// Units of systemd that the host's services bring or name; none if not all of them are known.
    pub at_hand: Option<UnitsAtHand>,
}

/// A service on one host: presets and `for` merged, expressions rendered, short forms expanded.
#[derive(Debug, Clone)]
pub struct ResolvedService {
    /// Name.
    pub name: ServiceName,
    /// The typed definition. Holds no secret: texts that came from one are refused everywhere but in `env` and files.
    pub definition: Arc<Service>,
    /// The same as a tree, for places: `tree.place_of(&["daemon", "exec", "0"])`.
    pub tree: Arc<Node>,
    /// The final environment, checked against its types, by name.
    pub env: Vec<ResolvedEnv>,
}

/// A variable of the final environment.
#[derive(Debug, Clone)]
pub struct ResolvedEnv {
    /// Name.
    pub name: EnvName,
    /// Final value.
    pub value: Text,
    /// Where the value stands.
    pub place: Place,
}

/// A rendered text that knows whether any of it comes from a secret. It is wiped when dropped and prints no content.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    text: Zeroizing<String>,
    tainted: bool,
}

impl Text {
    /// A text of which nothing comes from a secret.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: Zeroizing::new(text.into()), tainted: false }
    }

    /// A text that holds a secret.
    pub fn tainted(text: impl Into<String>) -> Self {
        Self { text: Zeroizing::new(text.into()), tainted: true }
    }

    /// Whether any of it comes from a secret.
    pub fn is_tainted(&self) -> bool {
        self.tainted
    }

    /// The text; the caller takes care of what is tainted.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.tainted { f.write_str("Text(secret)") } else { write!(f, "Text({:?})", *self.text) }
    }
}
