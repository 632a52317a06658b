//! An Ed-Fi ODS/API: the sections of schools, with change queries.

mod courses;
mod push;
mod read;
mod records;
mod wire;

use std::fmt;
use std::sync::Arc;

use self::read::{Progress, Reading, Sought, discover};
use self::records::{People, Records, Resource};
use self::wire::{Discovery, Rules, Versions};
use super::rest::{Auth, Outside, Rest};
use super::{PullRequest, Source};
use crate::base::clock::SharedClock;
use crate::base::http::Transport;
use crate::base::report::{Reporter, Stage};
use crate::base::retry::Deadline;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::model::change::{Change, Held, Pull};
use crate::model::course::CourseId;
use crate::model::push::{Push, Pushed};

/// An Ed-Fi server.
pub struct EdFi {
    config: config::EdFi,
    rest: Rest,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    found: Option<Discovery>,
    pulled: Option<(Records, People)>,
    unfinished: Option<Held>,
}

impl fmt::Debug for EdFi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdFi").field("base_url", &self.config.service.base_url).finish_non_exhaustive()
    }
}

/// The cursor that belongs to a reading under way: what the newest change was when it began.
const BEGUN: &str = "begun";

impl EdFi {
    /// A server behind this transport. Credentials that are missing are an error here, before anything is sent.
    pub fn new(
        config: &config::EdFi,
        transport: Box<dyn Transport>,
        clock: SharedClock,
        reporter: Arc<dyn Reporter>,
    ) -> Result<Self> {
        let (id, secret) = config.credentials.required(&config.service.declared, "edfi")?;
        let auth = Auth::OAuth2 { token_url: String::new(), id, secret, scope: None };
        let outside =
            Outside { transport, clock: clock.clone(), reporter: reporter.clone(), seed: fastrand::u64(..) };
        let rest = Rest::new("Ed-Fi", &config.service, auth, wire::problem, outside);
        Ok(Self {
            config: config.clone(),
            rest,
            clock,
            reporter,
            found: None,
            pulled: None,
            unfinished: None,
        })
    }

    fn found(&mut self, deadline: Deadline) -> Result<()> {
        if self.found.is_none() {
            let found = discover(&mut self.rest, &self.config, deadline)?;
            self.rest.set_token_url(found.oauth.clone());
            self.found = Some(found);
        }
        Ok(())
    }

    fn reading(&mut self, named: bool, deadline: Deadline) -> Result<Reading<'_>> {
        self.found(deadline)?;
        let Self { rest, config, found, .. } = self;
        let found = found.as_ref().ok_or_else(|| Error::new(Kind::Unavailable, "Ed-Fi: no description"))?;
        Ok(Reading { rest, config, found, rules: Rules { named }, deadline })
    }

    /// Reads everything; what an earlier pull had read whole before it was cut off is not read again.
    fn read_all(
        &mut self,
        request: &PullRequest<'_>,
        versions: Option<Versions>,
        deadline: Deadline,
    ) -> Result<Progress> {
        let named = request.participants_wanted;
        let newest = versions.map(|versions| versions.newest);
        let unfinished = held(request.unfinished, named).filter(|unfinished| {
            // Of what changed since it began, the next pull of changes has to be able to tell.
            let begun = unfinished.cursors.get(BEGUN).and_then(|begun| begun.parse::<u64>().ok());
            versions
                .zip(begun)
                .is_some_and(|(versions, begun)| (versions.oldest..=versions.newest).contains(&begun))
        });
        let mut progress = unfinished.unwrap_or_else(|| Progress {
            records: Records::default(),
            people: People { named, ..People::default() },
            cursors: newest.map(|newest| (BEGUN.to_owned(), newest.to_string())).into_iter().collect(),
            refused: Vec::new(),
        });
        let mut reading = self.reading(named, deadline)?;
        for resource in Resource::ALL {
            let is_wanted = resource != Resource::Students || named;
            if !is_wanted || progress.records.done.iter().any(|done| done == resource.name()) {
                continue;
            }
            if let Err(error) = reading.all(resource, &mut progress) {
                self.unfinished = (!progress.records.done.is_empty()).then(|| hold(&progress));
                return Err(error);
            }
            progress.records.done.push(resource.name().to_owned());
        }
        progress.records.done.clear();
        if let Some(begun) = progress.cursors.remove(BEGUN) {
            note(&mut progress, named, &begun);
        }
        Ok(progress)
    }

    /// Reads what changed; nothing where only a full reading can help.
    fn read_changes(
        &mut self,
        mut progress: Progress,
        versions: Option<Versions>,
        deadline: Deadline,
    ) -> Result<Option<Progress>> {
        let named = progress.people.named;
        let Some(versions) = versions else { return Ok(None) };
        progress.records.is_delta = false;
        let mut reading = self.reading(named, deadline)?;
        for resource in wanted(named) {
            let saved = progress.cursors.get(resource.name()).and_then(|saved| saved.parse::<u64>().ok());
            // Older than what the server still knows, or newer than anything it has: it was set up anew.
            let Some(saved) = saved.filter(|saved| (versions.oldest..=versions.newest).contains(saved))
            else {
                return Ok(None);
            };
            // What has changed meanwhile is not in `versions`, and will be read again then.
            if saved < versions.newest {
                if let Err(error) = reading.changes(resource, saved, &mut progress) {
                    // Its cursors say which of the lists need not be read again.
                    progress.records.is_delta = true;
                    self.unfinished = Some(hold(&progress));
                    return Err(error);
                }
                progress.cursors.insert(resource.name().to_owned(), versions.newest.to_string());
            }
        }
        Ok(Some(progress))
    }

    /// Reads sections by themselves, and who is in them.
    fn read_named(
        &mut self,
        ids: &[CourseId],
        progress: &mut Progress,
        versions: Option<Versions>,
        deadline: Deadline,
    ) -> Result<Sought> {
        let named = progress.people.named;
        let mut reading = self.reading(named, deadline)?;
        let sought = match reading.sections(ids, progress) {
            // The server may not take the question: its list of changes tells as well.
            Err(error) if error.kind() == Kind::Refused => Sought::Unclear,
            sought => sought?,
        };
        if sought != Sought::Read || !named || ids.is_empty() {
            return Ok(sought);
        }
        let students = Resource::Students;
        let saved = progress.cursors.get(students.name()).and_then(|saved| saved.parse::<u64>().ok());
        let Some((saved, versions)) = saved.zip(versions) else { return Ok(Sought::Unclear) };
        if !(versions.oldest..=versions.newest).contains(&saved) {
            return Ok(Sought::Unclear);
        }
        if saved < versions.newest {
            reading.changes(students, saved, progress)?;
            progress.cursors.insert(students.name().to_owned(), versions.newest.to_string());
        }
        Ok(Sought::Read)
    }

    /// What was read, on its way to become courses.
    fn pulled(&mut self, progress: Progress, before: usize) -> Pull {
        let held = hold(&progress);
        let Progress { records, people, refused, .. } = progress;
        let participants_read = people.associations.len();
        self.pulled = Some((records, people));
        let requests = self.rest.requests - before;
        Pull { refused, participants_read, requests, held: Some(held), ..Pull::default() }
    }
}

