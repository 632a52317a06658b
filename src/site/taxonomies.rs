//! Taxonomies: the terms that pages and courses have in common, each with a page that lists them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::documents::{Documents, Placed};
use super::listings::{self, Slice};
use super::machine::cards;
use super::page::{Rank, View};
use super::planner::{Draft, Planner};
use super::records::Records;
use super::views::{self, Addresses, PageView};
use crate::base::digest::Fingerprint;
use crate::base::text::slugify;
use crate::config::Taxonomy;
use crate::error::Result;
use crate::model::document::{self as front, FrontMatter};
use crate::model::view::{Entries, Key, List, Map, Value};

/// The terms of one taxonomy, in the order of their slugs.
#[derive(Debug)]
pub(super) struct Sorted {
    pub(super) taxonomy: Taxonomy,
    terms: BTreeMap<String, Term>,
}

/// A term, and what has it.
#[derive(Debug, Default)]
struct Term {
    /// How it is written, by what tells words apart; of several ways to write one word the first in the alphabet, and one of
    /// this language before a foreign one.
    names: BTreeMap<String, (IsForeign, Arc<str>)>,
    /// Courses by their place in the catalogue.
    courses: Vec<u32>,
    /// Pages by their place among all pages.
    documents: Vec<u32>,
}

/// Whether a word is one of the main language that nobody has translated.
type IsForeign = bool;

impl Term {
    fn written(&mut self, name: &Arc<str>, is_foreign: IsForeign) {
        let known = self.names.entry(front::word(name)).or_insert_with(|| (is_foreign, name.clone()));
        if (is_foreign, name) < (known.0, &known.1) {
            *known = (is_foreign, name.clone());
        }
    }

    /// The words that are shown: those of this language, where there are any.
    fn words(&self) -> impl Iterator<Item = &str> {
        let is_foreign = self.is_foreign();
        self.names.values().filter(move |(foreign, _)| *foreign == is_foreign).map(|(_, name)| &**name)
    }

    /// Several words at one address are all named.
    fn name(&self) -> String {
        self.words().collect::<Vec<_>>().join(" / ")
    }

    fn is_foreign(&self) -> IsForeign {
        !self.names.is_empty() && self.names.values().all(|(is_foreign, _)| *is_foreign)
    }

    fn add(numbers: &mut Vec<u32>, number: u32) {
        if numbers.last() != Some(&number) {
            numbers.push(number);
        }
    }

    fn count(&self) -> usize {
        self.courses.len() + self.documents.len()
    }
}

/// Sorts everything by the terms of all taxonomies.
pub(super) fn sort(records: &Records, documents: &[&Placed<'_>], warnings: &mut Vec<String>) -> Vec<Sorted> {
    let sorted = |taxonomy: &Taxonomy| {
        let mut terms: BTreeMap<String, Term> = BTreeMap::new();
        let courses = (0..).zip(records.entries.iter());
        for (number, entry) in courses.filter(|(_, entry)| entry.course.archived_at.is_none()) {
            let front = entry.overlay.as_ref().map(|overlay| &overlay.front);
            let is_foreign = front.is_some_and(|front| is_foreign(front, &taxonomy.name, entry.is_fallback));
            for (slug, name) in front.into_iter().flat_map(|front| of(front, &taxonomy.name)) {
                let term = terms.entry(slug).or_default();
                term.written(name, is_foreign);
                Term::add(&mut term.courses, number);
            }
        }
        for (number, placed) in (0..).zip(documents) {
            let front = &placed.document.front;
            let is_foreign = is_foreign(front, &taxonomy.name, placed.is_fallback);
            for (slug, name) in of(front, &taxonomy.name) {
                let term = terms.entry(slug).or_default();
                term.written(name, is_foreign);
                Term::add(&mut term.documents, number);
            }
        }
        Sorted { taxonomy: taxonomy.clone(), terms }
    };
    let all: Vec<Sorted> = records.config.taxonomies.iter().map(sorted).collect();
    warnings.extend(all.iter().flat_map(Sorted::meetings));
    all
}

/// The terms of a file in a taxonomy, with their slugs; those of which nothing can be spelt have no page.
fn of<'f>(front: &'f FrontMatter, taxonomy: &str) -> impl Iterator<Item = (String, &'f Arc<str>)> {
    let terms = front.terms.iter().find(|(name, _)| **name == *taxonomy);
    let terms = terms.map(|(_, terms)| terms.as_slice()).unwrap_or_default();
    terms.iter().map(|term| (slugify(term), term)).filter(|(slug, _)| !slug.is_empty())
}

