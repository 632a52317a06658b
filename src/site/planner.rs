//! Goes through everything that has a page and gives each its route, its layout and its view.

use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use super::courses::Entry;
use super::family::{self, Kind};
use super::groups::Cut;
use super::jekyll;
use super::languages::{Chronicle, Translated};
use super::listings;
use super::machine::{Place, cards};
use super::page::{Body, Page, Rank, View};
use super::plan::Input;
use super::records::{CoursePages, Listing, Records};
use super::route::Route;
use super::search;
use super::views::{self, PageView};
use crate::base::digest::Fingerprint;
use crate::error::Result;
use crate::model::course::Level;
use crate::model::document::{Document, FrontMatter};
use crate::model::view::{Entries, List, Map, Value};

/// The work under way.
pub(super) struct Planner<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) site: Map,
    pub(super) records: Arc<Records>,
    pub(super) history: Chronicle,
    pub(super) pages: Vec<Page>,
    /// The files that each course has.
    pub(super) kinds: Vec<Kind>,
    /// Addresses for search engines.
    pub(super) sitemap: Vec<Place>,
    /// Titles that cards cannot show, with the files of these cards.
    pub(super) undrawn: Vec<(Arc<str>, String)>,
}

/// A page of a layout that is about to be added.
pub(super) struct Draft<'a> {
    pub(super) route: Route,
    pub(super) rank: Rank,
    /// The layout of its kind; its own, if it names one, comes before.
    pub(super) layout: &'static str,
    /// Layouts that do where the theme has none for the kind.
    pub(super) fallbacks: &'static [&'static str],
    pub(super) front: Option<&'a FrontMatter>,
    pub(super) view: View,
    pub(super) content: Option<&'a Arc<str>>,
    pub(super) inputs: Fingerprint,
    pub(super) identity: Option<Arc<str>>,
}

