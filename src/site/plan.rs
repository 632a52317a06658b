//! The list of pages, each with its route and its view.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use super::clashes;
use super::courses::{self, Entry};
use super::documents::{self, Documents, Placed};
use super::family::{Family, Kind};
use super::globals;
use super::kept::{Courses, Kept};
use super::languages::{self, Chronicle, Languages, Untranslated};
use super::machine::cards::Cards;
use super::machine::{self, Place};
use super::menus;
use super::page::{Page, PageRef};
use super::pictures;
use super::planner::Planner;
use super::records::Records;
use super::related::Teasers;
use super::route::Route;
use super::taxonomies;
use super::views::{self, Addresses};
use crate::base::digest::{Digest, Fingerprint};
use crate::base::order::sort_by_text;
use crate::config::Config;
use crate::error::Result;
use crate::model::catalogue::Catalogue;
use crate::model::course::Course;
use crate::model::document::{Content, FrontMatter};
use crate::model::history::History;
use crate::model::view::Map;

/// What the site is made of.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The configuration.
    pub config: &'a Arc<Config>,
    /// The courses, as the sources have them.
    pub catalogue: &'a Catalogue,
    /// The local content.
    pub content: &'a Content,
    /// The files of data: `site.data` in templates.
    pub data: &'a Map,
    /// Whether the theme has a layout of this name: pages that a theme does not know are left out.
    pub has_layout: &'a dyn Fn(&str) -> bool,
    /// When a course last changed, where the site remembers it.
    pub changed_at: &'a dyn Fn(&Course) -> Option<Timestamp>,
    /// When the data last changed; nothing before the first sync.
    pub data_changed_at: Option<Timestamp>,
    /// When the sources were last asked.
    pub synced_at: Option<Timestamp>,
    /// The present moment.
    pub now: Timestamp,
    /// Why a picture cannot be shown, by what a course calls it and the route of its page.
    pub lacks: &'a dyn Fn(&str, &str) -> Option<String>,
    /// Whether the site itself brings a file at this path below the output.
    pub brings: &'a dyn Fn(&str) -> bool,
    /// How cards look, where there are any.
    pub cards: Option<&'a Cards>,
    /// What the site's own `static/_redirects` says; the site's moves come after it.
    pub redirects: &'a str,
    /// What the last plan has left for this one.
    pub kept: Option<&'a Kept>,
}

/// Somebody who wants to see pages before all of the site is planned.
pub struct Show<'a> {
    /// The files that they look at: `courses/ruhig/index.html`.
    pub first: &'a [String],
    /// Takes the pages that layouts make, in no order, those that are looked at among them. An error is one of the plan.
    pub with: &'a mut dyn FnMut(&[Page]) -> Result<()>,
}

impl fmt::Debug for Show<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Show").field("first", &self.first).finish_non_exhaustive()
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("courses", &self.catalogue.len())
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// All that must be in the output, apart from assets.
#[derive(Debug)]
pub struct Site {
    /// The pages, by route, but for those of the family.
    pub pages: Vec<Page>,
    /// What each course has of its own. Where there are several languages it is empty, and all pages are among the others:
    /// each names its translations, so they have to be known together.
    pub family: Family,
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// What each language but the main one lacks; its summary is no warning yet.
    pub untranslated: Vec<Untranslated>,
    /// Where everything lives and has lived, as of this site.
    pub history: Arc<History>,
    /// The site in each of its languages, the main one first.
    pub editions: Vec<Edition>,
    /// From which second since 1970 on the courses stand as they do (begun, over), and until which.
    pub window: (i64, i64),
}

/// The hash of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its identity: `course:ck9zz`.
    pub id: String,
    /// A quick hash of all that `digest` is made from.
    pub mark: u64,
    /// The hash of all of it.
    pub digest: Digest,
}

/// The site in one language.
#[derive(Debug)]
pub struct Edition {
    /// What every page sees: the view's `site`.
    pub view: Map,
    /// A quick hash of everything that `view` is made from.
    pub globals: u64,
    pub(super) records: Arc<Records>,
    maps: Vec<Map>,
}

impl Edition {
    /// All records, as templates see them.
    pub fn records(&self) -> &[Map] {
        &self.maps
    }
}

