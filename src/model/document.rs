//! Local content: Markdown pages, sections, and what is added to a course by hand.

use std::sync::Arc;

use super::moment::Moment;
use super::publication::HeldBack;
use super::view::{List, Map};
use crate::base::digest::Fingerprint;
use crate::base::mistakes::Mistake;

/// What every content file may say about itself in its front matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrontMatter {
    /// The title; without one, the file's name.
    pub title: Option<Arc<str>>,
    /// The last part of the address, instead of the file's name.
    pub slug: Option<Arc<str>>,
    /// The date of publication.
    pub date: Option<Moment>,
    /// Not built unless drafts are asked for.
    pub draft: bool,
    /// From when on it is published, where that is not its date.
    pub publish_at: Option<Moment>,
    /// From when on it is published no longer.
    pub expires: Option<Moment>,
    /// Whether something keeps it from being published now.
    pub is_held_back: bool,
    /// Further addresses that lead to it, below the site's base address: `/old/place/`.
    pub aliases: Vec<Arc<str>>,
    /// Its terms in the site's taxonomies, tags among them.
    pub terms: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// The taxonomies whose terms are those of the main language, since the translation names none of its own.
    pub untranslated_terms: Vec<Arc<str>>,
    /// Its places in menus.
    pub menus: Vec<MenuPlace>,
    /// Of a section: how many of its pages stand on one page.
    pub paginate: Option<u32>,
    /// Of a section: whether its pages with a date are in feeds of its own; they are unless it says no.
    pub feeds: Option<bool>,
    /// The layout, instead of the one that fits the kind of page.
    pub template: Option<Arc<str>>,
    /// Lighter documents come first in their section.
    pub weight: Option<i64>,
    /// Tags as written.
    pub tags: Vec<Arc<str>>,
    /// A summary in plain text.
    pub description: Option<Arc<str>>,
    /// Whatever else the author wants to hand to the template: the table `[extra]`.
    pub extra: Map,
}

/// A term of a taxonomy as far as spelling tells words apart: `E-Learning` and `e learning` are one, `C++` and `C#` are two.
pub fn word(term: &str) -> String {
    term.to_lowercase().split(|c: char| c.is_whitespace() || "-–_".contains(c)).collect::<Vec<_>>().join("-")
}

impl FrontMatter {
    /// Whether search engines, feeds and the site's own search are not to know of the page: `noindex = true` in `[extra]`.
    pub fn is_hidden(&self) -> bool {
        matches!(self.extra.get("noindex"), Some(super::view::Value::Bool(true)))
    }

    /// Fills what a translation does not say with what the file in the main language does. Title, slug, description and
    /// whether it is a draft are a translation's own.
    pub fn inherit(&mut self, main: &Self) {
        self.date = self.date.or(main.date);
        self.weight = self.weight.or(main.weight);
        if self.template.is_none() {
            self.template.clone_from(&main.template);
        }
        if self.tags.is_empty() {
            self.tags.clone_from(&main.tags);
        }
        for (taxonomy, terms) in &main.terms {
            if !self.terms.iter().any(|(own, _)| own == taxonomy) {
                self.terms.push((taxonomy.clone(), terms.clone()));
                self.untranslated_terms.push(taxonomy.clone());
            }
        }
        if self.menus.is_empty() {
            self.menus.clone_from(&main.menus);
        }
        self.paginate = self.paginate.or(main.paginate);
        self.feeds = self.feeds.or(main.feeds);
        for (key, value) in main.extra.entries() {
            if self.extra.get(key.as_str()).is_none() {
                self.extra = self.extra.with(key.clone(), value.clone());
            }
        }
    }

    /// A quick hash of all of it.
    pub fn fingerprint(&self) -> u64 {
        let Self { title, slug, date, draft, template, weight, tags, description, extra, .. } = self;
        let Self {
            is_held_back,
            terms,
            untranslated_terms,
            menus,
            paginate,
            feeds,
            aliases: _,
            publish_at: _,
            expires: _,
            ..
        } = self;
        let texts = [title, slug, template, description];
        let mut mark = texts.into_iter().fold(Fingerprint::new(3), |mark, text| mark.maybe(text.as_deref()));
        mark = mark.number(date.map_or(0, |date| date.number())).number(u64::from(*draft));
        mark = mark.number(u64::from(weight.is_some())).number(weight.unwrap_or(0) as u64);
        mark = tags.iter().fold(mark.number(tags.len() as u64), |mark, tag| mark.text(tag));
        for (taxonomy, terms) in terms {
            mark = terms
                .iter()
                .fold(mark.text(taxonomy).number(terms.len() as u64), |mark, term| mark.text(term));
        }
        for MenuPlace { menu, title, parent, weight } in menus {
            mark = mark
                .text(menu)
                .maybe(title.as_deref())
                .maybe(parent.as_deref())
                .number(weight.unwrap_or(0) as u64);
        }
        mark = mark.number(u64::from(*is_held_back)).number(paginate.map_or(0, u64::from));
        // Sites remember this hash: what is said seldom must not change it for those who don't say it.
        if let Some(feeds) = feeds {
            mark = mark.number(u64::from(*feeds));
        }
        mark = untranslated_terms.iter().fold(mark, |mark, taxonomy| mark.text(taxonomy));
        mark.number(extra.digest().short()).get()
    }
}

/// A place in a menu that a file gives itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MenuPlace {
    /// The menu: `main`.
    pub menu: Arc<str>,
    /// What stands there, instead of the page's title.
    pub title: Option<Arc<str>>,
    /// The title of the entry that it stands below.
    pub parent: Option<Arc<str>>,
    /// Lighter entries come first.
    pub weight: Option<i64>,
}

