//! What is being rendered, for whoever watches from another thread. The engine bounds how many instructions a template
//! runs, and its output is bounded, but between the two a template can make texts of any size: `x ~ x` in a loop
//! doubles one with every round. No hook of the engine sees that, so a program bounds its memory from outside.

use cmc_types::{Diagnostic, Place, Sources, codes};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// What a compilation is rendering. Shared with [`crate::CompileOptions`].
#[derive(Debug, Default)]
pub struct Activity {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Renderings so far that no other rendering asked for.
    number: u64,
    /// Those that are going on, one a thread, the oldest first.
    going: Vec<Rendering>,
    sources: Arc<Mutex<Sources>>,
}

/// A rendering that is going on in a thread.
#[derive(Debug)]
struct Rendering {
    thread: ThreadId,
    number: u64,
    /// How many are going on, one inside the other.
    depth: usize,
    host: String,
    place: Place,
}

impl Activity {
    /// The number of the rendering that has been going on for longest, from 1; `None` if there is none.
    pub fn rendering(&self) -> Option<u64> {
        self.state().going.first().map(|rendering| rendering.number)
    }

    /// The finding that the rendering that has been going on for longest takes more than `limit` bytes of memory, and
    /// the texts that it points into.
    pub fn too_large(&self, limit: u64) -> (Sources, Diagnostic) {
        let state = self.state();
        let message = format!("rendering takes more than {} MiB of memory", limit >> 20);
        let mut diagnostic = Diagnostic::new(codes::LIMIT_EXCEEDED, message)
            .help("a loop may be making a text or list that doubles with every round");
        if let Some(oldest) = state.going.first() {
            diagnostic = diagnostic.on_host(&oldest.host).at(oldest.place, "for this");
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

    /// Notes a rendering of this thread until what is returned is dropped.
    pub(crate) fn begin(&self, host: &str, place: Place) -> Going<'_> {
        let thread = thread::current().id();
        let mut state = self.state();
        match state.going.iter_mut().find(|rendering| rendering.thread == thread) {
            Some(outer) => outer.depth += 1,
            None => {
                state.number += 1;
                let (number, host) = (state.number, host.to_owned());
                state.going.push(Rendering { thread, number, depth: 1, host, place });
            }
        }
        Going { activity: self, thread }
    }
}

/// A rendering that is going on.
pub(crate) struct Going<'a> {
    activity: &'a Activity,
    thread: ThreadId,
}

impl Drop for Going<'_> {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        let index = state.going.iter().position(|rendering| rendering.thread == self.thread);
        let Some(index) = index else { return };
        match state.going[index].depth {
            0 | 1 => drop(state.going.remove(index)),
            _ => state.going[index].depth -= 1,
        }
    }
}
