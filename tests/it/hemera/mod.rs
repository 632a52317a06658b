//! The Hemera source, against an academy in the same process, recorded answers, and the stand-in on loopback.

mod academy;
mod captures;
mod details;
mod faults;
mod network;
mod paging;
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aither::base::clock::{Clock, ManualClock};
use aither::base::http::Transport;
use aither::base::report::Collected;
use aither::base::secret::Secret;
use aither::config::{Details, Hemera as Config};
use aither::error::Result;
use aither::model::catalogue::Catalogue;
use aither::model::change::{Pull, RemoteTemplate, Validator};
use aither::model::course::{Course, CourseId};
use aither::source::hemera::Hemera;
use aither::source::{PullRequest, Source};

use self::academy::{Academy, DEMO_KEY, Direct, courses};

/// A configuration as it is by default, for a Hemera at this address.
fn config(base_url: &str) -> Config {
    Config {
        key_variable: "HEMERA_API_KEY".into(),
        base_url: base_url.to_owned(),
        api_key: Some(Secret::new(DEMO_KEY)),
        details: Details::None,
        requests_per_minute: 90,
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(30),
        budget: Duration::from_secs(60),
        retries: 3,
        max_body: 16 << 20,
        declared: "aither.toml".to_owned(),
    }
}

/// A client that pulls again and again from one academy, on a clock that only moves when it is told to.
struct Client {
    academy: Arc<Academy>,
    clock: Arc<ManualClock>,
    config: Config,
    source: Option<Hemera>,
    known: Catalogue,
    templates: Vec<RemoteTemplate>,
    validators: BTreeMap<String, Validator>,
    full: bool,
    participants_wanted: bool,
    results_wanted: bool,
    reporter: Arc<Collected>,
}

impl Client {
    /// A client of an academy of `count` made-up courses.
    fn of(count: usize) -> Self {
        let clock = Arc::new(ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()));
        let academy = Academy::new(courses(count, clock.now()), clock.clone());
        Self {
            academy,
            clock,
            config: config("http://hemera.test"),
            source: None,
            known: Catalogue::default(),
            templates: Vec::new(),
            validators: BTreeMap::new(),
            full: false,
            participants_wanted: true,
            results_wanted: false,
            reporter: Arc::default(),
        }
    }

    fn with_details(count: usize, details: Details) -> Self {
        let mut client = Self::of(count);
        client.config.details = details;
        client
    }

    /// One pull; the source lives on, as it does in a server.
    fn pull(&mut self) -> Result<Pull> {
        if self.source.is_none() {
            let direct = Direct { academy: self.academy.clone(), clock: self.clock.clone() };
            self.source = Some(self.connect(Box::new(direct))?);
        }
        let budget = self.config.budget;
        let Self { known, templates, validators, full, participants_wanted, results_wanted, .. } = self;
        let request = PullRequest {
            only: None,
            known,
            templates,
            validators,
            full: *full,
            participants_wanted: *participants_wanted,
            internal: None,
            results_wanted: *results_wanted,
            budget,
            held: None,
            unfinished: None,
        };
        self.source.as_mut().unwrap().pull_changes(&request)
    }

    fn connect(&self, transport: Box<dyn Transport>) -> Result<Hemera> {
        Hemera::seeded(&self.config, transport, self.clock.clone(), self.reporter.clone(), 11)
    }

    /// One pull, whose result is known from then on.
    fn sync(&mut self) -> Pull {
        let pull = self.pull().unwrap();
        self.known = self.known.after(pull.changes.clone(), pull.complete);
        self.validators = pull.validators.clone();
        if let Some(templates) = &pull.templates {
            self.templates.clone_from(templates);
        }
        pull
    }

    /// A new process: what was counted is forgotten, what was stored is not.
    fn restart(&mut self) {
        self.source = None;
    }

    fn course(&self, id: &str) -> &Course {
        self.known.get(&CourseId::new(id)).unwrap()
    }
}

/// The ids that a pull brought, in order.
fn ids(pull: &Pull) -> Vec<String> {
    let catalogue = Catalogue::default().after(pull.changes.clone(), pull.complete);
    assert_eq!(catalogue.len(), pull.changes.len(), "no course comes twice");
    catalogue.iter().map(|course| course.id.to_string()).collect()
}

/// The ids that the academy has published, in order.
fn published(academy: &Academy) -> Vec<String> {
    let state = academy.state();
    let mut ids: Vec<_> = state.courses.iter().filter(|c| c.published).map(|c| c.id.clone()).collect();
    ids.sort();
    ids
}
