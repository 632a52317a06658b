//! The catalogue: asked for, or as of the last good answers; and what of it is remembered once it is published.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Options, Project, Ready, internal};
use crate::base::files::Reread;
use crate::base::gate::Gate;
use crate::base::http::Transport;
use crate::build;
use crate::config::{Entry, Source as Configured};
use crate::error::{Error, Kind, Result};
use crate::model::catalogue::Catalogue;
use crate::model::participant::RESULT_FIELDS;
use crate::source;
use crate::source::file::JsonFile;
use crate::sync::{
    self, Cursors, Memory, Outcome, Part, PublishedPart, Snapshot, SnapshotStore, SourceCursors,
};

/// What a sync of all of several sources is called, where single ones go by their ids.
pub(super) const ALL: &str = "all";

impl Project {
    /// What a sync is called in the history of runs.
    pub(super) fn connector(&self) -> String {
        match (&self.only, &self.config.source) {
            (Some(only), _) => only.clone(),
            (None, Configured::Several(_)) => ALL.to_owned(),
            (None, one) => one.kind().to_owned(),
        }
    }

    /// Remembers what was published: only that is what the next pull is compared with, and goes on from.
    pub(super) fn published(&self, ready: &mut Ready) -> Result<()> {
        internal::publish(&self.config, &ready.internal, &*self.reporter)?;
        ready.highlighter.save()?;
        let memory = &mut ready.memory;
        let before = (memory.course_count, memory.source.clone(), memory.parts.clone());
        memory.course_count = Some(ready.snapshot.catalogue.len());
        memory.source = Some(self.config.source.address());
        if let Some(outcome) = &ready.outcome {
            memory.parts.clear();
            if matches!(self.config.source, Configured::Several(_)) {
                memory.parts.extend(outcome.parts.iter().map(|part| {
                    let published = PublishedPart { source: part.source.clone(), courses: part.courses };
                    (part.id.clone(), published)
                }));
            }
            self.note_cursors(outcome)?;
        }
        // It was saved before the build; thousands of events are not written down once more for nothing.
        match before == (memory.course_count, memory.source.clone(), memory.parts.clone()) {
            true => Ok(()),
            false => {
                memory.detach();
                memory.save(&self.config.paths.state)
            }
        }
    }

    fn note_cursors(&self, outcome: &Outcome) -> Result<()> {
        let told = outcome.parts.iter().filter_map(|part| Some((&part.id, part.cursors.as_ref()?)));
        let told: Vec<(&String, &SourceCursors)> = told.collect();
        if told.is_empty() {
            return Ok(());
        }
        let mut cursors = Cursors::load(&self.config.paths.state, &*self.reporter)?;
        told.into_iter().for_each(|(id, of)| cursors.note(id, of.clone()));
        cursors.save(&self.config.paths.state)
    }

    /// How many courses the published site has: as remembered, else as its manifest says. Nothing where it came from
    /// another source, with which this one cannot be compared.
    fn published_courses(&self, memory: &Memory) -> Result<Option<usize>> {
        if memory.source.as_deref().is_some_and(|source| source != self.config.source.address()) {
            return Ok(None);
        }
        if memory.course_count.is_some() {
            return Ok(memory.course_count);
        }
        let manifest = build::Manifest::load(&self.config.paths.output)?;
        // Each further language has every course once more, by an identity that ends in `@en`.
        let others: Vec<String> =
            self.config.languages.iter().skip(1).map(|language| format!("@{}", language.code)).collect();
        let is_main = |id: &&String| {
            id.starts_with("course:") && !others.iter().any(|language| id.ends_with(language.as_str()))
        };
        let count = manifest.map(|manifest| manifest.entities.keys().filter(is_main).count());
        Ok(count.filter(|count| *count > 0))
    }

