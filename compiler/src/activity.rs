//! What is being rendered, for whoever watches from another thread. The engine bounds how many instructions a template
//! runs, and its output is bounded, but between the two a template can make texts of any size: `x ~ x` in a loop
//! doubles one with every round. No hook of the engine sees that, so a program bounds its memory from outside.

use cmc_types::{Diagnostic, Place, Sources, codes};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a compilation is rendering. Shared with [`crate::CompileOptions`].
#[derive(Debug, Default)]
pub struct Activity {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Renderings so far that no other rendering asked for.
    number: u64,
    /// How many are going on, one inside the other.
    depth: usize,
    host: String,
    place: Option<Place>,
    sources: Arc<Mutex<Sources>>,
}

impl Activity {
    /// The number of the rendering that is going on, from 1; `None` if there is none.
    pub fn rendering(&self) -> Option<u64> {
        let state = self.state();
        (state.depth > 0).then_some(state.number)
    }

    /// The finding that the rendering that is going on takes more than `limit` bytes of memory, and the texts that it
    /// points into.
    pub fn too_large(&self, limit: u64) -> (Sources, Diagnostic) {
        let state = self.state();
        let message = format!("rendering takes more than {} MiB of memory", limit >> 20);
        let mut diagnostic = Diagnostic::new(codes::LIMIT_EXCEEDED, message)
            .help("a loop may be making a text or list that doubles with every round")
            .on_host(&state.host);
        if let Some(place) = state.place {
            diagnostic = diagnostic.at(place, "for this");
        }
        let sources = state.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (sources, diagnostic)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over the texts that places point into.
    pub(crate) fn share(&self, sources: &Arc<Mutex<Sources>>) {
        self.state().sources = sources.clone();
    }

    /// Notes a rendering until what is returned is dropped.
    pub(crate) fn begin(&self, host: &str, place: Place) -> Going<'_> {
        let mut state = self.state();
        state.depth += 1;
        if state.depth == 1 {
            state.number += 1;
            state.place = Some(place);
            state.host.clear();
            state.host.push_str(host);
        }
        Going(self)
    }
}

/// A rendering that is going on.
pub(crate) struct Going<'a>(&'a Activity);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.depth = state.depth.saturating_sub(1);
    }
}