/// What is known of a text besides its HTML, which decides it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prose {
    /// The headings as a tree: `id`, `title`, `level` and `children` of each.
    pub toc: List,
    /// Whether it shows code whose parts are marked, for which pages need a style sheet.
    pub has_code: bool,
}

/// A page or a section from `content/`.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The file below `content/`, with `/` between the parts: `about/team.md`.
    pub source: Arc<str>,
    /// The same without the language: `about/team.md` for `about/team.en.md`. All translations of a page share it.
    pub original: Arc<str>,
    /// Its language, by the place in the configuration's list; 0 is the main one.
    pub language: usize,
    /// The folder below `content/` that it stands in; empty at the top.
    pub section: Arc<str>,
    /// Whether it is the section itself (`_index.md`).
    pub is_section: bool,
    /// Its front matter.
    pub front: FrontMatter,
    /// The Markdown rendered to HTML.
    pub html: Arc<str>,
    /// What else is known of it.
    pub prose: Prose,
}

impl Document {
    /// A quick hash of all of it.
    pub fn fingerprint(&self) -> u64 {
        let Self { source, original, language, section, is_section, front, html, prose: _ } = self;
        let mark = Fingerprint::new(4).text(source).text(original).number(*language as u64);
        let mark = mark.text(section).number(u64::from(*is_section));
        mark.number(front.fingerprint()).text(html).get()
    }
}

/// What `content/courses/SLUG.md` adds to a course, or says differently from the source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overlay {
    /// The file below `content/`.
    pub source: Arc<str>,
    /// Its language, by the place in the configuration's list; 0 is the main one.
    pub language: usize,
    /// The texts here that are meant for the source as well: `push = ["title"]`.
    pub push: Vec<super::push::TextField>,
    /// The slug of the course that it belongs to: the file's name.
    pub course: Arc<str>,
    /// The id of the course, where the front matter names it (`course = "ck9zz"`); it wins over the slug.
    pub course_id: Option<Arc<str>>,
    /// The general front matter; title and slug override the course's.
    pub front: FrontMatter,
    /// Overrides the level.
    pub level: Option<super::course::Level>,
    /// Overrides the first day.
    pub start: Option<Moment>,
    /// Overrides the last day.
    pub end: Option<Moment>,
    /// The price.
    pub price: Option<f64>,
    /// The currency, an ISO 4217 code.
    pub currency: Option<Arc<str>>,
    /// Where it takes place.
    pub location: Option<Arc<str>>,
    /// Who teaches it.
    pub instructor: Option<Arc<str>>,
    /// The address of a picture.
    pub image: Option<Arc<str>>,
    /// How many seats there are.
    pub seats: Option<u32>,
    /// The Markdown rendered to HTML.
    pub html: Arc<str>,
    /// What else is known of it.
    pub prose: Prose,
}

impl Overlay {
    /// Fills what a translation does not say with what the file in the main language does.
    pub fn inherit(&mut self, main: &Self) {
        fn fill<T: Clone>(field: &mut Option<T>, main: &Option<T>) {
            if field.is_none() {
                field.clone_from(main);
            }
        }
        self.front.inherit(&main.front);
        fill(&mut self.front.title, &main.front.title);
        fill(&mut self.front.slug, &main.front.slug);
        fill(&mut self.front.description, &main.front.description);
        fill(&mut self.course_id, &main.course_id);
        fill(&mut self.level, &main.level);
        fill(&mut self.start, &main.start);
        fill(&mut self.end, &main.end);
        fill(&mut self.price, &main.price);
        fill(&mut self.currency, &main.currency);
        fill(&mut self.location, &main.location);
        fill(&mut self.instructor, &main.instructor);
        fill(&mut self.image, &main.image);
        fill(&mut self.seats, &main.seats);
        if self.html.trim().is_empty() {
            self.html.clone_from(&main.html);
            self.prose.clone_from(&main.prose);
        }
    }

    /// A quick hash of all of it.
    pub fn fingerprint(&self) -> u64 {
        let Self {
            source,
            language,
            push: _,
            course,
            course_id,
            front,
            level,
            start,
            end,
            price,
            currency,
            location,
            instructor,
            image,
            seats,
            html,
            prose: _,
        } = self;
        let texts = [course_id, currency, location, instructor, image];
        let mut mark = Fingerprint::new(5).text(source).number(*language as u64);
        mark = mark.text(course).number(front.fingerprint());
        mark = texts.into_iter().fold(mark, |mark, text| mark.maybe(text.as_deref()));
        mark = mark.number(level.map_or(u64::MAX, |level| level as u64));
        mark = mark.number(start.map_or(0, |start| start.number())).number(end.map_or(0, |end| end.number()));
        mark = mark.number(price.map_or(u64::MAX, f64::to_bits)).number(seats.map_or(u64::MAX, u64::from));
        mark.text(html).get()
    }
}

/// A file beside a content file, published beside its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The file on the disk.
    pub file: std::path::PathBuf,
    /// Its address in the site, relative, with `/` between the parts.
    pub route: String,
}

/// All local content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// Pages and sections, by the path of their file.
    pub documents: Vec<Document>,
    /// Additions to courses, by the path of their file.
    pub overlays: Vec<Arc<Overlay>>,
    /// Colocated files, by their route.
    pub assets: Vec<Asset>,
    /// Files that are not published now.
    pub held_back: Vec<HeldBack>,
    /// From which second since 1970 on the same files are published, and until which; nothing where that never changes.
    pub window: Option<(i64, i64)>,
    /// What is not as its author meant it, though it stops no build: a link to a page that has expired.
    pub remarks: Vec<Mistake>,
}
