//! The Hemera Academy Service API: the courses of an academy with their bookings, over HTTP and a key.

mod client;
mod details;
mod pages;
mod push;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use self::client::{Answer, Client, Patience, asked};
use self::details::{Reading, Whose};
use self::pages::{LIMIT, Window};
use super::{PullRequest, Source};
use crate::base::clock::SharedClock;
use crate::base::http::Transport;
use crate::base::report::{Reporter, Stage};
use crate::base::retry::Deadline;
use crate::config;
use crate::error::Result;
use crate::model::change::{Change, Held, Pull, Refused, RemoteTemplate, Validator};
use crate::model::course::{Course, CourseId, nearest};
use crate::model::push::{Push, Pushed};

/// The catalogue of a Hemera.
pub struct Hemera {
    client: Client,
    details: config::Details,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    random: fastrand::Rng,
}

impl fmt::Debug for Hemera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hemera").field("details", &self.details).finish_non_exhaustive()
    }
}

impl Hemera {
    /// A Hemera behind this transport. A key that cannot be one is an error here, before anything is sent.
    pub fn new(
        config: &config::Hemera,
        transport: Box<dyn Transport>,
        clock: SharedClock,
        reporter: Arc<dyn Reporter>,
    ) -> Result<Self> {
        Self::seeded(config, transport, clock, reporter, fastrand::u64(..))
    }

    /// The same, with the randomness of waits and rereads fixed.
    pub fn seeded(
        config: &config::Hemera,
        transport: Box<dyn Transport>,
        clock: SharedClock,
        reporter: Arc<dyn Reporter>,
        seed: u64,
    ) -> Result<Self> {
        let mut random = fastrand::Rng::with_seed(seed);
        let client = Client::new(config, transport, clock.clone(), reporter.clone(), random.fork())?;
        Ok(Self { client, details: config.details, clock, reporter, random })
    }

    /// The courses that are named, by their details alone; nothing where one of them is not there, or not usable: then
    /// only the whole list can tell what has become of it.
    fn named(
        &mut self,
        request: &PullRequest<'_>,
        ids: &[CourseId],
        deadline: Deadline,
    ) -> Result<Option<Pull>> {
        // The list is another one now: what was said of it before does not stand for it any more.
        let still = request.validators.iter().filter(|(path, _)| !path.starts_with("/courses?"));
        let validators = still.map(|(path, validator)| (path.clone(), validator.clone())).collect();
        let mut pull = Pull { validators, ..Pull::default() };
        let Self { client, random, reporter, clock, details, .. } = self;
        let reading = Reading { client, request, deadline, now: clock.now(), random, reporter };
        let whose = Whose::of(*details, request.participants_wanted, request.internal.is_some());
        Ok(details::named(reading, whose, ids, &mut pull)?.then_some(pull))
    }

    /// Whether what was read of the named courses is all that has to be read. Internal pages show one course's bookings
    /// and materials: where that is another one by what was read, the whole list is gone through with them.
    fn is_enough(&self, request: &PullRequest<'_>, ids: &[CourseId], pull: &Pull) -> bool {
        let Some(zone) = request.internal else { return true };
        let now = self.clock.now();
        let before = nearest(request.known.iter(), zone, now).map(|course| &course.id);
        let read = |change: &Change| match change {
            Change::Upsert(course) => Some((**course).clone()),
            _ => None,
        };
        let read: Vec<Course> = pull.changes.iter().filter_map(read).collect();
        let others = request.known.iter().filter(|course| !ids.contains(&course.id));
        before == nearest(others.chain(&read), zone, now).map(|course| &course.id)
    }

    /// The list of courses, whole.
    fn courses(
        &mut self,
        request: &PullRequest<'_>,
        deadline: Deadline,
        pull: &mut Pull,
    ) -> Result<Vec<Course>> {
        if self.unchanged(request, deadline, pull)? {
            return Ok(request.known.iter().cloned().collect());
        }
        let Self { client, random, .. } = self;
        let mut validators = BTreeMap::new();
        let mut pages = 0;
        let listing = pages::read(random, |window| {
            let path = address(window);
            let answer = client.get(&path, None, deadline, Patience::Waits).map_err(|fault| fault.error)?;
            pages += 1;
            let Answer::Body(body, validator) = answer else { return Ok(wire::Page::default()) };
            validators.extend(validator.map(|validator| (path.clone(), validator)));
            wire::page(&asked(&path), &body)
        })?;
        let before = pull.refused.len();
        let mut courses = Vec::with_capacity(listing.rows.len());
        for (index, row) in listing.rows.into_iter().enumerate() {
            match row.course {
                Ok(course) => courses.push(course),
                Err(reason) => {
                    let id = if row.key.starts_with("row ") {
                        format!("row {}", index + 1)
                    } else {
                        row.key.to_string()
                    };
                    pull.refused.push(Refused { entity: "course", id, reason });
                }
            }
        }
        for id in listing.doubled {
            self.reporter.detail(&format!("course {id} is in one answer more than once; it is taken once"));
        }
        // Validators are worth something when the same windows show the whole list, and nothing of it was refused:
        // what was refused is not in the catalogue that "unchanged" would stand for.
        if listing.plain && pull.refused.len() == before && validators.len() == pages {
            pull.validators.extend(validators);
        }
        Ok(courses)
    }

