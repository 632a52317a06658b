//! The queues of a site, behind one door: events that came in, webhooks that go out, results to be pushed. All of one
//! kind, each in a journal of its own below `.aither/`.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::base::queue::{Entry, Figures, Queue};
use crate::base::retry::Backoff;
use crate::error::Result;

/// How many of those that failed before are tried at a time.
pub const AGAIN: usize = 10;

/// A queue that several threads use.
pub type SharedQueue = Arc<Mutex<Queue>>;

/// The queues of a site.
#[derive(Debug, Clone)]
pub struct Queues {
    /// Events from outside that are to be followed by a sync.
    pub events: SharedQueue,
    /// Webhooks that are to be sent.
    pub outbox: SharedQueue,
    /// What is to be written to a source.
    pub pushes: SharedQueue,
}

/// Something that failed for good, and in which queue it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// `events`, `outbox` or `pushes`.
    pub queue: &'static str,
    /// What it is.
    pub entry: Entry,
}

impl Queues {
    /// The queues below this state folder: three tries each, the first again after a second, no wait above thirty.
    pub fn open(state: &Path, random: &mut fastrand::Rng) -> Result<Self> {
        let backoff = Backoff { retries: 3, ..Backoff::default() };
        let mut open = |name: &str| -> Result<SharedQueue> {
            let queue = Queue::open(&state.join(name), backoff, random.fork())?;
            Ok(Arc::new(Mutex::new(queue)))
        };
        Ok(Self {
            events: open("events.journal")?,
            outbox: open("outbox.journal")?,
            pushes: open("pushes.journal")?,
        })
    }

    /// All queues with their names.
    pub fn all(&self) -> [(&'static str, &SharedQueue); 3] {
        [("events", &self.events), ("outbox", &self.outbox), ("pushes", &self.pushes)]
    }

    /// The figures of all queues together.
    pub fn figures(&self) -> Figures {
        let mut sum = Figures::default();
        for (_, queue) in self.all() {
            let one = locked(queue).figures();
            sum.total += one.total;
            sum.processing += one.processing;
            sum.pending += one.pending;
            sum.failed += one.failed;
            sum.oldest = [sum.oldest, one.oldest].into_iter().flatten().min();
        }
        sum
    }

    /// The dead letters of all queues, the last one first.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        let mut dead = Vec::new();
        for (name, queue) in self.all() {
            let queue = locked(queue);
            let entries = queue.entries().filter(|entry| entry.is_dead).cloned();
            dead.extend(entries.map(|entry| DeadLetter { queue: name, entry }));
        }
        dead.sort_by(|a, b| (b.entry.due, &b.entry.id).cmp(&(a.entry.due, &a.entry.id)));
        dead
    }

    /// Tries a dead letter again. Says whether there was one of this id.
    pub fn retry(&self, id: &str, now: Timestamp) -> Result<bool> {
        self.on_dead(id, |queue| queue.retry(id, now))
    }

    /// Forgets a dead letter. Says whether there was one of this id.
    pub fn drop_letter(&self, id: &str, now: Timestamp) -> Result<bool> {
        self.on_dead(id, |queue| queue.drop_entry(id, now))
    }

    fn on_dead(&self, id: &str, act: impl Fn(&mut Queue) -> Result<bool>) -> Result<bool> {
        for (_, queue) in self.all() {
            let mut queue = locked(queue);
            queue.refresh()?;
            if queue.get(id).is_some_and(|entry| entry.is_dead) {
                return act(&mut queue);
            }
        }
        Ok(false)
    }

    /// Reads what other processes did.
    pub fn refresh(&self) -> Result<()> {
        self.all().into_iter().try_for_each(|(_, queue)| locked(queue).refresh())
    }
}

/// The queue, for a moment.
pub fn locked(queue: &SharedQueue) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
