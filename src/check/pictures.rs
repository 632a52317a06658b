//! Pictures: whether what pages and files for machines name is there, and whether it is one.

use serde_json::Value;

use super::html::Facts;
use super::links::{Site, Target, spellings};
use super::{Input, Notes, Severity};

/// Names under which structured data have pictures.
const NAMES: [&str; 4] = ["image", "logo", "contentUrl", "thumbnailUrl"];

/// Looks at the pictures of all pages, and at those that structured data name.
pub(super) fn look(input: &Input<'_>, facts: &[Facts], notes: &mut Notes<'_>) {
    let site = Site::new(input);
    for (page, facts) in facts.iter().enumerate() {
        for (line, address) in &facts.images {
            let Target::File(path) = site.resolve(page, address) else { continue };
            if let Some(told) = (input.no_picture)(&path) {
                let needles = spellings(address, input.base_url);
                let needles: Vec<&str> = needles.iter().map(String::as_str).collect();
                let message = format!("{address} is no picture: {told}");
                notes.add(page, *line, Severity::Error, "picture", message, &needles);
            }
        }
        for (line, text) in &facts.data {
            let Ok(value) = serde_json::from_str(text) else { continue };
            for address in named(&value) {
                if let Some(message) = objection(input, &site, page, &address) {
                    notes.add(page, *line, Severity::Error, "json-ld", message, &[]);
                }
            }
        }
    }
    for (path, text) in input.exports {
        let Ok(value) = serde_json::from_str(text) else {
            notes.add_file(path, Severity::Error, "export", "the file is no JSON".to_owned());
            continue;
        };
        for address in named(&value) {
            // Exports name whole addresses: it does not matter from where one looks.
            if let Some(message) = objection(input, &site, 0, &address) {
                notes.add_file(path, Severity::Error, "export", message);
            }
        }
    }
}

/// What is wrong with the address of a picture.
fn objection(input: &Input<'_>, site: &Site<'_>, page: usize, address: &str) -> Option<String> {
    match site.resolve(page, address) {
        Target::Missing => Some(format!("the picture {address} is named, and is not there")),
        Target::File(path) => {
            let told = (input.no_picture)(&path)?;
            Some(format!("{address} is named as a picture, and is none: {told}"))
        }
        Target::Page(..) | Target::WithoutSlash => {
            Some(format!("{address} is named as a picture, and is a page"))
        }
        Target::Outside(_) | Target::Code | Target::Other => None,
    }
}

/// The addresses of pictures in structured data, each once.
fn named(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, false, 0, &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect(value: &Value, is_picture: bool, depth: usize, found: &mut Vec<String>) {
    /// JSON itself is read no deeper.
    const DEEPEST: usize = 120;
    match value {
        Value::String(address) if is_picture => found.push(address.clone()),
        Value::Array(list) if depth < DEEPEST => {
            list.iter().for_each(|value| collect(value, is_picture, depth + 1, found));
        }
        Value::Object(fields) if depth < DEEPEST => {
            for (name, value) in fields {
                // Of an object in the place of a picture, `url` is the picture; its licence is another page.
                let own = NAMES.contains(&name.as_str()) || is_picture && name == "url";
                collect(value, own, depth + 1, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_wherever_they_stand() {
        let value = serde_json::json!({"@graph": [
            {"image": "/a.png", "url": "/page/"},
            {"image": {"@type": "ImageObject", "url": "/b.png", "license": [{"contentUrl": null, "url": "/l"}]}},
            {"provider": {"logo": ["/c.png", "/a.png"]}},
        ]});
        assert_eq!(named(&value), ["/a.png", "/b.png", "/c.png"]);
    }
}
