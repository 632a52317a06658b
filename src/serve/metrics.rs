//! Figures for Prometheus, in its text format (version 0.0.4).

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use super::state::{State, status_name};
use crate::base::queue::Figures;
use crate::model::run::{Run, RunStatus};
use crate::notify::Notifier;

/// Counters since the server began.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// Answers by the first digit of their status.
    answers: [AtomicU64; 6],
    pub(super) refused_connections: AtomicU64,
    pub(super) accept_errors: AtomicU64,
    runs: [AtomicU64; 4],
    events: [AtomicU64; 4],
}

/// What became of an event that somebody sent.
const EVENTS: [&str; 4] = ["accepted", "duplicate", "invalid", "unsigned"];

const ENDS: [RunStatus; 4] = [RunStatus::Success, RunStatus::Partial, RunStatus::Failed, RunStatus::TimedOut];

impl Metrics {
    pub(super) fn answered(&self, status: u16) {
        if let Some(counter) = self.answers.get(usize::from(status / 100)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// An event has come in: one of [`EVENTS`].
    pub(super) fn count_event(&self, outcome: &str) {
        if let Some(at) = EVENTS.iter().position(|known| *known == outcome) {
            self.events[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn run_ended(&self, run: &Run) {
        if let Some(at) = ENDS.iter().position(|status| *status == run.status) {
            self.runs[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The text of `/metrics`.
    pub(super) fn text(
        &self,
        state: &State,
        connections: usize,
        files: usize,
        queues: Figures,
        now: Timestamp,
    ) -> String {
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, rows: &[(String, f64)]| {
            let _ = writeln!(text, "# HELP aither_{name} {help}\n# TYPE aither_{name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(text, "aither_{name}{labels} {value}");
            }
        };
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let one = |value: f64| vec![(String::new(), value)];
        let answers: Vec<_> =
            (1..6).map(|digit| (format!("{{status=\"{digit}xx\"}}"), get(&self.answers[digit]))).collect();
        family("http_responses_total", "counter", "Answers by class of status.", &answers);
        family("http_connections", "gauge", "Connections at present.", &one(connections as f64));
        let refused = get(&self.refused_connections);
        family("http_connections_refused_total", "counter", "Connections over a limit.", &one(refused));
        family("http_accept_errors_total", "counter", "Failures to accept.", &one(get(&self.accept_errors)));
        family("site_files", "gauge", "Files of the site that is served.", &one(files as f64));
        let runs: Vec<_> = (ENDS.iter().zip(&self.runs))
            .map(|(status, count)| (format!("{{status=\"{}\"}}", status_name(*status)), get(count)))
            .collect();
        family("sync_runs_total", "counter", "Syncs of this process by how they ended.", &runs);
        let running = state.last().is_some_and(Run::is_running);
        family("sync_running", "gauge", "Whether a sync is under way.", &one(f64::from(u8::from(running))));
        let events: Vec<_> = (EVENTS.iter().zip(&self.events))
            .map(|(outcome, count)| (format!("{{outcome=\"{outcome}\"}}"), get(count)))
            .collect();
        family("events_total", "counter", "Events of this process by what became of them.", &events);
        let states =
            [("pending", queues.pending), ("processing", queues.processing), ("dead", queues.failed)];
        let entries: Vec<_> =
            states.iter().map(|(name, count)| (format!("{{state=\"{name}\"}}"), *count as f64)).collect();
        family("queue_entries", "gauge", "Entries of the queues.", &entries);
        let oldest = queues.oldest.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
        family("queue_oldest_pending_seconds", "gauge", "Age of the oldest entry that waits.", &one(oldest));
        let good = state.runs.iter().rev().find(|run| !run.is_running() && !run.has_failed());
        if let Some(end) = good.and_then(|run| run.end_time) {
            let seconds = end.as_millisecond() as f64 / 1_000.0;
            family(
                "sync_last_success_timestamp_seconds",
                "gauge",
                "When a sync last succeeded.",
                &one(seconds),
            );
        }
        if let Some(millis) = state.runs.iter().rev().find_map(|run| run.duration_ms) {
            let seconds = millis as f64 / 1_000.0;
            family("sync_last_duration_seconds", "gauge", "How long the last sync took.", &one(seconds));
        }
        text
    }
}

/// The figures of what goes out, where anything does.
pub(super) fn notifications(notifier: &Notifier) -> String {
    let mut text = String::new();
    for (outlet, count) in notifier.counts() {
        if text.is_empty() {
            text.push_str("# HELP aither_notifications_total Words to outlets by what became of them.\n");
            text.push_str("# TYPE aither_notifications_total counter\n");
        }
        for (outcome, counter) in
            [("sent", &count.sent), ("failed", &count.failed), ("dropped", &count.dropped)]
        {
            let value = counter.load(Ordering::Relaxed);
            let _ = writeln!(
                text,
                "aither_notifications_total{{outlet=\"{outlet}\",outcome=\"{outcome}\"}} {value}"
            );
        }
    }
    text
}
