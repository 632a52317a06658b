//! Pages and sections from local content: where they live and who their neighbours are.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::route::Route;
use crate::base::text::slugify;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::model::document::{Content, Document};

/// A document with its address.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) document: &'a Document,
    pub(super) title: Arc<str>,
    pub(super) route: Route,
    /// Whether it stands in for a translation that nobody has written.
    pub(super) is_fallback: bool,
    /// Of a section: whether its news are in feeds.
    pub(super) has_feeds: bool,
}

impl Placed<'_> {
    /// Whether a feed of its section tells of it.
    pub(super) fn is_news(&self) -> bool {
        let front = &self.document.front;
        front.date.is_some() && !front.is_hidden() && !self.is_fallback
    }
}

/// All documents that are to be built.
#[derive(Debug, Default)]
pub(super) struct Documents<'a> {
    /// `content/_index.md`, which belongs to the home page.
    pub(super) home: Option<&'a Document>,
    /// `content/courses/_index.md`, which belongs to the list of all courses.
    pub(super) courses: Option<&'a Document>,
    /// The sections by their folder.
    pub(super) sections: BTreeMap<&'a str, Placed<'a>>,
    /// The pages by the folder of their section, in the order in which a section shows them.
    pub(super) pages: BTreeMap<&'a str, Vec<Placed<'a>>>,
}

impl<'a> Documents<'a> {
    /// All pages, section by section.
    pub(super) fn all(&self) -> impl Iterator<Item = &Placed<'a>> {
        self.pages.values().flatten()
    }
}

/// Sorts documents into sections and gives each its address.
pub(super) fn place<'a>(config: &Config, content: &'a Content) -> Result<Documents<'a>> {
    let mut documents = Documents::default();
    let language = config.language_at(&config.site.language).unwrap_or(0);
    for document in spoken(content, language) {
        match (&*document.section, document.is_section) {
            ("", true) => documents.home = Some(document),
            ("courses", true) => documents.courses = Some(document),
            (section, true) => {
                let placed = placed(document, folders(section), language)?;
                documents.sections.insert(section, placed);
            }
            (section, false) => {
                let (section, parts) = page_parts(section, &document.original);
                documents.pages.entry(section).or_default().push(placed(document, parts, language)?);
            }
        }
    }
    documents.pages.values_mut().for_each(|pages| pages.sort_by(order));
    for (section, placed) in &mut documents.sections {
        let front = &placed.document.front;
        let pages = documents.pages.get(section).map(Vec::as_slice).unwrap_or_default();
        let may = config.outputs.feeds && front.feeds.unwrap_or(true) && !front.is_hidden();
        placed.has_feeds = may && pages.iter().any(Placed::is_news);
    }
    Ok(documents)
}

/// The documents of one language: its own, and those of the main language where it has none.
fn spoken<'a>(content: &'a Content, language: usize) -> impl Iterator<Item = &'a Document> + use<'a> {
    let built = |document: &&Document| !document.front.is_held_back;
    let own = move |document: &&Document| document.language == language;
    let translated: HashSet<&str> = match language {
        0 => HashSet::new(),
        _ => content.documents.iter().filter(built).filter(own).map(|document| &*document.original).collect(),
    };
    content.documents.iter().filter(built).filter(move |document| {
        document.language == language || document.language == 0 && !translated.contains(&*document.original)
    })
}

/// `about/index.md` is the page of the folder `about`, and so belongs to the section above it.
fn page_parts<'a>(section: &'a str, source: &str) -> (&'a str, Vec<String>) {
    let name = source.rsplit('/').next().unwrap_or(source);
    let stem = name.strip_suffix(".md").unwrap_or(name);
    let mut parts = folders(section);
    if stem == "index" && !section.is_empty() {
        return (section.rsplit_once('/').map_or("", |(above, _)| above), parts);
    }
    parts.push(slugify(stem));
    (section, parts)
}

fn folders(section: &str) -> Vec<String> {
    section.split('/').filter(|part| !part.is_empty()).map(slugify).collect()
}

fn placed(document: &Document, mut parts: Vec<String>, language: usize) -> Result<Placed<'_>> {
    if let (Some(slug), Some(last)) = (&document.front.slug, parts.last_mut()) {
        *last = slugify(slug);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let route = Route::page(&parts).map_err(|e| {
        Error::new(Kind::Content, format!("content/{}: {}", document.source, e.message()))
            .hint("give the file a name with letters or digits, or set `slug` in its front matter")
    })?;
    let title = document.front.title.clone().unwrap_or_else(|| parts.last().copied().unwrap_or("").into());
    Ok(Placed { document, title, route, is_fallback: document.language != language, has_feeds: false })
}

/// By weight, those without one last; then newest first; then by title and file.
fn order(a: &Placed<'_>, b: &Placed<'_>) -> Ordering {
    let weight = |p: &Placed<'_>| p.document.front.weight.unwrap_or(i64::MAX);
    let date = |p: &Placed<'_>| p.document.front.date.map(|date| date.sort_key());
    (weight(a).cmp(&weight(b)))
        .then_with(|| date(b).cmp(&date(a)))
        .then_with(|| a.title.cmp(&b.title))
        .then_with(|| a.document.source.cmp(&b.document.source))
}
