//! A site's folder, opened: the only place that puts sync and build together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::base::clock::SharedClock;
use crate::base::digest::{Digest, Hasher};
use crate::base::files::Lock;
use crate::base::http::Transport;
use crate::base::report::Reporter;
use crate::build::{self, Asset};
use crate::config::{Config, Source as Kindof};
use crate::error::{Error, Kind, Result};
use crate::model::participant::RESULT_FIELDS;
use crate::model::view::{Map, Value};
use crate::site::{self, Route, Site};
use crate::source::{self, Source};
use crate::sync::{self, Memory, Outcome, Snapshot, SnapshotStore};
use crate::theme::{self, Theme};

/// How a site is to be built.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Do not ask the source: build from its last good answer.
    pub offline: bool,
    /// Publish although the catalogue shrank by more than the limit.
    pub allow_shrink: bool,
    /// Remove files from the output that the program did not write.
    pub clean: bool,
}

/// What a run did.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Summary {
    /// Courses in the catalogue.
    pub courses: usize,
    /// What the sync brought; nothing where the source was not asked.
    pub sync: Option<SyncSummary>,
    /// What the build did.
    pub build: build::Report,
    /// How long it all took.
    pub elapsed: Duration,
}

/// The figures of a sync.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
}

impl From<&Outcome> for SyncSummary {
    fn from(outcome: &Outcome) -> Self {
        Self {
            fetched: outcome.fetched,
            added: outcome.added,
            updated: outcome.updated,
            removed: outcome.removed,
            refused: outcome.refused.len(),
            details_read: outcome.details_read,
            details_left: outcome.details_left,
            details_unread: outcome.details_unread,
            participants_read: outcome.participants_read,
            requests: outcome.requests,
        }
    }
}

/// A site's folder with everything that a run needs from outside.
pub struct Project {
    config: Arc<Config>,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    transport: Option<Box<dyn Transport>>,
}

impl std::fmt::Debug for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project").field("root", &self.config.root).finish_non_exhaustive()
    }
}

impl Project {
    /// A project over a checked configuration.
    pub fn new(config: Config, clock: SharedClock, reporter: Arc<dyn Reporter>) -> Self {
        Self { config: Arc::new(config), clock, reporter, transport: None }
    }

