//! What goes from here to the sources, when somebody asks for it: results, scores, texts of courses. And what to do about
//! texts that both sides changed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

mod edits;

use self::edits::{collide, course_of, edits, hide, is_meant, result_edit, target};
use super::{Options, Project};
use crate::base::digest::Hasher;
use crate::base::gate::Gate;
use crate::base::http::Transport;
use crate::base::queue;
use crate::base::retry::Deadline;
use crate::config::Entry;
use crate::error::{Error, Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::conflict::{Edit, Resolution, Standing};
use crate::model::document::Overlay;
use crate::model::push::{CourseText, Push, Pushed};
use crate::source::{self, Source, local};
use crate::sync::{AGAIN, Conflicts, PushLog, Queues, SharedQueue, in_turn, locked};

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
        let mut hasher = Hasher::new("job");
        hasher.field(self.push.key().as_bytes()).field(self.push.digest().to_string().as_bytes());
        format!("push-{}-{:016x}", self.entry.id, hasher.finish().short())
    }
}

/// What a push is noted in: the queue, what the sources took, and what to tell.
struct Books<'a> {
    queue: &'a SharedQueue,
    log: PushLog,
    summary: PushSummary,
    /// Lines of gradebooks that were not taken just now.
    missing: HashSet<String>,
    /// The first error that concerns a source as a whole.
    error: Option<Error>,
}

impl Project {
    /// Sends what is to be at the sources and is not there yet. Never called but on demand: what fails waits in the queue of
    /// pushes, and is tried again from there.
    pub fn push(&mut self, options: PushOptions) -> Result<PushSummary> {
        let _lock = self.lock()?;
        let now = self.clock.now();
        let jobs = self.jobs(options)?;
        let log = PushLog::load(&self.config.paths.state, &*self.reporter)?;
        let all = jobs.len();
        let due: Vec<Job> = jobs.into_iter().filter(|job| !is_taken(&log, job)).collect();
        let mut summary = PushSummary { unchanged: all - due.len(), ..PushSummary::default() };
        if options.dry_run {
            summary.sent = due.into_iter().map(|job| job.what).collect();
            return Ok(summary);
        }
        let queue = Queues::open(&self.config.paths.state, &mut fastrand::Rng::new())?.pushes;
        let entries = due.iter().map(|job| {
            let payload = serde_json::json!({ "source": job.entry.id });
            queue::Entry::new(job.id(), "push", job.what.clone(), payload, now)
        });
        in_turn(&queue, &*self.clock)?.put(entries.collect(), now)?;
        // What stands no longer in any file, or stands there otherwise now, waits for nothing.
        let wanted: HashSet<String> = due.iter().map(Job::id).collect();
        let stale: Vec<String> = locked(&queue)
            .entries()
            .map(|entry| entry.id.clone())
            .filter(|id| !wanted.contains(id))
            .collect();
        in_turn(&queue, &*self.clock)?.done(&stale, now)?;
        let mut chosen = Vec::with_capacity(due.len());
        for job in due {
            let id = job.id();
            let is_dead = locked(&queue).get(&id).is_some_and(|entry| entry.is_dead);
            if is_dead && options.retry {
                in_turn(&queue, &*self.clock)?.retry(&id, now)?;
            }
            if !is_dead || options.retry {
                chosen.push(job);
            }
        }
        let books = Books { queue: &queue, log, summary, missing: HashSet::new(), error: None };
        let (summary, error) = self.send_all(&chosen, books, &Gate::default())?;
        error.map_or(Ok(summary), Err)
    }

    /// Tries these entries of the queue of pushes again, for a caller who holds the site's lock. What stands otherwise by
    /// now, or was decided against, goes from the queue unsent.
    pub fn push_queued(&mut self, queue: &SharedQueue, ids: &[String], gate: &Gate) -> Result<PushSummary> {
        let wanted: HashSet<&String> = ids.iter().collect();
        let mut jobs = self.jobs(PushOptions::default())?;
        jobs.retain(|job| wanted.contains(&job.id()));
        let log = PushLog::load(&self.config.paths.state, &*self.reporter)?;
        let due: Vec<Job> = jobs.into_iter().filter(|job| !is_taken(&log, job)).collect();
        let left: HashSet<String> = due.iter().map(Job::id).collect();
        let gone: Vec<String> = ids.iter().filter(|id| !left.contains(*id)).cloned().collect();
        in_turn(queue, &*self.clock)?.done(&gone, self.clock.now())?;
        let summary = PushSummary { unchanged: gone.len(), ..PushSummary::default() };
        let books = Books { queue, log, summary, missing: HashSet::new(), error: None };
        // An error of a source stands at its entries.
        self.send_all(&due, books, gate).map(|(summary, _)| summary)
    }

