//! What a run did, in figures.

use std::time::Duration;

use jiff::Timestamp;

use crate::build;
use crate::model::change::Refused;
use crate::model::run::{RunChanges, RunError, RunFigures, RunSource};
use crate::sync::{Failure, Outcome, PartOutcome};

/// What a run did.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Summary {
    /// Courses in the catalogue.
    pub courses: usize,
    /// What the sync brought; nothing where the source was not asked.
    pub sync: Option<SyncSummary>,
    /// What the build did.
    pub build: build::Report,
    /// The id of the course that begins next; nothing where none is yet to come.
    pub next_course: Option<String>,
    /// How long it all took.
    pub elapsed: Duration,
}

/// The figures of a sync.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct SyncSummary {
    /// Courses in the answer.
    pub fetched: usize,
    /// Courses that are new.
    pub added: usize,
    /// Courses that are known and differ.
    pub updated: usize,
    /// Courses that have gone.
    pub removed: usize,
    /// Records that were set aside.
    pub refused: usize,
    /// Courses whose bookings were read anew.
    pub details_read: usize,
    /// Courses whose bookings were due, but were not read.
    pub details_left: usize,
    /// Those of them whose bookings were never read.
    pub details_unread: usize,
    /// Participants that were read.
    pub participants_read: usize,
    /// Requests that were made.
    pub requests: usize,
    /// Templates in the answer.
    pub templates: usize,
    /// What was set aside, with the reasons.
    #[serde(skip)]
    pub set_aside: Vec<Refused>,
    /// Sources that failed while others did not.
    #[serde(skip)]
    pub failed: Vec<Failure>,
    /// The sources one by one.
    #[serde(skip)]
    pub parts: Vec<PartOutcome>,
}

impl From<&Outcome> for SyncSummary {
    fn from(outcome: &Outcome) -> Self {
        Self {
            fetched: outcome.tally.fetched,
            added: outcome.tally.added,
            updated: outcome.tally.updated,
            removed: outcome.tally.removed,
            refused: outcome.tally.refused.len(),
            details_read: outcome.tally.details_read,
            details_left: outcome.tally.details_left,
            details_unread: outcome.tally.details_unread,
            participants_read: outcome.tally.participants_read,
            requests: outcome.tally.requests,
            templates: outcome.templates,
            set_aside: outcome.tally.refused.clone(),
            failed: outcome.failed.clone(),
            parts: outcome.parts.clone(),
        }
    }
}

impl Summary {
    /// The figures for the history of runs.
    pub fn figures(&self, now: Timestamp) -> RunFigures {
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let mut figures = RunFigures {
            files_generated: wide(self.build.written),
            files_skipped: wide(self.build.unchanged),
            files_removed: wide(self.build.removed),
            no_upcoming_course: self.next_course.is_none(),
            next_course_id: self.next_course.clone(),
            ..RunFigures::default()
        };
        if let Some(sync) = &self.sync {
            figures.courses_fetched = wide(sync.fetched);
            figures.participants_fetched = wide(sync.participants_read);
            figures.templates_fetched = wide(sync.templates);
            figures.changed = RunChanges {
                added: wide(sync.added),
                updated: wide(sync.updated),
                removed: wide(sync.removed),
            };
            // The history is read often; of a thousand wrong records the first ones tell the story.
            const SHOWN: usize = 20;
            let down = sync.failed.iter().map(|failure| RunError {
                entity: format!("source {}", failure.id),
                message: failure.message.clone(),
                timestamp: now,
            });
            let refused = sync.set_aside.iter().take(SHOWN).map(|refused| RunError {
                entity: refused.entity.to_owned(),
                message: format!("{}: {}", refused.id, refused.reason),
                timestamp: now,
            });
            figures.errors = down.chain(refused).collect();
            sync.note_sources(&mut figures);
        }
        figures
    }
}

impl SyncSummary {
    /// How each source stands, and the cursors of all in a line.
    fn note_sources(&self, figures: &mut RunFigures) {
        let is_several = self.parts.len() > 1;
        let line = |of: fn(&PartOutcome) -> &Option<String>| {
            let told = self.parts.iter().filter_map(|part| Some((&part.id, of(part).as_ref()?)));
            let told: Vec<String> = told
                .map(|(id, cursor)| if is_several { format!("{id}: {cursor}") } else { cursor.clone() })
                .collect();
            (!told.is_empty()).then(|| told.join("; "))
        };
        figures.cursor_before = line(|part| &part.cursor_before);
        figures.cursor_after = line(|part| &part.cursor_after);
        if is_several {
            figures.sources = self.parts.iter().map(|part| self.source(part)).collect();
        }
    }

    fn source(&self, part: &PartOutcome) -> RunSource {
        let failure = self.failed.iter().find(|failure| failure.id == part.id);
        RunSource {
            id: part.id.clone(),
            status: match (failure, part.was_asked) {
                (Some(_), _) => "failed",
                (None, true) => "success",
                (None, false) => "kept",
            }
            .to_owned(),
            courses: u64::try_from(part.courses).unwrap_or(u64::MAX),
            delta: part.is_delta,
            cursor_before: part.cursor_before.clone(),
            cursor_after: part.cursor_after.clone(),
            error: failure.map(|failure| failure.message.clone()),
        }
    }
}
