//! One sync: pull from the source, check that the answer is worth publishing, keep it.

mod conflicts;
mod cursors;
mod held;
mod journal;
mod memory;
mod one;
mod pushes;
mod queues;
mod run;
mod seal;
mod snapshot;
mod union;

pub use conflicts::Conflicts;
pub use cursors::{Cursors, SourceCursors};
pub use journal::Journal;
pub use memory::{Memory, PublishedPart};
pub use one::{Asked, Tally};
pub use pushes::PushLog;
pub use queues::{AGAIN, DeadLetter, Queues, SharedQueue, in_turn, locked};
pub use run::{Failure, Outcome, Part, PartOutcome, Request, last_good, run};
pub use snapshot::{Snapshot, SnapshotStore};
