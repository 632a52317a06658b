//! What makes the views of courses, their pages and their listings when somebody looks at them.

use std::sync::Arc;

use super::courses::Entry;
use super::groups::Groups;
use super::languages::Languages;
use super::listings::{self, Slice};
use super::machine::cards;
use super::related::{Related, Teasers};
use super::views::{self, Addresses, PageView};
use crate::base::digest::Fingerprint;
use crate::config::Config;
use crate::model::document::{FrontMatter, Prose};
use crate::model::text::Text;
use crate::model::view::{Entries, Key, List, Map, Value};

/// All courses of the site, and what makes their views when somebody looks at one.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) config: Arc<Config>,
    pub(super) addresses: Addresses,
    pub(super) entries: Arc<Vec<Entry>>,
    /// Their places, in the order of their ids.
    pub(super) by_id: Arc<[u32]>,
    /// What else may interest whoever looks at a course.
    pub(super) related: Arc<Related>,
    /// Makes the maps of courses in such lists.
    pub(super) teasers: Arc<Teasers>,
    /// The courses by level, place and month, and those that are over.
    pub(super) groups: Arc<Groups>,
    /// The languages of the site, and which of them this is.
    pub(super) languages: Arc<Languages>,
    pub(super) language: usize,
    /// Whether pages have cards.
    pub(super) has_cards: bool,
}

impl Records {
    /// A page's map with its translations.
    pub(super) fn page(&self, page: PageView<'_>, identity: &str) -> Map {
        let map = page.map(&self.addresses);
        match self.languages.translations(identity, self.language) {
            none if none.values().is_empty() => map,
            translations => map.with("translations", translations),
        }
    }

    /// The whole address of a card.
    pub(super) fn card(&self, address: &str) -> Option<String> {
        self.has_cards.then(|| self.addresses.absolute(address))
    }

    /// The courses in the order of their ids, each with its place.
    pub(super) fn in_order_of_ids(&self) -> impl Iterator<Item = (u32, &Entry)> {
        self.by_id.iter().filter_map(|at| Some((*at, self.entries.get(*at as usize)?)))
    }

    /// The course at `at`, as the neighbour of the one at `index`: archived courses have none and are none.
    pub(super) fn neighbour(&self, index: usize, at: usize) -> Option<&Entry> {
        let is_listed = |at: usize| self.entries.get(at).filter(|entry| entry.course.archived_at.is_none());
        is_listed(index).and_then(|_| is_listed(at))
    }

    /// A quick hash of what the page of a course is made from. The links to the neighbours are part of it; layout and content
    /// are part of the entry.
    pub(super) fn inputs(&self, number: u32) -> u64 {
        let place = number as usize;
        let own = self.entries.get(place).map_or(0, |entry| entry.mark);
        let neighbour = |at: Option<usize>| {
            at.and_then(|at| self.neighbour(place, at)).map_or(0, |entry| entry.link_mark)
        };
        let inputs = Fingerprint::new(11).number(own).number(neighbour(place.checked_sub(1)));
        let inputs = inputs.number(neighbour(Some(place + 1))).number(u64::from(self.has_cards));
        let card = |other: &u32| self.entries.get(*other as usize).map_or(0, |entry| entry.card_mark);
        self.related.of(number).iter().fold(inputs, |inputs, other| inputs.number(card(other))).get()
    }

    /// The courses that may interest whoever looks at this one.
    fn related(&self, number: u32) -> List {
        let teasers: Arc<dyn Entries> = self.teasers.clone();
        let card = |other: &u32| Map::lazy(None, teasers.clone(), *other);
        self.related.of(number).iter().map(card).collect()
    }

    /// A map a course, in the order of the catalogue.
    pub(super) fn maps(records: &Arc<Self>) -> Vec<Map> {
        (0..).zip(records.entries.iter()).map(|(number, _)| Self::map(records, number)).collect()
    }

    /// The map of one course. Each call gives one of its own, which forgets what it made when it is dropped.
    pub(super) fn map(records: &Arc<Self>, number: u32) -> Map {
        let id = records.entries.get(number as usize).map(|entry| entry.id.clone());
        Map::lazy(id, records.clone(), number)
    }
}

impl Entries for Records {
    fn entries(&self, number: u32) -> Vec<(Key, Value)> {
        let Some(entry) = self.entries.get(number as usize) else { return Vec::new() };
        // Lists of courses show hardly ever who takes part.
        let participants = List::lazy(self.teasers.clone(), number);
        let mut entries = views::course(entry, &self.config, &self.addresses, participants);
        entries.push(("related".into(), self.related(number).into()));
        entries
    }
}