/// Whether the terms of a file in a taxonomy are words that nobody has translated.
fn is_foreign(front: &FrontMatter, taxonomy: &str, is_fallback: bool) -> IsForeign {
    is_fallback || front.untranslated_terms.iter().any(|name| **name == *taxonomy)
}

/// `page.terms` and `course.terms`: by the names of the taxonomies, the terms of a file with their pages.
pub(super) fn terms_of(front: Option<&FrontMatter>, is_fallback: bool, addresses: &Addresses) -> Map {
    let entry = |(name, slug): &(Arc<str>, Arc<str>)| {
        let is_foreign = front.is_some_and(|front| is_foreign(front, name, is_fallback));
        let [language, fallback] = addresses.tongue(is_foreign);
        let terms: List = (front.into_iter().flat_map(|front| of(front, name)))
            .map(|(term, written)| {
                Map::new(vec![
                    ("name".into(), Value::from(written)),
                    ("slug".into(), term.as_str().into()),
                    ("url".into(), addresses.term(slug, &term)),
                    language.clone(),
                    fallback.clone(),
                ])
            })
            .collect();
        (Key::from(name.clone()), terms.into())
    };
    Map::new(addresses.taxonomies.iter().map(entry).collect())
}

impl Sorted {
    /// Warnings of different words that share an address.
    fn meetings(&self) -> impl Iterator<Item = String> {
        self.terms.iter().filter(|(_, term)| term.words().count() > 1).map(|(slug, term)| {
            let names: Vec<String> = term.words().map(|name| format!("`{name}`")).collect();
            let Taxonomy { name, slug: at, .. } = &self.taxonomy;
            format!(
                "the terms {} of `{name}` have one address, /{at}/{slug}/, and share its page: write one of them another way",
                names.join(" and ")
            )
        })
    }

    /// Whether its page takes the address of this section.
    pub(super) fn is_at(&self, section: &str) -> bool {
        self.taxonomy.slug == section && !self.terms.is_empty()
    }

    /// The terms, as `site.taxonomies.NAME` has them.
    fn list(&self, addresses: &Addresses) -> List {
        self.terms.iter().map(|(slug, term)| self.term(slug, term, addresses)).collect()
    }

    fn term(&self, slug: &str, term: &Term, addresses: &Addresses) -> Map {
        let [language, fallback] = addresses.tongue(term.is_foreign());
        Map::new(vec![
            language,
            fallback,
            ("name".into(), term.name().into()),
            ("slug".into(), slug.into()),
            ("url".into(), addresses.term(&self.taxonomy.slug, slug)),
            ("count".into(), term.count().into()),
        ])
    }

    fn map(&self, addresses: &Addresses) -> Map {
        let url = addresses.has_terms.then(|| addresses.link(&format!("/{}/", self.taxonomy.slug)));
        Map::new(vec![
            ("name".into(), self.taxonomy.name.as_str().into()),
            ("title".into(), self.taxonomy.title.as_str().into()),
            ("is_unnamed".into(), self.taxonomy.is_unnamed.into()),
            ("url".into(), Value::maybe(url)),
        ])
    }
}

/// `site.taxonomies`.
pub(super) fn view(sorted: &[Sorted], addresses: &Addresses) -> Map {
    let entry = |sorted: &Sorted| {
        let name: Arc<str> = sorted.taxonomy.name.as_str().into();
        (Key::from(name), sorted.list(addresses).into())
    };
    Map::new(sorted.iter().map(entry).collect())
}

