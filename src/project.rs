//! A site's folder, opened: the only place that puts sync and build together.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::assets;
use crate::base::card;
use crate::base::clock::SharedClock;
use crate::base::digest::{Digest, Hasher};
use crate::base::files::Lock;
use crate::base::gate::Gate;
use crate::base::highlight::Highlighter;
use crate::base::http::Transport;
use crate::base::report::Reporter;
use crate::build::{self, Asset};
use crate::config::{Config, Source as Configured};
use crate::error::{Error, Kind, Result};
use crate::model::change::Refused;
use crate::model::conflict::{Edit, Standing};
use crate::model::course::Course;
use crate::model::event::Named;
use crate::model::moment::Moment;
use crate::model::publication::HeldBack;
use crate::model::run::{Run, RunChanges, RunError, RunFigures, RunSource, RunStatus, RunType};
use crate::model::view::Value;
use crate::notify::Notifier;
use crate::site::{self, Route, Site};
use crate::source;
use crate::sync::{Failure, Journal, Memory, Outcome, PartOutcome, Snapshot};
use crate::theme::Theme;

mod around;
mod events;
mod idle;
mod inspect;
mod internal;
mod pictures;
mod pull;
mod push;
mod warm;

use around::Around;
use idle::{Idle, Inputs};
pub use inspect::Listed;
pub use push::{PushFailure, PushOptions, PushSummary};
use warm::Warm;

/// How a site is to be built.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Do not ask the source: build from its last good answer.
    pub offline: bool,
    /// Publish although the catalogue shrank by more than the limit.
    pub allow_shrink: bool,
    /// Remove files from the output that the program did not write.
    pub clean: bool,
    /// Read everything from the source, whatever the last sync has left.
    pub full: bool,
    /// Work out what would be done, and write nothing.
    pub dry_run: bool,
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
    /// The id of the course that begins next; nothing where none is yet to come.
    pub next_course: Option<String>,
    /// How long it all took.
    pub elapsed: Duration,
}

/// The figures of a sync.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
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
    /// Templates in the answer.
    pub templates: usize,
    /// What was set aside, with the reasons.
    #[serde(skip)]
    pub set_aside: Vec<Refused>,
    /// Sources that failed while others did not.
    #[serde(skip)]
    pub failed: Vec<Failure>,
    /// The sources one by one.
    #[serde(skip)]
    pub parts: Vec<PartOutcome>,
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
            templates: outcome.templates,
            set_aside: outcome.refused.clone(),
            failed: outcome.failed.clone(),
            parts: outcome.parts.clone(),
        }
    }
}

/// Who looks at pages while the site is built.
pub struct Onlookers<'a> {
    /// The files that they look at: `courses/ruhig/index.html`.
    pub pages: &'a [String],
    /// The files of the site that have changed.
    pub changed: &'a [PathBuf],
    /// Shows them new bytes, by the file's path in the output, before the rest of the site is there.
    pub show: &'a dyn Fn(Vec<(String, Vec<u8>)>),
}

impl std::fmt::Debug for Onlookers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Onlookers").field("pages", &self.pages).finish_non_exhaustive()
    }
}

/// Everything that a build is made from.
struct Ready {
    now: Timestamp,
    snapshot: Snapshot,
    outcome: Option<Outcome>,
    theme: Theme,
    assets: Vec<Asset>,
    /// Assets that content files asked for, by what they asked.
    asked: Vec<String>,
    site: Site,
    memory: Memory,
    /// Pages for the house.
    internal: internal::Drawn,
    highlighter: Highlighter,
    sources: Sources,
    /// Texts that are meant for a source as well, each with how it stands.
    edits: Vec<(Edit, Standing)>,
}

/// The files that pages come from.
struct Sources {
    /// Those of pages and sections, by their paths below the content.
    documents: Vec<String>,
    /// Those that are not published now.
    held_back: Vec<HeldBack>,
}

