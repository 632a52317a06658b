//! The list of pages, each with its route and its view.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::courses::{self, Entry};
use super::documents::{self, Documents, Placed};
use super::route::Route;
use super::views::{self, Addresses, PageView};
use super::{feeds, jekyll, listings};
use crate::config::Config;
use crate::error::Result;
use crate::model::catalogue::Catalogue;
use crate::model::course::{Course, Level};
use crate::model::document::{Content, FrontMatter};
use crate::model::view::{Entries, Key, List, Map, Value};

/// What the site is made of.
pub struct Input<'a> {
    /// The configuration.
    pub config: &'a Arc<Config>,
    /// The courses, as the sources have them.
    pub catalogue: &'a Catalogue,
    /// The local content.
    pub content: &'a Content,
    /// Whether the theme has a layout of this name: pages that a theme does not know are left out.
    pub has_layout: &'a dyn Fn(&str) -> bool,
    /// When a course last changed, where the site remembers it.
    pub changed_at: &'a dyn Fn(&Course) -> Option<Timestamp>,
    /// When the data last changed; nothing before the first sync.
    pub data_changed_at: Option<Timestamp>,
    /// The present moment.
    pub now: Timestamp,
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
    /// The pages, by route.
    pub pages: Vec<Page>,
    /// The records that the views of pages refer to: maps with an id.
    pub records: Vec<Map>,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// When a page may appear: what is linked to comes before what links to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Stands for itself: a course, a document, an asset.
    Leaf,
    /// Lists others: listings and sections.
    List,
    /// Leads into the site from outside: home, feed, sitemap.
    Entrance,
}

/// One file of the output.
#[derive(Debug)]
pub struct Page {
    /// Where it lives.
    pub route: Route,
    /// When it may appear.
    pub rank: Rank,
    /// What is in it.
    pub body: Body,
}

/// What makes a page.
#[derive(Debug)]
pub enum Body {
    /// A layout over a view.
    Layout {
        /// The layouts that fit, best first.
        layouts: Arc<[Arc<str>]>,
        /// What the templates see.
        view: Map,
        /// The HTML of the page's own text.
        content: Option<Arc<str>>,
    },
    /// Bytes that need no template.
    Ready(Vec<u8>),
}

/// Works out all pages.
pub fn plan(input: &Input<'_>) -> Result<Site> {
    let mut warnings = Vec::new();
    let config = input.config;
    let overlays = &input.content.overlays;
    let entries =
        courses::join(config, input.catalogue, overlays, input.changed_at, input.now, &mut warnings)?;
    let documents = documents::place(config, input.content)?;
    let addresses = Addresses::new(config);
    let records = Arc::new(Records { config: config.clone(), addresses: addresses.clone(), entries });
    let course_maps: Vec<Map> = Records::maps(&records);
    let site = site_view(input, &records.entries, &course_maps, &documents, &addresses);
    let course_pages =
        Arc::new(CoursePages { records: records.clone(), site: site.clone(), maps: course_maps.clone() });
    let mut planner = Planner {
        input,
        site,
        addresses,
        records,
        course_maps,
        course_pages,
        pages: Vec::new(),
        sitemap: Vec::new(),
    };
    planner.home(&documents);
    planner.courses();
    planner.listings(&documents)?;
    planner.documents(&documents);
    planner.not_found()?;
    planner.machine_readable()?;
    let (mut pages, records) = (planner.pages, planner.course_maps);
    pages.sort_by(|a, b| a.route.cmp(&b.route));
    Ok(Site { pages, records, warnings })
}

/// All courses of the site, and what makes their views when somebody looks at one.
struct Records {
    config: Arc<Config>,
    addresses: Addresses,
    entries: Vec<Entry>,
}

impl Records {
    /// A map a course, in the order of the catalogue.
    fn maps(records: &Arc<Self>) -> Vec<Map> {
        let map = |(number, entry): (u32, &Entry)| {
            let id = format!("course:{}", entry.course.id);
            Map::lazy(Some(id.into()), records.clone(), number)
        };
        (0..).zip(&records.entries).map(map).collect()
    }
}

impl Entries for Records {
    fn entries(&self, number: u32) -> Vec<(Key, Value)> {
        let entry = self.entries.get(number as usize);
        entry.map(|entry| views::course(entry, &self.config, &self.addresses)).unwrap_or_default()
    }
}

/// Makes the views of the courses' own pages.
struct CoursePages {
    records: Arc<Records>,
    site: Map,
    maps: Vec<Map>,
}

