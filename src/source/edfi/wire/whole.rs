//! A course record as a whole: what a full replacement is made of.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{json, refused, text};
use crate::error::Result;
use crate::model::push::TextField;

/// The field of a course record that a text belongs into.
fn field(field: TextField) -> Option<&'static str> {
    match field {
        TextField::Title => Some("courseTitle"),
        TextField::Description => Some("courseDescription"),
        TextField::Result => None,
    }
}

/// A course record as it was read, for a full replacement.
#[derive(Debug)]
pub(in crate::source::edfi) struct Whole {
    record: Value,
}

impl Whole {
    /// Reads `GET /courses/{id}`.
    pub(in crate::source::edfi) fn read(told: &str, body: &[u8]) -> Result<Self> {
        let record = json(told, body)?;
        if record.is_object() { Ok(Self { record }) } else { Err(refused(told, "the answer is no record")) }
    }

    /// The record's own `_etag`.
    pub(in crate::source::edfi) fn etag(&self) -> Option<String> {
        text(&self.record, "_etag")
    }

    /// What it says in the fields that can be edited here.
    pub(in crate::source::edfi) fn texts(&self) -> BTreeMap<TextField, String> {
        TextField::ALL.into_iter().filter_map(|one| Some((one, text(&self.record, field(one)?)?))).collect()
    }

    /// The body of a `PUT`: all that it has, with other texts.
    pub(in crate::source::edfi) fn with(&self, texts: &BTreeMap<TextField, String>) -> Vec<u8> {
        let mut record = self.record.clone();
        if let Some(fields) = record.as_object_mut() {
            // What the server itself keeps is not for us to send; extensions are.
            fields.retain(|name, _| !name.starts_with('_') || name == "_ext");
            for (one, text) in texts {
                if let Some(name) = field(*one) {
                    fields.insert(name.to_owned(), Value::String(text.clone()));
                }
            }
        }
        record.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_keeps_what_it_does_not_know() {
        let body = br#"{"id":"a","courseCode":"X","courseTitle":"Alt","_etag":"1","_lastModifiedDate":"x","_ext":{"TX":{"a":1}},"unknown":[1]}"#;
        let whole = Whole::read("GET", body).unwrap();
        let texts = BTreeMap::from([(TextField::Title, "Neu".to_owned())]);
        let sent: Value = serde_json::from_slice(&whole.with(&texts)).unwrap();
        assert_eq!(sent["courseTitle"], "Neu");
        assert_eq!(sent["_ext"]["TX"]["a"], 1);
        assert_eq!(sent["unknown"][0], 1);
        assert!(sent.get("_etag").is_none() && sent.get("_lastModifiedDate").is_none());
        assert_eq!(whole.etag().as_deref(), Some("1"));
    }
}
