//! Between what the theme says a page read and the rows of a trace.

use std::cell::OnceCell;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::trace::{Row, Shape, Shapes, Trace};
use crate::base::digest::Fingerprint;
use crate::model::view::Map;
use crate::site::{Body, Page, Site};
use crate::theme::{self, ReadKind, TemplateRead, Theme, Top, Treat};

/// The kind of a row that is a layout or partial by name; the others are those of the theme.
const TEMPLATE: u8 = u8::MAX;
/// The kind of a row that is the list of layouts that fit the page.
const LAYOUTS: u8 = u8::MAX - 1;
/// Stands for the page's own record in a path, so that pages of different records have one shape.
const SELF: &str = "@self";

/// What every page sees.
const SHARED: [&str; 3] = ["site", "theme", "t"];

/// The kinds of looks that have rows, by the numbers that stand in traces.
const KINDS: [ReadKind; 6] =
    [ReadKind::Truth, ReadKind::Value, ReadKind::Len, ReadKind::Items, ReadKind::Column, ReadKind::Subtree];

fn number(kind: ReadKind) -> u8 {
    KINDS.iter().position(|known| *known == kind).map_or(LAYOUTS - 1, |at| at as u8)
}

/// What a page read: the number of its shape, and the page's own hashes.
///
/// Most pages have a shape that others had before them, and are told by a hash of it: nothing is put into words for them.
pub(super) fn told(told: &theme::Told<'_>, page: &Page, shapes: &Mutex<Shapes>) -> (u32, Box<[u64]>) {
    let own = page.record.as_deref();
    let mut hashes = vec![layouts(page)];
    let print = told.digest(
        |top| match top {
            Top::Entity(id) if own == Some(id) => Treat::OwnUnnamed,
            Top::Entity(_) => Treat::Shared,
            Top::Name(name) if SHARED.contains(&name) => Treat::Shared,
            Top::Name(_) => Treat::Own,
        },
        &mut hashes,
    );
    let lock = || shapes.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(number) = lock().known(print) {
        return (number, hashes.into());
    }
    let (shape, hashes) = shape_of(&told.rows(), &told.templates(), page);
    (lock().learn(print, shape), hashes)
}

/// The same as a shape.
fn shape_of(rows: &[theme::Read], templates: &[TemplateRead], page: &Page) -> (Shape, Box<[u64]>) {
    let own = page.record.as_deref().map(place);
    let mut shape = Vec::with_capacity(rows.len() + templates.len() + 1);
    let mut hashes = vec![layouts(page)];
    shape.push(Row { kind: LAYOUTS, path: "layouts".into(), column: "".into(), shared: None });
    for read in rows {
        let path: Box<str> = match own.as_deref().and_then(|own| below(&read.path, own)) {
            Some(rest) => format!("{SELF}{rest}").into(),
            None => read.path.as_str().into(),
        };
        let shared = is_shared(&path).then_some(read.hash);
        if shared.is_none() {
            hashes.push(read.hash);
        }
        shape.push(Row { kind: number(read.kind), path, column: read.column.as_str().into(), shared });
    }
    for template in templates {
        let path = template.name.as_str().into();
        shape.push(Row { kind: TEMPLATE, path, column: "".into(), shared: Some(hash_of(template)) });
    }
    (shape, hashes.into())
}

/// The hash of a template as it was found; 0 where it was not.
fn hash_of(template: &TemplateRead) -> u64 {
    let Some(digest) = template.digest else { return 0 };
    let mark = Fingerprint::new(21).maybe(template.file.as_deref()).number(digest.short());
    template.missing.iter().fold(mark, |mark, place| mark.text(place)).get()
}

/// Where a record's reads are found in a trace: `@course:ck9zz`, with the signs of a path escaped.
fn place(id: &str) -> String {
    let mut place = String::from("@");
    for character in id.chars() {
        if matches!(character, '.' | '[' | ']' | '@' | '\\') {
            place.push('\\');
        }
        place.push(character);
    }
    place
}

fn layouts(page: &Page) -> u64 {
    let Body::Layout { layouts, .. } = &page.body else { return 0 };
    layouts.iter().fold(Fingerprint::new(16), |mark, layout| mark.text(layout)).get()
}

