//! From the Markdown of a file to its HTML: links to other files, shortcodes, code.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::address::Addresses;
use super::{Folder, Page, PageKind};
use crate::base::highlight::Highlighter;
use crate::base::markdown::{self, Argument, Call, Heading, Manner, Shortcodes, Target, Wrong};
use crate::base::mistakes::Mistake;
use crate::base::text::did_you_mean;
use crate::config::Config;
use crate::model::document::{Asset, Document, Overlay, Prose};
use crate::model::view::{List, Map, Value};

/// What local files need of the rest of the site to become pages.
pub trait Surroundings: Sync {
    /// Whether there is a shortcode of this name, and whether it has a block.
    fn has_block(&self, shortcode: &str) -> Option<bool>;

    /// "did you mean", for the name of a shortcode that is not there.
    fn suggestion(&self, shortcode: &str) -> Option<String>;

    /// What is to be said of a layout that a file asks for and that is not there; nothing where it is there.
    fn lacks_layout(&self, name: &str) -> Option<Lacking>;

    /// What a shortcode makes in a file.
    fn insert(&self, call: &Call<'_>, file: &File<'_>) -> Result<String, String>;

    /// Addresses of courses in a language by their slugs and ids, given what local files say of them.
    fn courses(&self, overlays: &[Arc<Overlay>], language: usize) -> HashMap<String, String>;

    /// Tells of the files beside content files, before any of those is composed.
    fn found(&self, beside: &[Asset]);

    /// The table of contents of a text from its headings, as deep as `depth`.
    fn toc(&self, headings: &List, language: usize, depth: usize) -> String;

    /// What marks code.
    fn highlighter(&self) -> &Highlighter;
}

/// A layout that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// What to do.
    pub hint: String,
    /// Whether it may be the source that has taken it away: layouts come from there as well.
    pub is_foreign: bool,
}

/// A file, as shortcodes see it.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its name: `content/faq.md`.
    pub name: &'a str,
    /// Its title, where it has one.
    pub title: Option<&'a str>,
    /// Its language, by the place in the configuration's list.
    pub language: usize,
}

/// Everything that the files of one site have in common while they are composed.
pub(super) struct Composer<'a> {
    pub(super) config: &'a Config,
    pub(super) folder: &'a Folder,
    pub(super) addresses: &'a Addresses,
    pub(super) around: &'a dyn Surroundings,
    pub(super) overlays: Vec<Arc<Overlay>>,
    /// The addresses of courses, a language each.
    pub(super) courses: Vec<OnceLock<HashMap<String, String>>>,
}

/// A page with its HTML, and what could not be checked before all pages had theirs.
pub(super) struct Composed {
    pub(super) kind: PageKind,
    pub(super) path: String,
    pub(super) mistakes: Vec<Mistake>,
    /// What is not as it is meant, though the page can do without.
    pub(super) remarks: Vec<Mistake>,
    pub(super) anchors: Vec<Anchor>,
}

/// A link to a place in another page.
pub(super) struct Anchor {
    /// The file of that page.
    file: String,
    id: String,
    /// The mistake that it is if there is no such place.
    mistake: Mistake,
}

