//! Figures for Prometheus, in its text format (version 0.0.4).

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use super::state::{State, status_name};
use crate::model::run::{Run, RunStatus};

/// Counters since the server began.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    /// Answers by the first digit of their status.
    answers: [AtomicU64; 6],
    pub(super) refused_connections: AtomicU64,
    pub(super) accept_errors: AtomicU64,
    runs: [AtomicU64; 4],
}

const ENDS: [RunStatus; 4] = [RunStatus::Success, RunStatus::Partial, RunStatus::Failed, RunStatus::TimedOut];

impl Metrics {
    pub(super) fn answered(&self, status: u16) {
        if let Some(counter) = self.answers.get(usize::from(status / 100)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn run_ended(&self, run: &Run) {
        if let Some(at) = ENDS.iter().position(|status| *status == run.status) {
            self.runs[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The text of `/metrics`.
    pub(super) fn text(&self, state: &State, connections: usize, files: usize) -> String {
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
