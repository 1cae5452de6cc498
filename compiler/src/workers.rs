//! Hosts are compiled on every processor that the program may use. What they make does not depend on how many there are,
//! or on who is first.

use crate::world::World;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

/// A thread costs more than it brings when it has fewer hosts than this.
const HOSTS_A_THREAD: usize = 4;

/// Bytes of a worker's stack: what the first thread of a program has on the systems that cmc runs on.
const STACK: usize = 8 << 20;

/// What `work` makes of each host, in the order of hosts.
pub(crate) fn each<T: Send>(world: &Arc<World>, work: impl Fn(&Arc<World>, usize) -> T + Sync) -> Vec<T> {
    let count = world.fleet.hosts.len();
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let take_turns = |world: Arc<World>| {
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|host| *host < count);
        std::iter::from_fn(|| take().map(|host| (host, work(&world, host)))).collect::<Vec<_>>()
    };
    let mut made = thread::scope(|scope| {
        let helpers = 1..processors.min(count / HOSTS_A_THREAD);
        let helpers = helpers.map_while(|_| {
            let world = world.for_another_thread();
            // Without a thread, those that there are do its work.
            Builder::new().stack_size(STACK).spawn_scoped(scope, || take_turns(world)).ok()
        });
        let helpers: Vec<_> = helpers.collect();
        let mut made = take_turns(world.clone());
        for helper in helpers {
            made.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        made
    });
    made.sort_unstable_by_key(|(host, _)| *host);
    made.into_iter().map(|(_, made)| made).collect()
}
