//! Two pages that want one address: an error that names both.

use super::family::Family;
use super::page::Page;
use crate::config::Config;
use crate::error::{Error, Kind, Result};

/// Looks at pages that are sorted by their routes, and whether one of the family has the address of one of them.
pub(super) fn check(config: &Config, pages: &[Page], family: &Family) -> Result<()> {
    let twice = pages.array_windows().find(|[one, other]| one.route == other.route);
    if let Some([one, other]) = twice {
        return Err(clash(config, one, other));
    }
    let Some(last) = family.len().checked_sub(1) else { return Ok(()) };
    let (first, last) = (family.path(0), family.path(last));
    let near = pages.iter().skip_while(|page| page.route.path() < first);
    for page in near.take_while(|page| page.route.path() <= last) {
        if let Some(at) = family.find(page.route.path()) {
            return Err(clash(config, page, &family.page(at)));
        }
    }
    Ok(())
}

fn clash(config: &Config, one: &Page, other: &Page) -> Error {
    let mut names = [name(config, one), name(config, other)];
    // What somebody wrote comes before what the site makes.
    names.sort_by_key(|name| !name.starts_with("content/"));
    let [first, second] = names;
    let message = format!("{first} and {second} want the same address, {}", one.route.address());
    let hint = "give the file another name, or another address by `slug` in its front matter";
    Error::new(Kind::Content, message).hint(hint)
}

fn name(config: &Config, page: &Page) -> String {
    let identity = page.identity();
    if let Some(file) = identity.strip_prefix("document:") {
        return format!("content/{file}");
    }
    if let Some(id) = identity.strip_prefix("course:") {
        return format!("the course {}", crate::base::mistakes::shown(id));
    }
    let parts: Vec<&str> = identity.split('/').collect();
    match parts.as_slice() {
        ["levels", level, ..] => format!("the list of the level `{level}`"),
        ["places", place, ..] => format!("the list of the place `{place}`"),
        ["months", month, ..] => format!("the list of the month {month}"),
        ["courses", "archive", ..] => "the list of past courses".to_owned(),
        ["courses", ..] => "the list of all courses".to_owned(),
        ["search", ..] => "the search".to_owned(),
        [slug, ..] if config.taxonomies.iter().any(|taxonomy| taxonomy.slug == *slug) => {
            format!("a list of the taxonomy `{slug}`")
        }
        _ => format!("a page that the site makes ({identity})"),
    }
}
