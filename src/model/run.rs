//! A run: one sync of the site, whoever asked for it, with what it brought. The record outlives the process.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who asked for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunType {
    /// A person or a program, through the API.
    Manual,
    /// A scheduler.
    Scheduled,
    /// An event from outside.
    Webhook,
    /// The command line.
    Cli,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Under way.
    Running,
    /// Done.
    Success,
    /// Done, but some records were set aside.
    Partial,
    /// Given up; the site is as it was.
    Failed,
    /// It took longer than it may; what it did later was thrown away.
    TimedOut,
}

/// What a run changed in the catalogue, in records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RunChanges {
    /// Records that are new.
    pub added: u64,
    /// Records that were known and differ.
    pub updated: u64,
    /// Records that have gone.
    pub removed: u64,
}

/// Something that went wrong in a run. Never holds personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// What it was about: `course`, `template`, `sync`.
    pub entity: String,
    /// One sentence for people.
    pub message: String,
    /// When.
    #[serde(with = "millis")]
    pub timestamp: Timestamp,
}

/// The figures of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RunFigures {
    /// Courses in the source's answer.
    pub courses_fetched: u64,
    /// Participants that were read.
    pub participants_fetched: u64,
    /// Templates that were read from the source.
    pub templates_fetched: u64,
    /// What changed.
    pub changed: RunChanges,
    /// Files that were written.
    pub files_generated: u64,
    /// Files that were left as they are.
    pub files_skipped: u64,
    /// Files that were removed.
    pub files_removed: u64,
    /// Whether no course is yet to come.
    pub no_upcoming_course: bool,
    /// The next course to come.
    pub next_course_id: Option<String>,
    /// Where the source's list of changes was read from.
    pub cursor_before: Option<String>,
    /// Where it will be read from next.
    pub cursor_after: Option<String>,
    /// What went wrong without ending the run.
    pub errors: Vec<RunError>,
    /// How each of several sources stands; empty where there is but one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<RunSource>,
}

/// How one of several sources stands after a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RunSource {
    /// Its id in the configuration.
    pub id: String,
    /// `success`; `failed`: its last good records stay; `kept`: it was not asked.
    pub status: String,
    /// Courses of it.
    pub courses: u64,
    /// Whether only changes were asked for.
    pub delta: bool,
    /// Where its changes were read from.
    pub cursor_before: Option<String>,
    /// Where they will be read from next.
    pub cursor_after: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
}

/// One run. As JSON: the job of the sync API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// `sync-` and 16 hexadecimal digits, the first of them rising with time.
    pub job_id: String,
    /// Who asked for it.
    pub run_type: RunType,
    /// How it stands.
    pub status: RunStatus,
    /// When it began.
    #[serde(with = "millis")]
    pub start_time: Timestamp,
    /// When it ended.
    #[serde(with = "millis_or_none")]
    pub end_time: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The source that was asked.
    pub connector: String,
    /// The figures.
    #[serde(flatten)]
    pub figures: RunFigures,
}

impl Run {
    /// A run that begins now.
    pub fn begin(run_type: RunType, connector: impl Into<String>, now: Timestamp) -> Self {
        // Microseconds keep ids in order, the random part keeps two of one microsecond apart.
        let job_id = format!("sync-{:013x}{:03x}", now.as_microsecond(), fastrand::u16(..0x1000));
        Self {
            job_id,
            run_type,
            status: RunStatus::Running,
            start_time: now,
            end_time: None,
            duration_ms: None,
            connector: connector.into(),
            figures: RunFigures::default(),
        }
    }

    /// The same run, ended now.
    #[must_use]
    pub fn ended(mut self, status: RunStatus, now: Timestamp) -> Self {
        self.status = status;
        self.end_time = Some(now);
        let took = now.duration_since(self.start_time).as_millis();
        self.duration_ms = Some(u64::try_from(took).unwrap_or(0));
        self
    }

    /// The same run, ended now by an error.
    #[must_use]
    pub fn failed(mut self, status: RunStatus, message: impl Into<String>, now: Timestamp) -> Self {
        let error = RunError { entity: "sync".into(), message: message.into(), timestamp: now };
        self.figures.errors.push(error);
        self.ended(status, now)
    }

    /// Whether it is still under way.
    pub fn is_running(&self) -> bool {
        self.status == RunStatus::Running
    }

    /// Whether it ended without a new site.
    pub fn has_failed(&self) -> bool {
        matches!(self.status, RunStatus::Failed | RunStatus::TimedOut)
    }
}

/// A moment as RFC 3339 with milliseconds and `Z`: `2026-02-22T09:30:00.000Z`.
pub fn iso_millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

mod millis {
    use super::{Timestamp, iso_millis};
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&iso_millis(*at))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(deserializer)
    }
}

mod millis_or_none {
    use super::{Timestamp, iso_millis};
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(iso_millis).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::deserialize(deserializer)
    }
}