/// What follows `place` in `path`, if `path` leads to it or below it.
fn below<'a>(path: &'a str, place: &str) -> Option<&'a str> {
    path.strip_prefix(place).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether all pages see the same there: what every page has, and other records, wherever the page met them.
fn is_shared(path: &str) -> bool {
    let is_other_record = path.starts_with('@') && below(path, SELF).is_none();
    is_other_record || SHARED.iter().any(|root| below(path, root).is_some())
}

/// Looks at the present state of things as pages did.
pub(super) struct Look<'a> {
    theme: &'a Theme,
    site: &'a Site,
    /// The site's records by their ids in each language, once somebody asks for one.
    records: Vec<OnceCell<theme::Records<'a>>>,
}

impl<'a> Look<'a> {
    pub(super) fn new(theme: &'a Theme, site: &'a Site) -> Self {
        Self { theme, site, records: site.editions.iter().map(|_| OnceCell::new()).collect() }
    }

    /// What a row gives now in the view of a page.
    pub(super) fn now(&self, row: &Row, page: &Page, request: &theme::Request<'_>) -> u64 {
        match row.kind {
            LAYOUTS => layouts(page),
            _ => self.look(row, page.record.as_deref(), request),
        }
    }

    /// What a row gives now that all pages of a language share.
    pub(super) fn shared(&self, row: &Row, language: usize) -> u64 {
        let Some(edition) = self.site.editions.get(language) else { return 0 };
        let root: Map = [("site", edition.view.clone())].into_iter().collect();
        let now = Timestamp::UNIX_EPOCH;
        self.look(
            row,
            None,
            &theme::Request { layouts: &[], view: &root, content: None, language, now, name: "" },
        )
    }

    fn look(&self, row: &Row, record: Option<&str>, request: &theme::Request<'_>) -> u64 {
        if row.kind == TEMPLATE {
            return hash_of(&self.theme.template(&row.path));
        }
        let Some(kind) = KINDS.get(usize::from(row.kind)).copied() else { return 0 };
        let path = match (row.path.strip_prefix(SELF), record.map(place)) {
            (Some(rest), Some(own)) => format!("{own}{rest}"),
            _ => row.path.to_string(),
        };
        let read = theme::Read { kind, path, column: row.column.to_string(), hash: 0 };
        let edition = self.site.editions.get(request.language).zip(self.records.get(request.language));
        let Some((edition, records)) = edition else { return 0 };
        let records = records.get_or_init(|| theme::Records::new(edition.records()));
        self.theme.look(&read, request, records)
    }

    /// The first of a page's own reads that gives something else now: the row, what was seen, what is there.
    pub(super) fn changed<'s>(
        &self,
        shape: &'s Shape,
        trace: &Trace,
        page: &Page,
        request: &theme::Request<'_>,
    ) -> Option<(&'s Row, u64, u64)> {
        let own = shape.iter().filter(|row| row.shared.is_none());
        own.zip(&trace.hashes).find_map(|(row, before)| {
            let after = self.now(row, page, request);
            (after != *before).then_some((row, *before, after))
        })
    }
}

/// A row in words; `@self` is the page's own record.
pub(super) fn describe(row: &Row, record: Option<&str>) -> String {
    let path = match (row.path.strip_prefix(SELF), record) {
        (Some(rest), Some(record)) => format!("{record}{rest}"),
        _ => row.path.trim_start_matches('@').to_owned(),
    };
    match KINDS.get(usize::from(row.kind)) {
        Some(ReadKind::Truth) => format!("whether there is {path}"),
        Some(ReadKind::Len) => format!("how many {path} there are"),
        Some(ReadKind::Items) => format!("which {path} there are, in order"),
        Some(ReadKind::Column) => format!("{} of all {path}, in order", row.column),
        Some(ReadKind::Subtree) => format!("all of {path}"),
        Some(_) => path,
        None if row.kind == LAYOUTS => "the choice of layouts".to_owned(),
        None => path,
    }
}

/// The name of the layout or partial that a row is about.
pub(super) fn template(row: &Row) -> Option<&str> {
    (row.kind == TEMPLATE).then_some(&*row.path)
}
