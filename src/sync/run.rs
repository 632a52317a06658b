//! One run of the sync.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::snapshot::{Snapshot, SnapshotStore};
use crate::base::gate::Gate;
use crate::base::report::Reporter;
use crate::base::text::count;
use crate::error::{Error, Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::change::{Change, Pull, Refused};
use crate::model::course::{Course, CourseId};
use crate::model::event::{Named, person};
use crate::source::{PullRequest, Source};

/// How a sync is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Whether the catalogue may shrink by more than the limit.
    pub allow_shrink: bool,
    /// The limit, in percent of the courses that were there before.
    pub max_shrink_percent: u8,
    /// Whether the answer is kept on the disk.
    pub keep: bool,
    /// How many courses the last published catalogue had; nothing before the first build.
    pub known_courses: Option<usize>,
    /// Whether anything of participants can be shown somewhere.
    pub participants_wanted: bool,
    /// Whether participants' results are shown somewhere.
    pub results_wanted: bool,
    /// How long the pull may take.
    pub budget: Duration,
    /// The present moment.
    pub now: Timestamp,
    /// Whether everything is read, whatever the last pull has left.
    pub full: bool,
    /// What some events name, where that is all that is to be read.
    pub only: Option<&'a Named>,
    /// Passed before anything is kept: a sync that was given up while it asked leaves no trace.
    pub gate: &'a Gate,
}

/// What a sync brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The state after it.
    pub snapshot: Snapshot,
    /// Courses that are new.
    pub added: usize,
    /// Courses that are known and differ.
    pub updated: usize,
    /// Courses that have gone.
    pub removed: usize,
    /// Those that have gone, as they were.
    pub gone: Vec<Course>,
    /// Courses in the answer.
    pub fetched: usize,
    /// Records that were set aside, with the reason.
    pub refused: Vec<Refused>,
    /// Courses whose bookings were read anew.
    pub details_read: usize,
    /// Courses whose bookings were due but were not read.
    pub details_left: usize,
    /// Those of them whose bookings were never read.
    pub details_unread: usize,
    /// Participants that were read.
    pub participants_read: usize,
    /// Requests that were made.
    pub requests: usize,
    /// Templates that the source offers.
    pub templates: usize,
}

/// Pulls from `source`, checks the answer against the last good one, and keeps it in `store` if the source is remote.
///
/// On an error nothing was changed.
pub fn run(
    source: &mut dyn Source,
    store: &SnapshotStore,
    request: &Request<'_>,
    reporter: &dyn Reporter,
) -> Result<Outcome> {
    let known = if source.is_remote() || request.keep {
        store.load(reporter)?.unwrap_or_default()
    } else {
        Snapshot::default()
    };
    let only = request.only.filter(|_| !request.full).and_then(|named| courses(named, &known.catalogue));
    let none = std::collections::BTreeMap::new();
    let pull = source.pull_changes(&PullRequest {
        known: &known.catalogue,
        templates: &known.templates,
        validators: if request.full { &none } else { &known.validators },
        full: request.full,
        participants_wanted: request.participants_wanted,
        results_wanted: request.results_wanted,
        budget: request.budget,
        only: only.as_deref(),
    })?;
    let is_part = !pull.complete;
    let outcome = apply(known, pull, request.now);
    for refused in &outcome.refused {
        reporter.warn(&format!("{} {} set aside: {}", refused.entity, refused.id, refused.reason));
    }
    if outcome.snapshot.catalogue.is_empty() && !outcome.refused.is_empty() {
        let records = count(outcome.refused.len(), "record", "records");
        return Err(Error::new(
            Kind::Refused,
            format!("the source sent {records}, and none of them can be used"),
        )
        .hint("the warnings above say why; nothing was published"));
    }
    // What some events name can be gone without the source being ill.
    if !is_part || outcome.removed > 1 {
        check_shrink(&outcome, request)?;
    }
    request.gate.pass()?;
    if request.keep {
        store.save(&outcome.snapshot, request.now)?;
    }
    Ok(outcome)
}

/// The courses that are meant; nothing where only the whole list can tell.
fn courses(named: &Named, known: &Catalogue) -> Option<Vec<CourseId>> {
    let mut ids: BTreeSet<CourseId> = named.courses.iter().map(|id| CourseId::new(id.as_str())).collect();
    if named.everything || ids.iter().any(|id| known.get(id).is_none()) {
        return None;
    }
    if !named.people.is_empty() {
        let has_booked = |course: &&Course| {
            let people = course.participants.as_deref().unwrap_or_default();
            people.iter().any(|one| named.people.contains(&person(one.user_id.reveal())))
        };
        ids.extend(known.iter().filter(has_booked).map(|course| course.id.clone()));
    }
    Some(ids.into_iter().collect())
}

/// The state after a pull. A record that was refused but is known keeps its last good value.
fn apply(known: Snapshot, pull: Pull, now: Timestamp) -> Outcome {
    let fetched = pull.changes.iter().filter(|change| matches!(change, Change::Upsert(_))).count();
    let mut catalogue = known.catalogue.after(pull.changes, pull.complete);
    let kept = pull.refused.iter().filter(|refused| refused.entity == "course").filter_map(|refused| {
        let known = known.catalogue.iter().find(|course| course.id.as_str() == refused.id)?;
        catalogue.get(&known.id).is_none().then(|| Change::Upsert(Box::new(known.clone())))
    });
    let kept: Vec<Change> = kept.collect();
    if !kept.is_empty() {
        catalogue = catalogue.after(kept, false);
    }
    let (added, updated, removed) = differences(&known.catalogue, &catalogue);
    let gone = known.catalogue.iter().filter(|course| catalogue.get(&course.id).is_none()).cloned().collect();
    let snapshot = Snapshot {
        catalogue,
        templates: pull.templates.unwrap_or(known.templates),
        validators: pull.validators,
        synced_at: Some(now),
    };
    let templates = snapshot.templates.len();
    Outcome {
        snapshot,
        added,
        updated,
        removed,
        gone,
        fetched,
        refused: pull.refused,
        details_read: pull.details_read,
        details_left: pull.details_left,
        details_unread: pull.details_unread,
        participants_read: pull.participants_read,
        requests: pull.requests,
        templates,
    }
}

fn differences(before: &Catalogue, after: &Catalogue) -> (usize, usize, usize) {
    let removed = before.iter().filter(|course| after.get(&course.id).is_none()).count();
    let (mut added, mut updated) = (0, 0);
    for course in after.iter() {
        match before.get(&course.id) {
            None => added += 1,
            Some(known) if known.summary_digest() != course.summary_digest() => updated += 1,
            Some(_) => {}
        }
    }
    (added, updated, removed)
}

/// A source that suddenly forgets a good part of its courses is more likely broken than right.
fn check_shrink(outcome: &Outcome, request: &Request<'_>) -> Result<()> {
    let after = outcome.snapshot.catalogue.len();
    let in_snapshot = after + outcome.removed - outcome.added;
    let before = request.known_courses.unwrap_or(in_snapshot);
    let lost = before.saturating_sub(after);
    if request.allow_shrink || lost * 100 <= before * usize::from(request.max_shrink_percent) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Refused,
        format!(
            "the source has only {} left of {before}: more than {} % fewer, so nothing is published",
            count(after, "course", "courses"),
            request.max_shrink_percent
        ),
    )
    .hint("if that is right, run again with --allow-shrink"))
}
