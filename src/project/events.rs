//! Events of the queue, worked off without a server.

use super::{Options, Project};
use crate::base::files::is_full;
use crate::error::{Kind, Result};
use crate::model::event::{Event, Named};
use crate::model::run::RunType;
use crate::notify::Notifier;
use crate::sync::{AGAIN, Queues, locked};

impl Project {
    /// One run for the events that are due. Gives how many there were; nothing is asked where there are none.
    pub fn process_events(&mut self, queues: &Queues, notifier: &Notifier) -> Result<usize> {
        let due = locked(&queues.events).due(self.clock.now(), AGAIN);
        if due.is_empty() {
            return Ok(0);
        }
        let ids: Vec<String> = due.iter().map(|entry| entry.id.clone()).collect();
        let events: Option<Vec<Event>> =
            due.iter().map(|entry| serde_json::from_value(entry.payload.clone()).ok()).collect();
        self.named = events.map(|events| Named::by(&events));
        let result = self.build_noted(Options::default(), RunType::Webhook, notifier);
        self.named = None;
        let now = self.clock.now();
        match result {
            Ok(_) => locked(&queues.events).done(&ids, now).map(|()| ids.len()),
            // Somebody else is at work, or the disk takes nothing: that is no attempt.
            Err(error) if error.kind() == Kind::Busy || is_full(&error) => Err(error),
            Err(error) => {
                locked(&queues.events).failed(&ids, error.message(), now)?;
                Err(error)
            }
        }
    }
}
