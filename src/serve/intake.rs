//! Events on their way in: written down before their senders hear that they were accepted.
//!
//! A thread of its own, so that a sync, a build or a slow disk keeps nobody waiting longer than need be. Events that
//! arrive together are flushed to the disk together.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};

use tokio::sync::oneshot;

use super::worker::Event;
use crate::base::clock::SharedClock;
use crate::base::queue::Entry;
use crate::base::report::{Reporter, Sparing};
use crate::error::{Error, Result};
use crate::sync::{SharedQueue, in_turn};

/// How many are flushed together at most.
const TOGETHER: usize = 1_000;

/// How many may wait to be written down besides; whoever comes then is told to come again.
const WAITING: usize = 1_000;

/// One event, and whoever waits to hear whether it is new.
pub(super) struct Arriving {
    pub(super) entry: Entry,
    pub(super) answer: oneshot::Sender<Result<bool>>,
}

/// The way in.
pub(super) type Intake = SyncSender<Arriving>;

/// What writes events down.
pub(super) struct Clerk {
    arriving: Receiver<Arriving>,
    queue: SharedQueue,
    clock: SharedClock,
    worker: Sender<Event>,
    reporter: Arc<dyn Reporter>,
}

impl Clerk {
    /// The way in, and what writes down what comes by it.
    pub(super) fn new(
        queue: SharedQueue,
        clock: SharedClock,
        worker: Sender<Event>,
        reporter: Arc<dyn Reporter>,
    ) -> (Intake, Self) {
        let (intake, arriving) = sync_channel(WAITING);
        (intake, Self { arriving, queue, clock, worker, reporter })
    }

    /// Writes events down until nobody can send any more.
    pub(super) fn run(self) {
        let sparing = Sparing::default();
        while let Ok(first) = self.arriving.recv() {
            let mut answers = vec![first.answer];
            let mut entries = vec![first.entry];
            while entries.len() < TOGETHER
                && let Ok(next) = self.arriving.try_recv()
            {
                answers.push(next.answer);
                entries.push(next.entry);
            }
            // Another process may have the queue for a while. Nobody here has to wait at it for that reason.
            let accepted = in_turn(&self.queue, &*self.clock)
                .and_then(|mut queue| queue.accept(entries, self.clock.now()));
            match accepted {
                Ok(are_new) => {
                    if are_new.contains(&true) {
                        let _ = self.worker.send(Event::Arrived);
                    }
                    for (answer, is_new) in answers.into_iter().zip(are_new) {
                        let _ = answer.send(Ok(is_new));
                    }
                }
                Err(error) => {
                    let told = format!("events cannot be written down: {}", error.message());
                    sparing.warn(&*self.reporter, "intake", &told, self.clock.elapsed());
                    for answer in answers {
                        let _ = answer.send(Err(Error::new(error.kind(), error.message())));
                    }
                }
            }
        }
    }
}
