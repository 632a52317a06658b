//! How far the run under way has come, for whoever looks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::report::{Event, Reporter, Silent, Stage};

/// Listens to a run on its way to somebody else, and remembers how far it is.
pub struct Progress {
    next: Arc<dyn Reporter>,
    now: Mutex<Option<Step>>,
}

/// The part of a run that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) struct Step {
    pub(in crate::serve) stage: Stage,
    pub(in crate::serve) done: u64,
    /// Nothing where it is not known.
    pub(in crate::serve) total: Option<u64>,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("now", &*self.lock()).finish_non_exhaustive()
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::over(Arc::new(Silent))
    }
}

impl Progress {
    /// Hands on everything that it hears.
    pub fn over(next: Arc<dyn Reporter>) -> Self {
        Self { next, now: Mutex::default() }
    }

    /// A run begins: what is known is of another one.
    pub(in crate::serve) fn begin_anew(&self) {
        *self.lock() = None;
    }

    pub(in crate::serve) fn now(&self) -> Option<Step> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Step>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reporter for Progress {
    fn begin(&self, stage: Stage, total: Option<u64>) {
        let mut now = self.lock();
        // Several sources are asked at the same time: they count together.
        let done = match *now {
            Some(step) if step.stage == stage && total.is_none() => step.done,
            _ => 0,
        };
        *now = Some(Step { stage, done, total });
        drop(now);
        self.next.begin(stage, total);
    }

    fn advance(&self, steps: u64) {
        if let Some(step) = &mut *self.lock() {
            step.done = step.done.saturating_add(steps);
        }
        self.next.advance(steps);
    }

    fn warn(&self, message: &str) {
        self.next.warn(message);
    }

    fn detail(&self, message: &str) {
        self.next.detail(message);
    }

    fn event(&self, event: &Event<'_>) {
        self.next.event(event);
    }

    fn wants_details(&self) -> bool {
        self.next.wants_details()
    }
}
