//! OneRoster 1.1 and 1.2 (1EdTech): the classes of a student information system, over REST or from CSV.

mod courses;
mod files;
mod push;
mod read;
mod records;
mod wire;

use std::fmt;
use std::sync::Arc;

use self::push::Gradebook;
use self::read::{Progress, Reading};
use self::records::{Collection, People, Roster};
use self::wire::Rules;
use super::rest::{Auth, Outside, Rest};
use super::{PullRequest, Source};
use crate::base::clock::SharedClock;
use crate::base::http::Transport;
use crate::base::oauth1::Consumer;
use crate::base::report::{Reporter, Stage};
use crate::base::retry::Deadline;
use crate::config::{self, OneRosterAuth};
use crate::error::Result;
use crate::model::change::{Change, Held, Pull};
use crate::model::course::CourseId;
use crate::model::push::{Push, Pushed};

pub use self::files::CsvFiles;

/// A roster over REST.
pub struct OneRoster {
    config: config::OneRoster,
    rest: Rest,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    pulled: Option<(Roster, People)>,
    unfinished: Option<Held>,
}

impl fmt::Debug for OneRoster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneRoster").field("base_url", &self.config.service.base_url).finish_non_exhaustive()
    }
}

impl OneRoster {
    /// A roster behind this transport. Credentials that are missing are an error here, before anything is sent.
    pub fn new(
        config: &config::OneRoster,
        transport: Box<dyn Transport>,
        clock: SharedClock,
        reporter: Arc<dyn Reporter>,
    ) -> Result<Self> {
        let (declared, credentials) = (&config.service.declared, &config.credentials);
        let auth = match &config.auth {
            OneRosterAuth::Bearer => Auth::Bearer(credentials.required_secret(declared, "oneroster")?),
            OneRosterAuth::OAuth1(algorithm) => {
                let (key, secret) = credentials.required(declared, "oneroster")?;
                Auth::OAuth1(Consumer { key, secret, algorithm: *algorithm })
            }
            OneRosterAuth::OAuth2 { token_url, scope, .. } => {
                let (id, secret) = credentials.required(declared, "oneroster")?;
                Auth::OAuth2 { token_url: token_url.clone(), id, secret, scope: Some(scope.clone()) }
            }
        };
        let outside =
            Outside { transport, clock: clock.clone(), reporter: reporter.clone(), seed: fastrand::u64(..) };
        let rest = Rest::new("OneRoster", &config.service, auth, wire::problem, outside);
        Ok(Self { config: config.clone(), rest, clock, reporter, pulled: None, unfinished: None })
    }

    /// Reads what is to be read, collection by collection. False says that only a full reading can help.
    fn read(
        &mut self,
        request: &PullRequest<'_>,
        delta: bool,
        progress: &mut Progress,
        deadline: Deadline,
    ) -> Result<bool> {
        let now = self.clock.now();
        let rules =
            Rules { level_field: self.config.levels.field.as_deref(), named: request.participants_wanted };
        let mut reading = Reading { rest: &mut self.rest, config: &self.config, rules, deadline, now };
        for collection in Collection::ALL {
            let is_wanted = collection != Collection::Users || request.participants_wanted;
            if !is_wanted || progress.roster.done.iter().any(|done| done == collection.name()) {
                continue;
            }
            match reading.collection(collection, delta, progress) {
                Ok(true) => progress.roster.done.push(collection.name().to_owned()),
                Ok(false) => return Ok(false),
                Err(error) => {
                    // What was read whole need not be read again.
                    progress.roster.is_delta = delta;
                    self.unfinished = (!progress.roster.done.is_empty()).then(|| hold(progress));
                    return Err(error);
                }
            }
        }
        progress.roster.done.clear();
        progress.roster.is_delta = false;
        Ok(true)
    }

    /// Reads classes by themselves, and who is in them. False says that only a full reading can help.
    fn read_named(
        &mut self,
        request: &PullRequest<'_>,
        ids: &[CourseId],
        progress: &mut Progress,
        deadline: Deadline,
    ) -> Result<bool> {
        let (now, named) = (self.clock.now(), request.participants_wanted);
        let rules = Rules { level_field: self.config.levels.field.as_deref(), named };
        let mut reading = Reading { rest: &mut self.rest, config: &self.config, rules, deadline, now };
        if ids.is_empty() {
            return Ok(true);
        }
        Ok(reading.classes(ids, progress)?
            && reading.collection(Collection::Enrollments, true, progress)?
            && (!named || reading.collection(Collection::Users, true, progress)?))
    }

