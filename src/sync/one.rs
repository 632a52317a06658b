//! One source asked: its answer compared with the last good one, and refused where it must not be published.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::cursors::{SourceCursors, older};
use super::run::{Part, Request};
use super::snapshot::Snapshot;
use crate::base::report::Reporter;
use crate::base::text::count;
use crate::config::Entry;
use crate::error::{Error, Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::change::{Change, Held, Pull, Refused};
use crate::model::course::{Course, CourseId};
use crate::model::event::{Named, person};
use crate::model::people::People;
use crate::source::PullRequest;

/// The figures of one source, or of all together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
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
}

impl Tally {
    /// Adds the figures of a source, whose courses go by these names.
    pub(super) fn add(&mut self, other: Self, named: impl Fn(&Course) -> Course) {
        self.added += other.added;
        self.updated += other.updated;
        self.removed += other.removed;
        self.gone.extend(other.gone.iter().map(named));
        self.fetched += other.fetched;
        self.refused.extend(other.refused);
        self.details_read += other.details_read;
        self.details_left += other.details_left;
        self.details_unread += other.details_unread;
        self.participants_read += other.participants_read;
        self.requests += other.requests;
    }
}

/// What one source brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The state after it.
    pub snapshot: Snapshot,
    /// The figures.
    pub tally: Tally,
    /// What the next pull of changes begins with.
    pub held: Option<Held>,
    /// Whether only changes were asked for.
    pub is_delta: bool,
    /// Whether only what some events name was asked for.
    pub is_named: bool,
}

/// Asks one source and checks the answer against its last good one. On an error nothing was changed.
///
/// `elsewhere` are the courses that events name and that another source has.
pub(super) fn ask(
    part: &mut Part<'_>,
    request: &Request<'_>,
    elsewhere: &BTreeSet<String>,
    reporter: &dyn Reporter,
) -> Result<Asked> {
    let is_remote = part.source.as_ref().is_ok_and(|source| source.is_remote());
    let known = match is_remote || part.keep {
        true => part.store.load(reporter)?.unwrap_or_default(),
        false => Snapshot::default(),
    };
    let (left, unfinished) = match part.keep {
        true => (part.store.held(request.now)?, part.store.unfinished(request.now)?),
        false => (None, None),
    };
    let source = match &mut part.source {
        Ok(source) => source,
        Err(error) => return Err(std::mem::replace(error, Error::new(Kind::Config, "it was told already"))),
    };
    let runs = |id: &str| left.as_ref().map(|left| source.runs(id, left)).unwrap_or_default();
    let named = request.named.filter(|_| !request.full);
    let only = named.and_then(|named| courses(named, part.entry, &known.catalogue, runs, elsewhere));
    let held = left.and_then(|left| held(left, part.entry, part.cursors.as_ref(), request, only.is_some()));
    let none = BTreeMap::new();
    let pulled = source.pull_changes(&PullRequest {
        known: &known.catalogue,
        templates: &known.templates,
        validators: if request.full { &none } else { &known.validators },
        full: request.full,
        participants_wanted: request.participants_wanted,
        internal: request.internal,
        results_wanted: request.results_wanted,
        budget: part.budget,
        held: held.as_ref(),
        unfinished: unfinished.as_ref(),
        only: only.as_deref(),
    });
    let pull = match pulled {
        Ok(pull) => source.normalize(pull),
        Err(error) => {
            let left = source.unfinished();
            if let Some(left) = left.filter(|_| part.keep && !request.gate.is_shut()) {
                part.store.keep_unfinished(&left, request.now)?;
            }
            return Err(error);
        }
    };
    let asked = apply(known, pull, request.now);
    let of = if part.entry.has_prefix { format!("{}: ", part.entry.id) } else { String::new() };
    for refused in &asked.tally.refused {
        reporter.warn(&format!("{of}{} {} set aside: {}", refused.entity, refused.id, refused.reason));
    }
    if asked.snapshot.catalogue.is_empty() && !asked.tally.refused.is_empty() {
        let records = count(asked.tally.refused.len(), "record", "records");
        return Err(Error::new(
            Kind::Refused,
            format!("{of}the source sent {records}, and none of them can be used"),
        )
        .hint("the warnings above say why; nothing was published"));
    }
    check_shrink(&asked, part, request)?;
    Ok(asked)
}

