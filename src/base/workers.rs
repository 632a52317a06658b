//! The threads that share what is done on all cores.

use rayon::ThreadPoolBuilder;

/// From now on the calling thread is one of them, instead of waiting for one more. Only for a program that has nothing else to
/// do: what other threads share then waits for this one as well. It must not wait for a thread that shares work: where there is one core
/// it is all that there is to do it.
pub fn join_in() {
    // The first thread of a program has less room for its stack there than the others.
    if cfg!(windows) {
        return;
    }
    // Where they are there already they stay as they are.
    let _ = ThreadPoolBuilder::new().use_current_thread().build_global();
}

/// Does two things at once, one of them here. It may wait for the network: then a thread that has to do with others takes none of
/// the shared ones from them.
pub fn beside<A: Send, B: Send>(
    here: impl FnOnce() -> A + Send,
    there: impl FnOnce() -> B + Send,
) -> (A, std::thread::Result<B>) {
    if rayon::current_thread_index().is_some() {
        let (here, there) = rayon::join(here, there);
        return (here, Ok(there));
    }
    std::thread::scope(|scope| {
        let there = scope.spawn(there);
        (here(), there.join())
    })
}
