//! What is in a queue, and what may happen to it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry. What it holds is on the disk in the clear: no personal data, no secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its id; the same one is not accepted twice.
    pub id: String,
    /// What kind of thing it is, for people: `enrollment.created`.
    pub kind: String,
    /// What it is about, for people: `course:ck9zz`.
    pub subject: String,
    /// Whatever its owner needs to do it.
    pub payload: Value,
    /// When it was accepted.
    pub arrived: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next; of a dead letter, when it failed for good.
    pub due: Timestamp,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether it is a dead letter: nobody tries it again unless somebody asks for it.
    #[serde(default)]
    pub is_dead: bool,
}

impl Entry {
    /// A new entry, due at once.
    pub fn new(
        id: impl Into<String>,
        kind: impl Into<String>,
        subject: impl Into<String>,
        payload: Value,
        now: Timestamp,
    ) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            subject: subject.into(),
            payload,
            arrived: now,
            attempts: 0,
            due: now,
            error: None,
            is_dead: false,
        }
    }
}

/// How many entries there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// All that are not done.
    pub total: usize,
    /// Those that are being done just now.
    pub processing: usize,
    /// Those that wait.
    pub pending: usize,
    /// Dead letters.
    pub failed: usize,
    /// When the oldest of those that wait was accepted.
    #[serde(skip_serializing_if = "Option::is_none", rename = "oldestPending")]
    pub oldest: Option<Timestamp>,
}

/// What happened to an entry, as it stands in the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(super) enum Step {
    Put { entry: Entry },
    Done { id: String, at: Timestamp },
    Failed { id: String, attempts: u32, due: Timestamp, error: String, dead: bool },
    Retry { id: String, due: Timestamp },
    Drop { id: String, at: Timestamp },
}
