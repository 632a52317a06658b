//! One sync: pull from the source, check that the answer is worth publishing, keep it.

mod memory;
mod run;
mod seal;
mod snapshot;

pub use memory::Memory;
pub use run::{Outcome, Request, run};
pub use snapshot::{Snapshot, SnapshotStore};
