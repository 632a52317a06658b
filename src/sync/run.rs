//! One run of the sync: all sources asked, what they brought joined to one catalogue, and kept.
//!
//! One source that is down does not stop the others: its last good records stay, and the run says so.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cursors::{self, SourceCursors};
use super::one::{Asked, Tally, ask, cursors_after, known_somewhere};
use super::snapshot::{Snapshot, SnapshotStore};
use super::union::{named, union};
use crate::base::gate::Gate;
use crate::base::report::Reporter;
use crate::config::{Entry, MatchBy};
use crate::error::{Error, Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::change::RemoteTemplate;
use crate::model::event::Named;
use crate::source::Source;

/// How a sync is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Whether the catalogue may shrink by more than the limit.
    pub allow_shrink: bool,
    /// The limit, in percent of the courses that were there before.
    pub max_shrink_percent: u8,
    /// Whether anything of participants can be shown somewhere.
    pub participants_wanted: bool,
    /// The zone in which courses come next, where pages for the house are made.
    pub internal: Option<&'a TimeZone>,
    /// Whether participants' results are shown somewhere.
    pub results_wanted: bool,
    /// The present moment.
    pub now: Timestamp,
    /// Whether everything is read, whatever the last pull has left.
    pub full: bool,
    /// After so many pulls of changes everything is read once; 0 for never.
    pub full_every: u32,
    /// What tells that two sources describe the same course.
    pub match_by: MatchBy,
    /// What some events name, where that is all that is to be read.
    pub named: Option<&'a Named>,
    /// Passed before anything is kept: a sync that was given up while it asked leaves no trace.
    pub gate: &'a Gate,
}

/// One of the sources of a sync.
pub struct Part<'a> {
    /// Its place in the configuration.
    pub entry: &'a Entry,
    /// The source, or why it could not be opened.
    pub source: Result<Box<dyn Source>>,
    /// Whether it is asked at all; its last good answer is taken else.
    pub is_asked: bool,
    /// Where its last good answer is.
    pub store: SnapshotStore,
    /// Whether the answer is kept on the disk.
    pub keep: bool,
    /// How many courses of it the last published catalogue had; nothing before the first build.
    pub known_courses: Option<usize>,
    /// How far its changes are published.
    pub cursors: Option<SourceCursors>,
    /// How long its pull may take.
    pub budget: Duration,
}

impl std::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").field("id", &self.entry.id).finish_non_exhaustive()
    }
}

/// What a sync brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The state after it, all sources joined.
    pub snapshot: Snapshot,
    /// The figures of all sources together.
    pub tally: Tally,
    /// Templates that the sources offer.
    pub templates: usize,
    /// The sources one by one.
    pub parts: Vec<PartOutcome>,
    /// Sources that failed while others did not.
    pub failed: Vec<Failure>,
}

/// What became of one source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PartOutcome {
    /// Its id in the configuration.
    pub id: String,
    /// Kind and address.
    pub source: String,
    /// Whether it was asked, and answered.
    pub was_asked: bool,
    /// Courses of it.
    pub courses: usize,
    /// How far its changes are read now; nothing for a source that cannot tell, or that was not asked.
    pub cursors: Option<SourceCursors>,
    /// Its cursors before, in a line.
    pub cursor_before: Option<String>,
    /// Its cursors now, in a line.
    pub cursor_after: Option<String>,
    /// Whether only changes were asked for.
    pub is_delta: bool,
}

/// A source that failed while others did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its id in the configuration.
    pub id: String,
    /// What went wrong.
    pub message: String,
}

/// Asks all sources, checks each answer against the last good one, and keeps those that are to be kept.
///
/// On an error nothing was changed. With several sources it is one only if none of those that were asked could be read.
pub fn run(mut parts: Vec<Part<'_>>, request: &Request<'_>, reporter: &dyn Reporter) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut errors = Vec::new();
    let elsewhere = known_somewhere(&parts, request.named.filter(|_| !request.full), reporter)?;
    let mut answers = Vec::with_capacity(parts.len());
    for part in &mut parts {
        let answer = part.is_asked.then(|| ask(part, request, &elsewhere, reporter));
        answers.push(match answer {
            Some(Ok(asked)) => Some(asked),
            Some(Err(error)) => {
                errors.push((part.entry.id.clone(), error));
                None
            }
            None => None,
        });
    }
    if answers.iter().all(Option::is_none)
        && let Some((_, error)) = errors.pop()
    {
        return Err(with_others(error, errors));
    }
    for (id, error) in errors {
        reporter.warn(&format!("{id}: {}; its last good records stay", error.message()));
        outcome.failed.push(Failure { id, message: error.message().to_owned() });
    }
    let kept = kept(&parts, &answers, reporter)?;
    request.gate.pass()?;
    let mut catalogues = Vec::with_capacity(parts.len());
    for ((part, asked), kept) in parts.iter().zip(answers).zip(kept) {
        let snapshot = match asked {
            Some(asked) => {
                if part.keep {
                    part.store.keep_held(asked.held.as_ref(), request.now)?;
                    part.store.save(&asked.snapshot, request.now)?;
                }
                outcome.count(part, asked, request.now)
            }
            None => kept,
        };
        outcome.join(part, snapshot.templates, snapshot.synced_at);
        catalogues.push((part.entry, snapshot.catalogue));
        if let [.., (_, catalogue)] = &*catalogues
            && let Some(known) = outcome.parts.iter_mut().find(|known| known.id == part.entry.id)
        {
            known.courses = catalogue.len();
        }
    }
    outcome.snapshot.catalogue = joined(&catalogues, request.match_by);
    outcome.templates = outcome.snapshot.templates.len();
    Ok(outcome)
}

