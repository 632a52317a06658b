//! Logs for machines: one JSON object a line on standard error, with the ids of requests and jobs as fields of their own.

use std::sync::Arc;

use crate::base::report::{Event, Reporter, Stage};

/// Writes JSON from now on; whoever reports is passed on to it.
pub(super) fn start(is_verbose: bool, is_quiet: bool) -> Arc<dyn Reporter> {
    let level = match (is_quiet, is_verbose) {
        (true, _) => tracing::Level::WARN,
        (_, true) => tracing::Level::DEBUG,
        _ => tracing::Level::INFO,
    };
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .finish();
    // Only the first one counts: a process has one log.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Arc::new(Logs { wants_details: !is_quiet })
}

/// A reporter that writes to the log.
#[derive(Debug)]
struct Logs {
    wants_details: bool,
}

impl Reporter for Logs {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: u64) {}

    fn warn(&self, message: &str) {
        tracing::warn!("{message}");
    }

    fn detail(&self, message: &str) {
        tracing::debug!("{message}");
    }

    fn event(&self, event: &Event<'_>) {
        let Event { what, is_warning, request_id, job_id, method, path, status, millis } = *event;
        if is_warning {
            tracing::warn!(request_id, job_id, method, path, status, millis, "{what}");
        } else {
            tracing::info!(request_id, job_id, method, path, status, millis, "{what}");
        }
    }

    fn wants_details(&self) -> bool {
        self.wants_details
    }
}

/// A remark that is no warning.
pub(super) fn note(message: &str) {
    tracing::info!("{message}");
}

/// An error that does not end the program, or the one that does.
pub(super) fn error(message: &str) {
    tracing::error!("{message}");
}
