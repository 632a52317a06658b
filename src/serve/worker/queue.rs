//! Events of the queue: begun together, and settled when their run has ended.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{AWAY, FULL, LOOK_AGAIN, Refusal, Worker};
use crate::base::files::is_full;
use crate::base::queue::Entry as QueueEntry;
use crate::model::event::{self as model, Named};
use crate::model::run::RunType;
use crate::serve::work::SyncRequest;
use crate::sync::{AGAIN, locked};

impl Worker {
    /// Starts what is due in the queues: events first, then pushes that failed before.
    pub(super) fn begin_queued(&mut self) -> bool {
        if self.events_from.is_none_or(|at| at > Instant::now()) {
            return false;
        }
        let now = self.shared.clock.now();
        let events = locked(&self.shared.queues.events).due(now, AGAIN);
        if !events.is_empty() {
            return self.begin_events(&events);
        }
        let pushes = locked(&self.shared.queues.pushes).due(now, AGAIN);
        if !pushes.is_empty() {
            return self.begin_pushes(pushes.into_iter().map(|entry| entry.id).collect());
        }
        if !self.unsettled.is_empty() {
            // Who waits for the end of it wants to see it in the figures.
            self.events_from = Some(Instant::now() + LOOK_AGAIN);
            return false;
        }
        for waiting in self.drainers.drain(..) {
            let _ = waiting.send(());
        }
        self.events_from = self.next_events();
        false
    }

    /// Starts a run for events. Those that have come together are one run.
    fn begin_events(&mut self, due: &[QueueEntry]) -> bool {
        let ids: Vec<String> = due.iter().map(|entry| entry.id.clone()).collect();
        // What cannot be read is not of this version: the whole source is asked.
        let known: Option<Vec<model::Event>> =
            due.iter().map(|entry| serde_json::from_value(entry.payload.clone()).ok()).collect();
        let only = known.map(|events| Named::by(&events));
        // Of several sources one is enough, where all events came by its name.
        let named = |entry: &QueueEntry| Some(entry.payload.get("connector")?.as_str()?.to_owned());
        let from: BTreeSet<Option<String>> = due.iter().map(named).collect();
        let connector = match from.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(one)] => self.shared.connectors.iter().find(|known| *known == one).cloned(),
            _ => None,
        };
        let request = SyncRequest { full: false, connector, run_type: RunType::Webhook, only };
        locked(&self.shared.queues.events).begin(&ids);
        self.events_from = Some(Instant::now());
        match self.begin_sync(request, ids.clone()) {
            Ok(_) => true,
            // Another process syncs or builds: they are next.
            Err(Refusal::Busy(_)) => {
                locked(&self.shared.queues.events).leave(&ids);
                self.events_from = Some(Instant::now() + AWAY);
                false
            }
            Err(Refusal::Failed(error)) if is_full(&error) => {
                self.remark("full", error.message());
                self.put_off(&ids);
                false
            }
            Err(Refusal::Failed(error)) => {
                self.settle(&ids, Some(error.message()));
                false
            }
        }
    }

    /// When to look for events next: when one that failed is due again.
    pub(super) fn next_events(&self) -> Option<Instant> {
        if !self.drainers.is_empty() {
            return Some(Instant::now());
        }
        let queues = &self.shared.queues;
        let due = [&queues.events, &queues.pushes].into_iter().filter_map(|queue| locked(queue).next_due());
        let next = due.min()?;
        let wait = Duration::try_from(next.duration_since(self.shared.clock.now())).unwrap_or_default();
        Some(Instant::now() + wait)
    }

    /// The disk takes nothing: that is not the events' fault, and no attempt. They wait until it is well again.
    pub(super) fn put_off(&mut self, events: &[String]) {
        locked(&self.shared.queues.events).leave(events);
        self.events_from = Some(Instant::now() + FULL);
    }

    /// Says how the events of a run came out.
    pub(super) fn settle(&mut self, events: &[String], trouble: Option<&str>) {
        if events.is_empty() {
            return;
        }
        self.unsettled.push((events.to_vec(), trouble.map(str::to_owned)));
        self.write_down();
    }

    /// Writes down how events came out, unless another process has the queue just now: nobody here waits for that.
    pub(super) fn write_down(&mut self) {
        let now = self.shared.clock.now();
        while let Some((events, trouble)) = self.unsettled.pop() {
            let mut queue = locked(&self.shared.queues.events);
            let settled = match queue.reserve() {
                Ok(false) => {
                    drop(queue);
                    self.unsettled.push((events, trouble));
                    return;
                }
                Ok(true) => match &trouble {
                    None => queue.done(&events, now),
                    Some(trouble) => queue.failed(&events, trouble, now),
                },
                Err(error) => Err(error),
            };
            // What could not be written down is done once more when the disk is well again; that does no harm.
            queue.leave(&events);
            drop(queue);
            self.events_from = self.next_events();
            if let Err(error) = settled {
                self.remark("events cannot be settled", error.message());
                self.events_from = Some(Instant::now() + AWAY);
            }
        }
    }
}