/// What the site's own `static/_redirects` says: the program has one file of that name to write, so the two become one.
fn take_redirects(assets: &mut Vec<Asset>) -> Result<String> {
    let Some(at) = assets.iter().position(|asset| asset.route.path() == "_redirects") else {
        return Ok(String::new());
    };
    let bytes = assets.remove(at).bytes;
    Ok(String::from_utf8_lossy(&bytes.load()?).into_owned())
}

/// All files that are published whether or not a page asks for them.
fn assets(theme: &Theme, beside: &[crate::model::document::Asset]) -> Result<Vec<Asset>> {
    let beside = beside.iter().map(|asset| {
        Ok(Asset { route: Route::file(&asset.route)?, bytes: build::Bytes::File(asset.file.clone()) })
    });
    let made = theme.assets().files()?.into_iter().map(|made| {
        let bytes = match &made.bytes {
            assets::Bytes::File(path) => build::Bytes::File(path.clone()),
            _ => build::Bytes::Here(theme.assets().load(&made)?),
        };
        Ok(Asset { route: Route::file(&made.route)?, bytes })
    });
    made.chain(beside).collect()
}

impl Summary {
    /// The figures for the history of runs.
    pub fn figures(&self, now: Timestamp) -> RunFigures {
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let mut figures = RunFigures {
            files_generated: wide(self.build.written),
            files_skipped: wide(self.build.unchanged),
            files_removed: wide(self.build.removed),
            no_upcoming_course: self.next_course.is_none(),
            next_course_id: self.next_course.clone(),
            ..RunFigures::default()
        };
        if let Some(sync) = &self.sync {
            figures.courses_fetched = wide(sync.fetched);
            figures.participants_fetched = wide(sync.participants_read);
            figures.templates_fetched = wide(sync.templates);
            figures.changed = RunChanges {
                added: wide(sync.added),
                updated: wide(sync.updated),
                removed: wide(sync.removed),
            };
            // The history is read often; of a thousand wrong records the first ones tell the story.
            const SHOWN: usize = 20;
            let down = sync.failed.iter().map(|failure| RunError {
                entity: format!("source {}", failure.id),
                message: failure.message.clone(),
                timestamp: now,
            });
            let refused = sync.set_aside.iter().take(SHOWN).map(|refused| RunError {
                entity: refused.entity.to_owned(),
                message: format!("{}: {}", refused.id, refused.reason),
                timestamp: now,
            });
            figures.errors = down.chain(refused).collect();
            sync.note_sources(&mut figures);
        }
        figures
    }
}

impl SyncSummary {
    /// How each source stands, and the cursors of all in a line.
    fn note_sources(&self, figures: &mut RunFigures) {
        let is_several = self.parts.len() > 1;
        let line = |of: fn(&PartOutcome) -> &Option<String>| {
            let told = self.parts.iter().filter_map(|part| Some((&part.id, of(part).as_ref()?)));
            let told: Vec<String> = told
                .map(|(id, cursor)| if is_several { format!("{id}: {cursor}") } else { cursor.clone() })
                .collect();
            (!told.is_empty()).then(|| told.join("; "))
        };
        figures.cursor_before = line(|part| &part.cursor_before);
        figures.cursor_after = line(|part| &part.cursor_after);
        if is_several {
            figures.sources = self.parts.iter().map(|part| self.source(part)).collect();
        }
    }

    fn source(&self, part: &PartOutcome) -> RunSource {
        let failure = self.failed.iter().find(|failure| failure.id == part.id);
        RunSource {
            id: part.id.clone(),
            status: match (failure, part.was_asked) {
                (Some(_), _) => "failed",
                (None, true) => "success",
                (None, false) => "kept",
            }
            .to_owned(),
            courses: u64::try_from(part.courses).unwrap_or(u64::MAX),
            delta: part.is_delta,
            cursor_before: part.cursor_before.clone(),
            cursor_after: part.cursor_after.clone(),
            error: failure.map(|failure| failure.message.clone()),
        }
    }
}

