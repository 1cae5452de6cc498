//! Random bytes of the operating system.

use crate::error::Error;
use zeroize::Zeroizing;

/// Random bytes; wiped when dropped.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::getrandom(bytes.as_mut_slice())
        .map_err(|e| Error::Failed(format!("the operating system gives no random bytes: {e}")))?;
    Ok(bytes)
}
