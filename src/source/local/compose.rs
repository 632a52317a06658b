//! From the Markdown of a file to its HTML: links to other files, shortcodes, code.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::address::Addresses;
use super::{Folder, Page, PageKind};
use crate::base::highlight::Highlighter;
use crate::base::markdown::{self, Argument, Call, Heading, Manner, Shortcodes, Target};
use crate::base::mistakes::Mistake;
use crate::base::text::did_you_mean;
use crate::config::Config;
use crate::model::document::{Asset, Document, Overlay, Prose};
use crate::model::view::{List, Map, Value};

/// What local files need of the rest of the site to become pages.
pub trait Surroundings: Sync {
    /// Whether there is a shortcode of this name, and whether it has a block.
    fn has_block(&self, shortcode: &str) -> Option<bool>;

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
                return self.addresses.link(&page, target).map_or(Target::Same, Target::To);
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
        let mistakes = made.wrong.into_iter().map(|wrong| {
            let place = wrong.span.start + page.body..wrong.span.end + page.body;
            Mistake::new(&file, wrong.message).at(&page.text, place).hint(wrong.hint)
        });
        let mistakes = mistakes.collect();
        let toc = table_of_contents(&made.outline);
        let html = self.with_toc(made.html, &inserter.toc, &toc, page.language).into();
        let prose = Prose { toc, has_code: made.has_code };
        let kind = match page.kind {
            PageKind::Document(document) => {
                PageKind::Document(Box::new(Document { html, prose, ..*document }))
            }
            PageKind::Overlay(overlay) => PageKind::Overlay(Box::new(Overlay { html, prose, ..*overlay })),
        };
        Composed { kind, path: page.path, mistakes, anchors: anchors.into_inner() }
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

    /// The address of `@/path`: a file below the content, or a course by its slug.
    fn internal(&self, page: &Page, target: &str) -> Target {
        let (path, rest) = target.split_at(target.find(['?', '#']).unwrap_or(target.len()));
        let course = path.strip_prefix("courses/").map(|slug| slug.strip_suffix(".md").unwrap_or(slug));
        let course =
            course.map(|slug| slug.trim_end_matches('/')).filter(|slug| !matches!(*slug, "" | "_index"));
        let Some(slug) = course.filter(|slug| !slug.contains('/')) else {
            return match self.addresses.internal(page, path) {
                Ok(address) => Target::To(format!("{address}{rest}")),
                Err(message) => Target::Wrong(message, self.addresses.suggestion(path)),
            };
        };
        let empty = HashMap::new();
        let courses = self.courses.get(page.language).map_or(&empty, |courses| {
            courses.get_or_init(|| self.around.courses(&self.overlays, page.language))
        });
        match courses.get(slug) {
            Some(address) => Target::To(self.addresses.whole(address) + rest),
            None => Target::Wrong(
                format!("`@/{path}` leads to a course that is not in the catalogue"),
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

impl Shortcodes for Inserter<'_> {
    fn has_block(&self, name: &str) -> Option<bool> {
        self.around.has_block(name).or_else(|| (name == "toc").then_some(false))
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
