//! Time, as an argument: tests run with a clock of their own.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the time comes from.
pub trait Clock {
    /// Seconds since 1970, by the wall clock.
    fn now(&self) -> u64;
    /// Time since some fixed moment, by a clock that never jumps. Deadlines use this one.
    fn ticks(&self) -> Duration;
    /// Waits.
    fn sleep(&self, span: Duration);
}

/// The system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |span| span.as_secs())
    }

    fn ticks(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}
