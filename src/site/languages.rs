//! One site in several languages: which pages are the same page in another one, and where they live.
//!
//! Each language is planned as if it were alone, with routes that know nothing of the others. What tells them apart is
//! put on in one place: the prefix of routes, the identities in the history, and the links between translations.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::courses::Entry;
use super::documents::Documents;
use super::page::{Body, Page};
use super::views::Addresses;
use crate::base::digest::Fingerprint;
use crate::config::Config;
use crate::model::document::Document;
use crate::model::history::{Event, History};
use crate::model::view::{Entries, Key, List, Map, Value};

/// Where a page is in one language.
#[derive(Debug)]
struct There {
    address: String,
    /// Whether nobody has translated it: what is there is the page of the main language once more.
    is_stand_in: bool,
}

/// Where a page is in each language, where it is.
type Whereabouts = Box<[Option<There>]>;

/// The languages of a site, and where each page is found in each of them. With one language all of it is empty.
#[derive(Debug, Default)]
pub(super) struct Languages {
    editions: Vec<(Arc<Config>, String)>,
    /// The addresses of a page in each language, by what is the same in all of them; known once all are planned.
    pages: OnceLock<HashMap<Arc<str>, Whereabouts>>,
}

impl Languages {
    /// The languages of these configurations.
    pub(super) fn new(editions: &[Arc<Config>]) -> Self {
        if editions.len() < 2 {
            return Self::default();
        }
        let name = |(at, own): (usize, &Arc<Config>)| {
            let name = own.languages.get(at).map(|language| language.name.clone());
            (own.clone(), name.unwrap_or_default())
        };
        Self { editions: editions.iter().enumerate().map(name).collect(), pages: OnceLock::new() }
    }

    /// `site.languages` for a page in the language at `current`.
    pub(super) fn list(&self, current: usize) -> List {
        let entry = |(at, (own, name)): (usize, &(Arc<Config>, String))| {
            Map::new(vec![
                ("code".into(), own.site.language.as_str().into()),
                ("name".into(), name.as_str().into()),
                ("url".into(), Addresses::new(own).link("/").into()),
                ("is_current".into(), (at == current).into()),
                ("is_default".into(), (at == 0).into()),
            ])
        };
        self.editions.iter().enumerate().map(entry).collect()
    }

    /// `page.translations` of the page with this identity: all languages that have it, its own among them.
    pub(super) fn translations(&self, identity: &str, current: usize) -> List {
        let Some(addresses) = self.pages.get().and_then(|pages| pages.get(identity)) else {
            return List::default();
        };
        let there = addresses.iter().zip(&self.editions).enumerate();
        there
            .filter_map(|(at, (there, (own, name)))| {
                let there = there.as_ref()?;
                Some(Map::new(vec![
                    ("language".into(), own.site.language.as_str().into()),
                    ("name".into(), name.as_str().into()),
                    ("url".into(), there.address.as_str().into()),
                    ("is_fallback".into(), there.is_stand_in.into()),
                    ("is_current".into(), (at == current).into()),
                    ("is_default".into(), (at == 0).into()),
                ]))
            })
            .collect()
    }

    /// The languages that the page with this identity is written in, with its addresses below the site's base address; none
    /// where that is one language only.
    pub(super) fn whereabouts(&self, identity: &str) -> Vec<(Arc<str>, String)> {
        let addresses = self.pages.get().and_then(|pages| pages.get(identity));
        let there = addresses.into_iter().flat_map(|all| all.iter().zip(&self.editions));
        let found: Vec<(Arc<str>, String)> = there
            .filter_map(|(there, (own, _))| {
                let address = &there.as_ref().filter(|there| !there.is_stand_in)?.address;
                let base = Addresses::new(own).base_path;
                let below = address.strip_prefix(&base).unwrap_or(address).to_owned();
                Some((own.site.language.as_str().into(), below))
            })
            .collect();
        if found.len() > 1 { found } else { Vec::new() }
    }