impl Site {
    /// The address of the site, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.editions.first().map_or("", |main| &main.records.addresses.base_url)
    }

    /// A quick hash of everything that pages see of the site, in whatever language.
    pub fn globals(&self) -> u64 {
        match self.editions.as_slice() {
            [only] => only.globals,
            all => all.iter().fold(Fingerprint::new(41), |mark, one| mark.number(one.globals)).get(),
        }
    }

    /// All pages, in the order of their paths.
    pub fn all(&self) -> Vec<PageRef<'_>> {
        let mut all: Vec<PageRef<'_>> = self.pages.iter().map(PageRef::There).collect();
        all.extend(self.family.pages().map(PageRef::from));
        sort_by_text(&mut all, |page| page.route.path());
        all
    }

    /// The paths of all pages.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.pages.iter().map(|page| page.route.path()).chain(self.family.paths())
    }

    /// The page at a path.
    pub fn page(&self, path: &str) -> Option<PageRef<'_>> {
        let own = self.pages.binary_search_by(|page| page.route.path().cmp(path));
        let own = own.ok().and_then(|at| self.pages.get(at)).map(PageRef::There);
        own.or_else(|| self.family.find(path).map(|at| self.family.page(at).into()))
    }

    /// The pages that are made from a file below `content/`.
    pub fn routes_of(&self, source: &str) -> Vec<Route> {
        let of_overlay =
            |entry: &&Entry| entry.overlay.as_ref().is_some_and(|overlay| &*overlay.source == source);
        let mut routes = Vec::new();
        for edition in &self.editions {
            let Records { config, entries, .. } = &*edition.records;
            let id = Chronicle::identity(&format!("document:{source}"), config);
            let document = self.history.address(&id).and_then(|address| Route::of_address(address).ok());
            let courses = entries.iter().filter(of_overlay);
            routes.extend(courses.map(|entry| entry.route.below(&config.site.prefix)).chain(document));
        }
        routes
    }

    /// All pages that are made from files below `content/`: their routes and these files.
    pub fn sources<'a>(&'a self, documents: impl Iterator<Item = &'a str>) -> Vec<(Route, &'a str)> {
        let mut sources = Vec::new();
        for edition in &self.editions {
            let Records { config, entries, .. } = &*edition.records;
            for entry in entries.iter() {
                if let Some(overlay) = &entry.overlay {
                    sources.push((entry.route.below(&config.site.prefix), &*overlay.source));
                }
            }
        }
        for source in documents {
            for edition in &self.editions {
                let id = Chronicle::identity(&format!("document:{source}"), &edition.records.config);
                let route = self.history.address(&id).and_then(|address| Route::of_address(address).ok());
                sources.extend(route.map(|route| (route, source)));
            }
        }
        sources
    }

    /// The hash of each record, by its identity; in each language in the order of their ids. `known` gives hashes of records by their identities and marks: a record that
    /// has the same mark as before need not be hashed once more.
    pub fn digests(&self, known: &(dyn Fn(&str, u64) -> Option<Digest> + Sync)) -> Vec<Record> {
        let digest = |config: &Config, entry: &Entry| {
            let id = Chronicle::identity(&entry.id, config);
            let digest = known(&id, entry.mark).unwrap_or_else(|| entry.digest());
            Record { id, mark: entry.mark, digest }
        };
        let mut all = Vec::new();
        for records in self.editions.iter().map(|edition| &*edition.records) {
            let of = |at: &u32| digest(&records.config, &records.entries[*at as usize]);
            let own: Vec<Record> = records.by_id.par_iter().map(of).collect();
            if all.is_empty() { all = own } else { all.extend(own) }
        }
        all
    }
}

/// Works out all pages, language by language.
///
/// `history` is what is known of past addresses; what this site adds to it comes back in [`Site::history`].
pub fn plan(input: &Input<'_>, history: History) -> Result<Site> {
    plan_showing(input, history, Show { first: &[], with: &mut |_| Ok(()) })
}

