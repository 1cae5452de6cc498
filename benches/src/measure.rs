//! Times and ratios. What is compared runs in turns within one process run, so that whatever else the machine does
//! meets all of them; a ratio is taken in each turn, and its minimum, median and maximum are told.

use crate::failure::Failure;
use std::time::Duration;

/// What one turn took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// From beginning to end.
    pub(crate) wall: Duration,
    /// Of all processors together, if that was measured.
    pub(crate) processor: Option<Duration>,
}

impl From<Duration> for Taken {
    fn from(wall: Duration) -> Self {
        Self { wall, processor: None }
    }
}

/// One of those that are compared. It times itself, so that preparing and looking at results do not count.
pub(crate) struct Contender<'a> {
    /// Its name.
    pub(crate) name: String,
    run: Box<dyn FnMut() -> Result<Taken, Failure> + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new<T: Into<Taken>>(name: &str, mut run: impl FnMut() -> Result<T, Failure> + 'a) -> Self {
        Self { name: name.to_owned(), run: Box::new(move || run().map(Into::into)) }
    }
}

/// The times of one contender, in seconds, in the order of the turns.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// Whose.
    pub(crate) name: String,
    /// Seconds from beginning to end.
    pub(crate) seconds: Vec<f64>,
    /// Seconds of all processors together; empty if not measured.
    processor: Vec<f64>,
}

/// Lowest, middle and highest of some numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

/// Runs the contenders in turns: one turn that does not count, then `turns` that do.
pub(crate) fn in_turns(turns: usize, contenders: &mut [Contender<'_>]) -> Result<Vec<Series>, Failure> {
    let mut series: Vec<Series> = contenders.iter().map(|one| Series::new(&one.name)).collect();
    for turn in 0..=turns {
        for (contender, series) in contenders.iter_mut().zip(&mut series) {
            let taken = (contender.run)()
                .map_err(|Failure(message)| Failure(format!("{}: {message}", contender.name)))?;
            if turn > 0 {
                series.seconds.push(taken.wall.as_secs_f64());
                series.processor.extend(taken.processor.as_ref().map(Duration::as_secs_f64));
            }
        }
    }
    Ok(series)
}

impl Series {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), seconds: Vec::new(), processor: Vec::new() }
    }

    /// The same of the processors' time.
    pub(crate) fn of_processors(&self) -> Self {
        Self { seconds: self.processor.clone(), ..self.clone() }
    }

    pub(crate) fn spread(&self) -> Spread {
        Spread::of(self.seconds.clone())
    }

    /// How many times as long as `peer` it took, turn by turn.
    pub(crate) fn to(&self, peer: &Self) -> Spread {
        Spread::of(self.seconds.iter().zip(&peer.seconds).map(|(ours, theirs)| ours / theirs).collect())
    }
}

impl Spread {
    pub(crate) fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let at = |index: usize| numbers.get(index).copied().unwrap_or(f64::NAN);
        let last = numbers.len().saturating_sub(1);
        let median = (at(last / 2) + at(last.div_ceil(2))) / 2.0;
        Self { min: at(0), median, max: at(last) }
    }

    /// "12.3 (11.9–14.0) ms".
    pub(crate) fn time(&self) -> String {
        let (factor, unit) = if self.median < 1.0 { (1e3, "ms") } else { (1.0, "s") };
        let digits = |number: f64| {
            let number = number * factor;
            if number < 10.0 { format!("{number:.2}") } else { format!("{number:.0}") }
        };
        format!("{} ({}–{}) {unit}", digits(self.median), digits(self.min), digits(self.max))
    }

    /// "1.21 (1.17–1.32)".
    pub(crate) fn ratio(&self) -> String {
        format!("{:.2} ({:.2}–{:.2})", self.median, self.min, self.max)
    }
}