    /// Learns where every page is, now that all are planned, and makes that a part of what pages are made from.
    pub(super) fn meet(&self, pages: &mut [Page]) {
        let mut known: HashMap<Arc<str>, Whereabouts> = HashMap::new();
        let Some(root) = self.editions.first().map(|(main, _)| Addresses::new(main)) else { return };
        // A wrong address is nobody's translation of another, and what others frame is none for readers.
        let is_page = |page: &&Page| {
            let path = page.route.path();
            let is_for_readers = !path.ends_with("404.html") && !path.ends_with("sync-status.html");
            matches!(page.body, Body::Layout { .. }) && is_for_readers
        };
        for page in pages.iter().filter(is_page) {
            let none = || self.editions.iter().map(|_| None).collect();
            let slots = known.entry(page.identity()).or_insert_with(none);
            if let Some(slot) = slots.get_mut(page.language) {
                let (address, is_stand_in) = (root.link(&page.route.address()), page.is_stand_in);
                *slot = Some(There { address, is_stand_in });
            }
        }
        for page in pages.iter_mut() {
            let Some(addresses) = known.get(&page.identity()) else { continue };
            let mark = Fingerprint::new(40).number(page.inputs);
            let note = |mark: Fingerprint, there: &Option<There>| match there {
                Some(there) => mark.number(1 + u64::from(there.is_stand_in)).text(&there.address),
                None => mark.number(0),
            };
            page.inputs = addresses.iter().fold(mark, note).get();
        }
        let _ = self.pages.set(known);
    }
}

/// A view whose page is linked with its translations when somebody looks at it.
pub(super) struct Translated {
    pub(super) languages: Arc<Languages>,
    pub(super) identity: Arc<str>,
    pub(super) language: usize,
    pub(super) root: Vec<(Key, Value)>,
    pub(super) page: Map,
}

impl Entries for Translated {
    fn entries(&self, _: u32) -> Vec<(Key, Value)> {
        let translations = self.languages.translations(&self.identity, self.language);
        let mut root = self.root.clone();
        root.push(("page".into(), self.page.with("translations", translations).into()));
        root
    }
}

/// The history of one language: identities and addresses tell it from the others.
pub(super) struct Chronicle {
    history: History,
    config: Arc<Config>,
}

impl Chronicle {
    pub(super) fn new(history: History, config: &Arc<Config>) -> Self {
        Self { history, config: config.clone() }
    }

    /// The identity of a record in one language: `course:ck9zz`, and `course:ck9zz@en` beside the main one.
    pub(super) fn identity(id: &str, config: &Config) -> String {
        let language = &config.site.language;
        if config.site.prefix.is_empty() { id.to_owned() } else { format!("{id}@{language}") }
    }

    /// Takes note of where a record lives now.
    pub(super) fn learn(&mut self, id: &str, address: &str) {
        match &*self.config.site.prefix {
            "" => self.history.learn(id, address),
            prefix => {
                self.history.learn(&Self::identity(id, &self.config), &format!("{prefix}{address}"));
            }
        }
    }

    /// Those of these courses that are not known to live where they live now; they come in the order of their ids.
    pub(super) fn movers<'e>(&self, courses: impl Iterator<Item = &'e Entry>) -> Vec<&'e Entry> {
        if !self.config.site.prefix.is_empty() {
            let is_mover =
                |entry: &&Entry| self.address(&entry.id).is_none_or(|address| !entry.route.is_at(&address));
            return courses.filter(is_mover).collect();
        }
        // Both are in the same order, so this is one walk along the two.
        let mut known = self.history.addresses().peekable();
        let is_mover = |entry: &&Entry| {
            while known.next_if(|(id, _)| *id < &*entry.id).is_some() {}
            known.next_if(|(id, _)| *id == &*entry.id).is_none_or(|(_, address)| !entry.route.is_at(address))
        };
        courses.filter(is_mover).collect()
    }

    /// Takes note of the events of a calendar: those of the main language, which stand for the others.
    pub(super) fn learn_events<'e, F: FnOnce() -> Event>(
        &mut self,
        events: impl IntoIterator<Item = (&'e str, u64, F)>,
        now: Timestamp,
        is_over: impl Fn(&Event) -> bool,
    ) {
        if self.config.site.prefix.is_empty() {
            self.history.learn_events(events, now, is_over);
        }
    }

    /// Where a record lives in the tree of this language, as far as is known.
    pub(super) fn address(&self, id: &str) -> Option<String> {
        let address = self.history.address(&Self::identity(id, &self.config))?;
        Some(address.strip_prefix(&*self.config.site.prefix).unwrap_or(address).to_owned())
    }

    /// What is known of all languages.
    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// Hands the history on to the next language.
    pub(super) fn hand_over(&mut self) -> History {
        std::mem::take(&mut self.history)
    }

    /// Takes the history back.
    pub(super) fn resume(&mut self, history: History) {
        self.history = history;
    }
}