impl Composer<'_> {
    pub(super) fn compose(&self, page: Page) -> Composed {
        let body = page.text.get(page.body..).unwrap_or_default();
        let file = self.folder.file(&page.path);
        let anchors = RefCell::new(Vec::new());
        let link = |target: &str, span: Range<usize>| {
            let Some(inside) = target.strip_prefix("@/") else {
                return self.addresses.link(&page, target);
            };
            let target = self.internal(&page, inside);
            if let (Target::To(_), Some((path, id))) = (&target, inside.split_once('#')) {
                let place = span.start + page.body..span.end + page.body;
                let message = format!("`@/{inside}` leads to a heading that is not there");
                let mistake = Mistake::new(&file, message).at(&page.text, place);
                anchors.borrow_mut().push(Anchor { file: path.to_owned(), id: id.to_owned(), mistake });
            }
            target
        };
        let title = page.front().title.as_deref();
        let inserter = Inserter {
            around: self.around,
            file: File { name: &file, title, language: page.language },
            toc: toc_mark(body),
        };
        let language = self.config.languages.get(page.language);
        let highlighter = self.around.highlighter();
        let colours = |language: &str, code: &str| highlighter.mark(language, code);
        let manner = Manner {
            language: language.map_or(&*self.config.site.language, |own| &own.code),
            anchors: self.config.markdown.heading_anchors,
            link: &link,
            colours: self.config.markdown.highlight.then_some(&colours),
            shortcodes: Some(&inserter),
        };
        let made = markdown::compose(body, &manner);
        let placed = |wrong: Wrong| {
            let place = wrong.span.start + page.body..wrong.span.end + page.body;
            Mistake::new(&file, wrong.message).at(&page.text, place).hint(wrong.hint)
        };
        let mistakes = made.wrong.into_iter().map(placed).collect();
        // What nobody sees needs no remark.
        let made_of = made.remarks.into_iter().map(placed);
        let remarks =
            page.remarks.iter().cloned().chain(made_of).filter(|_| page.kept_back.is_none()).collect();
        let toc = table_of_contents(&made.outline);
        let html = self.with_toc(made.html, &inserter.toc, &toc, page.language).into();
        let prose = Prose { toc, has_code: made.has_code };
        let kind = match page.kind {
            PageKind::Document(document) => {
                PageKind::Document(Box::new(Document { html, prose, ..*document }))
            }
            PageKind::Overlay(overlay) => PageKind::Overlay(Box::new(Overlay { html, prose, ..*overlay })),
        };
        Composed { kind, path: page.path, mistakes, remarks, anchors: anchors.into_inner() }
    }

    /// HTML with the table of contents in the places that are marked for it: it is known when all headings are.
    fn with_toc(&self, mut html: String, mark: &str, toc: &List, language: usize) -> String {
        for depth in 1..=TOC_DEPTH {
            let place = format!("{mark}{depth}-->");
            if html.contains(&place) {
                html = html.replace(&place, &self.around.toc(toc, language, depth));
            }
        }
        html
    }

    /// Finds where courses are, in the languages whose pages link to some. While pages are composed it would be too late: a
    /// thread that waits for a part of the answer takes up another page meanwhile, which then waits for the answer.
    pub(super) fn look_up_courses(&self, pages: &[Page]) {
        for (language, courses) in self.courses.iter().enumerate() {
            if pages.iter().any(|page| page.language == language && page.text.contains("@/courses/")) {
                courses.get_or_init(|| self.around.courses(&self.overlays, language));
            }
        }
    }

    /// The address of `@/path`: a file below the content, or a course by its slug.
    fn internal(&self, page: &Page, target: &str) -> Target {
        let (path, rest) = target.split_at(target.find(['?', '#']).unwrap_or(target.len()));
        let course = path.strip_prefix("courses/").map(|slug| slug.strip_suffix(".md").unwrap_or(slug));
        let course =
            course.map(|slug| slug.trim_end_matches('/')).filter(|slug| !matches!(*slug, "" | "_index"));
        let Some(slug) = course.filter(|slug| !slug.contains('/')) else {
            return self.addresses.internal(page, path, rest);
        };
        let empty = HashMap::new();
        let courses = self.courses.get(page.language).map_or(&empty, |courses| {
            courses.get_or_init(|| self.around.courses(&self.overlays, page.language))
        });
        match courses.get(slug) {
            Some(address) => Target::To(self.addresses.whole(address) + rest),
            // Which courses there are the source alone decides.
            None => Target::Gone(
                format!(
                    "`@/{path}` leads to a course that is not in the catalogue: its text is shown without the link"
                ),
                did_you_mean(slug, courses.keys().map(String::as_str)),
            ),
        }
    }
}

/// What is wrong with links to places in other pages.
pub(super) fn check_anchors(pages: &[Composed]) -> Vec<Mistake> {
    let html: HashMap<&str, &str> = pages.iter().map(|page| (&*page.path, page.kind.html())).collect();
    let is_missing = |anchor: &&Anchor| {
        html.get(&*anchor.file).is_some_and(|html| !html.contains(&format!("id=\"{}\"", anchor.id)))
    };
    pages
        .iter()
        .flat_map(|page| &page.anchors)
        .filter(is_missing)
        .map(|anchor| anchor.mistake.clone())
        .collect()
}

/// The shortcodes as they are seen from one file.
struct Inserter<'a> {
    around: &'a dyn Surroundings,
    file: File<'a>,
    /// What the place of a table of contents begins with.
    toc: String,
}

/// Markdown knows six levels of headings.
const TOC_DEPTH: usize = 6;

/// What marks the place of a table of contents in a text that does not have it otherwise.
fn toc_mark(text: &str) -> String {
    let mut mark = "<!--toc:".to_owned();
    while text.contains(&mark) {
        mark.push(':');
    }
    mark
}

/// What can be called without a template of the site.
const BUILT_IN: [&str; 2] = ["toc", "image"];

impl Shortcodes for Inserter<'_> {
    fn has_block(&self, name: &str) -> Option<bool> {
        self.around.has_block(name).or_else(|| BUILT_IN.contains(&name).then_some(false))
    }

    fn suggestion(&self, name: &str) -> Option<String> {
        self.around.suggestion(name).or_else(|| did_you_mean(name, BUILT_IN))
    }

    fn make(&self, call: &Call<'_>) -> Result<String, String> {
        if call.name != "toc" || self.around.has_block("toc").is_some() {
            return self.around.insert(call, &self.file);
        }
        match call.arguments.as_slice() {
            [] => Ok(format!("{}{TOC_DEPTH}-->", self.toc)),
            [("depth", Argument::Int(depth @ 1..=6))] => Ok(format!("{}{depth}-->", self.toc)),
            _ => Err("`toc` takes nothing but `depth`, a whole number from 1 to 6".to_owned()),
        }
    }
}

fn table_of_contents(headings: &[Heading]) -> List {
    let entry = |heading: &Heading| -> Map {
        Map::new(vec![
            ("id".into(), heading.id.as_str().into()),
            ("title".into(), heading.title.as_str().into()),
            ("level".into(), Value::Int(i64::from(heading.level))),
            ("children".into(), table_of_contents(&heading.children).into()),
        ])
    };
    headings.iter().map(entry).collect()
}
