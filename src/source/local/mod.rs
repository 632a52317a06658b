//! Local content: the Markdown pages, sections and additions to courses below `content/`, and the files beside them.
//! The mistakes of all files are told together.

mod address;
mod compose;
mod data;
mod foreign;
mod front;
mod languages;
mod results;
mod scaffold;
mod walk;

use std::collections::HashMap;
use std::sync::OnceLock;

use jiff::Timestamp;
use rayon::prelude::*;

pub use compose::{File, Lacking, Surroundings};
pub use data::data;
pub use foreign::foreign_languages;
pub use results::{ResultRow, results};
pub use scaffold::{init, new};

use crate::base::files;
use crate::base::mistakes::{self, Mistake};
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::model::document::{Asset, Content, Document, FrontMatter, Overlay};
use crate::model::publication::{self, HeldBack, Life, Wanted, Why};

use address::Addresses;
use compose::Composer;
use walk::{Entry, Role};

/// A content file whose front matter is read and whose Markdown is not yet.
#[derive(Debug)]
struct Page {
    /// The file below `content/`.
    path: String,
    /// The same without its language.
    original: String,
    language: usize,
    /// What keeps it from being published.
    kept_back: Option<Why>,
    kind: PageKind,
    text: String,
    /// Where the Markdown begins in the text.
    body: usize,
    /// What is not as it is meant, though the page can do without.
    remarks: Vec<Mistake>,
}

#[derive(Debug)]
enum PageKind {
    Document(Box<Document>),
    Overlay(Box<Overlay>),
}

impl Page {
    fn front(&self) -> &FrontMatter {
        match &self.kind {
            PageKind::Document(document) => &document.front,
            PageKind::Overlay(overlay) => &overlay.front,
        }
    }
}

impl Page {
    fn front_mut(&mut self) -> &mut FrontMatter {
        match &mut self.kind {
            PageKind::Document(document) => &mut document.front,
            PageKind::Overlay(overlay) => &mut overlay.front,
        }
    }

    fn held_back(&self) -> Option<HeldBack> {
        let why = self.kept_back?;
        Some(HeldBack { source: self.path.as_str().into(), title: self.front().title.clone(), why })
    }
}

/// Works out what is not published now, and how long that holds. A translation lives as the file in the main language
/// does, unless it says otherwise.
fn hold_back(config: &Config, pages: &mut [Page], now: Timestamp) -> Option<(i64, i64)> {
    let wanted = Wanted { drafts: config.courses.drafts, future: config.courses.future };
    let zone = &config.site.time_zone;
    let life = |page: &Page| Life::of(page.front(), zone, matches!(page.kind, PageKind::Document(_)));
    let main: HashMap<String, Life> = pages
        .iter()
        .filter(|page| page.language == 0)
        .map(|page| (page.original.clone(), life(page)))
        .collect();
    for page in pages.iter_mut() {
        let life = life(page).or(main.get(&page.original).copied().unwrap_or_default());
        page.kept_back = life.kept_back(page.front().draft, now, wanted);
        page.front_mut().is_held_back = page.kept_back.is_some();
    }
    publication::window(pages.iter().flat_map(|page| life(page).moments()), now)
}

impl PageKind {
    fn html(&self) -> &str {
        match self {
            Self::Document(document) => &document.html,
            Self::Overlay(overlay) => &overlay.html,
        }
    }
}