/// Makes the views of the courses' own pages.
pub(super) struct CoursePages {
    pub(super) records: Arc<Records>,
    pub(super) site: Map,
}

impl Entries for CoursePages {
    fn entries(&self, number: u32) -> Vec<(Key, Value)> {
        let (entries, addresses) = (&self.records.entries, &self.records.addresses);
        let index = number as usize;
        let Some(entry) = entries.get(index) else {
            return Vec::new();
        };
        let neighbour = |at: Option<usize>| -> Option<Map> {
            let entry = self.records.neighbour(index, at?)?;
            let address = addresses.link(&entry.route.address());
            Some(views::link(&entry.course.title, address, &self.records.config, entry.is_fallback))
        };
        let description = entry.course.description.as_ref().map(Text::shared);
        let page = PageView {
            kind: "course",
            title: &entry.course.title,
            url: addresses.link(&entry.route.address()),
            description: description.as_ref(),
            section: "courses",
            front: entry.overlay.as_ref().map(|overlay| &overlay.front),
            content: entry
                .overlay
                .as_ref()
                .map(|overlay| &overlay.html)
                .filter(|html| !html.trim().is_empty()),
            prose: entry.overlay.as_ref().map(|overlay| &overlay.prose),
            updated_at: None,
            related: self.records.related(number),
            previous: neighbour(index.checked_sub(1)),
            next: neighbour(Some(index + 1)),
            card: self.records.card(&cards::of_course(entry)),
            language: views::spoken(&self.records.config, entry.is_fallback),
            is_fallback: entry.is_fallback,
        };
        vec![
            ("site".into(), self.site.clone().into()),
            ("page".into(), self.records.page(page, &entry.id).into()),
            ("course".into(), Records::map(&self.records, number).into()),
        ]
    }
}

/// A listing: all courses, or those of a level, a place, a month, or those that are over.
pub(super) struct Listing {
    pub(super) records: Arc<Records>,
    pub(super) site: Map,
    /// The first part of its address.
    pub(super) section: Arc<str>,
    /// `courses`, `level`, `place`, `month` or `archive`.
    pub(super) kind: &'static str,
    pub(super) title: Arc<str>,
    /// The level, place or month with the number of its courses.
    pub(super) group: Map,
    pub(super) front: Option<FrontMatter>,
    pub(super) html: Option<Arc<str>>,
    pub(super) prose: Option<Prose>,
    /// Whether its words stand in for a translation that nobody has written.
    pub(super) is_fallback: bool,
    pub(super) slices: Vec<Slice>,
}

impl Listing {
    /// How many courses there are in all of it.
    fn total(&self) -> usize {
        self.slices.iter().map(|slice| slice.courses.len()).sum()
    }
}

impl Entries for Listing {
    fn entries(&self, number: u32) -> Vec<(Key, Value)> {
        let Some(slice) = self.slices.get(number as usize) else { return Vec::new() };
        let addresses = &self.records.addresses;
        let front = self.front.as_ref();
        let title = front.and_then(|front| front.title.as_deref()).unwrap_or(&self.title);
        let page = PageView {
            kind: "listing",
            title,
            url: addresses.link(&slice.route.address()),
            description: front.and_then(|front| front.description.as_ref()),
            section: &self.section,
            front,
            content: self.html.as_ref().filter(|_| slice.number == 1),
            prose: self.prose.as_ref().filter(|_| slice.number == 1),
            updated_at: None,
            related: List::default(),
            previous: None,
            next: None,
            card: self.records.card(cards::DEFAULT),
            language: views::spoken(&self.records.config, self.is_fallback),
            is_fallback: self.is_fallback,
        };
        let group = |kind| if self.kind == kind { self.group.clone().into() } else { Value::Nil };
        let listing = Map::new(vec![
            ("kind".into(), self.kind.into()),
            ("title".into(), title.into()),
            ("level".into(), group("level")),
            ("place".into(), group("place")),
            ("month".into(), group("month")),
        ]);
        let courses: List = slice.courses.iter().map(|course| Records::map(&self.records, *course)).collect();
        let link = |number| listings::neighbour(&self.slices, addresses, number);
        vec![
            ("site".into(), self.site.clone().into()),
            ("page".into(), self.records.page(page, slice.route.path()).into()),
            ("paginator".into(), slice.paginator(courses, self.slices.len(), self.total(), link).into()),
            ("listing".into(), listing.into()),
        ]
    }
}
