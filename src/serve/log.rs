//! What the thread that answers has to say goes by another thread: whoever reads the log may be slow, or have stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::base::report::{Event, Reporter};
use crate::base::text::count;

/// Lines that may wait; those that come then are left out and counted.
const WAITING: usize = 1_000;

/// The way to the log.
#[derive(Debug)]
pub(super) struct Log {
    lines: SyncSender<Line>,
    left_out: Arc<AtomicU64>,
    wants_details: bool,
}

enum Line {
    Warning(String),
    Request(Request),
}

/// A request that was answered.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: String,
    pub(super) millis: Option<u64>,
    pub(super) is_warning: bool,
}

/// What writes the lines down.
pub(super) struct Scribe {
    lines: Receiver<Line>,
    left_out: Arc<AtomicU64>,
    reporter: Arc<dyn Reporter>,
}

impl Log {
    /// The way to the log, and what writes down what comes by it.
    pub(super) fn new(reporter: Arc<dyn Reporter>) -> (Self, Scribe) {
        let (sender, lines) = sync_channel(WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let log =
            Self { lines: sender, left_out: Arc::clone(&left_out), wants_details: reporter.wants_details() };
        (log, Scribe { lines, left_out, reporter })
    }

    /// Something that a person should look at.
    pub(super) fn warn(&self, message: String) {
        self.put(Line::Warning(message));
    }

    /// A request, if anybody reads of such ones.
    pub(super) fn request(&self, is_warning: bool, request: impl FnOnce() -> Request) {
        if is_warning || self.wants_details {
            self.put(Line::Request(Request { is_warning, ..request() }));
        }
    }

    fn put(&self, line: Line) {
        if self.lines.try_send(line).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Scribe {
    /// Writes lines down until nobody can send any more.
    pub(super) fn run(self) {
        while let Ok(line) = self.lines.recv() {
            let left_out = self.left_out.swap(0, Ordering::Relaxed);
            if left_out > 0 {
                let lines = count(usize::try_from(left_out).unwrap_or(usize::MAX), "line", "lines");
                self.reporter.warn(&format!("the log was too slow: {lines} left out"));
            }
            match line {
                Line::Warning(message) => self.reporter.warn(&message),
                Line::Request(request) => self.reporter.event(&Event {
                    what: "request",
                    is_warning: request.is_warning,
                    request_id: Some(&request.id),
                    method: Some(&request.method),
                    path: Some(&request.path),
                    status: Some(&request.status),
                    millis: request.millis,
                    ..Event::default()
                }),
            }
        }
    }
}
