//! One line on a terminal that says what a long command is doing. Never in pipes, never with `--quiet` or a format for
//! programs, never in CI; it is gone before anything else is printed.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a command may take before the line appears.
const PATIENCE: Duration = Duration::from_millis(400);
/// How often it is drawn.
const FRAME: Duration = Duration::from_millis(100);
/// Its longest text in characters: the line must not wrap.
const WIDTH: usize = 76;

/// The line that is shown, if there is one.
static SHOWN: Mutex<Option<Line>> = Mutex::new(None);

struct Line {
    id: u64,
    text: String,
    since: Instant,
    drawn: bool,
}

/// What is being done. The line goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    visible: bool,
}

/// A way to say how far something is, from any thread.
#[derive(Debug, Clone)]
pub(crate) struct Teller(Option<Arc<str>>);

impl Progress {
    /// Begins with what is done, such as `compiling`. `wanted`: the command speaks to people.
    pub(crate) fn new(text: &str, wanted: bool) -> Self {
        let named = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let visible = wanted && std::io::stderr().is_terminal() && !named("CI") && !dumb;
        if visible {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let id = NEXT.fetch_add(1, Ordering::Relaxed);
            *shown() = Some(Line { id, text: text.to_owned(), since: Instant::now(), drawn: false });
            let _ = std::thread::Builder::new().name("progress".to_owned()).spawn(move || draw(id));
        }
        Self { visible }
    }

    /// Tells how far it is.
    pub(crate) fn teller(&self, what: &str) -> Teller {
        Teller(self.visible.then(|| what.into()))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.visible {
            let mut shown = shown();
            wipe(&mut shown);
            shown.take();
        }
    }
}

impl Teller {
    /// Says `WHAT: HOW FAR`.
    pub(crate) fn tell(&self, how_far: impl FnOnce() -> String) {
        let Some(what) = &self.0 else { return };
        if let Some(line) = shown().as_mut() {
            line.text = format!("{what}: {}", how_far());
        }
    }
}

/// Takes the line away, so that something can be printed.
pub(crate) fn clear() {
    wipe(&mut shown());
}

/// Prints something in its place; it is not drawn before that is done.
pub(crate) fn aside<T>(print: impl FnOnce() -> T) -> T {
    let mut shown = shown();
    wipe(&mut shown);
    print()
}

fn wipe(shown: &mut Option<Line>) {
    if let Some(line) = shown.as_mut().filter(|line| line.drawn) {
        line.drawn = false;
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

/// Draws a line until it is gone.
fn draw(id: u64) {
    for frame in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".chars().cycle() {
        std::thread::sleep(FRAME);
        let mut shown = shown();
        let Some(line) = shown.as_mut().filter(|line| line.id == id) else { return };
        let elapsed = line.since.elapsed();
        if elapsed < PATIENCE {
            continue;
        }
        line.drawn = true;
        let text: String = line.text.chars().take(WIDTH - 10).collect();
        let _ = write!(std::io::stderr(), "\r\x1b[K{frame} {text} ({} s)", elapsed.as_secs());
    }
}

fn shown() -> MutexGuard<'static, Option<Line>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}