    /// The same project with another way to the network: for tests.
    #[must_use]
    pub fn with_transport(mut self, transport: Box<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Pulls from the source and builds the site. One run at a time: the second is told that it is [`Kind::Busy`].
    ///
    /// On an error nothing in the output has changed.
    pub fn build(&mut self, options: Options) -> Result<Summary> {
        let begun = self.clock.elapsed();
        let _lock = self.lock()?;
        let now = self.clock.now();
        let state = self.config.paths.state.clone();
        let mut memory = Memory::load(&state, &*self.reporter)?;
        let (snapshot, outcome) = self.pull(options, memory.course_count, now)?;
        let theme = Theme::open(&self.config, &snapshot.templates)?;
        let content = source::local::read(&self.config)?;

        if outcome.is_some() || snapshot.synced_at.is_some() {
            memory.learn(&snapshot.catalogue, now);
        }
        // A source on this disk has no moment at which it was asked: its data is as old as its last change.
        let remote = matches!(self.config.source, Kindof::Hemera(_));
        memory.last_synced_at = if remote { snapshot.synced_at } else { memory.data_changed_at };

        let site = site::plan(&site::Input {
            config: &self.config,
            catalogue: &snapshot.catalogue,
            content: &content,
            has_layout: &|name| theme.has_layout(name),
            changed_at: &|course| memory.changed_at(course),
            data_changed_at: memory.data_changed_at,
            now,
        })?;
        site.warnings.iter().for_each(|warning| self.reporter.warn(warning));
        // Saved before anything is published: a build that is cut off is repeated with the same moments.
        memory.save(&state)?;
        let report = self.publish(&site, &theme, &content.assets, &memory, options, now)?;
        report.warnings.iter().for_each(|warning| self.reporter.warn(warning));
        Ok(Summary {
            courses: snapshot.catalogue.len(),
            sync: outcome.as_ref().map(SyncSummary::from),
            build: report,
            elapsed: self.clock.elapsed().saturating_sub(begun),
        })
    }

    fn lock(&self) -> Result<Lock> {
        let path = self.config.paths.state.join("lock");
        Lock::take(&path)?.ok_or_else(|| {
            Error::new(Kind::Busy, "another build or sync of this site is under way")
                .hint("wait for it to end, then run again; nothing was changed")
        })
    }

    /// The catalogue: from the source, or as of its last good answer.
    fn pull(
        &mut self,
        options: Options,
        known_courses: Option<usize>,
        now: Timestamp,
    ) -> Result<(Snapshot, Option<Outcome>)> {
        let store = self.store();
        if options.offline && matches!(self.config.source, Kindof::Hemera(_)) {
            let snapshot = store.load(&*self.reporter)?;
            if snapshot.is_none() {
                self.reporter.warn("there was no sync yet: the site is built without courses");
            }
            return Ok((snapshot.unwrap_or_default(), None));
        }
        let mut source = self.source()?;
        let request = sync::Request {
            allow_shrink: options.allow_shrink,
            known_courses,
            max_shrink_percent: self.config.limits.max_shrink_percent,
            participants_wanted: !self.config.privacy.public_fields.is_empty(),
            results_wanted: self
                .config
                .privacy
                .public_fields
                .iter()
                .any(|f| RESULT_FIELDS.contains(&f.as_str())),
            budget: match &self.config.source {
                Kindof::Hemera(hemera) => hemera.budget,
                _ => Duration::MAX,
            },
            now,
        };
        let outcome = sync::run(&mut *source, &store, &request, &*self.reporter)?;
        Ok((outcome.snapshot.clone(), Some(outcome)))
    }

    fn store(&self) -> SnapshotStore {
        let (name, secret) = match &self.config.source {
            Kindof::Hemera(hemera) => (format!("hemera {}", hemera.base_url), hemera.api_key.clone()),
            Kindof::File(_) => ("file".to_owned(), None),
            Kindof::Sample => ("sample".to_owned(), None),
        };
        SnapshotStore::new(&self.config.paths.state, name, secret)
    }

    fn source(&mut self) -> Result<Box<dyn Source>> {
        source::open(&self.config, self.clock.clone(), self.reporter.clone(), self.transport.take())
    }

    fn publish(
        &self,
        site: &Site,
        theme: &Theme,
        colocated: &[crate::model::document::Asset],
        memory: &Memory,
        options: Options,
        now: Timestamp,
    ) -> Result<build::Report> {
        let mut assets = Vec::new();
        for asset in colocated {
            assets.push(Asset {
                route: Route::file(&asset.route)?,
                bytes: build::Bytes::File(asset.file.clone()),
            });
        }
        for asset in theme.assets()? {
            let bytes = match asset.body {
                theme::Body::File(path) => build::Bytes::File(path),
                theme::Body::BuiltIn(bytes) => build::Bytes::Here(bytes.into()),
            };
            assets.push(Asset { route: Route::file(&asset.route)?, bytes });
        }
        build::run(&build::Request {
            site,
            assets: &assets,
            theme,
            output: &self.config.paths.output,
            state: &self.config.paths.state,
            volatile: vec![(Route::file("sync-status.json")?, status(memory))],
            entities: entities(site),
            last_synced_at: memory.last_synced_at,
            data_changed_at: memory.data_changed_at,
            salt: self.salt(),
            clean: options.clean,
            now,
            reporter: &*self.reporter,
        })
    }

    /// What decides how pages look besides what they read.
    fn salt(&self) -> Digest {
        let mut salt = Hasher::new("salt");
        salt.field(env!("CARGO_PKG_VERSION").as_bytes());
        salt.field(self.config.site.language.as_bytes());
        salt.field(self.config.site.time_zone.iana_name().unwrap_or_default().as_bytes());
        salt.field(self.config.site.base_url.as_bytes());
        salt.finish()
    }
}

/// What browsers read to say how fresh the site is: the one page that changes at every sync.
fn status(memory: &Memory) -> Vec<u8> {
    let status = if memory.last_synced_at.is_some() { "success" } else { "never" };
    let mut json = serde_json::json!({
        "sync_status": status,
        "last_synced_at": memory.last_synced_at,
        "last_updated_at": memory.data_changed_at,
    })
    .to_string();
    json.push('\n');
    json.into_bytes()
}

/// The hash of each record that the site shows.
fn entities(site: &Site) -> BTreeMap<String, Digest> {
    let record = |page: &site::Page| -> Option<(String, Digest)> {
        let site::Body::Layout { view, .. } = &page.body else { return None };
        let Some(Value::Map(course)) = view.get("course") else { return None };
        Some((course.id()?.to_string(), Map::digest(course)))
    };
    site.pages.iter().filter_map(record).collect()
}