    /// A site that was built from a real source does not turn into the sample because a variable is missing. Who only looks
    /// is shown that site, as it was last read.
    fn former(&self, memory: &Memory, options: Options) -> Result<Option<Snapshot>> {
        let before = memory.source.as_deref().unwrap_or_default();
        let was_remote = ["http://", "https://"].iter().any(|scheme| before.contains(scheme));
        if !matches!(self.config.source, Configured::Sample) || !was_remote || options.allow_shrink {
            return Ok(None);
        }
        if options.offline && options.dry_run {
            let store = SnapshotStore::new(&self.config.paths.state, before, None);
            if let Some(snapshot) = store.load(&*self.reporter)? {
                return Ok(Some(snapshot));
            }
        }
        Err(Error::new(
            Kind::Config,
            format!("the site was built from {before}, and now it would show the sample"),
        )
        .hint("set HEMERA_API_BASE_URL and HEMERA_API_KEY in the environment, or `source` in aither.toml")
        .hint("if the sample is what you want, run `aither build --allow-shrink` once"))
    }

    /// The catalogue: from the sources, or as of their last good answers.
    pub(super) fn pull(
        &mut self,
        options: Options,
        memory: &Memory,
        now: Timestamp,
        gate: &Gate,
    ) -> Result<(Snapshot, Option<Outcome>)> {
        if let Some(former) = self.former(memory, options)? {
            return Ok((former, None));
        }
        let config = Arc::clone(&self.config);
        let entries = config.source.entries();
        if options.offline && entries.iter().all(|entry| entry.source.is_remote()) {
            return self.last_good(&entries, memory).map(|snapshot| (snapshot, None));
        }
        if let Some(only) = &self.only
            && entries.iter().all(|entry| entry.id != *only)
        {
            return Err(Error::new(Kind::Config, format!("there is no source `{only}`")));
        }
        let parts = self.parts(&entries, options, memory)?;
        let public = &config.privacy.public_fields;
        let request = sync::Request {
            allow_shrink: options.allow_shrink,
            max_shrink_percent: config.limits.max_shrink_percent,
            participants_wanted: !public.is_empty(),
            internal: internal::zone(&config),
            results_wanted: public.iter().any(|field| RESULT_FIELDS.contains(&field.as_str())),
            now,
            full: options.full,
            full_every: config.sync.full_every,
            match_by: config.sync.match_by,
            named: self.named.as_ref(),
            gate,
        };
        let mut outcome = sync::run(parts, &request, &*self.reporter)?;
        let snapshot = std::mem::take(&mut outcome.snapshot);
        Ok((snapshot, Some(outcome)))
    }

    fn has_several(&self) -> bool {
        matches!(self.config.source, Configured::Several(_))
    }

    /// Whether the last answer of a source is kept, to be compared with the next one.
    fn keeps_answers(&self, entry: &Entry) -> bool {
        let is_csv = entry.source.kind() == "oneroster";
        entry.source.is_remote() || is_csv || self.has_several() || self.config.courses.archive
    }

    /// Takes note of the catalogue that is about to be published, if it is another one than before. Where no answer is kept, the memory alone can tell what
    /// is new in this one.
    pub(super) fn learn(
        &self,
        memory: &mut Memory,
        catalogue: Option<&Catalogue>,
        outcome: Option<&mut Outcome>,
        now: Timestamp,
    ) {
        let is_kept = self.config.source.entries().iter().all(|entry| self.keeps_answers(entry));
        let differences = catalogue.map_or((0, 0, 0), |catalogue| memory.learn(catalogue, now, !is_kept));
        if let Some(outcome) = outcome.filter(|_| !is_kept) {
            let tally = &mut outcome.tally;
            (tally.added, tally.updated, tally.removed) = differences;
        }
    }

    /// A file of courses.
    fn file(&self, path: &Path, entry: &Entry, options: Options) -> JsonFile {
        let file = source::file::open(path, self.config.site.time_zone.clone());
        if options.forgets() { file } else { file.keeping(&self.folder(entry)) }
    }