fn wanted(named: bool) -> impl Iterator<Item = Resource> {
    Resource::ALL.into_iter().filter(move |resource| *resource != Resource::Students || named)
}

fn note(progress: &mut Progress, named: bool, version: &str) {
    progress.cursors = wanted(named).map(|one| (one.name().to_owned(), version.to_owned())).collect();
}

/// What the next pull can begin with.
fn hold(progress: &Progress) -> Held {
    Held {
        cursors: progress.cursors.clone(),
        records: serde_json::to_vec(&progress.records).unwrap_or_default(),
        people: serde_json::to_vec(&progress.people).unwrap_or_default(),
    }
}

/// What was held, if it is whole and was read by the same rules.
fn held(held: Option<&Held>, named: bool) -> Option<Progress> {
    let held = held?;
    let records = serde_json::from_slice(&held.records).ok()?;
    let people: People = serde_json::from_slice(&held.people).ok()?;
    let cursors = held.cursors.clone();
    (people.named == named).then_some(Progress { records, people, cursors, refused: Vec::new() })
}

impl Source for EdFi {
    fn name(&self) -> &'static str {
        "edfi"
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn pull_changes(&mut self, request: &PullRequest<'_>) -> Result<Pull> {
        self.reporter.begin(Stage::Fetch, None);
        self.unfinished = None;
        // Asked for anew each time: a server that was set up anew may have other addresses.
        self.found = None;
        let deadline = Deadline::after(request.budget, &*self.clock);
        let before = self.rest.requests;
        let named = request.participants_wanted;
        // Before anything is read, so that no change falls between.
        let versions = self.reading(named, deadline)?.versions()?;
        let mut has_vanished = false;
        if let Some(ids) = request.only
            && let Some(mut progress) = held(request.held, named)
        {
            match self.read_named(ids, &mut progress, versions, deadline)? {
                Sought::Read => {
                    return Ok(Pull { is_delta: true, is_named: true, ..self.pulled(progress, before) });
                }
                Sought::Vanished => has_vanished = true,
                Sought::Unclear => {}
            }
        }
        let known = held(request.held, named).filter(|_| !request.full && !has_vanished);
        let unfinished = held(request.unfinished, named).filter(|unfinished| unfinished.records.is_delta);
        let changed = match known.map(|known| unfinished.unwrap_or(known)) {
            Some(known) => self.read_changes(known, versions, deadline)?,
            None => None,
        };
        let is_delta = changed.is_some();
        let progress = match changed {
            Some(progress) => progress,
            None => self.read_all(request, versions, deadline)?,
        };
        Ok(Pull { is_delta, ..self.pulled(progress, before) })
    }

    fn runs(&self, id: &str, held: &Held) -> Vec<CourseId> {
        let Ok(records) = serde_json::from_slice::<Records>(&held.records) else { return Vec::new() };
        records.sections_of(id).into_iter().map(|id| CourseId::new(id.as_str())).collect()
    }

    fn normalize(&mut self, mut pull: Pull) -> Pull {
        let Some((records, people)) = self.pulled.take() else { return pull };
        let (courses, refused) = courses::join(&records, &people, &self.config.levels);
        pull.changes = courses.into_iter().map(|course| Change::Upsert(course.into())).collect();
        pull.complete = true;
        pull.refused.extend(refused);
        pull
    }

    fn unfinished(&mut self) -> Option<Held> {
        self.unfinished.take()
    }

    fn push_changes(
        &mut self,
        pushes: &[Push],
        known: Option<&Held>,
        deadline: Deadline,
    ) -> Vec<Result<Pushed>> {
        let records: Records =
            known.and_then(|held| serde_json::from_slice(&held.records).ok()).unwrap_or_default();
        if let Err(error) = self.found(deadline) {
            return vec![Err(error)];
        }
        let Self { rest, found, .. } = self;
        let Some(found) = found else { return Vec::new() };
        pushes.iter().map(|push| push::send(rest, found, &records, push, deadline)).collect()
    }
}