impl Planner<'_> {
    /// The pages of all taxonomies and their terms, as far as the theme has layouts for them.
    pub(super) fn taxonomies(
        &mut self,
        all: &[Sorted],
        documents: &Documents<'_>,
        maps: &[Map],
    ) -> Result<()> {
        let placed: Vec<&Placed<'_>> = documents.all().collect();
        for sorted in all.iter().filter(|sorted| !sorted.terms.is_empty()) {
            if (self.input.has_layout)("taxonomy") {
                self.taxonomy(sorted, documents.sections.get(sorted.taxonomy.slug.as_str()))?;
            }
            if (self.input.has_layout)("term") {
                for (slug, term) in &sorted.terms {
                    self.term(sorted, slug, term, &placed, maps)?;
                }
            }
        }
        Ok(())
    }

    /// The pages that list the terms. A section at their address gives them title and text.
    fn taxonomy(&mut self, sorted: &Sorted, section: Option<&Placed<'_>>) -> Result<()> {
        let addresses = self.records.addresses.clone();
        let document = section.map(|placed| placed.document);
        let front = document.map(|document| &document.front);
        let is_fallback = section.is_some_and(|placed| placed.is_fallback);
        let all = sorted.list(&addresses);
        let numbers: Vec<u32> = (0..u32::try_from(all.values().len()).unwrap_or(u32::MAX)).collect();
        let size =
            front.and_then(|front| front.paginate).map_or(sorted.taxonomy.index_size, |size| size as usize);
        let slices = listings::cut(&[&sorted.taxonomy.slug], &numbers, size)?;
        for slice in &slices {
            let is_first = slice.number == 1;
            let document = document.filter(|_| is_first);
            let page = PageView {
                kind: "taxonomy",
                title: front.and_then(|front| front.title.as_deref()).unwrap_or(&sorted.taxonomy.title),
                url: self.link(&slice.route),
                description: front.and_then(|front| front.description.as_ref()),
                section: &sorted.taxonomy.slug,
                front,
                content: document.map(|document| &document.html),
                prose: document.map(|document| &document.prose),
                card: self.records.card(cards::DEFAULT),
                language: self.spoken(is_fallback),
                is_fallback,
                ..PageView::default()
            };
            let here: List =
                slice.courses.iter().filter_map(|at| all.values().get(*at as usize)).cloned().collect();
            let link = |number| listings::neighbour(&slices, &addresses, number);
            let paginator = slice.paginator(List::default(), slices.len(), all.values().len(), link);
            let paginator = paginator.with("terms", here.clone());
            let taxonomy = sorted.map(&addresses).with("terms", here).with("total", all.values().len());
            let more = [("taxonomy", taxonomy), ("paginator", paginator)];
            let (view, inputs) = self.here(page, slice.route.path(), &more);
            self.list(&slice.route, front, None);
            self.add(Draft {
                route: slice.route.clone(),
                rank: Rank::List,
                layout: "taxonomy",
                fallbacks: &[],
                front,
                view,
                content: document.map(|document| &document.html),
                inputs,
                identity: None,
            });
        }
        Ok(())
    }

    fn term(
        &mut self,
        sorted: &Sorted,
        slug: &str,
        term: &Term,
        placed: &[&Placed<'_>],
        maps: &[Map],
    ) -> Result<()> {
        let courses = term.courses.iter().map(|course| Item::Course(*course));
        let mut pages = term.documents.clone();
        let date = |number: &u32| placed.get(*number as usize).and_then(|placed| placed.document.front.date);
        pages.sort_by_key(|number| std::cmp::Reverse(date(number).map(|date| date.sort_key())));
        let items: Vec<Item> = courses.chain(pages.into_iter().map(Item::Document)).collect();
        let size = sorted.taxonomy.page_size.unwrap_or(self.input.config.courses.page_size);
        let parts = [sorted.taxonomy.slug.as_str(), slug];
        let numbers: Vec<u32> = (0..u32::try_from(items.len()).unwrap_or(u32::MAX)).collect();
        let slices = listings::cut(&parts, &numbers, size)?;
        let addresses = &self.records.addresses;
        let of_term =
            Fingerprint::new(44).text(&term.name()).text(&sorted.taxonomy.title).text(&sorted.taxonomy.name);
        let of_term = of_term.number(u64::from(sorted.taxonomy.is_unnamed));
        let of_term = of_term.number(u64::from(term.is_foreign()));
        let of_term = of_term.number(items.len() as u64).number(slices.len() as u64).number(size as u64);
        let inputs: Vec<Fingerprint> = (slices.iter())
            .map(|slice| {
                let shown = slice.courses.iter().filter_map(|at| items.get(*at as usize));
                shown.fold(of_term.number(slice.number as u64), |mark, item| match item {
                    Item::Course(at) => {
                        mark.number(self.records.entries.get(*at as usize).map_or(0, |entry| entry.mark))
                    }
                    Item::Document(at) => {
                        let placed = placed.get(*at as usize);
                        mark.number(placed.map_or(0, |placed| placed.document.fingerprint()))
                            .text(placed.map_or("", |placed| placed.route.path()))
                            .number(placed.map_or(0, |placed| u64::from(placed.is_fallback)))
                    }
                })
            })
            .collect();
        let listing = Arc::new(TermPages {
            records: self.records.clone(),
            site: self.site.clone(),
            name: term.name().into(),
            term: sorted.term(slug, term, addresses).with("taxonomy", sorted.map(addresses)),
            section: sorted.taxonomy.slug.as_str().into(),
            documents: items.iter().map(|item| item.document(maps)).collect(),
            items,
            slices,
        });
        for ((number, slice), inputs) in (0..).zip(&listing.slices).zip(inputs) {
            self.list(&slice.route, None, None);
            self.add(Draft {
                route: slice.route.clone(),
                rank: Rank::List,
                layout: "term",
                fallbacks: &[],
                front: None,
                view: View::Made(listing.clone(), number),
                content: None,
                inputs,
                identity: None,
            });
        }
        Ok(())
    }
}

