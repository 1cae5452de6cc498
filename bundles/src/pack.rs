//! Packs: members one after the other, stored at `packs/HH/HASH` under the blake3 of the whole.
//!
//! A pack is named when it is complete, so an object in it cannot name it: a locator without a pack means "the pack in
//! which I lie". [`PackWriter`] knows which locators may be written so.

use crate::error::Error;
use crate::ids::hash;
use crate::limits;
use crate::locator::Locator;
use cmc_types::Blake3;

/// Where a member is, or will be once its pack is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    /// In a pack that has a name.
    Fixed(Locator),
    /// In the `pack`th pack of this writer.
    Here {
        /// Number of the pack.
        pack: usize,
        /// Offset in bytes.
        off: u64,
        /// Length in bytes.
        len: u64,
        /// blake3 of the member.
        b3: Blake3,
    },
}

/// Takes a complete pack: its name and its bytes.
pub(crate) type Sink<'a> = dyn FnMut(Blake3, Vec<u8>) -> Result<(), Error> + 'a;

/// Collects members in packs and hands over each pack that is full.
pub(crate) struct PackWriter<'a> {
    open: Vec<u8>,
    closed: Vec<Blake3>,
    sink: &'a mut Sink<'a>,
}

impl<'a> PackWriter<'a> {
    pub(crate) fn new(sink: &'a mut Sink<'a>) -> Self {
        Self { open: Vec::new(), closed: Vec::new(), sink }
    }

    /// Closes the open pack if a member of up to `bound` bytes would not fit, so that what [`PackWriter::locate`]
    /// returns from here on is still right when that member is added.
    pub(crate) fn make_room(&mut self, bound: u64) -> Result<(), Error> {
        let have = self.open.len() as u64;
        if have > 0 && (have >= limits::PACK_TARGET || have + bound > limits::PACK) {
            self.close()?;
        }
        Ok(())
    }

    /// Adds a member to the open pack. Locators in it were made since the last `make_room`.
    pub(crate) fn add(&mut self, member: Vec<u8>) -> Result<At, Error> {
        let at = At::Here {
            pack: self.closed.len(),
            off: self.open.len() as u64,
            len: member.len() as u64,
            b3: hash(&member),
        };
        self.open.extend_from_slice(&member);
        Ok(at)
    }

    /// Adds a member that has a pack of its own.
    pub(crate) fn add_alone(&mut self, member: Vec<u8>) -> Result<At, Error> {
        let b3 = hash(&member);
        let at = Locator { pack: Some(b3), off: 0, len: member.len() as u64, b3 };
        (self.sink)(b3, member)?;
        Ok(At::Fixed(at))
    }

    /// The locator to write into a member that is added next: without a pack if it lies in the same.
    pub(crate) fn locate(&self, at: &At) -> Locator {
        match at {
            At::Fixed(locator) => locator.clone(),
            At::Here { pack, off, len, b3 } => {
                Locator { pack: self.closed.get(*pack).copied(), off: *off, len: *len, b3: *b3 }
            }
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        if !self.open.is_empty() {
            let pack = std::mem::take(&mut self.open);
            let name = hash(&pack);
            self.closed.push(name);
            (self.sink)(name, pack)?;
        }
        Ok(())
    }

    /// Closes the last pack; from here on every locator names its pack.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        self.close()
    }
}