/// The last good states of the sources that brought none. A site that has courses of a source of which nothing good is kept
/// stays as it is.
fn kept(parts: &[Part<'_>], answers: &[Option<Asked>], reporter: &dyn Reporter) -> Result<Vec<Snapshot>> {
    let kept = |(part, answer): (&Part<'_>, &Option<Asked>)| match answer {
        Some(_) => Ok(Snapshot::default()),
        None => match part.store.load(reporter)? {
            None if part.known_courses.is_some_and(|known| known > 0) => Err(lost(part)),
            snapshot => Ok(snapshot.unwrap_or_default()),
        },
    };
    parts.iter().zip(answers).map(kept).collect()
}

fn joined(catalogues: &[(&Entry, Catalogue)], match_by: MatchBy) -> Catalogue {
    union(catalogues.iter().map(|(entry, catalogue)| (*entry, catalogue)), match_by)
}

/// The last good answers of all sources, joined; nothing where there is none of any.
pub fn last_good(
    parts: &[(&Entry, SnapshotStore)],
    match_by: MatchBy,
    reporter: &dyn Reporter,
) -> Result<Option<Snapshot>> {
    let mut outcome = Outcome::default();
    let mut catalogues = Vec::with_capacity(parts.len());
    for (entry, store) in parts {
        let Some(snapshot) = store.load(reporter)? else { continue };
        outcome.add_templates(snapshot.templates);
        outcome.snapshot.synced_at = outcome.snapshot.synced_at.max(snapshot.synced_at);
        catalogues.push((*entry, snapshot.catalogue));
    }
    if catalogues.is_empty() {
        return Ok(None);
    }
    outcome.snapshot.catalogue = joined(&catalogues, match_by);
    Ok(Some(outcome.snapshot))
}

/// The site has courses of a source that does not answer and of which nothing good is kept: they must not go.
fn lost(part: &Part<'_>) -> Error {
    let id = &part.entry.id;
    Error::new(
        Kind::Refused,
        format!(
            "there is no good snapshot of the source `{id}`, and it was not read: the site stays as it is"
        ),
    )
    .hint("run again when it answers; with --allow-shrink after taking it out of the configuration")
}

/// The error of the last source, with a word on the others.
fn with_others(error: Error, others: Vec<(String, Error)>) -> Error {
    others.into_iter().fold(error, |error, (id, other)| error.hint(format!("{id}: {}", other.message())))
}

impl Outcome {
    /// Adds the figures of one source, and hands back its state.
    fn count(&mut self, part: &Part<'_>, asked: Asked, now: Timestamp) -> Snapshot {
        let cursors = cursors_after(part, &asked, now);
        self.parts.push(PartOutcome {
            id: part.entry.id.clone(),
            source: part.store.source().to_owned(),
            was_asked: true,
            courses: 0,
            cursor_before: part.cursors.as_ref().and_then(|known| cursors::line(&known.cursors)),
            cursor_after: cursors.as_ref().and_then(|known| cursors::line(&known.cursors)),
            cursors,
            is_delta: asked.is_delta,
        });
        self.tally.add(asked.tally, |course| named(part.entry, course));
        asked.snapshot
    }

    /// Adds what concerns the site as a whole.
    fn join(&mut self, part: &Part<'_>, templates: Vec<RemoteTemplate>, synced_at: Option<Timestamp>) {
        if self.parts.iter().all(|known| known.id != part.entry.id) {
            let source = part.store.source().to_owned();
            self.parts.push(PartOutcome { id: part.entry.id.clone(), source, ..PartOutcome::default() });
        }
        self.add_templates(templates);
        self.snapshot.synced_at = self.snapshot.synced_at.max(synced_at);
    }

    /// Of two templates of one name that of the first source holds.
    fn add_templates(&mut self, templates: Vec<RemoteTemplate>) {
        for template in templates {
            let known = &mut self.snapshot.templates;
            if known.iter().all(|one| (&one.kind, &one.name) != (&template.kind, &template.name)) {
                known.push(template);
            }
        }
    }
}
