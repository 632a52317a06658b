//! What the threads that answer requests read: the present state, never changed by them.

use std::sync::Arc;

use crate::error::Kind;
use crate::model::run::{Run, RunStatus};

/// The state of syncs.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Oldest first.
    pub(super) runs: Arc<Vec<Run>>,
    /// Why the last failed run of this process failed.
    pub(super) failure: Option<(String, Kind)>,
}

/// How well syncs have been going.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Health {
    pub(super) healthy: bool,
    /// Of the last ten that ended, from 0 to 1.
    pub(super) failure_rate: f64,
    /// Among the same.
    pub(super) recent_failures: usize,
    pub(super) message: String,
}

impl State {
    /// The last run, or the one under way.
    pub(super) fn last(&self) -> Option<&Run> {
        self.runs.last()
    }

    /// The run with this id.
    pub(super) fn run(&self, job_id: &str) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.job_id == job_id)
    }

    /// Three failures in a row are an illness, one is weather.
    pub(super) fn health(&self) -> Health {
        const LOOKED_AT: usize = 10;
        const IN_A_ROW: usize = 3;
        let ended: Vec<&Run> =
            self.runs.iter().rev().filter(|run| !run.is_running()).take(LOOKED_AT).collect();
        let recent_failures = ended.iter().filter(|run| run.has_failed()).count();
        let in_a_row = ended.iter().take_while(|run| run.has_failed()).count();
        let failure_rate = if ended.is_empty() { 0.0 } else { recent_failures as f64 / ended.len() as f64 };
        let message = match (ended.first(), in_a_row) {
            (None, _) => "no sync has ended yet".into(),
            (Some(_), 0) => "the last sync succeeded".into(),
            (Some(_), 1) => "the last sync failed".into(),
            (Some(_), many) => format!("the last {many} syncs failed"),
        };
        Health { healthy: in_a_row < IN_A_ROW, failure_rate, recent_failures, message }
    }
}

/// The status as it stands in the API.
pub(super) fn status_name(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Success => "success",
        RunStatus::Partial => "partial",
        RunStatus::Failed => "failed",
        RunStatus::TimedOut => "timed_out",
    }
}