    /// Tries again what is due in the queue of pushes. Gives how many entries are settled.
    pub fn process_pushes(&mut self, queues: &Queues) -> Result<usize> {
        let due = locked(&queues.pushes).due(self.clock.now(), AGAIN);
        if due.is_empty() {
            return Ok(0);
        }
        let _lock = self.lock()?;
        let ids: Vec<String> = due.into_iter().map(|entry| entry.id).collect();
        match self.push_queued(&queues.pushes, &ids, &Gate::default()) {
            Ok(summary) => Ok(ids.len() - summary.failed.len()),
            Err(error) => {
                in_turn(&queues.pushes, &*self.clock)?.failed(&ids, error.message(), self.clock.now())?;
                Err(error)
            }
        }
    }

    /// Sends jobs, source by source. One that fails as a whole does not keep the others from theirs.
    fn send_all(
        &mut self,
        jobs: &[Job],
        mut books: Books<'_>,
        gate: &Gate,
    ) -> Result<(PushSummary, Option<Error>)> {
        let transport: Option<Arc<dyn Transport>> = self.transport.take().map(Arc::from);
        for entry in self.config.source.entries() {
            let mine: Vec<&Job> = jobs.iter().filter(|job| job.entry.id == entry.id).collect();
            if mine.is_empty() {
                continue;
            }
            let transport = transport.clone().map(|shared| Box::new(shared) as Box<dyn Transport>);
            let (clock, reporter) = (self.clock.clone(), self.reporter.clone());
            match source::open(&entry.source, &self.config, clock, reporter, transport) {
                Ok(mut source) => self.send(&entry, &mut *source, &mine, &mut books, gate)?,
                Err(error) => self.failed(&mine, error, &mut books)?,
            }
        }
        books.log.save(&self.config.paths.state)?;
        books.summary.dead = locked(books.queue).figures().failed;
        Ok((books.summary, books.error))
    }

    /// None of these could be sent.
    fn failed(&self, jobs: &[&Job], error: Error, books: &mut Books<'_>) -> Result<()> {
        let ids: Vec<String> = jobs.iter().map(|job| job.id()).collect();
        in_turn(books.queue, &*self.clock)?.failed(&ids, error.message(), self.clock.now())?;
        let failure = |job: &&Job| PushFailure { what: job.what.clone(), why: error.message().to_owned() };
        books.summary.failed.extend(jobs.iter().map(failure));
        books.error.get_or_insert(error);
        Ok(())
    }

    /// Sends what is for one source, one after the other.
    fn send(
        &mut self,
        entry: &Entry,
        source: &mut dyn Source,
        jobs: &[&Job],
        books: &mut Books<'_>,
        gate: &Gate,
    ) -> Result<()> {
        let known = self.store(entry).held(self.clock.now())?;
        let deadline = Deadline::after(entry.source.budget(), &*self.clock);
        for (at, job) in jobs.iter().enumerate() {
            if gate.is_shut() {
                return Ok(());
            }
            let ids = [job.id()];
            let told = match &job.push {
                Push::Score(score) if books.missing.contains(&score.line_item) => {
                    Ok(Pushed::Later("the line of the gradebook that it belongs to was not taken".into()))
                }
                push => {
                    let told =
                        source.push_changes(std::slice::from_ref(push), known.as_ref(), deadline).pop();
                    told.unwrap_or_else(|| Ok(Pushed::Later("there was no answer".into())))
                }
            };
            let now = self.clock.now();
            let told = match told {
                Ok(told) => told,
                // The credentials are wrong: they are so for the rest as well.
                Err(error) => return self.failed(&jobs[at..], error, books),
            };
            if let (Push::LineItem(line), Pushed::Refused(_) | Pushed::Later(_)) = (&job.push, &told) {
                books.missing.insert(line.id.clone());
            }
            match told {
                Pushed::Accepted => {
                    // On the disk before the next one goes: what was taken is not sent twice.
                    books.log.note(&entry.id, &entry.source.address(), &job.push, now);
                    books.log.save(&self.config.paths.state)?;
                    in_turn(books.queue, &*self.clock)?.done(&ids, now)?;
                    self.conflicts(|conflicts| {
                        job.edits.iter().for_each(|edit| conflicts.pushed(edit, now))
                    })?;
                    books.summary.sent.push(job.what.clone());
                }
                Pushed::Conflict(remote) => {
                    in_turn(books.queue, &*self.clock)?.done(&ids, now)?;
                    self.conflicts(|conflicts| collide(conflicts, job, &entry.id, &remote, now))?;
                    books.summary.conflicts.push(job.what.clone());
                }
                Pushed::Refused(why) => {
                    in_turn(books.queue, &*self.clock)?.refused(&ids, &why, now)?;
                    books.summary.failed.push(PushFailure { what: job.what.clone(), why });
                }
                Pushed::Later(why) => {
                    in_turn(books.queue, &*self.clock)?.failed(&ids, &why, now)?;
                    books.summary.failed.push(PushFailure { what: job.what.clone(), why });
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
            let Some(edit) = job.edits.first() else { return true };
            job.push.expect(conflicts.expected(edit));
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

/// Whether the source has taken exactly this.
fn is_taken(log: &PushLog, job: &Job) -> bool {
    log.knows(&job.entry.id, &job.entry.source.address(), &job.push)
}