impl Entries for CoursePages {
    fn entries(&self, number: u32) -> Vec<(Key, Value)> {
        let (entries, addresses) = (&self.records.entries, &self.records.addresses);
        let index = number as usize;
        let (Some(entry), Some(course)) = (entries.get(index), self.maps.get(index)) else {
            return Vec::new();
        };
        let neighbour = |index: Option<usize>| -> Option<Map> {
            let entry = entries.get(index?)?;
            Some(views::link(&entry.course.title, addresses.link(&entry.route.address())))
        };
        let page = PageView {
            kind: "course",
            title: &entry.course.title,
            url: addresses.link(&entry.route.address()),
            description: entry.course.description.as_ref(),
            section: "courses",
            front: entry.overlay.as_ref().map(|overlay| &overlay.front),
            content: entry
                .overlay
                .as_ref()
                .map(|overlay| &overlay.html)
                .filter(|html| !html.trim().is_empty()),
            previous: neighbour(index.checked_sub(1)),
            next: neighbour(Some(index + 1)),
        };
        vec![
            ("site".into(), self.site.clone().into()),
            ("page".into(), page.map().into()),
            ("course".into(), course.clone().into()),
        ]
    }
}

struct Planner<'a> {
    input: &'a Input<'a>,
    site: Map,
    addresses: Addresses,
    records: Arc<Records>,
    course_maps: Vec<Map>,
    course_pages: Arc<CoursePages>,
    pages: Vec<Page>,
    sitemap: Vec<(String, Option<Timestamp>)>,
}