/// The same, and shows pages as soon as they are known: files for machines, which nobody looks at, come after, and so do other
/// courses where they can.
pub fn plan_showing(input: &Input<'_>, history: History, show: Show<'_>) -> Result<Site> {
    let configs = input.config.editions();
    let inputs: Vec<Input<'_>> = configs.iter().map(|config| Input { config, ..*input }).collect();
    let languages = Arc::new(Languages::new(&configs));
    let mut whole = Whole { history, ..Whole::default() };
    let seen = input.content.documents.iter().map(|document| (&*document.source, document.fingerprint()));
    whole.history.learn_documents(seen, input.now);
    let mut outlines = Vec::with_capacity(inputs.len());
    for (language, input) in inputs.iter().enumerate() {
        outlines.push(outline(input, language, &languages, &mut whole)?);
    }
    languages.meet(&mut whole.pages);
    let planned = whole.pages.len();
    if let Some(only) = outlines.first().filter(|_| !whole.kinds.is_empty()) {
        only.go_ahead(show.first, &mut whole);
    }
    (show.with)(&whole.pages)?;
    whole.pages.truncate(planned);
    // A translation may have dates of its own.
    let standing = outlines.iter().map(|outline| outline.window);
    let mut window =
        standing.fold((i64::MIN, i64::MAX), |(since, until), (s, u)| (since.max(s), until.min(u)));
    let mut editions = Vec::with_capacity(outlines.len());
    for (language, outline) in outlines.into_iter().enumerate() {
        editions.push(outline.complete(language, &mut whole)?);
    }
    if let Some(main) = editions.first() {
        whole.family = Family::new(&main.records.entries, std::mem::take(&mut whole.kinds));
        machine::of_site(input, &main.records, &mut whole)?;
        let cancelled = machine::cancelled_until(input.config, &whole.history);
        let (since, until) = courses::around(cancelled, input.now);
        window = (window.0.max(since), window.1.min(until));
    }
    let Whole { pages, family, warnings, untranslated, history, .. } = whole;
    let mut pages = pages;
    sort_by_text(&mut pages, |page| page.route.path());
    clashes::check(input.config, &pages, &family)?;
    let history = Arc::new(history);
    Ok(Site { pages, family, warnings, untranslated, history, editions, window })
}

/// What all languages put together.
#[derive(Default)]
pub(super) struct Whole {
    pub(super) pages: Vec<Page>,
    /// The files that each course has, while more kinds of them are to come, and all of them.
    kinds: Vec<Kind>,
    pub(super) family: Family,
    pub(super) warnings: Vec<String>,
    pub(super) untranslated: Vec<Untranslated>,
    pub(super) history: History,
    /// Addresses for search engines.
    pub(super) sitemap: Vec<Place>,
    pub(super) aliases: Vec<Alias>,
}

/// An address that its file wants to lead to its page.
#[derive(Debug)]
pub(super) struct Alias {
    /// The address, below the site's base address.
    pub(super) address: Arc<str>,
    pub(super) target: Route,
    /// The file below `content/`.
    pub(super) source: Arc<str>,
}

/// The aliases of everything that is written in one language.
fn aliases(prefix: &str, entries: &[Entry], documents: &Documents<'_>) -> Vec<Alias> {
    let mut aliases = Vec::new();
    let mut add = |front: &FrontMatter, source: &Arc<str>, route: &Route| {
        aliases.extend(front.aliases.iter().map(|address| Alias {
            address: address.clone(),
            target: route.below(prefix),
            source: source.clone(),
        }));
    };
    let placed = documents.sections.values().chain(documents.pages.values().flatten());
    for placed in placed.filter(|placed| !placed.is_fallback) {
        add(&placed.document.front, &placed.document.source, &placed.route);
    }
    for entry in entries.iter().filter(|entry| !entry.is_fallback) {
        if let Some(overlay) = &entry.overlay {
            add(&overlay.front, &overlay.source, &entry.route);
        }
    }
    aliases
}

/// The site in one language, apart from its files for machines.
struct Outline<'a> {
    planner: Planner<'a>,
    documents: Documents<'a>,
    maps: Vec<Map>,
    window: (i64, i64),
}

