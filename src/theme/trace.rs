//! What a page was made from, and whether it would come out the same now.

use std::cell::OnceCell;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::data::Globals;
use super::{Edition, Request, Theme};
use crate::base::digest::{Digest, Fingerprint};
use crate::liquid::{self, Entities, Note, Read};
use crate::model::view::Map;

/// All that a page was made from. It has to be rendered again only if one of these says something else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// Looks at the view, at `theme` and at `t`, in a fixed order, each with the hash of what was seen.
    pub rows: Vec<Read>,
    /// Layouts and partials, by name, those that were looked for in vain included.
    pub templates: Vec<TemplateRead>,
    /// If the time was asked for: from when until when the answer holds.
    pub clock: Option<Window>,
    /// Assets that were asked for, each with the hash of what was found.
    pub assets: Vec<Note>,
}

/// A template as it was found, or its absence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TemplateRead {
    /// What was looked for: `layouts/base`, `partials/date`.
    pub name: String,
    /// The file that was taken.
    pub file: Option<String>,
    /// The hash of that file, and of what the theme says on how it is rendered.
    pub digest: Option<Digest>,
    /// The places that come before it and have no such file; all of them if it was found nowhere.
    pub missing: Vec<String>,
}

/// A span of time: its beginning belongs to it, its end does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The moment of the render.
    pub from: Timestamp,
    /// The first moment at which the page may look different.
    pub until: Timestamp,
}

impl Window {
    /// Whether the answer still holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

/// Why a page would not come out the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// A part of the view has another value.
    Row(&'a Read),
    /// A template is another one, or is found in another place, or was not there before.
    Template(&'a TemplateRead),
    /// The answer to a question about the time holds no longer.
    Clock(Window),
    /// An asset has other bytes, or another address.
    Asset(&'a Note),
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) if row.column.is_empty() => write!(f, "`{}`", row.path),
            Self::Row(row) => write!(f, "`{}` of `{}`", row.column, row.path),
            Self::Template(template) => write!(f, "the template {}", template.name),
            Self::Asset(note) => write!(f, "the asset {}", note.key),
            Self::Clock(window) => write!(f, "the time (since {})", window.until),
        }
    }
}

impl Theme {
    /// What a row of a trace gives now: another hash than that of the row means that the page is to be rendered again.
    pub fn look(&self, row: &Read, request: &Request<'_>, entities: &dyn Entities) -> u64 {
        liquid::look(&self.globals(request, &Map::default()), entities, row)
    }

    /// A quick hash of everything that all pages see of the theme: `theme` and `t`.
    pub fn fingerprint(&self) -> u64 {
        let mark = |mark: Fingerprint, edition: &Edition| {
            mark.number(edition.options.digest().short()).number(edition.strings.digest().short())
        };
        self.editions.iter().fold(Fingerprint::new(22), mark).get()
    }

    /// What looking for a template gives now, by the name that a trace has for it.
    pub fn template(&self, name: &str) -> TemplateRead {
        self.places.look(name)
    }

    /// The first thing that a page was made from and that is different now.
    pub fn change<'t>(
        &self,
        trace: &'t Trace,
        request: &Request<'_>,
        entities: &dyn Entities,
    ) -> Option<Change<'t>> {
        if let Some(window) = trace.clock.filter(|window| !window.holds(request.now)) {
            return Some(Change::Clock(window));
        }
        if let Some(template) = trace.templates.iter().find(|read| self.template(&read.name) != **read) {
            return Some(Change::Template(template));
        }
        if let Some(note) = trace.assets.iter().find(|note| self.assets().mark(&note.key) != note.hash) {
            return Some(Change::Asset(note));
        }
        let empty = Map::default();
        let globals = self.globals(request, &empty);
        let row = trace.rows.iter().find(|row| liquid::look(&globals, entities, row) != row.hash);
        row.map(Change::Row)
    }

    pub(super) fn globals<'a>(&'a self, request: &Request<'a>, layout: &'a Map) -> Globals<'a> {
        let edition = self.edition(request.language);
        Globals {
            view: request.view,
            options: &edition.options,
            strings: &edition.strings,
            jekyll: &self.jekyll,
            content: request.content,
            layout,
            description: OnceCell::new(),
        }
    }
}
