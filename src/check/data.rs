//! JSON-LD: whether it can be read, and whether each thing in it has what search engines ask of its type.

use serde_json::Value;

/// What a type must have, by schema.org and by what Google documents for course lists, breadcrumbs and events.
const REQUIRED: &[(&str, &[&str])] = &[
    ("BreadcrumbList", &["itemListElement"]),
    ("Course", &["name", "description", "provider"]),
    ("CourseInstance", &["courseMode"]),
    ("EducationEvent", &["name", "startDate", "location"]),
    ("Event", &["name", "startDate", "location"]),
    ("ItemList", &["itemListElement"]),
    ("ListItem", &["position"]),
    ("Offer", &["category"]),
    ("Organization", &["name"]),
    ("Person", &["name"]),
    ("Place", &["name"]),
    ("WebSite", &["name", "url"]),
];

/// What is wrong with the text of a script.
pub(super) fn mistakes(text: &str) -> Vec<String> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return vec![format!("the JSON-LD cannot be read: {error}")],
    };
    let mut found = Vec::new();
    let tops = match &value {
        Value::Array(list) => list.iter().collect(),
        other => vec![other],
    };
    for top in tops {
        if top.get("@context").is_none() {
            found.push("the JSON-LD has no `@context`".to_owned());
        }
        if top.get("@type").is_none() && top.get("@graph").is_none() {
            found.push("the JSON-LD has no `@type`".to_owned());
        }
    }
    look(&value, &mut found, 0);
    found.sort();
    found.dedup();
    found
}

fn look(value: &Value, found: &mut Vec<String>, depth: usize) {
    /// JSON itself is read no deeper.
    const DEEPEST: usize = 120;
    match value {
        Value::Array(list) if depth < DEEPEST => list.iter().for_each(|value| look(value, found, depth + 1)),
        Value::Object(fields) if depth < DEEPEST => {
            for name in types(value) {
                let required =
                    REQUIRED.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, fields)| fields);
                // A thing that is only named by its address is described elsewhere.
                let is_reference = fields.len() <= 2 && fields.contains_key("@id");
                for field in required.iter().filter(|_| !is_reference) {
                    if fields.get(*field).is_none_or(is_empty) {
                        found.push(format!("the JSON-LD has a {name} without `{field}`"));
                    }
                }
                if name == "Offer" && fields.contains_key("price") && !fields.contains_key("priceCurrency") {
                    found
                        .push("the JSON-LD has an Offer with a price and without `priceCurrency`".to_owned());
                }
                if name == "CourseInstance"
                    && !["courseSchedule", "courseWorkload", "startDate"]
                        .iter()
                        .any(|field| fields.contains_key(*field))
                {
                    found.push("the JSON-LD has a CourseInstance without a time: `courseSchedule`, `courseWorkload` or `startDate`".to_owned());
                }
            }
            fields.values().for_each(|value| look(value, found, depth + 1));
        }
        _ => {}
    }
}

fn types(value: &Value) -> Vec<&str> {
    match value.get("@type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_has_what_search_engines_ask_for() {
        let whole = r#"{"@context": "https://schema.org", "@type": "Course", "name": "a", "description": "b",
            "provider": {"@type": "Organization", "name": "c"}, "hasCourseInstance": [{"@type": "CourseInstance",
            "courseMode": "onsite", "startDate": "2027-01-01"}]}"#;
        assert_eq!(mistakes(whole), [] as [&str; 0]);
        assert_eq!(
            mistakes(&whole.replace("\"b\"", "\" \"")),
            ["the JSON-LD has a Course without `description`"]
        );
        assert_eq!(
            mistakes(&whole.replace("\"c\"", "null")),
            ["the JSON-LD has a Organization without `name`"]
        );
        assert_eq!(mistakes("{}").len(), 2);
        assert!(mistakes("{\"a\":").first().is_some_and(|told| told.contains("cannot be read")));
    }
}