/// Something that has a term.
#[derive(Debug, Clone, Copy)]
enum Item {
    Course(u32),
    Document(u32),
}

impl Item {
    fn document(self, maps: &[Map]) -> Option<Map> {
        match self {
            Self::Course(_) => None,
            Self::Document(at) => maps.get(at as usize).cloned(),
        }
    }
}

/// Makes the views of the pages of a term.
struct TermPages {
    records: Arc<Records>,
    site: Map,
    name: Arc<str>,
    term: Map,
    section: Arc<str>,
    items: Vec<Item>,
    /// By the place of an item: its map, where it is a page.
    documents: Vec<Option<Map>>,
    slices: Vec<Slice>,
}

impl Entries for TermPages {
    fn entries(&self, number: u32) -> Vec<(Key, Value)> {
        let Some(slice) = self.slices.get(number as usize) else { return Vec::new() };
        let addresses = &self.records.addresses;
        let page = PageView {
            kind: "term",
            title: &self.name,
            url: addresses.link(&slice.route.address()),
            section: &self.section,
            card: self.records.card(cards::DEFAULT),
            language: views::spoken(&self.records.config, false),
            ..PageView::default()
        };
        let (mut courses, mut pages, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for at in &slice.courses {
            let (item, document) = (self.items.get(*at as usize), self.documents.get(*at as usize));
            match (item, document) {
                (Some(Item::Course(at)), _) => {
                    let map = Records::map(&self.records, *at);
                    courses.push(map.clone());
                    all.push(map);
                }
                (_, Some(Some(map))) => {
                    pages.push(map.clone());
                    all.push(map.clone());
                }
                _ => {}
            }
        }
        let all: List = all.into_iter().collect();
        let paginator = slice.paginator(all, self.slices.len(), self.items.len(), |number| {
            listings::neighbour(&self.slices, addresses, number)
        });
        let paginator = paginator
            .with("courses", courses.into_iter().collect::<List>())
            .with("pages", pages.into_iter().collect::<List>());
        vec![
            ("site".into(), self.site.clone().into()),
            ("page".into(), self.records.page(page, slice.route.path()).into()),
            ("term".into(), self.term.clone().into()),
            ("paginator".into(), paginator.into()),
        ]
    }
}