impl Planner<'_> {
    /// Tells search engines of a page, unless its front matter says not to.
    pub(super) fn list(&mut self, route: &Route, front: Option<&FrontMatter>, changed: Option<Timestamp>) {
        if !front.is_some_and(FrontMatter::is_hidden) {
            self.sitemap.push(Place::new(route.address(), changed));
        }
    }

    /// When a document last changed: as its date says, or as it was seen to.
    pub(super) fn document_changed(&self, document: &Document) -> Option<Timestamp> {
        let date = document.front.date.map(|date| date.sort_key());
        self.history.history().document_changed_at(&document.source).max(date)
    }

    /// When anything on the home page last changed.
    fn site_changed(&self, home: Option<&Document>) -> Option<Timestamp> {
        let all = 0..u32::try_from(self.records.entries.len()).unwrap_or(u32::MAX);
        Self::changed_of(&self.records, all).max(home.and_then(|home| self.document_changed(home)))
    }

    pub(super) fn link(&self, route: &Route) -> String {
        self.records.addresses.link(&route.address())
    }

    pub(super) fn add(&mut self, draft: Draft<'_>) {
        let layouts = named(draft.front, draft.layout, draft.fallbacks);
        let inputs = layouts.iter().fold(draft.inputs, |inputs, layout| inputs.text(layout));
        let inputs = inputs.maybe(draft.content.map(|content| &**content)).get();
        let body = Body::Layout { layouts, view: draft.view, content: draft.content.cloned() };
        let (route, rank, identity) = (draft.route, draft.rank, draft.identity);
        let is_stand_in = false;
        self.pages.push(Page { route, rank, body, inputs, record: None, identity, language: 0, is_stand_in });
    }

    /// Whether a document is shown in place of a translation that is not there.
    fn is_fallback(&self, document: Option<&Document>) -> bool {
        document.is_some_and(|document| document.language != self.records.language)
    }

    /// The language that the words of a page are in.
    pub(super) fn spoken(&self, is_fallback: bool) -> &str {
        views::spoken(self.input.config, is_fallback)
    }

    /// A view that is made at once: `site` and `page` with something beside them.
    pub(super) fn here(
        &self,
        page: PageView<'_>,
        identity: &str,
        more: &[(&'static str, Map)],
    ) -> (View, Fingerprint) {
        let page = page.map(&self.records.addresses);
        let mut mark = Fingerprint::new(10).number(page.digest().short());
        let mut root = vec![("site".into(), self.site.clone().into())];
        for (name, map) in more {
            mark = mark.text(name).number(map.digest().short());
            root.push(((*name).into(), map.clone().into()));
        }
        let records = &self.records;
        if self.input.config.languages.len() < 2 {
            root.push(("page".into(), page.into()));
            return (View::Here(Map::new(root)), mark);
        }
        // Where the translations are is known only when all languages are planned.
        let (languages, language, identity) = (records.languages.clone(), records.language, identity.into());
        let view = Translated { languages, identity, language, root, page };
        (View::Made(Arc::new(view), 0), mark)
    }

    pub(super) fn home(&mut self, home: Option<&Document>) -> Result<()> {
        let route = Route::page(&[])?;
        let front = home.map(|document| &document.front);
        let title = front.and_then(|front| front.title.as_deref()).unwrap_or(&self.input.config.site.title);
        let posts = match self.site.get("posts") {
            Some(Value::List(posts)) => jekyll::paginator(posts),
            _ => Map::default(),
        };
        let is_fallback = self.is_fallback(home);
        let (view, inputs) = self.here(
            PageView {
                kind: "home",
                title,
                url: self.link(&route),
                description: front.and_then(|front| front.description.as_ref()),
                section: "",
                front,
                content: home.map(|document| &document.html),
                prose: home.map(|document| &document.prose),
                related: List::default(),
                previous: None,
                next: None,
                card: self.records.card(cards::DEFAULT),
                updated_at: None,
                language: self.spoken(is_fallback),
                is_fallback,
            },
            route.path(),
            &[("paginator", posts)],
        );
        self.list(&route, front, self.site_changed(home));
        let content = home.map(|document| &document.html);
        let fallbacks = jekyll::layouts("home", false);
        self.add(Draft {
            route,
            rank: Rank::Entrance,
            layout: "home",
            fallbacks,
            front,
            view,
            content,
            inputs,
            identity: None,
        });
        Ok(())
    }

    /// The pages of the courses.
    pub(super) fn courses(&mut self) {
        let maker: Arc<dyn Entries> =
            Arc::new(CoursePages { records: self.records.clone(), site: self.site.clone() });
        let fallbacks = jekyll::layouts("course", false);
        let plain = named(None, "course", fallbacks);
        let records = self.records.clone();
        let number = u32::try_from(records.entries.len()).unwrap_or(u32::MAX);
        let inputs = (0..number).into_par_iter().map(|number| Some(records.inputs(number))).collect();
        // Most of them live where they lived.
        for entry in self.history.movers(records.in_order_of_ids().map(|(_, entry)| entry)) {
            self.history.learn(&entry.id, &entry.route.address());
        }
        let is_hidden =
            |entry: &Entry| entry.overlay.as_ref().is_some_and(|overlay| overlay.front.is_hidden());
        let told = records.entries.iter().filter(|entry| !entry.is_fallback && !is_hidden(entry));
        self.sitemap.extend(told.map(|entry| Place::new(entry.route.address(), entry.updated_at)));
        let make = Box::new(move |number: u32| {
            let entry = &records.entries[number as usize];
            let overlay = entry.overlay.as_ref();
            let layouts = match overlay.filter(|overlay| overlay.front.template.is_some()) {
                Some(overlay) => named(Some(&overlay.front), "course", fallbacks),
                None => plain.clone(),
            };
            let content = overlay.map(|overlay| overlay.html.clone()).filter(|html| !html.trim().is_empty());
            Page {
                route: entry.route.clone(),
                rank: Rank::Leaf,
                body: Body::Layout { layouts, view: View::Made(maker.clone(), number), content },
                inputs: records.inputs(number),
                record: Some(entry.id.clone()),
                identity: None,
                language: 0,
                is_stand_in: entry.is_fallback,
            }
        });
        self.kinds.push(Kind { name: family::index, inputs, has_template: true, make });
    }

    pub(super) fn listings(&mut self, courses: Option<&Document>) -> Result<()> {
        let records = self.records.clone();
        let groups = &records.groups;
        if (self.input.has_layout)("courses") {
            self.listing("courses", Cut::All, &groups.listed, courses)?;
        }
        if (self.input.has_layout)("level") {
            for level in Level::ALL {
                let courses = groups.of_level(&records.entries, level);
                self.listing("level", Cut::Level(level), &courses, None)?;
            }
        }
        if (self.input.has_layout)("place") {
            for place in &groups.places {
                self.listing("place", Cut::Place(place), &place.courses, None)?;
            }
        }
        if (self.input.has_layout)("month") {
            for month in &groups.months {
                self.listing("month", Cut::Month(month), &month.courses, None)?;
            }
        }
        if groups.has_archive {
            self.listing("archive", Cut::Over, &groups.over, None)?;
        }
        Ok(())
    }

    fn listing(
        &mut self,
        layout: &'static str,
        cut: Cut<'_>,
        courses: &[u32],
        document: Option<&Document>,
    ) -> Result<()> {
        let parts = cut.parts();
        let texts: Vec<&str> = parts.iter().map(|part| &**part).collect();
        let slices = listings::cut(&texts, courses, self.input.config.courses.page_size)?;
        let group = cut.map(courses.len(), &self.records.addresses);
        let mark = group.digest().short();
        let front = document.map(|document| &document.front);
        let listing = Arc::new(Listing {
            records: self.records.clone(),
            site: self.site.clone(),
            section: parts.first().cloned().unwrap_or_default(),
            kind: cut.kind(),
            title: cut.title(),
            group,
            front: front.cloned(),
            html: document.map(|document| document.html.clone()),
            prose: document.map(|document| document.prose.clone()),
            is_fallback: self.is_fallback(document),
            slices,
        });
        let front_mark = front.map_or(0, FrontMatter::fingerprint);
        for (number, slice) in (0..).zip(&listing.slices) {
            let mut inputs = Fingerprint::new(12).number(front_mark).number(mark);
            inputs = inputs.number(slice.number as u64).number(listing.slices.len() as u64);
            inputs = inputs.number(self.input.config.courses.page_size as u64);
            inputs = inputs.number(u64::from(self.records.has_cards));
            for course in &slice.courses {
                inputs =
                    inputs.number(self.records.entries.get(*course as usize).map_or(0, |entry| entry.mark));
            }
            let changed = Self::changed_of(&self.records, slice.courses.iter().copied());
            self.list(&slice.route, front, changed);
            self.add(Draft {
                route: slice.route.clone(),
                rank: Rank::List,
                layout,
                fallbacks: &[],
                front,
                view: View::Made(listing.clone(), number),
                content: document.map(|document| &document.html).filter(|_| slice.number == 1),
                inputs: inputs.number(u64::from(listing.is_fallback)),
                identity: None,
            });
        }
        Ok(())
    }

    /// Whether the site has a search.
    pub(super) fn has_search(&self) -> bool {
        self.input.config.outputs.search && (self.input.has_layout)("search")
    }

    /// The page of the search; the index that it looks into is a file for machines.
    pub(super) fn search(&mut self) -> Result<()> {
        if !self.has_search() {
            return Ok(());
        }
        let route = Route::page(&[search::FOLDER])?;
        let url = self.link(&route);
        let index = Map::new(vec![("index_url".into(), url.as_str().into())]);
        let page = PageView {
            kind: "search",
            title: "search",
            url,
            description: None,
            section: "",
            front: None,
            content: None,
            prose: None,
            related: List::default(),
            previous: None,
            next: None,
            card: None,
            language: self.spoken(false),
            updated_at: None,
            is_fallback: false,
        };
        let (view, inputs) = self.here(page, route.path(), &[("search", index)]);
        self.add(Draft {
            route,
            rank: Rank::List,
            layout: "search",
            fallbacks: &[],
            front: None,
            view,
            content: None,
            inputs,
            identity: None,
        });
        Ok(())
    }

    /// The page for addresses that there are not.
    pub(super) fn not_found(&mut self) -> Result<()> {
        self.alone("404", "404.html", &[])
    }

    /// When the sources were last asked, for visitors without scripts: other pages frame it, so that only this one
    /// changes with every sync.
    pub(super) fn sync_status(&mut self) -> Result<()> {
        let synced = Map::new(vec![("synced_at".into(), Value::maybe(self.input.synced_at))]);
        self.alone("sync-status", "sync-status.html", &[("sync", synced)])
    }

    /// A page that no list names, if the theme has a layout for it.
    fn alone(&mut self, kind: &'static str, file: &str, more: &[(&'static str, Map)]) -> Result<()> {
        if !(self.input.has_layout)(kind) {
            return Ok(());
        }
        let route = Route::file(file)?;
        let page = PageView {
            kind,
            title: kind,
            url: self.link(&route),
            description: None,
            section: "",
            front: None,
            content: None,
            prose: None,
            related: List::default(),
            previous: None,
            next: None,
            card: self.records.card(cards::DEFAULT),
            language: self.spoken(false),
            updated_at: None,
            is_fallback: false,
        };
        let (view, inputs) = self.here(page, route.path(), more);
        self.add(Draft {
            route,
            rank: Rank::Leaf,
            layout: kind,
            fallbacks: &[],
            front: None,
            view,
            content: None,
            inputs,
            identity: None,
        });
        Ok(())
    }
}

/// The layouts for a page, best first: the one that its file asks for, that of its kind, and what else would do.
fn named(front: Option<&FrontMatter>, kind: &str, fallbacks: &[&str]) -> Arc<[Arc<str>]> {
    let asked = front.and_then(|front| front.template.clone());
    asked.into_iter().chain([kind.into()]).chain(fallbacks.iter().map(|name| Arc::from(*name))).collect()
}
