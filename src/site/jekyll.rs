//! Names by which themes written for Jekyll look for things, beside our own.

use std::sync::Arc;

use super::views::Addresses;
use crate::model::document::Document;
use crate::model::view::{Key, List, Map, Value};

/// The layouts that fit where the theme has none of this name, best first.
pub(super) fn instead_of(layout: &str) -> &'static [&'static str] {
    match layout {
        "home" => &["index", "default"],
        "course" => &["post", "page", "default"],
        "post" | "section" => &["page", "default"],
        "page" => &["default"],
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
pub(super) fn of_document(document: &Document) -> Vec<(Key, Value)> {
    vec![
        ("path".into(), Value::from(&document.source)),
        ("content".into(), Value::Html(document.html.clone())),
        ("excerpt".into(), excerpt(&document.html)),
    ]
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