    /// Reads the file of courses, where that is all that there is to ask. What is wrong with it is told by whoever needs it.
    /// Gives it where parts of it are read again later; not where its answer is kept, which has to be right before anybody knows
    /// whether the file is still the same.
    pub(super) fn read_ahead(&mut self, options: Options) -> Option<Arc<Reread>> {
        if let Configured::File(_) = &self.config.source
            && let [entry] = &*self.config.source.entries()
            && let Some(path) = entry.source.path()
            && !self.keeps_answers(entry)
        {
            self.ahead = Some(self.file(path, entry, options).read_ahead());
        }
        self.ahead.as_ref().and_then(JsonFile::reread)
    }

    fn parts<'e>(
        &mut self,
        entries: &'e [Entry],
        options: Options,
        memory: &Memory,
    ) -> Result<Vec<Part<'e>>> {
        let transport: Option<Arc<dyn Transport>> = self.transport.take().map(Arc::from);
        let cursors = Cursors::load(&self.config.paths.state, &*self.reporter)?;
        let is_one_of_several = self.has_several();
        let mut parts = Vec::with_capacity(entries.len());
        for entry in entries {
            let address = entry.source.address();
            let is_remote = entry.source.is_remote();
            let keep = self.keeps_answers(entry);
            let transport = transport.clone().map(|shared| Box::new(shared) as Box<dyn Transport>);
            let (clock, reporter) = (self.clock.clone(), self.reporter.clone());
            let is_named = self.only.as_ref().is_none_or(|only| *only == entry.id);
            let known_courses = match is_one_of_several {
                false => self.published_courses(memory)?,
                true => memory
                    .parts
                    .get(&entry.id)
                    .filter(|known| known.source == address)
                    .map(|known| known.courses),
            };
            parts.push(Part {
                source: match entry.source.path() {
                    Some(path) if matches!(entry.source, Configured::File(_)) => {
                        let ahead = self.ahead.take();
                        Ok(Box::new(ahead.unwrap_or_else(|| self.file(path, entry, options))))
                    }
                    _ => source::open(&entry.source, &self.config, clock, reporter, transport),
                },
                is_asked: is_named && !(options.offline && is_remote),
                store: self.store(entry),
                keep: keep && !options.forgets(),
                known_courses,
                cursors: cursors.of(&entry.id, &address).cloned(),
                budget: entry.source.budget(),
                entry,
            });
        }
        Ok(parts)
    }

    /// What all sources said last.
    fn last_good(&self, entries: &[Entry], memory: &Memory) -> Result<Snapshot> {
        let stores: Vec<_> = entries.iter().map(|entry| (entry, self.store(entry))).collect();
        let snapshot = sync::last_good(&stores, self.config.sync.match_by, &*self.reporter)?;
        match (snapshot, self.published_courses(memory)?) {
            (Some(snapshot), _) => Ok(snapshot),
            (None, Some(1..)) => Err(Error::new(
                Kind::Refused,
                "there is no good snapshot of the source to build from, so the site stays as it is",
            )
            .hint("run `aither build` without --offline once, to read the source anew")),
            (None, _) => {
                self.reporter.warn("there was no sync yet: the site is built without courses");
                Ok(Snapshot::default())
            }
        }
    }

    /// Where it is kept what a source said.
    fn folder(&self, entry: &Entry) -> PathBuf {
        let state = &self.config.paths.state;
        match &self.config.source {
            Configured::Several(_) => state.join("sources").join(&entry.id),
            _ => state.clone(),
        }
    }

    /// Where a source's last good answer is kept.
    pub(super) fn store(&self, entry: &Entry) -> SnapshotStore {
        let folder = self.folder(entry);
        let shows_people = !self.config.privacy.public_fields.is_empty();
        SnapshotStore::new(&folder, entry.source.address(), entry.source.secret().cloned())
            .with_secret_from(entry.source.secret_variable())
            .needing_participants(shows_people && entry.source.is_remote())
    }
}
