//! A site's folder, opened: the only place that puts sync and build together.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::base::clock::SharedClock;
use crate::base::digest::{Digest, Fingerprint, Hasher};
use crate::base::files::{Lock, Reread};
use crate::base::gate::Gate;
use crate::base::http::Transport;
use crate::base::leaving::let_go;
use crate::base::report::Reporter;
use crate::base::workers::beside;
use crate::build;
use crate::config::{Config, Source as Configured};
use crate::error::{Error, Kind, Result};
use crate::model::course::next;
use crate::model::event::Named;
use crate::model::run::{Run, RunStatus, RunType};
use crate::notify::Notifier;
use crate::site::Route;
use crate::source::file::JsonFile;
use crate::sync::{Journal, Snapshot};

mod around;
mod events;
mod idle;
mod inspect;
mod internal;
mod pictures;
mod prepare;
mod privacy;
mod pull;
mod push;
mod status;
mod summary;
mod warm;

use idle::{Idle, Inputs};
pub use inspect::Listed;
use prepare::{Ready, Remembered};
pub use push::{PushFailure, PushOptions, PushSummary};
pub use status::{STATUS_FILE, note_failure};
pub use summary::{Summary, SyncSummary};
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
    /// Build what is only looked at: what the site remembers of its past, of its sources and of its runs stays as it is.
    pub preview: bool,
}

impl Options {
    /// Whether nothing is to be remembered for later.
    fn forgets(self) -> bool {
        self.dry_run || self.preview
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
    /// The file of courses, where it was read ahead.
    ahead: Option<JsonFile>,
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
            ahead: None,
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
        if run.has_failed()
            && let Err(error) = note_failure(&self.config.paths.output, run.status)
        {
            self.reporter.warn(error.message());
        }
        journal.put(&run)?;
        notifier.ended(&run);
        result
    }

    /// The same, for a caller who holds the site's lock, and who may shut the gate to end the run before it has
    /// changed anything.
    pub fn build_locked(&mut self, options: Options, gate: &Gate) -> Result<Summary> {
        let begun = self.clock.elapsed();
        let now = self.clock.now();
        let config = Arc::clone(&self.config);
        let (output, state) = (&config.paths.output, &config.paths.state);
        let inputs = Inputs::look(&config, options, now)?;
        let inputs_then = inputs.map(|inputs| (inputs, now));
        if let Some(idle) = inputs.map(|inputs| Idle::check(&config, inputs, now)).transpose()?.flatten() {
            let left = build::Before::look(output, state, &AtomicBool::new(true))?;
            gate.pass()?;
            if let Some(files) = left.intact(output, state) {
                return Ok(self.nothing_to_do(idle, files, begun));
            }
            let ready = self.prepare(options, gate)?;
            gate.pass()?;
            return self.publish(ready, Some(left), options, gate, inputs_then, begun);
        }
        // What the last build left needs nothing of the site, so both are looked at together. The memory is read by whoever comes
        // first: here the sources are read before it is needed.
        let (reporter, is_awaited) = (Arc::clone(&self.reporter), AtomicBool::new(false));
        let (remembered, is_warm) = (Remembered::new(state, &*reporter), self.warm.is_some());
        let (ready, left) = beside(
            || {
                let ready = self.prepare_ahead(options, gate, &remembered);
                is_awaited.store(true, Ordering::Relaxed);
                ready
            },
            || {
                if !is_warm {
                    remembered.read();
                }
                build::Before::look(output, state, &is_awaited)
            },
        );
        let (ready, left) = (ready?, left.ok().transpose()?);
        gate.pass()?;
        self.publish(ready, left, options, gate, inputs_then, begun)
    }

