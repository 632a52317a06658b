//! What goes from here to the sources, when somebody asks for it: results, scores, texts of courses. And what to do about
//! texts that both sides changed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Options, Project};
use crate::base::gate::Gate;
use crate::base::queue;
use crate::base::retry::{Backoff, Deadline};
use crate::base::text::slugify;
use crate::config::{Entry, Source as Configured};
use crate::error::{Error, Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::conflict::{Edit, Resolution, Standing};
use crate::model::course::{Course, CourseId};
use crate::model::document::Overlay;
use crate::model::push::{CourseText, Push, Pushed, TextField};
use crate::source::{self, local};
use crate::sync::{Conflicts, PushLog};

/// A push that fails is tried again so many times, by as many calls, before it is a dead letter.
const TRIES: Backoff = Backoff {
    retries: 3,
    first: std::time::Duration::from_secs(1),
    longest: std::time::Duration::from_secs(30),
};

/// How to push.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushOptions {
    /// Say what would be sent, and send nothing.
    pub dry_run: bool,
    /// Try dead letters again.
    pub retry: bool,
}

/// What became of a push.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct PushSummary {
    /// What was sent and taken, or would be sent.
    pub sent: Vec<String>,
    /// How many were sent before, and need not go again.
    pub unchanged: usize,
    /// Texts that the source changed meanwhile: they are conflicts now.
    pub conflicts: Vec<String>,
    /// What the source did not take, or could not take now.
    pub failed: Vec<PushFailure>,
    /// How many are dead letters.
    pub dead: usize,
}

/// What a source did not take.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PushFailure {
    /// What it was, without personal data.
    pub what: String,
    /// Why.
    pub why: String,
}

/// One thing to be pushed, and where to.
struct Job {
    entry: Entry,
    push: Push,
    what: String,
    edits: Vec<Edit>,
}

impl Job {
    /// Names it in the queue: another content is another job.
    fn id(&self) -> String {
        let digest = self.push.digest();
        format!("push {} {} {:016x}", self.entry.id, self.push.key(), digest.short())
    }
}

impl Project {
    /// Sends what is to be at the sources and is not there yet. Never called but on demand.
    pub fn push(&mut self, options: PushOptions) -> Result<PushSummary> {
        let _lock = self.lock()?;
        let now = self.clock.now();
        let jobs = self.jobs(options)?;
        let state = self.config.paths.state.clone();
        let mut log = PushLog::load(&state, &*self.reporter)?;
        let mut summary = PushSummary::default();
        let due: Vec<Job> = jobs
            .into_iter()
            .filter(|job| {
                let known = log.knows(&job.entry.id, &job.entry.source.address(), &job.push);
                summary.unchanged += usize::from(known);
                !known
            })
            .collect();
        if options.dry_run {
            summary.sent = due.into_iter().map(|job| job.what).collect();
            return Ok(summary);
        }
        let random = fastrand::Rng::with_seed(fastrand::u64(..));
        let mut queue = queue::Queue::open(&state.join("pushes.jsonl"), TRIES, random)?;
        let entries = due.iter().map(|job| {
            let payload = serde_json::json!({ "source": job.entry.id });
            queue::Entry::new(job.id(), "push", job.what.clone(), payload, now)
        });
        queue.accept(entries.collect(), now)?;
        // What stands no longer in any file, or stands there otherwise now, waits for nothing.
        let wanted: HashSet<String> = due.iter().map(Job::id).collect();
        let stale: Vec<String> =
            queue.entries().map(|entry| entry.id.clone()).filter(|id| !wanted.contains(id)).collect();
        for id in stale {
            queue.drop_entry(&id, now)?;
        }
        for entry in self.config.source.entries() {
            let mine: Vec<&Job> = due.iter().filter(|job| job.entry.id == entry.id).collect();
            self.send(&entry, &mine, options, &mut queue, &mut log, &mut summary)?;
        }
        log.save(&state)?;
        summary.dead = queue.figures().failed;
        Ok(summary)
    }

