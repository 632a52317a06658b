//! The pages of documents and sections; a section may be cut into pages.

use std::sync::Arc;

use jiff::Timestamp;

use super::documents::{Documents, Placed};
use super::jekyll;
use super::listings;
use super::machine::cards;
use super::page::Rank;
use super::planner::{Draft, Planner};
use super::related;
use super::route::Route;
use super::taxonomies::Sorted;
use super::views::{self, PageView};
use crate::error::Result;
use crate::model::document::Document;
use crate::model::view::{List, Map, Value};

/// What stands around a document.
struct Around {
    kind: &'static str,
    rank: Rank,
    previous: Option<Map>,
    next: Option<Map>,
    related: List,
    /// The title of the section that it is in.
    above: Option<Arc<str>>,
    /// What templates see beside `site` and `page`.
    more: Vec<(&'static str, Map)>,
}

impl Planner<'_> {
    /// The pages of all documents, given their maps in the order of [`Documents::all`].
    pub(super) fn documents(
        &mut self,
        documents: &Documents<'_>,
        maps: &[Map],
        terms: &[Sorted],
    ) -> Result<()> {
        let records = self.records.clone();
        let addresses = &records.addresses;
        let is_taxonomy = |section: &str| {
            (self.input.has_layout)("taxonomy") && terms.iter().any(|sorted| sorted.is_at(section))
        };
        let taxonomies: Vec<bool> = documents.sections.keys().map(|section| is_taxonomy(section)).collect();
        for ((section, placed), is_taxonomy) in documents.sections.iter().zip(taxonomies) {
            // Its words stand on the page of the taxonomy.
            if !is_taxonomy {
                let below = documents.pages.get(section).map(Vec::as_slice).unwrap_or_default();
                let pages: Vec<Map> =
                    below.iter().map(|page| views::summary(page, &records.config, addresses)).collect();
                self.section(placed, &pages)?;
            }
        }
        let placed: Vec<&Placed<'_>> = documents.all().collect();
        let alike = related::pages(&placed);
        let mut number = 0;
        for (section, pages) in &documents.pages {
            let above = documents.sections.get(section);
            let section = above.map(|placed| views::section(placed, &records.config, addresses));
            let above = above.map(|placed| placed.title.clone());
            for (index, placed) in pages.iter().enumerate() {
                let neighbour = |index: Option<usize>| {
                    let placed = pages.get(index?)?;
                    Some(views::link(
                        &placed.title,
                        self.link(&placed.route),
                        &records.config,
                        placed.is_fallback,
                    ))
                };
                // Pages at the top are no sequence that anybody reads in order.
                let (previous, next) = match section {
                    Some(_) => (neighbour(index.checked_sub(1)), neighbour(Some(index + 1))),
                    None => (None, None),
                };
                let related = alike.of(number).iter().filter_map(|other| maps.get(*other as usize));
                let related = related.map(teaser).collect();
                let more = section.clone().map(|section| ("section", section)).into_iter().collect();
                let (kind, above) = ("page", above.clone());
                let around = Around { kind, rank: Rank::Leaf, previous, next, related, above, more };
                self.document(placed, &placed.route, 1, around)?;
                number += 1;
            }
        }
        Ok(())
    }

    /// A section, on as many pages as its front matter wants.
    fn section(&mut self, placed: &Placed<'_>, pages: &[Map]) -> Result<()> {
        let records = self.records.clone();
        let addresses = &records.addresses;
        let view = views::section(placed, &records.config, addresses);
        let around = |more| Around {
            kind: "section",
            rank: Rank::List,
            previous: None,
            next: None,
            related: List::default(),
            above: None,
            more,
        };
        let Some(size) = placed.document.front.paginate else {
            let view = view.with("pages", pages.iter().cloned().collect::<List>());
            return self.document(placed, &placed.route, 1, around(vec![("section", view)]));
        };
        let numbers: Vec<u32> = (0..u32::try_from(pages.len()).unwrap_or(u32::MAX)).collect();
        let address = placed.route.address();
        let parts: Vec<&str> = address.split('/').filter(|part| !part.is_empty()).collect();
        let slices = listings::cut(&parts, &numbers, size as usize)?;
        for slice in &slices {
            let here: List =
                slice.courses.iter().filter_map(|number| pages.get(*number as usize)).cloned().collect();
            let link = |number| listings::neighbour(&slices, addresses, number);
            let paginator = slice.paginator(here.clone(), slices.len(), pages.len(), link);
            let paginator = paginator.with("courses", List::default()).with("pages", here.clone());
            let view = view.with("pages", here).with("total", pages.len());
            let around = around(vec![("section", view), ("paginator", paginator)]);
            self.document(placed, &slice.route, slice.number, around)?;
        }
        Ok(())
    }

    /// A page of a document: the first, or one of those that follow it.
    fn document(&mut self, placed: &Placed<'_>, route: &Route, number: usize, around: Around) -> Result<()> {
        let document = placed.document;
        let front = &document.front;
        let is_first = number == 1;
        let page = PageView {
            kind: around.kind,
            title: &placed.title,
            url: self.link(route),
            description: front.description.as_ref(),
            section: &document.section,
            front: Some(front),
            content: Some(&document.html).filter(|_| is_first),
            prose: Some(&document.prose).filter(|_| is_first),
            related: around.related,
            previous: around.previous,
            next: around.next,
            card: self.card_of(placed),
            updated_at: self.news_changed(document),
            language: self.spoken(placed.is_fallback),
            is_fallback: placed.is_fallback,
        };
        let identity: Arc<str> = match number {
            1 => format!("document:{}", document.original).into(),
            number => format!("document:{}/page/{number}", document.original).into(),
        };
        let (view, inputs) = self.here(page, &identity, &around.more);
        let is_post = around.kind == "page" && front.date.is_some();
        if is_first {
            self.history.learn(&format!("document:{}", document.source), &route.address());
        }
        let changed = self.document_changed(document);
        if !placed.is_fallback {
            self.list(route, Some(front), changed);
        }
        self.add(Draft {
            route: route.clone(),
            rank: around.rank,
            layout: if is_post { "post" } else { around.kind },
            fallbacks: jekyll::layouts(around.kind, is_post),
            front: Some(front),
            view,
            content: Some(&document.html).filter(|_| is_first),
            inputs,
            identity: Some(identity),
        });
        if let Some(page) = self.pages.last_mut() {
            page.is_stand_in = placed.is_fallback;
        }
        if is_first && !placed.is_fallback {
            self.document_card(placed, around.above.as_ref())?;
        }
        Ok(())
    }

    /// When a page with a date was seen to change after that.
    fn news_changed(&self, document: &Document) -> Option<Timestamp> {
        let date = document.front.date?.begin(&self.input.config.site.time_zone);
        self.history.history().document_changed_at(&document.source).filter(|changed| *changed > date)
    }

    /// The whole address of a document's card; what stands in for a translation has that of the original.
    fn card_of(&self, placed: &Placed<'_>) -> Option<String> {
        let address = cards::of_document(placed);
        if placed.is_fallback {
            let base = &self.records.addresses.base_url;
            return self.records.has_cards.then(|| format!("{base}{address}"));
        }
        self.records.card(&address)
    }
}

/// A page as lists of related ones show it: without its text, which would wake them with every word.
fn teaser(page: &Map) -> Map {
    let shown = ["title", "url", "date", "description", "section", "language", "is_fallback"];
    let entry = |name: &'static str| (name.into(), page.get(name).cloned().unwrap_or(Value::Nil));
    Map::new(shown.into_iter().map(entry).collect())
}