    /// The answer where everything is as the last build left it.
    fn nothing_to_do(&self, idle: Idle, files: usize, begun: Duration) -> Summary {
        idle.warnings.iter().for_each(|warning| self.reporter.warn_again(warning));
        Summary {
            courses: idle.courses,
            sync: Some(SyncSummary { fetched: idle.courses, ..SyncSummary::default() }),
            build: build::Report { unchanged: files, ..build::Report::default() },
            next_course: idle.next_course,
            elapsed: self.clock.elapsed().saturating_sub(begun),
        }
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
        let ready = self.prepare_for(options, gate, Some(onlookers))?;
        gate.pass()?;
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
        ready.reread.as_deref().map_or(Ok(()), Reread::check)?;
        if !options.dry_run {
            Idle::forget(&self.config)?;
        }
        let warnings: Vec<String> = ready.warnings().collect();
        self.warn_of(&warnings, &mut ready.memory.told);
        let request = self.request(&ready, options, gate)?;
        // Saved before anything is published: a build that is cut off is repeated with the same moments.
        let save = || if options.forgets() { Ok(()) } else { ready.memory.save(&self.config.paths.state) };
        let (saved, prepared) = rayon::join(save, || build::prepare(&request, left));
        saved?;
        let report = build::complete(&request, prepared?)?;
        if !options.forgets() {
            self.published(&mut ready)?;
        }
        let next_course = self.next_course(&ready.snapshot, ready.now);
        let refused =
            ready.outcome.as_ref().is_some_and(|o| !o.tally.refused.is_empty() || !o.failed.is_empty());
        if !refused
            && !options.preview
            && let Some((before, now)) = inputs
            && before.is_settled_after(self.clock.elapsed().saturating_sub(begun))
            && let Some(inputs) = Inputs::look(&self.config, options, now)?
            && inputs.are_as(before)
        {
            let (since, until) = ready.site.window;
            let window = (since.max(report.window.0), until.min(report.window.1));
            let courses = ready.snapshot.catalogue.len();
            let warnings: Vec<String> = ready.warnings().chain(report.warnings.iter().cloned()).collect();
            let status = self.status(&ready)?;
            Idle::keep(&self.config, inputs, window, &status, courses, next_course.clone(), &warnings)?;
        }
        report.warnings.iter().for_each(|warning| self.reporter.warn(warning));
        let (courses, sync) = (ready.snapshot.catalogue.len(), ready.outcome.as_ref().map(SyncSummary::from));
        if let Some(warm) = &mut self.warm {
            warm.keep_memory(&self.config.paths.state, std::mem::take(&mut ready.memory));
        }
        let_go(ready);
        let elapsed = self.clock.elapsed().saturating_sub(begun);
        Ok(Summary { courses, sync, build: report, next_course, elapsed })
    }

    /// Warns, and remembers what of.
    fn warn_of(&self, warnings: &[String], told: &mut Vec<u64>) {
        let mut now = Vec::with_capacity(warnings.len());
        for warning in warnings {
            let mark = Fingerprint::new(35).text(warning).get();
            match told.binary_search(&mark) {
                Ok(_) => self.reporter.warn_again(warning),
                Err(_) => self.reporter.warn(warning),
            }
            now.push(mark);
        }
        now.sort_unstable();
        *told = now;
    }

    /// Builds, and then builds once more into an empty folder from the same inputs: the paths of the files that differ.
    pub fn verify(&mut self, options: Options) -> Result<(Summary, Vec<String>)> {
        let begun = self.clock.elapsed();
        let _lock = self.lock()?;
        let mut ready = self.prepare(options, &Gate::default())?;
        if !options.preview {
            ready.memory.save(&self.config.paths.state)?;
        }
        Idle::forget(&self.config)?;
        let gate = Gate::default();
        let request = self.request(&ready, options, &gate)?;
        let report = build::run(&request, None)?;
        let differences = build::verify(&request)?;
        if !options.preview {
            self.published(&mut ready)?;
        }
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
            volatile: vec![(Route::file(STATUS_FILE)?, self.status(ready)?)],
            last_synced_at: ready.memory.last_synced_at,
            data_changed_at: ready.memory.data_changed_at,
            salt: self.salt(),
            clean: options.clean,
            precompress: self.config.outputs.precompress,
            dry_run: options.dry_run,
            now: ready.now,
            gate,
            reread: ready.reread.as_deref(),
            reporter: &*self.reporter,
        })
    }

    fn status(&self, ready: &Ready) -> Result<Vec<u8>> {
        status::of(&ready.memory, &self.config.paths.output, ready.outcome.is_some())
    }

    fn next_course(&self, snapshot: &Snapshot, now: Timestamp) -> Option<String> {
        let zone = &self.config.site.time_zone;
        next(snapshot.catalogue.iter(), zone, now).map(|course| course.id.as_str().to_owned())
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
        salt.number(u64::from(self.config.assets.minify_html));
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
