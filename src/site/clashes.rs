//! Two pages that want one address: an error that names both.

use super::page::Page;
use crate::config::Config;
use crate::error::{Error, Kind, Result};

/// Looks at pages that are sorted by their routes.
pub(super) fn check(config: &Config, pages: &[Page]) -> Result<()> {
    let Some([one, other]) = pages.array_windows().find(|[one, other]| one.route == other.route) else {
        return Ok(());
    };
    let mut names = [name(config, one), name(config, other)];
    // What somebody wrote comes before what the site makes.
    names.sort_by_key(|name| !name.starts_with("content/"));
    let [first, second] = names;
    let message = format!("{first} and {second} want the same address, {}", one.route.address());
    let hint = "give the file another name, or another address by `slug` in its front matter";
    Err(Error::new(Kind::Content, message).hint(hint))
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