    /// Whether the server says of every window of the list that it is as it was.
    fn unchanged(&mut self, request: &PullRequest<'_>, deadline: Deadline, pull: &mut Pull) -> Result<bool> {
        let windows: BTreeMap<&String, &Validator> =
            request.validators.iter().filter(|(path, _)| path.starts_with("/courses?")).collect();
        if windows.is_empty() || request.known.is_empty() {
            return Ok(false);
        }
        for (path, validator) in &windows {
            let answer = self.client.get(path, Some(validator), deadline, Patience::Waits);
            if !matches!(answer.map_err(|fault| fault.error)?, Answer::Unchanged) {
                return Ok(false);
            }
        }
        pull.validators
            .extend(windows.into_iter().map(|(path, validator)| (path.clone(), validator.clone())));
        Ok(true)
    }

    /// The templates, if the server has any to offer. Today it has not even the route: the answer is a 404 with an
    /// HTML page, and the site uses its own theme.
    ///
    /// A good catalogue is worth more than new templates: whatever goes wrong with them, short of the key, the last
    /// known ones stay.
    fn templates(&mut self, request: &PullRequest<'_>, deadline: Deadline, pull: &mut Pull) -> Result<()> {
        let path = "/templates";
        let read = match self.client.get(path, None, deadline, Patience::Waits) {
            Ok(Answer::Body(body, _)) => wire::templates(&asked(path), &body),
            Ok(Answer::Unchanged) => return Ok(()),
            Err(fault) => match fault.status {
                Some(401) => return Err(fault.error),
                Some(404) => Ok(Default::default()),
                _ => Err(fault.error),
            },
        };
        match read {
            Ok((mut templates, refused)) => {
                // What has no usable id may be any of those that are known.
                let is_refused =
                    |id: &str| refused.iter().any(|one| one.id == id || one.id.starts_with("row "));
                for known in request.templates.iter().filter(|known| is_refused(&known.id)) {
                    let same = |one: &RemoteTemplate| {
                        one.id == known.id || (&one.kind, &one.name) == (&known.kind, &known.name)
                    };
                    if !templates.iter().any(same) {
                        templates.push(known.clone());
                    }
                }
                templates.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
                pull.templates = Some(templates);
                pull.refused.extend(refused);
            }
            Err(error) => {
                let instead = match request.templates.len() {
                    0 => "the site does without the source's templates",
                    _ => "the source's templates stay as they were at the last sync",
                };
                self.reporter.warn(&format!("{}: {instead}", error.message()));
            }
        }
        Ok(())
    }
}

impl Source for Hemera {
    fn name(&self) -> &'static str {
        "hemera"
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn pull_changes(&mut self, request: &PullRequest<'_>) -> Result<Pull> {
        self.reporter.begin(Stage::Fetch, None);
        let deadline = Deadline::after(request.budget, &*self.clock);
        let before = self.client.requests;
        if let Some(ids) = request.only
            && let Some(mut pull) = self.named(request, ids, deadline)?
            && self.is_enough(request, ids, &pull)
        {
            pull.requests = self.client.requests - before;
            return Ok(pull);
        }
        let mut pull = Pull { complete: true, ..Pull::default() };
        let mut courses = self.courses(request, deadline, &mut pull)?;
        self.templates(request, deadline, &mut pull)?;
        let Self { client, random, reporter, clock, .. } = self;
        let reading = Reading { client, request, deadline, now: clock.now(), random, reporter };
        let whose = Whose::of(self.details, request.participants_wanted, request.internal.is_some());
        details::refresh(reading, whose, &mut courses, &mut pull)?;
        pull.changes = courses.into_iter().map(|course| Change::Upsert(course.into())).collect();
        pull.requests = self.client.requests - before;
        Ok(pull)
    }

    fn push_changes(&mut self, pushes: &[Push], _: Option<&Held>, deadline: Deadline) -> Vec<Result<Pushed>> {
        pushes.iter().map(|push| push::send(&mut self.client, push, deadline)).collect()
    }
}

/// The address of a part of the list, below the root of the service.
fn address(Window { offset, level }: Window) -> String {
    let level = level.map(|level| format!("&level={}", level.name())).unwrap_or_default();
    format!("/courses?limit={LIMIT}&offset={offset}{level}")
}