impl Planner<'_> {
    fn link(&self, route: &Route) -> String {
        self.addresses.link(&route.address())
    }

    /// Adds a page of a layout; `more` stands beside `site` and `page` in its view.
    fn add(
        &mut self,
        route: Route,
        rank: Rank,
        layouts: Vec<Arc<str>>,
        page: Map,
        content: Option<&Arc<str>>,
        more: Vec<(Key, Value)>,
    ) {
        let mut root = vec![("site".into(), self.site.clone().into()), ("page".into(), page.into())];
        root.extend(more);
        let body = Body::Layout { layouts: layouts.into(), view: Map::new(root), content: content.cloned() };
        self.pages.push(Page { route, rank, body });
    }

    fn home(&mut self, documents: &Documents<'_>) {
        let Ok(route) = Route::page(&[]) else { return };
        let home = documents.home;
        let front = home.map(|d| &d.front);
        let page = PageView {
            kind: "home",
            title: front.and_then(|f| f.title.as_deref()).unwrap_or(&self.input.config.site.title),
            url: self.link(&route),
            description: front.and_then(|f| f.description.as_ref()),
            section: "",
            front,
            content: home.map(|d| &d.html),
            previous: None,
            next: None,
        };
        let page = page.map();
        self.sitemap.push((route.address(), None));
        let posts = match self.site.get("posts") {
            Some(Value::List(posts)) => jekyll::paginator(posts),
            _ => Map::default(),
        };
        let more = vec![("paginator".into(), posts.into())];
        let layouts = named(front, "home", jekyll::layouts("home", false));
        self.add(route, Rank::Entrance, layouts, page, home.map(|d| &d.html), more);
    }

    fn courses(&mut self) {
        let fallbacks = jekyll::layouts("course", false);
        let plain: Arc<[Arc<str>]> = named(None, "course", fallbacks).into();
        for (number, entry) in (0..).zip(&self.records.entries) {
            let overlay = entry.overlay.as_ref();
            let layouts = match overlay.filter(|overlay| overlay.front.template.is_some()) {
                Some(overlay) => named(Some(&overlay.front), "course", fallbacks).into(),
                None => plain.clone(),
            };
            let body = Body::Layout {
                layouts,
                view: Map::lazy(None, self.course_pages.clone(), number),
                content: overlay.map(|overlay| overlay.html.clone()).filter(|html| !html.trim().is_empty()),
            };
            self.sitemap.push((entry.route.address(), entry.updated_at));
            self.pages.push(Page { route: entry.route.clone(), rank: Rank::Leaf, body });
        }
    }

    fn listings(&mut self, documents: &Documents<'_>) -> Result<()> {
        if (self.input.has_layout)("courses") {
            let all = self.course_maps.clone();
            let front = documents.courses.map(|d| &d.front);
            let content = documents.courses.map(|d| &d.html);
            self.listing(&["courses"], "courses", &all, None, front, content)?;
        }
        if (self.input.has_layout)("level") {
            for level in Level::ALL {
                let of_level: Vec<Map> = (self.records.entries.iter().zip(&self.course_maps))
                    .filter(|(entry, _)| entry.course.level == level)
                    .map(|(_, map)| map.clone())
                    .collect();
                self.listing(&["levels", level.slug()], "level", &of_level, Some(level), None, None)?;
            }
        }
        Ok(())
    }

    fn listing(
        &mut self,
        parts: &[&str],
        layout: &str,
        courses: &[Map],
        level: Option<Level>,
        front: Option<&FrontMatter>,
        content: Option<&Arc<str>>,
    ) -> Result<()> {
        for slice in listings::cut(parts, courses, self.input.config.courses.page_size)? {
            let paginator = slice.paginator(parts, &|route| self.link(route))?;
            let title = level.map_or_else(
                || front.and_then(|f| f.title.as_deref()).unwrap_or("courses"),
                |level| level.name(),
            );
            let page = PageView {
                kind: "listing",
                title,
                url: self.link(&slice.route),
                description: front.and_then(|f| f.description.as_ref()),
                section: parts.first().copied().unwrap_or(""),
                front,
                content: content.filter(|_| slice.number == 1),
                previous: None,
                next: None,
            };
            let page = page.map();
            let level = level.map(|level| level_view(level, courses.len(), &self.addresses));
            let listing =
                Map::new(vec![("title".into(), title.into()), ("level".into(), Value::maybe(level))]);
            let more = vec![("paginator".into(), paginator.into()), ("listing".into(), listing.into())];
            self.sitemap.push((slice.route.address(), None));
            let first_only = content.filter(|_| slice.number == 1);
            self.add(slice.route, Rank::List, named(front, layout, &[]), page, first_only, more);
        }
        Ok(())
    }

    fn documents(&mut self, documents: &Documents<'_>) {
        for (section, placed) in &documents.sections {
            let below = documents.pages.get(section).map(Vec::as_slice).unwrap_or_default();
            let pages: List = below.iter().map(|page| summary(page, &self.addresses)).collect();
            let view = section_view(placed, &self.addresses).with("pages", pages);
            self.document(placed, "section", Rank::List, (None, None), Some(view));
        }
        for (section, pages) in &documents.pages {
            let section = documents.sections.get(section).map(|placed| section_view(placed, &self.addresses));
            for (index, placed) in pages.iter().enumerate() {
                let neighbour = |index: Option<usize>| {
                    let placed = pages.get(index?)?;
                    Some(views::link(&placed.title, self.link(&placed.route)))
                };
                // Pages at the top are no sequence that anybody reads in order.
                let neighbours = match section {
                    Some(_) => (neighbour(index.checked_sub(1)), neighbour(Some(index + 1))),
                    None => (None, None),
                };
                self.document(placed, "page", Rank::Leaf, neighbours, section.clone());
            }
        }
    }

    fn document(
        &mut self,
        placed: &Placed<'_>,
        kind: &'static str,
        rank: Rank,
        (previous, next): (Option<Map>, Option<Map>),
        section: Option<Map>,
    ) {
        let front = &placed.document.front;
        let page = PageView {
            kind,
            title: &placed.title,
            url: self.link(&placed.route),
            description: front.description.as_ref(),
            section: &placed.document.section,
            front: Some(front),
            content: Some(&placed.document.html),
            previous,
            next,
        };
        let page = page.map();
        self.sitemap.push((placed.route.address(), front.date.map(|date| date.sort_key())));
        let more = section.map(|section| ("section".into(), section.into())).into_iter().collect();
        let is_post = kind == "page" && front.date.is_some();
        let layouts = named(Some(front), if is_post { "post" } else { kind }, jekyll::layouts(kind, is_post));
        self.add(placed.route.clone(), rank, layouts, page, Some(&placed.document.html), more);
    }

    fn not_found(&mut self) -> Result<()> {
        if !(self.input.has_layout)("404") {
            return Ok(());
        }
        let route = Route::file("404.html")?;
        let page = PageView {
            kind: "404",
            title: "404",
            url: self.link(&route),
            description: None,
            section: "",
            front: None,
            content: None,
            previous: None,
            next: None,
        };
        let page = page.map();
        self.add(route, Rank::Leaf, vec!["404".into()], page, None, Vec::new());
        Ok(())
    }

    fn machine_readable(&mut self) -> Result<()> {
        let mut ready = |path: &str, bytes: Vec<u8>| -> Result<()> {
            self.pages.push(Page {
                route: Route::file(path)?,
                rank: Rank::Entrance,
                body: Body::Ready(bytes),
            });
            Ok(())
        };
        ready("feed.xml", feeds::atom(self.input.config, &self.addresses, &self.records.entries))?;
        ready("robots.txt", feeds::robots(&self.addresses))?;
        self.sitemap.sort();
        for (path, bytes) in feeds::sitemap(&self.addresses, &self.sitemap) {
            ready(&path, bytes)?;
        }
        Ok(())
    }
}

