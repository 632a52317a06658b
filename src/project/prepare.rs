//! From the inputs to everything that a build is made from.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use super::around::Around;
use super::warm::{self, Warm};
use super::{Onlookers, Options, Project, internal};
use crate::assets;
use crate::base::card;
use crate::base::files::Reread;
use crate::base::gate::Gate;
use crate::base::highlight::Highlighter;
use crate::base::mistakes::Mistake;
use crate::base::report::Reporter;
use crate::build::{self, Asset};
use crate::error::Result;
use crate::model::conflict::{Edit, Standing};
use crate::model::moment::Moment;
use crate::model::publication::HeldBack;
use crate::model::view::Value;
use crate::site::{self, Page, Route, Site};
use crate::source;
use crate::sync::{Memory, Outcome, Snapshot};
use crate::theme::Theme;

/// Everything that a build is made from.
pub(super) struct Ready {
    pub(super) now: Timestamp,
    pub(super) snapshot: Snapshot,
    pub(super) outcome: Option<Outcome>,
    pub(super) theme: Theme,
    pub(super) assets: Vec<Asset>,
    /// Assets that content files asked for, by what they asked.
    pub(super) asked: Vec<String>,
    pub(super) site: Site,
    pub(super) memory: Memory,
    /// Pages for the house.
    pub(super) internal: internal::Drawn,
    pub(super) highlighter: Highlighter,
    pub(super) sources: Sources,
    /// Texts that are meant for a source as well, each with how it stands.
    pub(super) edits: Vec<(Edit, Standing)>,
    /// What is not as the authors of content files meant it, though it stops no build.
    pub(super) remarks: Vec<Mistake>,
    /// The file of courses, where parts of it are read once they are asked for.
    pub(super) reread: Option<Arc<Reread>>,
}

impl Ready {
    /// What a person should look at.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        self.remarks.iter().map(Mistake::in_a_line).chain(self.site.warnings.iter().cloned())
    }
}

/// The memory, which two may want to read: the first of them does.
pub(super) struct Remembered<'a> {
    state: &'a Path,
    reporter: &'a dyn Reporter,
    memory: OnceLock<Mutex<Option<Result<Memory>>>>,
}

impl<'a> Remembered<'a> {
    /// The memory below `state`, not read yet.
    pub(super) fn new(state: &'a Path, reporter: &'a dyn Reporter) -> Self {
        Self { state, reporter, memory: OnceLock::new() }
    }

    /// Reads it, or waits until it is read.
    pub(super) fn read(&self) -> &Mutex<Option<Result<Memory>>> {
        self.memory.get_or_init(|| Mutex::new(Some(Memory::load(self.state, self.reporter))))
    }

    /// The memory; read anew for all but the first who asks.
    fn take(&self) -> Result<Memory> {
        let memory = self.read().lock().unwrap_or_else(PoisonError::into_inner).take();
        memory.unwrap_or_else(|| Memory::load(self.state, self.reporter))
    }
}

/// The files that pages come from.
pub(super) struct Sources {
    /// Those of pages and sections, by their paths below the content.
    pub(super) documents: Vec<String>,
    /// Those that are not published now.
    pub(super) held_back: Vec<HeldBack>,
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

impl Project {
    /// Everything that a build is made from.
    pub(super) fn prepare(&mut self, options: Options, gate: &Gate) -> Result<Ready> {
        self.prepare_for(options, gate, None)
    }

    /// The same, while somebody else may read the memory.
    pub(super) fn prepare_ahead(
        &mut self,
        options: Options,
        gate: &Gate,
        remembered: &Remembered<'_>,
    ) -> Result<Ready> {
        if self.warm.is_some() {
            return self.prepare(options, gate);
        }
        let reread = self.read_ahead(options);
        let ready = remembered.take().and_then(|memory| self.prepare_with(options, gate, None, Some(memory)));
        // What was read for this build is nothing to the next.
        self.ahead = None;
        ready.map(|ready| Ready { reread, ..ready })
    }

    /// The same, for onlookers who are shown their pages as soon as these can be made.
    pub(super) fn prepare_for(
        &mut self,
        options: Options,
        gate: &Gate,
        onlookers: Option<&Onlookers<'_>>,
    ) -> Result<Ready> {
        self.prepare_with(options, gate, onlookers, None)
    }