    /// Sends what is for one source, one after the other.
    fn send(
        &mut self,
        entry: &Entry,
        jobs: &[&Job],
        options: PushOptions,
        queue: &mut queue::Queue,
        log: &mut PushLog,
        summary: &mut PushSummary,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut due = Vec::new();
        for job in jobs {
            let id = job.id();
            let is_dead = queue.get(&id).is_some_and(|entry| entry.is_dead);
            if is_dead && options.retry {
                queue.retry(&id, now)?;
            }
            if !is_dead || options.retry {
                due.push(*job);
            }
        }
        if due.is_empty() {
            return Ok(());
        }
        let transport = self.transport.take();
        let (clock, reporter) = (self.clock.clone(), self.reporter.clone());
        let mut source = source::open(&entry.source, &self.config, clock, reporter, transport)?;
        let known = self.store(entry).held(now)?;
        let deadline = Deadline::after(entry.source.budget(), &*self.clock);
        for job in due {
            let told = source.push_changes(std::slice::from_ref(&job.push), known.as_ref(), deadline).pop();
            let now = self.clock.now();
            let ids = [job.id()];
            match told.unwrap_or_else(|| Ok(Pushed::Later("there was no answer".into())))? {
                Pushed::Accepted => {
                    queue.done(&ids, now)?;
                    // On the disk before the next one goes: what was taken is not sent twice.
                    log.note(&entry.id, &entry.source.address(), &job.push, now);
                    log.save(&self.config.paths.state)?;
                    self.conflicts(|conflicts| {
                        job.edits.iter().for_each(|edit| conflicts.pushed(edit, now))
                    })?;
                    summary.sent.push(job.what.clone());
                }
                Pushed::Conflict(remote) => {
                    queue.done(&ids, now)?;
                    self.conflicts(|conflicts| collide(conflicts, job, &entry.id, &remote, now))?;
                    summary.conflicts.push(job.what.clone());
                }
                Pushed::Refused(why) | Pushed::Later(why) => {
                    queue.failed(&ids, &why, now)?;
                    summary.failed.push(PushFailure { what: job.what.clone(), why });
                }
            }
        }
        Ok(())
    }

    fn conflicts<T>(&self, change: impl FnOnce(&mut Conflicts) -> T) -> Result<T> {
        Conflicts::change(&self.config.paths.state, &*self.reporter, |conflicts| Ok(change(conflicts)))
    }

    /// Everything that could be pushed.
    fn jobs(&mut self, options: PushOptions) -> Result<Vec<Job>> {
        let entries = self.config.source.entries();
        let mut jobs = Vec::new();
        for row in local::results(&self.config)? {
            let entry = target(&entries, row.source.as_deref(), &row.push)
                .map_err(|why| Error::new(Kind::Content, format!("{}: {why}", row.place)))?;
            let edits = result_edit(&row.push).into_iter().collect();
            jobs.push(Job { entry: entry.clone(), push: row.push, what: row.place, edits });
        }
        self.decided(&mut jobs)?;
        let looking = Options { offline: true, dry_run: options.dry_run, ..Options::default() };
        let ready = self.prepare(looking, &Gate::default())?;
        let mut texts: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
        for (edit, standing) in ready.edits {
            if standing == Standing::Edited {
                texts.entry(edit.course.clone()).or_default().push(edit);
            }
        }
        for (course, edits) in texts {
            let owner = entries.iter().find_map(|entry| Some((entry, entry.own_id(&course)?)));
            let Some((entry, own)) = owner else { continue };
            let text = CourseText {
                course: own.to_owned(),
                texts: edits.iter().map(|edit| (edit.field, edit.local.clone())).collect(),
                expected: edits.iter().map(|edit| (edit.field, edit.remote.clone())).collect(),
            };
            let fields: Vec<&str> = edits.iter().map(|edit| edit.field.name()).collect();
            let what = format!("course {course}: {}", fields.join(", "));
            jobs.push(Job { entry: entry.clone(), push: Push::Text(text), what, edits });
        }
        Ok(jobs)
    }

    /// Leaves out results that nobody has decided on, or for which the source was right; says of the others what was there
    /// when both sides agreed.
    fn decided(&self, jobs: &mut Vec<Job>) -> Result<()> {
        let conflicts = Conflicts::load(&self.config.paths.state, &*self.reporter)?;
        jobs.retain_mut(|job| {
            let (Push::Outcome(outcome), Some(edit)) = (&mut job.push, job.edits.first()) else {
                return true;
            };
            outcome.expected = conflicts.expected(edit);
            conflicts.over(edit).is_none_or(|conflict| conflict.resolution == Some(Resolution::Local))
        });
        Ok(())
    }

