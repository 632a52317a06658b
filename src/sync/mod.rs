//! One sync: pull from the source, check that the answer is worth publishing, keep it.

mod journal;
mod memory;
mod queues;
mod run;
mod seal;
mod snapshot;

pub use journal::Journal;
pub use memory::Memory;
pub use queues::{AGAIN, DeadLetter, Queues, SharedQueue, locked};
pub use run::{Outcome, Request, run};
pub use snapshot::{Snapshot, SnapshotStore};
