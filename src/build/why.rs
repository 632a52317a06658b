//! Why a page is as it is: what it read, and what of it has another value now.

use super::before::Before;
use super::plan::{Judge, What, with_request};
use super::reads;
use super::reason::Reason;
use super::run::Request;
use super::trace::{Row, Trace};
use crate::base::text::did_you_mean;
use crate::error::{Error, Kind, Result};
use crate::site::{Page, PageRef, Route};

/// One page explained.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// The page by its path in the output.
    pub path: String,
    /// Why it would be rendered now; nothing if it would stay.
    pub stale: Option<Reason>,
    /// What it read when it was last built.
    pub reads: Vec<ReadLine>,
    /// The second since 1970 at which it looks different without any change of the data.
    pub flips_at: Option<i64>,
}

/// One thing that a page read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReadLine {
    /// What: `the value of course:ck9zz.title`, `layouts/course`.
    pub what: String,
    /// Whether it is a layout or a partial.
    pub is_template: bool,
    /// The hash of what was seen.
    pub before: u64,
    /// The hash of what is there now.
    pub now: u64,
}

/// Explains the pages that `asked` names: a path in the output, an address, a record (`course:ck9zz`), or a file that
/// pages were made from.
pub fn why(request: &Request<'_>, asked: &str) -> Result<Vec<Explanation>> {
    let before = Before::load(request, None)?;
    let mut judge = Judge::new(request, &before);
    let mut explanations = Vec::new();
    for page in pages(request, &before, asked)? {
        let at = before.traces.files.binary_search_by(|(known, _)| (**known).cmp(page.route.path()));
        let old = at.ok().and_then(|at| Some((at, &before.traces.files.get(at)?.1)));
        let stale = judge.judge(What::Page(&page), old)?.err();
        let lines = old.map(|(_, trace)| lines(request, &before, &page, trace)).unwrap_or_default();
        let flips_at = old.map(|(_, trace)| trace.until).filter(|at| *at != i64::MAX);
        explanations.push(Explanation { path: page.route.path().to_owned(), stale, reads: lines, flips_at });
    }
    Ok(explanations)
}

fn lines(request: &Request<'_>, before: &Before, page: &Page, trace: &Trace) -> Vec<ReadLine> {
    let Some(shape) = before.traces.shapes.get(trace.shape as usize) else { return Vec::new() };
    let look = reads::Look::new(request.theme, request.site);
    let mut own = trace.hashes.iter();
    let lines = with_request(request.now, page, |rendering| {
        let line = |row: &Row| ReadLine {
            what: reads::describe(row, page.record.as_deref()),
            is_template: reads::template(row).is_some(),
            before: row.shared.or_else(|| own.next().copied()).unwrap_or_default(),
            now: look.now(row, page, rendering),
        };
        shape.iter().map(line).collect::<Vec<_>>()
    });
    let asset = |number: &u32| {
        let (name, before) = before.traces.assets.get(*number as usize)?;
        let now = request.theme.assets().mark(name);
        Some(ReadLine { what: format!("the asset {name}"), is_template: false, before: *before, now })
    };
    lines.into_iter().flatten().chain(trace.assets.iter().filter_map(asset)).collect()
}

/// The pages that are meant.
fn pages<'a>(request: &'a Request<'_>, before: &Before, asked: &str) -> Result<Vec<PageRef<'a>>> {
    let site = request.site;
    let asked = asked.strip_prefix("./").unwrap_or(asked).trim();
    let by_path = |path: &str| site.page(path);
    let address = address(request, asked);
    let is_at = |address: &str| by_path(Route::of_address(address).ok()?.path());
    // A folder's address ends in a slash, and all begin with one; people leave out either.
    let by_address = || {
        let whole = format!("/{}", address.trim_start_matches('/'));
        is_at(&whole).or_else(|| is_at(&format!("{whole}/")))
    };
    if let Some(page) = by_path(asked.strip_prefix("output/").unwrap_or(asked)).or_else(by_address) {
        return Ok(vec![page]);
    }
    let mut of_record = site.all();
    of_record.retain(|page| page.record.as_deref() == Some(asked));
    if !of_record.is_empty() {
        return Ok(of_record);
    }
    let source = asked.strip_prefix("content/").unwrap_or(asked);
    let from: Vec<PageRef<'_>> =
        site.routes_of(source).iter().filter_map(|route| by_path(route.path())).collect();
    if !from.is_empty() {
        return Ok(from);
    }
    if let Some(name) = template_name(asked) {
        let uses = |trace: &Trace| {
            let shape = before.traces.shapes.get(trace.shape as usize);
            shape.is_some_and(|shape| shape.iter().any(|row| reads::template(row) == Some(name.as_str())))
        };
        let readers = before.traces.files.iter().filter(|(_, trace)| uses(trace));
        let readers: Vec<PageRef<'_>> = readers.filter_map(|(path, _)| by_path(path)).collect();
        if !readers.is_empty() {
            return Ok(readers);
        }
    }
    let asset = asked.strip_prefix("static/").or_else(|| asked.strip_prefix("sass/")).unwrap_or(asked);
    let asset = asset.trim_start_matches('/').replace(".scss", ".css");
    let names = &before.traces.assets;
    let is_meant = |number: &u32| {
        names.get(*number as usize).is_some_and(|(name, _)| name.trim_start_matches('/') == asset)
    };
    let readers = before.traces.files.iter().filter(|(_, trace)| trace.assets.iter().any(is_meant));
    let readers: Vec<PageRef<'_>> = readers.filter_map(|(path, _)| by_path(path)).collect();
    if !readers.is_empty() {
        return Ok(readers);
    }
    let addresses: Vec<String> =
        site.paths().filter_map(|path| Route::file(path).ok()).map(|route| route.address()).collect();
    let addresses = addresses.iter().map(|address| address.trim_matches('/'));
    let known = site.paths().chain(addresses);
    Err(Error::new(Kind::NotFound, format!("no page is {asked} or was made from it"))
        .maybe_hint(did_you_mean(asked.trim_matches('/'), known))
        .hint("name a page (courses/x/index.html), an address (/courses/x/), a record (course:ID) or a file (templates/layouts/x.liquid)"))
}

/// The address below the site's base address.
fn address(request: &Request<'_>, asked: &str) -> String {
    let base = request.site.base_url();
    let path = asked.strip_prefix(base).unwrap_or(asked);
    let path = path.split(['?', '#']).next().unwrap_or("");
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

/// `templates/layouts/x.liquid` and `themes/t/_layouts/x.html` are both the layout `layouts/x`.
fn template_name(file: &str) -> Option<String> {
    let folders = [
        ("layouts/", "layouts"),
        ("_layouts/", "layouts"),
        ("partials/", "partials"),
        ("_includes/", "partials"),
    ];
    let (folder, kind) = folders
        .into_iter()
        .find(|(folder, _)| file.starts_with(folder) || file.contains(&format!("/{folder}")))?;
    let name = &file[file.rfind(folder)? + folder.len()..];
    let stem = name.strip_suffix(".liquid").or_else(|| name.strip_suffix(".html")).unwrap_or(name);
    Some(format!("{kind}/{stem}"))
}