/// Reads all local content. No folder of content is no content.
pub fn read(config: &Config, around: &dyn Surroundings, now: Timestamp) -> Result<Content> {
    let folder = Folder::of(config);
    let (entries, mut mistakes) = walk::walk(config, &folder)?;
    let read: Vec<_> = entries.par_iter().filter_map(|entry| folder.page(config, entry, around)).collect();
    let mut pages = Vec::with_capacity(read.len());
    for page in read {
        match page {
            Ok(page) => pages.push(page),
            Err(found) => mistakes.extend(found),
        }
    }
    let window = hold_back(config, &mut pages, now);
    let assets: Vec<&Entry> = entries.iter().filter(|entry| entry.role == Role::Asset).collect();
    let (addresses, clashes) = Addresses::of(config, &folder, &pages, &assets);
    mistakes.extend(clashes);
    if !mistakes.is_empty() {
        return Err(mistakes::together(Kind::Content, mistakes));
    }

    let mut content = Content {
        assets: assets
            .iter()
            .map(|entry| Asset { file: folder.path.join(&entry.path), route: addresses.asset(&entry.path) })
            .collect(),
        ..Content::default()
    };
    content.assets.sort_by(|a, b| a.route.cmp(&b.route));
    around.found(&content.assets);
    // What a course is without its file it is not while the file is kept back: the course itself is, then.
    let is_built = |page: &Page| page.kept_back.is_none() || matches!(page.kind, PageKind::Overlay(_));
    let (pages, kept_back): (Vec<_>, Vec<_>) = pages.into_iter().partition(is_built);
    content.held_back = pages.iter().chain(&kept_back).filter_map(Page::held_back).collect();
    content.window = window;
    let overlays = pages.iter().filter_map(|page| match &page.kind {
        PageKind::Overlay(overlay) => Some(Overlay::clone(overlay).into()),
        PageKind::Document(_) => None,
    });
    let fronts = overlays.collect();
    let composer = Composer {
        config,
        folder: &folder,
        addresses: &addresses,
        around,
        overlays: fronts,
        courses: config.languages.iter().map(|_| OnceLock::new()).collect(),
    };
    composer.look_up_courses(&pages);
    let mut composed: Vec<_> = pages.into_par_iter().map(|page| composer.compose(page)).collect();
    mistakes.extend(composed.iter_mut().flat_map(|page| std::mem::take(&mut page.mistakes)));
    mistakes.extend(compose::check_anchors(&composed));
    if !mistakes.is_empty() {
        return Err(mistakes::together(Kind::Content, mistakes));
    }
    content.remarks = composed.iter_mut().flat_map(|page| std::mem::take(&mut page.remarks)).collect();
    let mut overlays = Vec::new();
    for page in composed {
        match page.kind {
            PageKind::Document(document) => content.documents.push(*document),
            PageKind::Overlay(overlay) => overlays.push(*overlay),
        }
    }
    if config.languages.len() > 1 {
        languages::inherit(&mut content.documents, &mut overlays);
    }
    content.overlays = overlays.into_iter().map(Into::into).collect();
    Ok(content)
}

/// `content/` on the disk, and its name in messages.
#[derive(Debug)]
struct Folder {
    path: std::path::PathBuf,
    name: String,
}

impl Folder {
    fn of(config: &Config) -> Self {
        let path = config.paths.content.clone();
        let name = files::slashed(path.strip_prefix(&config.root).unwrap_or(&path));
        Self { path, name }
    }

    /// The name of a file in messages: `content/faq.md`.
    fn file(&self, path: &str) -> String {
        format!("{}/{path}", self.name)
    }

    /// Reads a page's file as far as its front matter; nothing where the entry is no page.
    fn page(
        &self,
        config: &Config,
        entry: &Entry,
        around: &dyn Surroundings,
    ) -> Option<Result<Page, Vec<Mistake>>> {
        if entry.role == Role::Asset {
            return None;
        }
        Some(self.text(&entry.path).map_err(|mistake| vec![mistake]).and_then(|text| {
            let front::Read { kind, body, remarks } =
                front::read(config, &self.file(&entry.path), entry, &text, around)?;
            let (path, original) = (entry.path.clone(), entry.original.clone());
            Ok(Page { path, original, language: entry.language, kept_back: None, kind, text, body, remarks })
        }))
    }

    fn text(&self, path: &str) -> Result<String, Mistake> {
        let wrong = |message: &str| Mistake::new(self.file(path), message);
        let bytes = std::fs::read(self.path.join(path)).map_err(|e| {
            wrong(&format!("cannot be read: {e}")).hint(Some("check the permissions of the file"))
        })?;
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(wrong("is UTF-16 text").hint(Some("save the file as UTF-8")));
        }
        String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            let line = e.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count() + 1;
            wrong(&format!("is not UTF-8 text (line {line})")).hint(Some("save the file as UTF-8"))
        })
    }
}