/// The courses of this source that are meant; nothing where only the whole list can tell.
fn courses(
    named: &Named,
    entry: &Entry,
    known: &Catalogue,
    runs: impl Fn(&str) -> Vec<CourseId>,
    elsewhere: &BTreeSet<String>,
) -> Option<Vec<CourseId>> {
    if named.everything {
        return None;
    }
    let mut ids: BTreeSet<CourseId> = BTreeSet::new();
    for id in &named.courses {
        // Some name a course as the catalogue does, others as its source does.
        let own = entry.own_id(id).unwrap_or(id);
        match known.get(&CourseId::new(own)) {
            Some(course) => drop(ids.insert(course.id.clone())),
            None => {
                let runs = runs(own);
                if runs.is_empty() && !elsewhere.contains(id) {
                    return None;
                }
                ids.extend(runs.into_iter().filter(|run| known.get(run).is_some()));
            }
        }
    }
    if !named.people.is_empty() {
        let has_booked = |course: &&Course| {
            let mut people = course.participants.iter().flat_map(People::iter);
            people.any(|one| named.people.contains(&person(one.user_id.reveal())))
        };
        ids.extend(known.iter().filter(has_booked).map(|course| course.id.clone()));
    }
    Some(ids.into_iter().collect())
}

/// The courses that events name and that one of these catalogues has, where there are several.
pub(super) fn known_somewhere(
    parts: &[Part<'_>],
    named: Option<&Named>,
    reporter: &dyn Reporter,
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let Some(named) = named.filter(|named| parts.len() > 1 && !named.everything) else { return Ok(found) };
    for part in parts {
        let Some(snapshot) = part.store.load(reporter)? else { continue };
        let has = |id: &&String| {
            let own = part.entry.own_id(id).unwrap_or(id);
            snapshot.catalogue.get(&CourseId::new(own)).is_some()
        };
        found.extend(named.courses.iter().filter(has).cloned());
    }
    Ok(found)
}

/// What the source left at its last pull, with the cursors that are published: those may be behind, where a build failed.
/// Nothing where all is to be read.
fn held(
    mut left: Held,
    entry: &Entry,
    published: Option<&SourceCursors>,
    request: &Request<'_>,
    is_named: bool,
) -> Option<Held> {
    if entry.source.is_remote() {
        let published = match published {
            // A source that counts no changes has no cursors, and its records are good enough to put single ones into.
            None if is_named && left.cursors.is_empty() => return Some(left),
            published => published?,
        };
        // What an event names is read at once; the next ordinary pull is the one that reads everything.
        let is_due =
            !is_named && request.full_every > 0 && published.pulls_since_full + 1 >= request.full_every;
        if request.full || is_due || left.cursors.keys().ne(published.cursors.keys()) {
            return None;
        }
        for (entity, cursor) in &mut left.cursors {
            *cursor = older(cursor, published.cursors.get(entity).map_or("", String::as_str));
        }
    }
    Some(left)
}

/// The cursors after a pull, for when the site with it is published.
pub(super) fn cursors_after(part: &Part<'_>, asked: &Asked, now: Timestamp) -> Option<SourceCursors> {
    let held = asked.held.as_ref().filter(|held| !held.cursors.is_empty())?;
    let before = part.cursors.as_ref().map_or(0, |known| known.pulls_since_full);
    Some(SourceCursors {
        source: part.store.source().to_owned(),
        cursors: held.cursors.clone(),
        last_sync_at: Some(now),
        pulls_since_full: match (asked.is_named, asked.is_delta) {
            (true, _) => before,
            (false, true) => before + 1,
            (false, false) => 0,
        },
    })
}

/// The state after a pull. A record that was refused but is known keeps its last good value.
fn apply(known: Snapshot, pull: Pull, now: Timestamp) -> Asked {
    let fetched = pull.changes.iter().filter(|change| matches!(change, Change::Upsert(_))).count();
    let mut catalogue = known.catalogue.after(pull.changes, pull.complete);
    let kept = pull.refused.iter().filter(|refused| refused.entity == "course").filter_map(|refused| {
        let known = known.catalogue.iter().find(|course| course.id.as_str() == refused.id)?;
        catalogue.get(&known.id).is_none().then(|| Change::Upsert(known.clone().into()))
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
    Asked {
        snapshot,
        tally: Tally {
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
        },
        held: pull.held,
        is_delta: pull.is_delta,
        is_named: pull.is_named,
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

/// So many courses may go at once whatever their share is: of three courses one is a third, and still only one.
const FEW: usize = 5;

/// A source that suddenly forgets a good part of its courses is more likely broken than right.
fn check_shrink(asked: &Asked, part: &Part<'_>, request: &Request<'_>) -> Result<()> {
    let after = asked.snapshot.catalogue.len();
    let in_snapshot = after + asked.tally.removed - asked.tally.added;
    let before = part.known_courses.unwrap_or(in_snapshot);
    let lost = before.saturating_sub(after);
    let are_few = lost < FEW && after > 0;
    if request.allow_shrink || are_few || lost * 100 <= before * usize::from(request.max_shrink_percent) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Refused,
        format!(
            "{}the source has only {} left of {before}: more than {} % fewer, so nothing is published",
            if part.entry.has_prefix { format!("{}: ", part.entry.id) } else { String::new() },
            count(after, "course", "courses"),
            request.max_shrink_percent
        ),
    )
    .hint("if that is right, run again with --allow-shrink"))
}