/// The layouts for a page, best first: the one that its file asks for, then that of its kind.
fn named(front: Option<&FrontMatter>, kind: &str, fallbacks: &[&str]) -> Vec<Arc<str>> {
    let asked = front.and_then(|front| front.template.clone());
    asked.into_iter().chain([kind.into()]).chain(fallbacks.iter().map(|name| Arc::from(*name))).collect()
}

/// What every page sees of the site.
fn site_view(
    input: &Input<'_>,
    entries: &[Entry],
    course_maps: &[Map],
    documents: &Documents<'_>,
    addresses: &Addresses,
) -> Map {
    let site = &input.config.site;
    let with_past = |past: bool| -> List {
        (entries.iter().zip(course_maps))
            .filter(|(entry, _)| entry.is_past == past)
            .map(|(_, map)| map.clone())
            .collect()
    };
    let levels: List = (Level::ALL.into_iter())
        .map(|level| {
            let count = entries.iter().filter(|entry| entry.course.level == level).count();
            level_view(level, count, addresses)
        })
        .collect();
    let sections: List = documents.sections.values().map(|placed| section_view(placed, addresses)).collect();
    let all_pages = || documents.pages.values().flatten();
    let pages: List = all_pages().map(|placed| summary(placed, addresses)).collect();
    let mut dated: Vec<&Placed<'_>> =
        all_pages().filter(|placed| placed.document.front.date.is_some()).collect();
    dated.sort_by_key(|placed| {
        (std::cmp::Reverse(placed.document.front.date.map(|date| date.sort_key())), &placed.document.source)
    });
    let posts: List = dated.into_iter().map(|placed| summary(placed, addresses)).collect();
    let extra = Map::from(&site.extra);
    let entries = vec![
        ("title".into(), site.title.as_str().into()),
        ("description".into(), site.description.as_str().into()),
        ("base_url".into(), addresses.base_url.as_str().into()),
        ("url".into(), jekyll::origin(addresses).into()),
        ("baseurl".into(), addresses.base_path.as_str().into()),
        ("language".into(), site.language.as_str().into()),
        ("lang".into(), site.language.as_str().into()),
        // Filters for dates know the word, and how long what they make of it holds.
        ("time".into(), "now".into()),
        ("time_zone".into(), site.time_zone.iana_name().unwrap_or("UTC").into()),
        ("courses".into(), course_maps.iter().cloned().collect::<List>().into()),
        ("upcoming".into(), with_past(false).into()),
        ("past".into(), with_past(true).into()),
        ("levels".into(), levels.into()),
        ("sections".into(), sections.into()),
        ("pages".into(), pages.into()),
        ("posts".into(), posts.into()),
        ("data_changed_at".into(), Value::maybe(input.data_changed_at)),
        ("has_data".into(), input.data_changed_at.is_some().into()),
        ("feed_url".into(), addresses.link("/feed.xml").into()),
        ("extra".into(), extra.clone().into()),
    ];
    Map::new(jekyll::with_extra(entries, &extra))
}

fn level_view(level: Level, count: usize, addresses: &Addresses) -> Map {
    Map::new(vec![
        ("name".into(), level.name().into()),
        ("slug".into(), level.slug().into()),
        ("url".into(), addresses.link(&views::level_address(level)).into()),
        ("count".into(), count.into()),
    ])
}

fn section_view(placed: &Placed<'_>, addresses: &Addresses) -> Map {
    Map::new(vec![
        ("title".into(), Value::from(&placed.title)),
        ("url".into(), addresses.link(&placed.route.address()).into()),
        ("description".into(), Value::maybe(placed.document.front.description.as_ref())),
        ("content".into(), Value::Html(placed.document.html.clone())),
    ])
}

/// A document as lists show it.
fn summary(placed: &Placed<'_>, addresses: &Addresses) -> Map {
    let front = &placed.document.front;
    let mut entries = vec![
        ("title".into(), Value::from(&placed.title)),
        ("url".into(), addresses.link(&placed.route.address()).into()),
        ("weight".into(), Value::maybe(front.weight)),
        ("section".into(), Value::from(&placed.document.section)),
        ("date".into(), Value::maybe(front.date)),
        ("description".into(), Value::maybe(front.description.as_ref())),
        ("tags".into(), front.tags.iter().collect::<List>().into()),
    ];
    entries.extend(jekyll::of_document(placed));
    Map::new(jekyll::with_extra(entries, &front.extra))
}
