//! Work on a few threads.

use std::thread::ScopedJoinHandle;

/// Runs `work` over the items on a few threads; results come in their order.
pub(crate) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    const THREADS: usize = 8;
    if items.len() < 2 {
        return items.iter().map(work).collect();
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(item) = items.get(i) else { return done };
            done.push((i, work(item)));
        }
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS.min(items.len())).map(|_| scope.spawn(run)).collect();
        // What panicked in a thread goes on panicking here: a result that is left out would shift those after it.
        let join = |thread: ScopedJoinHandle<'_, Vec<_>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().flat_map(join).collect()
    });
    all.sort_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::parallel;

    #[test]
    fn results_come_in_order_and_a_panic_is_passed_on() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(parallel(&items, |item| item + 1), (1..101).collect::<Vec<_>>());
        let panics = std::panic::catch_unwind(|| parallel(&items, |item| assert_ne!(*item, 50)));
        assert!(panics.is_err());
    }
}
