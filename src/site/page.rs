//! A page: where it lives, when it may appear, and what makes it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use rayon::prelude::*;

use super::route::Route;
use crate::model::view::{Entries, Map};

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
    /// A quick hash of everything that its view is made from, but `site`, which has one of its own. While it stays the
    /// same, nothing that only this page sees has changed, and nobody has to look closer.
    pub inputs: u64,
    /// The record that the page is about.
    pub record: Option<Arc<str>>,
    /// What is the same in all translations of the page, where neither its record nor its route is.
    pub identity: Option<Arc<str>>,
    /// Its language, by the place in the configuration's list; planned pages get it when they are put in their place.
    pub language: usize,
    /// Whether it is the page of the main language once more, in the tree of a language that has no translation of it.
    pub is_stand_in: bool,
}

impl Page {
    /// Whether the source alone decides that there is such a page: of a course, or a list that its courses make.
    pub(super) fn is_of_source(&self) -> bool {
        let identity = self.identity();
        let lists = ["places/", "months/"];
        identity.starts_with("course:") || lists.iter().any(|list| identity.starts_with(list))
    }

    /// What is the same in all translations of the page, as long as it is not yet in its language's tree.
    pub(super) fn identity(&self) -> Arc<str> {
        let own = self.identity.as_ref().or(self.record.as_ref());
        own.cloned().unwrap_or_else(|| self.route.path().into())
    }
}

/// A page that is there, or one that was made for whoever asked.
#[derive(Debug)]
pub enum PageRef<'a> {
    /// It is there.
    There(&'a Page),
    /// It was made.
    Made(Box<Page>),
}

impl From<Page> for PageRef<'_> {
    fn from(page: Page) -> Self {
        Self::Made(page.into())
    }
}

impl Deref for PageRef<'_> {
    type Target = Page;
    fn deref(&self) -> &Page {
        match self {
            Self::There(page) => page,
            Self::Made(page) => page,
        }
    }
}

/// What makes a page.
#[derive(Debug)]
pub enum Body {
    /// A layout over a view.
    Layout {
        /// The layouts that fit, best first.
        layouts: Arc<[Arc<str>]>,
        /// What the templates see.
        view: View,
        /// The HTML of the page's own text.
        content: Option<Arc<str>>,
    },
    /// Bytes that need no template, made when they are needed.
    Made(Make),
}

/// Makes the bytes of a file.
pub enum Make {
    /// At once.
    Whole(Box<dyn Fn() -> Vec<u8> + Send + Sync>),
    /// Part by part.
    Parts(Parts),
}

/// A file of many records, made part by part: a part that is made from the same things as before need not be made again.
pub struct Parts {
    marks: Box<[u64]>,
    make: Box<dyn Fn(usize) -> Vec<u8> + Send + Sync>,
}

impl Parts {
    /// A quick hash of everything that each part is made from. Parts with one mark are the same bytes.
    pub fn marks(&self) -> &[u64] {
        &self.marks
    }

    /// The bytes of the part at this place; the same each time.
    pub fn part(&self, at: usize) -> Vec<u8> {
        (self.make)(at)
    }
}

impl Make {
    /// A maker of bytes.
    pub(super) fn new(make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::Whole(Box::new(make))
    }

    /// A maker of a file in parts, by a quick hash of everything that each is made from.
    pub(super) fn of_parts(marks: Vec<u64>, make: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::Parts(Parts { marks: marks.into(), make: Box::new(make) })
    }

    /// The bytes; the same each time.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Whole(make) => make(),
            Self::Parts(parts) => {
                let made: Vec<Vec<u8>> =
                    (0..parts.marks.len()).into_par_iter().map(|at| parts.part(at)).collect();
                made.concat()
            }
        }
    }
}

impl fmt::Debug for Make {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Make")
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("number", &self.marks.len()).finish_non_exhaustive()
    }
}

/// The view of a page: there, or made for whoever looks and dropped afterwards, so that a build of many pages does not
/// keep them all.
pub enum View {
    /// It is there.
    Here(Map),
    /// It is made by its number.
    Made(Arc<dyn Entries>, u32),
}

impl View {
    /// The root of the view.
    pub fn map(&self) -> Map {
        match self {
            Self::Here(map) => map.clone(),
            Self::Made(maker, number) => Map::lazy(None, maker.clone(), *number),
        }
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View")
    }
}