/// The site in one language: its pages join those that are there.
fn outline<'a>(
    input: &'a Input<'a>,
    language: usize,
    languages: &Arc<Languages>,
    whole: &mut Whole,
) -> Result<Outline<'a>> {
    let config = input.config;
    let Courses { mut entries, by_id, related, groups, mut warnings, window } = match input.kept {
        Some(kept) => kept.courses(input, language)?,
        None => Courses::join(input)?,
    };
    pictures::leave_out(&mut entries, input.lacks, &mut warnings);
    // What is odd in one language is odd in all of them, apart from what a language itself brings.
    warnings.retain(|warning| !whole.warnings.contains(warning));
    let documents = documents::place(config, input.content)?;
    let has_terms = (input.has_layout)("term");
    let addresses = Addresses { has_terms, ..Addresses::new(config) };
    let records = Arc::new(Records {
        config: config.clone(),
        addresses: addresses.clone(),
        related,
        teasers: Arc::new(Teasers {
            entries: entries.clone(),
            config: config.clone(),
            addresses: addresses.clone(),
        }),
        entries,
        by_id,
        groups,
        languages: languages.clone(),
        language,
        has_cards: input.cards.is_some(),
    });
    let maps: Vec<Map> = Records::maps(&records);
    let placed: Vec<&Placed<'_>> = documents.all().collect();
    let pages: Vec<Map> = placed.iter().map(|placed| views::summary(placed, config, &addresses)).collect();
    let terms = taxonomies::sort(&records, &placed, &mut warnings);
    let more = [
        ("taxonomies", taxonomies::view(&terms, &addresses)),
        (
            "menus",
            menus::view(config, input.content, &records.entries, &documents, &addresses, &mut warnings)?,
        ),
        ("data", input.data.clone()),
    ];
    let site = globals::view(input, &records, &maps, &documents, &pages, more);
    let history = Chronicle::new(std::mem::take(&mut whole.history), config);
    let mut planner = Planner {
        input,
        site,
        history,
        pages: Vec::new(),
        kinds: Vec::new(),
        sitemap: Vec::with_capacity(records.entries.len() + 64),
        undrawn: Vec::new(),
        records,
    };
    planner.home(documents.home)?;
    planner.courses();
    planner.listings(documents.courses)?;
    planner.documents(&documents, &pages, &terms)?;
    planner.taxonomies(&terms, &documents, &pages)?;
    planner.not_found()?;
    planner.sync_status()?;
    planner.search()?;
    planner.hand_over(language, whole);
    warnings.retain(|warning| !whole.warnings.contains(warning));
    whole.warnings.append(&mut warnings);
    whole.warnings.extend(menus::untranslated(config));
    whole.untranslated.extend(languages::untranslated(config, &planner.records.entries, &documents));
    Ok(Outline { planner, documents, maps, window })
}

impl Outline<'_> {
    /// Puts the pages of those courses that somebody looks at among the others.
    fn go_ahead(&self, paths: &[String], whole: &mut Whole) {
        let is_wanted = |entry: &Entry| paths.iter().any(|path| path == entry.route.path());
        for (number, _) in
            (0..).zip(self.planner.records.entries.iter()).filter(|(_, entry)| is_wanted(entry))
        {
            let pages = whole.kinds.iter().filter(|kind| kind.has_template);
            whole.pages.extend(pages.map(|kind| (kind.make)(number)));
        }
    }

    /// Adds the files for machines.
    fn complete(self, language: usize, whole: &mut Whole) -> Result<Edition> {
        let Self { mut planner, documents, maps, .. } = self;
        planner.history.resume(std::mem::take(&mut whole.history));
        planner.machine_readable(&documents)?;
        planner.search_index(&documents)?;
        whole.warnings.extend(machine::cards::warning(&planner.undrawn));
        planner.hand_over(language, whole);
        let Planner { input, site, records, .. } = planner;
        whole.aliases.extend(aliases(&input.config.site.prefix, &records.entries, &documents));
        let globals = globals::fingerprint(input, &records, &documents);
        Ok(Edition { view: site, globals, records, maps })
    }
}

impl Planner<'_> {
    /// Hands over what has been planned, and the history with it.
    fn hand_over(&mut self, language: usize, whole: &mut Whole) {
        let prefix = &self.input.config.site.prefix;
        match self.input.config.languages.len() {
            0 | 1 => whole.kinds.append(&mut self.kinds),
            // Each page names its translations, so all of them are needed.
            _ => self.pages.extend(self.kinds.drain(..).flat_map(|kind| kind.pages().collect::<Vec<_>>())),
        }
        languages::settle(&mut self.pages, prefix, language);
        whole.pages.append(&mut self.pages);
        let places = std::mem::take(&mut self.sitemap);
        match whole.sitemap.is_empty() && prefix.is_empty() {
            true => whole.sitemap = places,
            false => whole.sitemap.extend(places.into_iter().map(|place| place.below(prefix))),
        }
        whole.history = self.history.hand_over();
    }
}
