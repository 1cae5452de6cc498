//! Content in memory, shared between the stages, of which secrets are wiped.

use std::ops::Deref;
use std::sync::Arc;
use zeroize::Zeroize as _;

/// Bytes that are cheap to clone. Those that come from a secret are wiped when the last owner drops them. Prints sizes
/// only.
#[derive(Clone, Default)]
pub struct Bytes(Arc<Owned>);

#[derive(Default)]
struct Owned {
    bytes: Vec<u8>,
    secret: bool,
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.secret {
            self.bytes.zeroize();
        }
    }
}

impl Bytes {
    /// Takes over bytes, which are wiped in the end if they are `secret`.
    pub fn new(bytes: impl Into<Vec<u8>>, secret: bool) -> Self {
        Self(Arc::new(Owned { bytes: bytes.into(), secret }))
    }

    /// Whether they come from a secret.
    pub fn is_secret(&self) -> bool {
        self.0.secret
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bytes({} bytes)", self.len())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes, false)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes, false)
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(bytes: [u8; N]) -> Self {
        Self::new(bytes, false)
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self::new(*bytes, false)
    }
}
