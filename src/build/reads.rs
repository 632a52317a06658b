//! Between what the theme says a page read and the rows of a trace.

use super::trace::{Row, Shape, Trace};
use crate::base::digest::Fingerprint;
use crate::site::{Body, Page, Site};
use crate::theme::{self, ReadKind, Theme};

/// The kind of a row that is a layout or partial by name; the others are those of the theme.
const TEMPLATE: u8 = u8::MAX;
/// The kind of a row that is the list of layouts that fit the page.
const LAYOUTS: u8 = u8::MAX - 1;
/// Stands for the page's own record in a path, so that pages of different records have one shape.
const SELF: &str = "@self";

/// What a page read, as a shape and the page's own hashes.
pub(super) fn shape_of(trace: &theme::Trace, page: &Page) -> (Shape, Box<[u64]>) {
    let own = page.record.as_deref().map(theme::record_path);
    let mut shape = Vec::with_capacity(trace.reads.len() + trace.templates.len() + 1);
    let mut hashes = vec![layouts(page)];
    shape.push(Row { kind: LAYOUTS, path: "layouts".into(), column: "".into(), shared: None });
    for read in &trace.reads {
        let path = match own.as_deref().and_then(|own| below(&read.path, own)) {
            Some(rest) => format!("{SELF}{rest}").into(),
            None => read.path.as_str().into(),
        };
        let shared = is_shared(&read.path).then_some(read.hash);
        if shared.is_none() {
            hashes.push(read.hash);
        }
        shape.push(Row { kind: read.kind as u8, path, column: read.column.as_str().into(), shared });
    }
    for template in &trace.templates {
        let path = template.name.as_str().into();
        shape.push(Row { kind: TEMPLATE, path, column: "".into(), shared: Some(template.hash) });
    }
    (shape, hashes.into())
}

fn layouts(page: &Page) -> u64 {
    let Body::Layout { layouts, .. } = &page.body else { return 0 };
    layouts.iter().fold(Fingerprint::new(16), |mark, layout| mark.text(layout)).get()
}

/// What follows `place` in `path`, if `path` leads to it or below it.
fn below<'a>(path: &'a str, place: &str) -> Option<&'a str> {
    path.strip_prefix(place).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether all pages see the same there.
fn is_shared(path: &str) -> bool {
    ["site", "theme", "t"].iter().any(|root| below(path, root).is_some())
}

/// Looks at the present state of things as pages did.
pub(super) struct Look<'a> {
    pub(super) theme: &'a Theme,
    pub(super) site: &'a Site,
}

impl Look<'_> {
    /// What a row gives now, in the view of a page; `None` for the view of no page, where only shared rows make sense.
    pub(super) fn now(&self, row: &Row, page: Option<(&Page, &theme::Request<'_>)>) -> u64 {
        if row.kind == TEMPLATE {
            return self.theme.template_hash(&row.path);
        }
        if row.kind == LAYOUTS {
            return page.map_or(0, |(page, _)| layouts(page));
        }
        let Some(kind) = ReadKind::from_number(row.kind) else { return 0 };
        let own = page.and_then(|(page, _)| page.record.as_deref()).map(theme::record_path);
        let path = match (row.path.strip_prefix(SELF), own) {
            (Some(rest), Some(own)) => format!("{own}{rest}"),
            _ => row.path.to_string(),
        };
        let read = theme::Read { kind, path, column: row.column.to_string(), hash: 0 };
        let record = |id: &str| self.site.record(id).cloned();
        match page {
            Some((_, request)) => self.theme.look(&read, request.view, request.content, &record),
            None => {
                let root = [("site", self.site.view.clone())].into_iter().collect();
                self.theme.look(&read, &root, None, &record)
            }
        }
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
            let after = self.now(row, Some((page, request)));
            (after != *before).then_some((row, *before, after))
        })
    }
}

/// A row in words; `@self` is the page's own record.
pub(super) fn describe(row: &Row, page: Option<&str>) -> String {
    let path = match (row.path.strip_prefix(SELF), page) {
        (Some(rest), Some(record)) => format!("{record}{rest}"),
        _ => row.path.trim_start_matches('@').to_owned(),
    };
    if row.kind == TEMPLATE || row.kind == LAYOUTS {
        return path;
    }
    match ReadKind::from_number(row.kind) {
        Some(kind) => theme::describe(kind, &path, &row.column),
        None => path,
    }
}

/// The name of the layout or partial that a row is about.
pub(super) fn template(row: &Row) -> Option<&str> {
    (row.kind == TEMPLATE).then_some(&*row.path)
}