/// Puts the pages of a language where they belong: the one place that knows of the prefix in routes.
pub(super) fn settle(pages: &mut [Page], prefix: &str, language: usize) {
    if prefix.is_empty() {
        return;
    }
    for page in pages {
        page.identity = Some(page.identity());
        page.language = language;
        page.route = page.route.below(prefix);
    }
}

/// What appears in the main language in the tree of another, because nobody has translated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untranslated {
    /// The language that lacks it.
    pub language: String,
    /// The language that it is shown in.
    pub shown_in: String,
    /// Pages and courses, in this order.
    pub things: Vec<Lacking>,
}

/// A page or course without a translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The file below `content/` that would translate it.
    pub wanted: String,
    /// The file below `content/` that it is written in, if there is one.
    pub source: Option<String>,
    /// The title of a course.
    pub course: Option<String>,
}

/// What a language lacks; nothing in the main language.
pub(super) fn untranslated(
    config: &Config,
    entries: &[Entry],
    documents: &Documents<'_>,
) -> Option<Untranslated> {
    let (own, main) = (&config.site.language, config.languages.first().map(|main| &main.code)?);
    let tree = documents.sections.values().chain(documents.pages.values().flatten());
    let is_other = |document: &&Document| document.language != config.language_at(own).unwrap_or(0);
    let around = [documents.home, documents.courses].into_iter().flatten().filter(is_other);
    let pages = tree.filter(|placed| placed.is_fallback).map(|placed| placed.document).chain(around);
    let page = |document: &Document| Lacking {
        wanted: format!("{}.{own}.md", document.original.strip_suffix(".md").unwrap_or(&document.original)),
        source: Some(document.source.to_string()),
        course: None,
    };
    let course = |entry: &Entry| Lacking {
        wanted: format!("courses/{}.{own}.md", entry.slug),
        source: entry.overlay.as_ref().map(|overlay| overlay.source.to_string()),
        course: Some(entry.course.title.to_string()),
    };
    let courses = entries.iter().filter(|entry| entry.is_fallback).map(course);
    let things: Vec<Lacking> = pages.map(page).chain(courses).collect();
    let (language, shown_in) = (own.clone(), main.clone());
    (!things.is_empty()).then_some(Untranslated { language, shown_in, things })
}

impl Untranslated {
    /// All of it in one warning.
    pub fn summary(&self) -> String {
        const SHOWN: usize = 3;
        let count = |number: usize, one: &str, many: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            number => Some(format!("{number} {many}")),
        };
        let courses = self.things.iter().filter(|thing| thing.course.is_some()).count();
        let pages = count(self.things.len() - courses, "page", "pages");
        let counts: Vec<String> = pages.into_iter().chain(count(courses, "course", "courses")).collect();
        let mut named: Vec<&str> =
            self.things.iter().take(SHOWN).map(|thing| thing.wanted.as_str()).collect();
        if self.things.len() > SHOWN {
            named.push("…");
        }
        let (counts, named) = (counts.join(" and "), named.join(", "));
        let (own, main) = (&self.language, &self.shown_in);
        format!("no `{own}` translation of {counts}: shown in `{main}`; translate by files such as {named}")
    }
}