    /// The texts that are edited here and meant for a source, each with how it stands; and hides those of ours that do not
    /// count at present: the source's own is shown then.
    pub(super) fn weigh(
        &self,
        overlays: &mut [Arc<Overlay>],
        catalogue: &Catalogue,
        synced_at: Option<Timestamp>,
        now: Timestamp,
        is_dry: bool,
    ) -> Result<Vec<(Edit, Standing)>> {
        if !overlays.iter().any(|overlay| is_meant(overlay)) {
            return Ok(Vec::new());
        }
        let entries = self.config.source.entries();
        let connector = |course: &str| {
            let owner = entries.iter().find(|entry| entry.own_id(course).is_some());
            owner.map_or_else(String::new, |entry| entry.id.clone())
        };
        let mut weighed = Vec::new();
        let mut weigh = |conflicts: &mut Conflicts| {
            for overlay in overlays.iter_mut().filter(|overlay| is_meant(overlay)) {
                let Some(course) = course_of(catalogue, overlay) else { continue };
                for edit in edits(overlay, course) {
                    let standing = conflicts.weigh(&edit, &connector(&edit.course), synced_at, now);
                    if matches!(standing, Standing::Superseded | Standing::Conflict) {
                        hide(Arc::make_mut(overlay), edit.field);
                    }
                    weighed.push((edit, standing));
                }
            }
        };
        if is_dry {
            weigh(&mut Conflicts::load(&self.config.paths.state, &*self.reporter)?);
        } else {
            self.conflicts(weigh)?;
        }
        Ok(weighed)
    }
}

/// Whether something of it is meant for the source. Translations are not: sources have one language.
fn is_meant(overlay: &Overlay) -> bool {
    overlay.language == 0 && !overlay.push.is_empty()
}

/// The course that an overlay belongs to.
fn course_of<'c>(catalogue: &'c Catalogue, overlay: &Overlay) -> Option<&'c Course> {
    match &overlay.course_id {
        Some(id) => catalogue.get(&CourseId::new(id.clone())),
        None => catalogue
            .iter()
            .find(|course| course.slug == overlay.course || slugify(&course.slug) == *overlay.course),
    }
}

fn edits(overlay: &Overlay, course: &Course) -> Vec<Edit> {
    let edit = |field: &TextField| {
        let (local, remote) = match field {
            TextField::Result => return None,
            TextField::Title => (overlay.front.title.as_deref()?, &*course.title),
            TextField::Description => {
                (overlay.front.description.as_deref()?, course.description.as_deref().unwrap_or_default())
            }
        };
        Some(Edit {
            course: course.id.as_str().to_owned(),
            field: *field,
            local: local.to_owned(),
            remote: remote.to_owned(),
            remote_updated_at: course.updated_at,
        })
    };
    overlay.push.iter().filter_map(edit).collect()
}

/// A result as an edit: by hashes, for it is somebody's.
fn result_edit(push: &Push) -> Option<Edit> {
    let Push::Outcome(outcome) = push else { return None };
    let (outcome_or_notes, local) =
        (outcome.outcome.is_some() || outcome.notes.is_some(), outcome.own_mark());
    outcome_or_notes.then(|| Edit {
        course: push.key(),
        field: TextField::Result,
        local,
        remote: String::new(),
        remote_updated_at: None,
    })
}

fn hide(overlay: &mut Overlay, field: TextField) {
    match field {
        TextField::Result => {}
        TextField::Title => overlay.front.title = None,
        TextField::Description => overlay.front.description = None,
    }
}

fn collide(
    conflicts: &mut Conflicts,
    job: &Job,
    id: &str,
    remote: &BTreeMap<TextField, String>,
    now: Timestamp,
) {
    for edit in &job.edits {
        let remote = remote.get(&edit.field).cloned().unwrap_or_default();
        if remote != edit.remote {
            conflicts.collided(&Edit { remote, ..edit.clone() }, id, now);
        }
    }
}

/// The source that a result is for: the one that is named, or the only one that takes such a thing.
fn target<'e>(
    entries: &'e [Entry],
    named: Option<&str>,
    push: &Push,
) -> std::result::Result<&'e Entry, String> {
    let takes = |entry: &&Entry| match push {
        Push::Outcome(_) => matches!(entry.source, Configured::Hemera(_)),
        Push::Score(_) => matches!(&entry.source, Configured::OneRoster(roster) if roster.csv.is_none()),
        Push::Text(_) => matches!(entry.source, Configured::EdFi(_)),
    };
    let fitting: Vec<&Entry> = entries.iter().filter(takes).collect();
    match named {
        Some(id) => fitting
            .into_iter()
            .find(|entry| entry.id == id)
            .ok_or_else(|| format!("there is no source `{id}` that takes such a result")),
        None => match fitting.as_slice() {
            [one] => Ok(one),
            [] => Err("no source of this site takes such a result".to_owned()),
            _ => Err("several sources take such a result: name one by `source`".to_owned()),
        },
    }
}
