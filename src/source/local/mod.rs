//! Local content: the Markdown pages, sections and additions to courses below `content/`, and the files beside them.
//! The mistakes of all files are told together.

mod address;
mod compose;
mod front;
mod languages;
mod scaffold;
mod walk;

use std::sync::OnceLock;

use rayon::prelude::*;

pub use compose::{File, Surroundings};
pub use scaffold::{init, new};

use crate::base::files;
use crate::base::mistakes::{self, Mistake};
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::model::document::{Asset, Content, Document, FrontMatter, Overlay};

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
    kind: PageKind,
    text: String,
    /// Where the Markdown begins in the text.
    body: usize,
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

impl PageKind {
    fn html(&self) -> &str {
        match self {
            Self::Document(document) => &document.html,
            Self::Overlay(overlay) => &overlay.html,
        }
    }
}

/// Reads all local content. No folder of content is no content.
pub fn read(config: &Config, around: &dyn Surroundings) -> Result<Content> {
    let folder = Folder::of(config);
    let (entries, mut mistakes) = walk::walk(config, &folder)?;
    let read: Vec<_> = entries.par_iter().filter_map(|entry| folder.page(config, entry)).collect();
    let mut pages = Vec::with_capacity(read.len());
    for page in read {
        match page {
            Ok(page) => pages.push(page),
            Err(found) => mistakes.extend(found),
        }
    }
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
    let mut composed: Vec<_> = pages.into_par_iter().map(|page| composer.compose(page)).collect();
    mistakes.extend(composed.iter_mut().flat_map(|page| std::mem::take(&mut page.mistakes)));
    mistakes.extend(compose::check_anchors(&composed));
    if !mistakes.is_empty() {
        return Err(mistakes::together(Kind::Content, mistakes));
    }
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
    fn page(&self, config: &Config, entry: &Entry) -> Option<Result<Page, Vec<Mistake>>> {
        if entry.role == Role::Asset {
            return None;
        }
        Some(self.text(&entry.path).map_err(|mistake| vec![mistake]).and_then(|text| {
            let (kind, body) = front::read(config, &self.file(&entry.path), entry, &text)?;
            let (path, original) = (entry.path.clone(), entry.original.clone());
            Ok(Page { path, original, language: entry.language, kind, text, body })
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
