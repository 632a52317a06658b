//! Pushes that somebody has asked for and that failed: tried again from their queue.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{AWAY, Outcome, Task, Worker};
use crate::base::files::Lock;
use crate::base::report::Event as LogEvent;
use crate::error::{Error, Kind, Result};
use crate::project::PushSummary;
use crate::sync::locked;

impl Worker {
    /// Starts to send these entries. Says whether it could.
    pub(super) fn begin_pushes(&mut self, ids: Vec<String>) -> bool {
        locked(&self.shared.queues.pushes).begin(&ids);
        match self.try_to_push(&ids) {
            Ok(()) => true,
            // Another process syncs, builds or pushes.
            Err(error) if error.kind() == Kind::Busy => {
                locked(&self.shared.queues.pushes).leave(&ids);
                self.events_from = Some(Instant::now() + AWAY);
                false
            }
            Err(error) => {
                self.push_ended(&ids, Err(error));
                false
            }
        }
    }

    fn try_to_push(&mut self, ids: &[String]) -> Result<()> {
        let lock = Lock::take(&self.shared.lock)?
            .ok_or_else(|| Error::new(Kind::Busy, "another build of this site is under way"))?;
        let work = self.worker_at_hand()?;
        let deadline = Instant::now() + self.shared.serve.sync_timeout;
        let (queue, sent) = (self.shared.queues.pushes.clone(), ids.to_vec());
        self.start(work, lock, deadline, Task::Push(sent.clone()), move |work, gate| {
            Outcome::Push(work.push(&queue, &sent, gate))
        })
    }

    pub(super) fn push_ended(&mut self, ids: &[String], result: Result<PushSummary>) {
        let trouble = match &result {
            Ok(summary) => {
                if !summary.conflicts.is_empty() {
                    // What the source says is shown from now on.
                    self.changed.get_or_insert_with(|| (BTreeSet::new(), true, Instant::now())).1 = true;
                }
                None
            }
            Err(error) => Some(error.message().to_owned()),
        };
        let is_good = result.as_ref().is_ok_and(|summary| summary.failed.is_empty());
        self.shared.reporter.event(&LogEvent {
            what: "pushes tried again",
            status: Some(if is_good { "success" } else { "failed" }),
            ..LogEvent::default()
        });
        self.settle_pushes(ids, trouble.as_deref());
    }

    /// Whoever sends these does not come back.
    pub(super) fn push_given_up(&mut self, ids: &[String], stops: bool) {
        self.settle_pushes(ids, (!stops).then_some("it took longer than a push may"));
    }

    /// Those that were not settled one by one have failed together, or wait as before.
    fn settle_pushes(&mut self, ids: &[String], trouble: Option<&str>) {
        let mut queue = locked(&self.shared.queues.pushes);
        let left: Vec<String> = ids.iter().filter(|id| queue.is_processing(id)).cloned().collect();
        let settled = match trouble.filter(|_| !left.is_empty()) {
            // Where another process has the queue just now, it is as if they had not been tried: nobody here waits for that.
            Some(trouble) => queue.reserve().and_then(|is_ours| match is_ours {
                true => queue.failed(&left, trouble, self.shared.clock.now()),
                false => Ok(()),
            }),
            None => Ok(()),
        };
        queue.leave(&left);
        drop(queue);
        self.events_from = self.next_events();
        if let Err(error) = settled {
            self.remark("pushes cannot be settled", error.message());
            self.events_from = Some(Instant::now() + AWAY);
        }
    }
}