    fn prepare_with(
        &mut self,
        options: Options,
        gate: &Gate,
        onlookers: Option<&Onlookers<'_>>,
        memory: Option<Memory>,
    ) -> Result<Ready> {
        let now = self.clock.now();
        let state = self.config.paths.state.clone();
        let known = self.warm.as_mut().and_then(|warm| warm.take_memory(&state));
        let is_remembered = known.is_some();
        let mut memory = known.or(memory).map_or_else(|| Memory::load(&state, &*self.reporter), Ok)?;
        let mark = self.warm.as_ref().and_then(|_| warm::data_mark(&self.config, options, now));
        let known = self.warm.as_ref().and_then(|warm| warm.data(mark));
        let is_learnt = is_remembered && known.is_some();
        let (snapshot, mut outcome) = match known {
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
            // What the memory knows already is nothing new.
            let news = (!is_learnt).then_some(&snapshot.catalogue);
            self.learn(&mut memory, news, outcome.as_mut(), now);
        }
        // A source on this disk has no moment at which it was asked: its data is as old as its last change.
        memory.last_synced_at =
            if self.config.source.is_remote() { snapshot.synced_at } else { memory.data_changed_at };
        let gone = outcome.as_ref().map(|outcome| outcome.tally.gone.as_slice()).unwrap_or_default();
        memory.archive(&snapshot.catalogue, gone, self.config.courses.archive, now);
        let catalogue = snapshot.catalogue.with(&memory.archive);

        let highlighter = Highlighter::keeping(&state);
        let data = source::local::data(&self.config)?;
        let around = Around::new(&self.config, &theme, &catalogue, now, &highlighter, &data);
        let mut content = source::local::read(&self.config, &around, now)?;
        let synced_at = snapshot.synced_at;
        let edits =
            self.weigh(&mut content.overlays, &snapshot.catalogue, synced_at, now, options.forgets())?;
        let (told, refetch) = self.fetch_pictures(&theme, &catalogue, &content, options)?;
        let mut assets = assets(&theme, &content.assets)?;
        if memory.source.as_deref().is_some_and(|source| source != self.config.source.address()) {
            Arc::make_mut(&mut memory.history).forget_events();
        }
        self.rehearse(&theme, &catalogue, &content, &data, now)?;
        let redirects = take_redirects(&mut assets)?;
        let history = Arc::unwrap_or_clone(std::mem::take(&mut memory.history));
        let cards = self.cards(&theme);
        let own: HashSet<&str> = assets.iter().map(|asset| asset.route.path()).collect();
        let mut show = |pages: &[Page]| {
            let Some(onlookers) = onlookers.filter(|onlookers| !onlookers.pages.is_empty()) else {
                return Ok(());
            };
            gate.pass()?;
            let output = &self.config.paths.output;
            let outline = build::Outline { pages, assets: &assets, theme: &theme, output, now };
            (onlookers.show)(build::early(&outline, onlookers.pages, onlookers.changed)?);
            Ok(())
        };
        let mut site = site::plan_showing(
            &site::Input {
                config: &self.config,
                catalogue: &catalogue,
                content: &content,
                data: &data,
                has_layout: &|name| theme.has_layout(name),
                changed_at: &|course| memory.changed_at(course),
                data_changed_at: memory.data_changed_at,
                synced_at: memory.last_synced_at,
                now,
                lacks: &|picture, page| theme.assets().objection(picture, page),
                brings: &|path| own.contains(path),
                cards: cards.as_ref(),
                redirects: &redirects,
                kept: self.warm.as_ref().map(Warm::plan),
            },
            history,
            site::Show { first: onlookers.map_or(&[], |onlookers| onlookers.pages), with: &mut show },
        )?;
        site.warnings.extend(theme.assets().warnings()?.into_iter().chain(told).chain(around.warnings()));
        let untranslated: Vec<String> = site.untranslated.iter().map(site::Untranslated::summary).collect();
        site.warnings.extend(untranslated);
        memory.history.clone_from(&site.history);
        site.warnings.extend(theme.warnings().map(str::to_owned));
        for (since, until) in
            [Some(around.window()), content.window, Some((i64::MIN, refetch))].into_iter().flatten()
        {
            site.window = (site.window.0.max(since), site.window.1.min(until));
        }
        let sources: Vec<String> =
            content.documents.iter().map(|document| document.source.to_string()).collect();
        let paths = sources.iter().map(String::as_str);
        site.warnings.extend(source::local::foreign_languages(&self.config, paths));
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
            remarks: content.remarks,
            reread: None,
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
}
