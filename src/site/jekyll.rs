//! Names by which themes written for Jekyll look for things, beside our own.

use std::sync::Arc;

use super::documents::Placed;
use super::views::Addresses;
use crate::model::document::FrontMatter;
use crate::model::view::{Key, List, Map, Value};

/// The layouts that fit a kind of page when the theme has none of its own for it.
pub(super) fn layouts(kind: &str, is_post: bool) -> &'static [&'static str] {
    match kind {
        "home" => &["index", "default"],
        "course" => &["post", "page", "default"],
        "page" if is_post => &["page", "default"],
        "page" => &["default"],
        "section" => &["page", "default"],
        _ => &[],
    }
}

/// Scheme and host: Jekyll's `site.url` goes before `site.baseurl`.
pub(super) fn origin(addresses: &Addresses) -> &str {
    addresses.base_url.strip_suffix(&addresses.base_path).unwrap_or(&addresses.base_url)
}

/// Adds what a file says beyond what we know at the top, where Jekyll has it; our own names win.
pub(super) fn with_extra(mut entries: Vec<(Key, Value)>, extra: &Map) -> Vec<(Key, Value)> {
    for (key, value) in extra.entries() {
        if !entries.iter().any(|(known, _)| known.as_str() == key.as_str()) {
            entries.push((key.clone(), value.clone()));
        }
    }
    entries
}

/// What `site.posts` and `site.pages` tell of a document in addition.
pub(super) fn of_document(placed: &Placed<'_>) -> Vec<(Key, Value)> {
    let document = placed.document;
    vec![
        ("path".into(), Value::from(&document.source)),
        ("content".into(), Value::Html(document.html.clone())),
        ("excerpt".into(), excerpt(&document.html)),
        ("author".into(), author(&document.front)),
    ]
}

fn author(front: &FrontMatter) -> Value {
    front.extra.get("author").cloned().unwrap_or_default()
}

/// The first paragraph.
fn excerpt(html: &str) -> Value {
    let end = html.find("</p>").map_or(0, |at| at + "</p>".len());
    html[..end].find("<p>").map_or(Value::Nil, |start| Value::Html(Arc::from(&html[start..end])))
}

/// `paginator` on the home page: all posts on one page.
pub(super) fn paginator(posts: &List) -> Map {
    let count = posts.values().len();
    Map::new(vec![
        ("page".into(), Value::Int(1)),
        ("per_page".into(), count.into()),
        ("total_pages".into(), Value::Int(1)),
        ("total_posts".into(), count.into()),
        ("posts".into(), posts.clone().into()),
        ("previous_page".into(), Value::Nil),
        ("previous_page_path".into(), Value::Nil),
        ("next_page".into(), Value::Nil),
        ("next_page_path".into(), Value::Nil),
    ])
}
