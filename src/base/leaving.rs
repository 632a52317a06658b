//! Large things that nobody needs any more.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the process ends with what it does now.
static ENDS: AtomicBool = AtomicBool::new(false);

/// From now on the process only ends: what is let go is not taken apart first, since the system takes all of it at once.
pub fn end_soon() {
    ENDS.store(true, Ordering::Relaxed);
}

/// Lets go of something that consists of thousands of things. Nobody has to wait until they are gone.
pub fn let_go<T: Send + 'static>(thing: T) {
    match ENDS.load(Ordering::Relaxed) {
        true => std::mem::forget(thing),
        false => rayon::spawn(move || drop(thing)),
    }
}
