//! What the threads that answer requests read: the present state, never changed by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::error::Kind;
use crate::model::run::{Run, RunStatus, RunType};

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
    /// The failures by who asked for the run, and by the source that was asked.
    pub(super) by_type: BTreeMap<String, usize>,
    pub(super) by_source: BTreeMap<String, usize>,
    /// When a sync last succeeded.
    pub(super) last_success: Option<Timestamp>,
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

    /// Three failures in a row are an illness, one is weather. So is a queue that nobody works off: `waiting` is the age of the
    /// oldest entry in it.
    pub(super) fn health(&self, waiting: Option<SignedDuration>) -> Health {
        const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
        const LOOKED_AT: usize = 10;
        const IN_A_ROW: usize = 3;
        let ended: Vec<&Run> =
            self.runs.iter().rev().filter(|run| !run.is_running()).take(LOOKED_AT).collect();
        let recent_failures = ended.iter().filter(|run| run.has_failed()).count();
        let in_a_row = ended.iter().take_while(|run| run.has_failed()).count();
        let failure_rate = if ended.is_empty() { 0.0 } else { recent_failures as f64 / ended.len() as f64 };
        let is_stuck = waiting.is_some_and(|age| age > PATIENCE);
        let (mut by_type, mut by_source) = (BTreeMap::new(), BTreeMap::new());
        for run in ended.iter().filter(|run| run.has_failed()) {
            *by_type.entry(type_name(run.run_type).to_owned()).or_default() += 1;
            *by_source.entry(run.connector.clone()).or_default() += 1;
        }
        let good = self.runs.iter().rev().find(|run| !run.is_running() && !run.has_failed());
        let last_success = good.and_then(|run| run.end_time);
        let message = match (ended.first(), in_a_row) {
            _ if is_stuck => "events have been waiting for more than fifteen minutes".into(),
            (None, _) => "no sync has ended yet".into(),
            (Some(_), 0) => "the last sync succeeded".into(),
            (Some(_), 1) => "the last sync failed".into(),
            (Some(_), many) => format!("the last {many} syncs failed"),
        };
        let healthy = in_a_row < IN_A_ROW && !is_stuck;
        Health { healthy, failure_rate, recent_failures, message, by_type, by_source, last_success }
    }
}

/// Who asked for a run, as it stands in the API.
pub(super) fn type_name(run_type: RunType) -> &'static str {
    match run_type {
        RunType::Manual => "manual",
        RunType::Scheduled => "scheduled",
        RunType::Webhook => "webhook",
        RunType::Cli => "cli",
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
