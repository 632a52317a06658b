//! The queues of a site, behind one door: events that came in, webhooks that go out, results to be pushed. All of one
//! kind, each in a journal of its own below `.aither/`.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use jiff::Timestamp;

use crate::base::clock::Clock;
use crate::base::queue::{Entry, Figures, Queue};
use crate::base::retry::Backoff;
use crate::error::{Error, Kind, Result};

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
    /// The figures as they were last seen, in the order of [`Queues::all`].
    seen: Arc<Mutex<[Figures; 3]>>,
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
            seen: Arc::default(),
        })
    }

    /// All queues with their names.
    pub fn all(&self) -> [(&'static str, &SharedQueue); 3] {
        [("events", &self.events), ("outbox", &self.outbox), ("pushes", &self.pushes)]
    }

    /// The figures of all queues together.
    pub fn figures(&self) -> Figures {
        let each = self.all().map(|(_, queue)| locked(queue).figures());
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = each;
        sum(&each)
    }

    /// The same without waiting for anybody: of a queue that somebody works on, the figures as they were last seen. Says
    /// as well whether all are those of now.
    pub fn glance(&self) -> (Figures, bool) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_of_now = true;
        for (figures, (_, queue)) in seen.iter_mut().zip(self.all()) {
            match queue.try_lock() {
                Ok(queue) => *figures = queue.figures(),
                Err(TryLockError::Poisoned(queue)) => *figures = queue.into_inner().figures(),
                Err(TryLockError::WouldBlock) => is_of_now = false,
            }
        }
        (sum(&seen[..]), is_of_now)
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
    pub fn retry(&self, id: &str, clock: &dyn Clock) -> Result<bool> {
        self.on_dead(id, clock, |queue, now| queue.retry(id, now))
    }

    /// Forgets a dead letter. Says whether there was one of this id.
    pub fn drop_letter(&self, id: &str, clock: &dyn Clock) -> Result<bool> {
        self.on_dead(id, clock, |queue, now| queue.drop_entry(id, now))
    }

    fn on_dead(
        &self,
        id: &str,
        clock: &dyn Clock,
        act: impl Fn(&mut Queue, Timestamp) -> Result<bool>,
    ) -> Result<bool> {
        for (_, queue) in self.all() {
            in_turn(queue, clock)?.refresh()?;
            let mut queue = in_turn(queue, clock)?;
            if queue.get(id).is_some_and(|entry| entry.is_dead) {
                return act(&mut queue, clock.now());
            }
            queue.refresh()?;
        }
        Ok(false)
    }

    /// Reads what other processes did, where that is to be had without waiting for anybody.
    pub fn refresh(&self) -> Result<()> {
        for (_, queue) in self.all() {
            if let Ok(mut queue) = queue.try_lock()
                && queue.reserve()?
            {
                queue.refresh()?;
            }
        }
        Ok(())
    }
}

fn sum(each: &[Figures]) -> Figures {
    let mut sum = Figures::default();
    for one in each {
        sum.total += one.total;
        sum.processing += one.processing;
        sum.pending += one.pending;
        sum.failed += one.failed;
        sum.oldest = [sum.oldest, one.oldest].into_iter().flatten().min();
    }
    sum
}

/// The queue, for a moment.
pub fn locked(queue: &SharedQueue) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The queue, for one operation that needs its turn among processes. While another process has it, this one waits, but
/// keeps nobody in here from the queue; in the end it is [`Kind::Busy`].
pub fn in_turn<'q>(queue: &'q SharedQueue, clock: &dyn Clock) -> Result<MutexGuard<'q, Queue>> {
    const PATIENCE: Duration = Duration::from_secs(20);
    const LOOK_AGAIN: Duration = Duration::from_millis(5);
    let until = clock.elapsed() + PATIENCE;
    loop {
        let mut queue = locked(queue);
        if queue.reserve()? {
            return Ok(queue);
        }
        drop(queue);
        if clock.elapsed() >= until {
            return Err(Error::new(Kind::Busy, "another process has had the queue for too long"));
        }
        clock.sleep(LOOK_AGAIN);
    }
}