    /// What was read, on its way to become courses.
    fn pulled(&mut self, progress: Progress, before: usize) -> Pull {
        let held = hold(&progress);
        let Progress { roster, people, refused, .. } = progress;
        let participants_read = people.enrollments.len();
        self.pulled = Some((roster, people));
        let requests = self.rest.requests - before;
        Pull { refused, participants_read, requests, held: Some(held), ..Pull::default() }
    }
}

/// What the next pull can begin with.
fn hold(progress: &Progress) -> Held {
    Held {
        cursors: progress.cursors.clone(),
        records: serde_json::to_vec(&progress.roster).unwrap_or_default(),
        people: serde_json::to_vec(&progress.people).unwrap_or_default(),
    }
}

/// What was held, if it is whole and was read by the same rules.
fn held(held: Option<&Held>, named: bool) -> Option<Progress> {
    let held = held?;
    let roster = serde_json::from_slice(&held.records).ok()?;
    let people: People = serde_json::from_slice(&held.people).ok()?;
    let cursors = held.cursors.clone();
    (people.named == named).then_some(Progress { roster, people, cursors, refused: Vec::new() })
}

fn nothing(named: bool) -> Progress {
    Progress {
        roster: Roster::default(),
        people: People { named, ..People::default() },
        cursors: Default::default(),
        refused: Vec::new(),
    }
}

impl Source for OneRoster {
    fn name(&self) -> &'static str {
        "oneroster"
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn pull_changes(&mut self, request: &PullRequest<'_>) -> Result<Pull> {
        self.reporter.begin(Stage::Fetch, None);
        self.unfinished = None;
        let deadline = Deadline::after(request.budget, &*self.clock);
        let before = self.rest.requests;
        let named = request.participants_wanted;
        let mut has_vanished = false;
        if let Some(ids) = request.only
            && let Some(mut progress) = held(request.held, named)
        {
            if self.read_named(request, ids, &mut progress, deadline)? {
                return Ok(Pull { is_delta: true, is_named: true, ..self.pulled(progress, before) });
            }
            has_vanished = true;
        }
        let unfinished = held(request.unfinished, named);
        let (changes, whole) = match unfinished {
            Some(unfinished) if unfinished.roster.is_delta => (Some(unfinished), None),
            unfinished => (None, unfinished),
        };
        let known = held(request.held, named).filter(|_| !request.full && !has_vanished);
        let mut delta = known.map(|known| changes.unwrap_or(known));
        let mut is_delta = false;
        if let Some(progress) = &mut delta {
            is_delta = self.read(request, true, progress, deadline)?;
            if !is_delta {
                self.reporter.detail("OneRoster: the server does not filter by date: everything is read");
            }
        }
        let progress = match delta.filter(|_| is_delta) {
            Some(progress) => progress,
            None => {
                let mut progress = whole.unwrap_or_else(|| nothing(named));
                self.read(request, false, &mut progress, deadline)?;
                progress
            }
        };
        Ok(Pull { is_delta, ..self.pulled(progress, before) })
    }

    fn runs(&self, id: &str, held: &Held) -> Vec<CourseId> {
        let Ok(roster) = serde_json::from_slice::<Roster>(&held.records) else { return Vec::new() };
        let runs = roster.classes.iter().filter(|(_, class)| class.course.as_deref() == Some(id));
        runs.map(|(id, _)| CourseId::new(id.as_str())).collect()
    }

    fn normalize(&mut self, pull: Pull) -> Pull {
        match self.pulled.take() {
            Some((roster, people)) => normalize(&roster, &people, &self.config, pull),
            None => pull,
        }
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
        let now = self.clock.now();
        let mut gradebook = Gradebook { rest: &mut self.rest, config: &self.config, known, deadline, now };
        pushes.iter().map(|push| gradebook.send(push)).collect()
    }
}

/// The whole catalogue, whatever of it was read just now.
fn normalize(roster: &Roster, people: &People, config: &config::OneRoster, mut pull: Pull) -> Pull {
    let (courses, refused) = courses::join(roster, people, &config.levels);
    pull.changes = courses.into_iter().map(|course| Change::Upsert(course.into())).collect();
    pull.complete = true;
    pull.refused.extend(refused);
    pull
}
