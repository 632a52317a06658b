//! The table of contents of a page: `{% toc %}` in a layout, and in the Markdown of a local file.

use std::fmt::Write as _;

use super::Theme;
use super::dialect::escaped;
use crate::model::view::{List, Map, Value};

/// A heading, with those below it.
pub(super) struct Heading {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) below: Vec<Heading>,
}

impl Theme {
    /// The table of contents of a text, from its `page.toc`, as deep as `depth`; nothing where it has no headings.
    pub fn toc(&self, toc: &List, language: usize, depth: usize) -> String {
        let label = match self.edition(language).strings.get("toc") {
            Some(Value::Text(label)) => Some(&**label),
            _ => None,
        };
        html(&headings(toc), label, depth)
    }
}

fn headings(list: &List) -> Vec<Heading> {
    let text = |map: &Map, key: &str| match map.get(key) {
        Some(Value::Text(text)) => text.to_string(),
        _ => String::new(),
    };
    let heading = |value: &Value| {
        let Value::Map(map) = value else { return None };
        let below = match map.get("children") {
            Some(Value::List(below)) => headings(below),
            _ => Vec::new(),
        };
        Some(Heading { id: text(map, "id"), title: text(map, "title"), below })
    };
    list.values().iter().filter_map(heading).collect()
}

/// The list as HTML.
pub(super) fn html(headings: &[Heading], label: Option<&str>, depth: usize) -> String {
    if headings.is_empty() || depth == 0 {
        return String::new();
    }
    let mut html = String::from("<nav class=\"toc\"");
    if let Some(label) = label.map(escaped) {
        let _ = write!(html, " aria-label=\"{label}\"><p class=\"label\" aria-hidden=\"true\">{label}</p");
    }
    html.push_str(">\n");
    list(&mut html, headings, depth);
    html.push_str("</nav>");
    html
}

fn list(html: &mut String, headings: &[Heading], depth: usize) {
    html.push_str("<ol>\n");
    for heading in headings {
        let _ = write!(html, "<li><a href=\"#{}\">{}</a>", escaped(&heading.id), escaped(&heading.title));
        if depth > 1 && !heading.below.is_empty() {
            html.push('\n');
            list(html, &heading.below, depth - 1);
        }
        html.push_str("</li>\n");
    }
    html.push_str("</ol>\n");
}