/// A site's folder with everything that a run needs from outside.
pub struct Project {
    config: Arc<Config>,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    transport: Option<Box<dyn Transport>>,
    warm: Option<Warm>,
    pictures: Option<Box<dyn Transport>>,
    only: Option<String>,
    named: Option<Named>,
}

impl std::fmt::Debug for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project").field("root", &self.config.root).finish_non_exhaustive()
    }
}

impl Project {
    /// A project over a checked configuration.
    pub fn new(config: Config, clock: SharedClock, reporter: Arc<dyn Reporter>) -> Self {
        Self {
            config: Arc::new(config),
            clock,
            reporter,
            transport: None,
            warm: None,
            only: None,
            named: None,
            pictures: None,
        }
    }

    /// The same project, which keeps in memory what it reads: for one that builds again and again.
    #[must_use]
    pub fn kept_warm(mut self) -> Self {
        self.warm = Some(Warm::default());
        self
    }

    /// The same project with another way to the network: for tests.
    #[must_use]
    pub fn with_transport(mut self, transport: Box<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// From now on somebody else listens.
    pub fn listen(&mut self, reporter: Arc<dyn Reporter>) {
        self.reporter = reporter;
    }

    /// The same project; of its sources no more is read than this.
    #[must_use]
    pub fn reading_only(mut self, named: Option<Named>) -> Self {
        self.named = named;
        self
    }

    /// The same project, that asks one of several sources alone; all for `all`, or where there is but one.
    #[must_use]
    pub fn with_only(mut self, source: Option<String>) -> Self {
        let is_several = matches!(self.config.source, Configured::Several(_));
        self.only = source.filter(|id| is_several && id != pull::ALL);
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
        let _lock = self.lock()?;
        self.build_locked(options, &Gate::default())
    }

    /// The same, noted in the history of runs and told to whoever wants to hear of it, so that a server over the same site shows it.
    pub fn build_noted(
        &mut self,
        options: Options,
        run_type: RunType,
        notifier: &Notifier,
    ) -> Result<Summary> {
        let mut journal = Journal::open(&self.config.paths.state, self.clock.now())?;
        let mut lock = self.lock()?;
        let connector = self.connector();
        let run = Run::begin(run_type, connector, self.clock.now());
        lock.note(&run.job_id);
        journal.put(&run)?;
        notifier.began();
        let result = self.build_locked(options, &Gate::default());
        let now = self.clock.now();
        let run = match &result {
            Ok(summary) => {
                let figures = summary.figures(now);
                let status = if figures.errors.is_empty() { RunStatus::Success } else { RunStatus::Partial };
                Run { figures, ..run }.ended(status, now)
            }
            Err(error) => run.failed(RunStatus::Failed, error.message(), now),
        };
        journal.put(&run)?;
        notifier.ended(&run);
        result
    }

    /// The same, for a caller who holds the site's lock, and who may shut the gate to end the run before it has
    /// changed anything.
    pub fn build_locked(&mut self, options: Options, gate: &Gate) -> Result<Summary> {
        let begun = self.clock.elapsed();
        let now = self.clock.now();
        let inputs = Inputs::look(&self.config, options, now)?;
        if let Some(inputs) = inputs
            && let Some((idle, files)) = Idle::check(&self.config, inputs, now)?
        {
            gate.pass()?;
            idle.warnings.iter().for_each(|warning| self.reporter.warn(warning));
            return Ok(Summary {
                courses: idle.courses,
                sync: Some(SyncSummary { fetched: idle.courses, ..SyncSummary::default() }),
                build: build::Report { unchanged: files, ..build::Report::default() },
                next_course: idle.next_course,
                elapsed: self.clock.elapsed().saturating_sub(begun),
            });
        }
        let config = Arc::clone(&self.config);
        let (ready, left) = std::thread::scope(|scope| {
            // It needs nothing of the site, so both are looked at together.
            let left = scope.spawn(|| build::Before::look(&config.paths.output, &config.paths.state));
            let ready = self.prepare(options, gate);
            (ready, left.join())
        });
        let (ready, left) = (ready?, left.ok().transpose()?);
        gate.pass()?;
        let inputs = inputs.map(|inputs| (inputs, now));
        self.publish(ready, left, options, gate, inputs, begun)
    }

    /// The same after files have changed, for onlookers who are shown their pages first. Asked to give way, it ends with
    /// an error as soon as it can.
    pub fn rebuild_locked(
        &mut self,
        options: Options,
        gate: &Gate,
        onlookers: &Onlookers<'_>,
    ) -> Result<Summary> {
        let begun = self.clock.elapsed();
        let ready = self.prepare(options, gate)?;
        gate.pass()?;
        if !onlookers.pages.is_empty() {
            let request = self.request(&ready, options, gate)?;
            (onlookers.show)(build::early(&request, onlookers.pages, onlookers.changed)?);
        }
        // A file has just changed, so nothing could be said that holds for the next build.
        self.publish(ready, None, options, gate, None, begun)
    }

    /// Builds and publishes what is ready, over what the last build left, if that was looked at. `inputs` are what it was made from, and when they were looked at: while they stay
    /// the same, the next build has nothing to do.
    fn publish(
        &mut self,
        mut ready: Ready,
        left: Option<build::Before>,
        options: Options,
        gate: &Gate,
        inputs: Option<(Inputs, Timestamp)>,
        begun: Duration,
    ) -> Result<Summary> {
        if !options.dry_run {
            Idle::forget(&self.config)?;
        }
        ready.site.warnings.iter().for_each(|warning| self.reporter.warn(warning));
        if !options.dry_run {
            // Saved before anything is published: a build that is cut off is repeated with the same moments.
            ready.memory.save(&self.config.paths.state)?;
        }
        let report = build::run(&self.request(&ready, options, gate)?, left)?;
        if !options.dry_run {
            self.published(&mut ready)?;
        }
        let next_course = self.next_course(&ready.snapshot, ready.now);
        let refused = ready.outcome.as_ref().is_some_and(|o| !o.refused.is_empty() || !o.failed.is_empty());
        if !refused
            && let Some((before, now)) = inputs
            && let Some(inputs) = Inputs::look(&self.config, options, now)?
            && inputs.are_as(before)
        {
            let (since, until) = ready.site.window;
            let window = (since.max(report.window.0), until.min(report.window.1));
            let courses = ready.snapshot.catalogue.len();
            let warnings: Vec<String> = ready.site.warnings.iter().chain(&report.warnings).cloned().collect();
            let status = status(&ready.memory);
            Idle::keep(&self.config, inputs, window, &status, courses, next_course.clone(), &warnings)?;
        }
        report.warnings.iter().for_each(|warning| self.reporter.warn(warning));
        let (courses, sync) = (ready.snapshot.catalogue.len(), ready.outcome.as_ref().map(SyncSummary::from));
        if let Some(warm) = &mut self.warm {
            warm.keep_memory(&self.config.paths.state, std::mem::take(&mut ready.memory));
        }
        // Thousands of records and pages take their time to go; nobody has to wait for it.
        rayon::spawn(move || drop(ready));
        let elapsed = self.clock.elapsed().saturating_sub(begun);
        Ok(Summary { courses, sync, build: report, next_course, elapsed })
    }

    /// Builds, and then builds once more into an empty folder from the same inputs: the paths of the files that differ.
    pub fn verify(&mut self, options: Options) -> Result<(Summary, Vec<String>)> {
        let begun = self.clock.elapsed();
        let _lock = self.lock()?;
        let mut ready = self.prepare(options, &Gate::default())?;
        ready.memory.save(&self.config.paths.state)?;
        Idle::forget(&self.config)?;
        let gate = Gate::default();
        let request = self.request(&ready, options, &gate)?;
        let report = build::run(&request, None)?;
        let differences = build::verify(&request)?;
        self.published(&mut ready)?;
        let summary = Summary {
            courses: ready.snapshot.catalogue.len(),
            sync: ready.outcome.as_ref().map(SyncSummary::from),
            build: report,
            next_course: self.next_course(&ready.snapshot, ready.now),
            elapsed: self.clock.elapsed().saturating_sub(begun),
        };
        Ok((summary, differences))
    }

    /// What the pages that `asked` names read when they were last built, and what of it is different now.
    ///
    /// `asked` is the path of a page in the output, an address, or a file that pages were made from: a layout or partial,
    /// a content file, an asset. The source is not asked.
    pub fn why(&mut self, asked: &str) -> Result<Vec<build::Explanation>> {
        let options = Options { offline: true, dry_run: true, ..Options::default() };
        let ready = self.prepare(options, &Gate::default())?;
        build::why(&self.request(&ready, options, &Gate::default())?, asked)
    }

    /// Everything that a build is made from.
    fn prepare(&mut self, options: Options, gate: &Gate) -> Result<Ready> {
        let now = self.clock.now();
        let state = self.config.paths.state.clone();
        let known = self.warm.as_mut().and_then(|warm| warm.take_memory(&state));
        let mut memory = known.map_or_else(|| Memory::load(&state, &*self.reporter), Ok)?;
        let mark = self.warm.as_ref().and_then(|_| warm::data_mark(&self.config, options, now));
        let known = self.warm.as_ref().and_then(|warm| warm.data(mark));
        let (snapshot, outcome) = match known {
            Some(known) => known,
            None => self.pull(options, &memory, now, gate)?,
        };
        if let Some(warm) = &mut self.warm {
            warm.keep_data(mark, &snapshot, outcome.as_ref());
        }
        if gate.is_shut() {
            gate.pass()?;
        }
        let theme = Theme::open_keeping(&self.config, &snapshot.templates, !options.dry_run)?;
        if outcome.is_some() || snapshot.synced_at.is_some() {
            memory.learn(&snapshot.catalogue, now);
        }
        // A source on this disk has no moment at which it was asked: its data is as old as its last change.
        memory.last_synced_at =
            if self.config.source.is_remote() { snapshot.synced_at } else { memory.data_changed_at };
        let gone = outcome.as_ref().map(|outcome| outcome.gone.as_slice()).unwrap_or_default();
        memory.archive(&snapshot.catalogue, gone, self.config.courses.archive, now);
        let catalogue = snapshot.catalogue.with(&memory.archive);

        let highlighter = Highlighter::keeping(&state);
        let data = source::local::data(&self.config)?;
        let around = Around::new(&self.config, &theme, &catalogue, now, &highlighter, &data);
        let mut content = source::local::read(&self.config, &around, now)?;
        let synced_at = snapshot.synced_at;
        let edits =
            self.weigh(&mut content.overlays, &snapshot.catalogue, synced_at, now, options.dry_run)?;
        let (told, refetch) = self.fetch_pictures(&theme, &catalogue, &content, options)?;
        let mut assets = assets(&theme, &content.assets)?;
        if memory.source.as_deref().is_some_and(|source| source != self.config.source.address()) {
            memory.history.forget_events();
        }
        let redirects = take_redirects(&mut assets)?;
        let history = std::mem::take(&mut memory.history);
        let cards = self.cards(&theme);
        let mut site = site::plan(
            &site::Input {
                config: &self.config,
                catalogue: &catalogue,
                content: &content,
                data: &data,
                has_layout: &|name| theme.has_layout(name),
                changed_at: &|course| memory.changed_at(course),
                data_changed_at: memory.data_changed_at,
                now,
                cards: cards.as_ref(),
                redirects: &redirects,
            },
            history,
        )?;
        site.warnings.extend(theme.assets().warnings()?.into_iter().chain(told));
        memory.history.clone_from(&site.history);
        site.warnings.extend(theme.warnings().map(str::to_owned));
        for (since, until) in
            [Some(around.window()), content.window, Some((i64::MIN, refetch))].into_iter().flatten()
        {
            site.window = (site.window.0.max(since), site.window.1.min(until));
        }
        let sources = content.documents.iter().map(|document| document.source.to_string()).collect();
        let sources = Sources { documents: sources, held_back: content.held_back };
        let mut asked = around.asked();
        let internal = internal::draw(&self.config, &theme, &site, &snapshot.catalogue, now, &mut asked)?;
        Ok(Ready {
            now,
            snapshot,
            outcome,
            theme,
            assets,
            asked,
            site,
            memory,
            internal,
            highlighter,
            sources,
            edits,
        })
    }

    /// How cards look: in the colour of a theme that has one.
    fn cards(&self, theme: &Theme) -> Option<site::Cards> {
        const SLATE: [u8; 3] = [38, 50, 56];
        let Some(Value::Text(accent)) = theme.options().get("accent") else { return None };
        let dates = theme.dates();
        let range = move |language, first: Moment, last: Option<Moment>| {
            dates.range(language, &first.to_string(), &last.unwrap_or(first).to_string())
        };
        let colour = card::colour(accent).unwrap_or(SLATE);
        self.config.outputs.cards.then(|| site::Cards { colour, dates: Arc::new(range) })
    }

    fn request<'a>(
        &'a self,
        ready: &'a Ready,
        options: Options,
        gate: &'a Gate,
    ) -> Result<build::Request<'a>> {
        Ok(build::Request {
            site: &ready.site,
            assets: &ready.assets,
            asked: &ready.asked,
            theme: &ready.theme,
            output: &self.config.paths.output,
            state: &self.config.paths.state,
            volatile: vec![(Route::file("sync-status.json")?, status(&ready.memory))],
            last_synced_at: ready.memory.last_synced_at,
            data_changed_at: ready.memory.data_changed_at,
            salt: self.salt(),
            clean: options.clean,
            precompress: self.config.outputs.precompress,
            dry_run: options.dry_run,
            now: ready.now,
            gate,
            reporter: &*self.reporter,
        })
    }

    fn next_course(&self, snapshot: &Snapshot, now: Timestamp) -> Option<String> {
        let zone = &self.config.site.time_zone;
        let begins =
            |course: &Course| course.start.map(|start| start.begin(zone)).filter(|begin| *begin >= now);
        let coming = snapshot.catalogue.iter().filter_map(|course| Some((begins(course)?, course)));
        coming.min_by_key(|(begin, _)| *begin).map(|(_, course)| course.id.as_str().to_owned())
    }

    fn lock(&self) -> Result<Lock> {
        let path = self.config.paths.state.join("lock");
        Lock::take(&path)?.ok_or_else(|| {
            Error::new(Kind::Busy, "another build or sync of this site is under way")
                .hint("wait for it to end, then run again; nothing was changed")
        })
    }

    /// What decides how pages look besides what they read.
    fn salt(&self) -> Digest {
        let mut salt = Hasher::new("salt");
        salt.field(env!("CARGO_PKG_VERSION").as_bytes());
        // Which language lives at the root, and in which order the others come, decides what pages link to.
        self.config.languages.iter().for_each(|language| {
            salt.field(language.code.as_bytes());
        });
        salt.field(self.config.site.time_zone.iana_name().unwrap_or_default().as_bytes());
        salt.field(self.config.site.base_url.as_bytes());
        salt.field(self.config.courses.mode.name().as_bytes());
        salt.field(self.config.courses.currency.as_bytes());
        salt.number(u64::from(self.config.outputs.calendar)).number(u64::from(self.config.outputs.cards));
        // Which fields of a participant are public decides what views hold: nothing of an earlier choice may stay.
        let mut public = self.config.privacy.public_fields.clone();
        public.sort_unstable();
        public.iter().for_each(|field| {
            salt.field(field.as_bytes());
        });
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
