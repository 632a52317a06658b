//! What Hemera sends, as it is on the wire, turned into the product's nouns. The only place that knows its JSON.
//!
//! A record that does not validate is handed back with its reason; an answer that is not what was asked for is an
//! error. Reasons and errors are shown to people and kept in logs: nothing of a participant may be in them.

mod booking;
mod course;
mod envelope;
mod material;
mod template;

use serde_json::{Map, Value};

pub(super) use self::booking::{Bookings, bookings, outcome};
pub(super) use self::course::{Page, Row, detail, page};
pub(super) use self::envelope::{Problem, problem, quoted};
pub(super) use self::material::materials;
pub(super) use self::template::templates;

/// Why a record or a field of it does not validate, in words without personal data.
type Reason = String;

/// A JSON object whose fields are read with their rules.
#[derive(Clone, Copy)]
struct Record<'a>(&'a Map<String, Value>);

impl<'a> Record<'a> {
    fn new(value: &'a Value) -> Result<Self, Reason> {
        value.as_object().map(Self).ok_or_else(|| "it is not an object".to_owned())
    }

    /// A field that is there and not null.
    fn field(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text of at most `most` characters, if there is one.
    fn text(self, name: &str, most: usize) -> Result<Option<&'a str>, Reason> {
        let Some(value) = self.field(name) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| format!("{name} is not a text"))?;
        let long = text.chars().take(most + 1).count();
        if long > most {
            return Err(format!("{name} is longer than {most} characters"));
        }
        Ok(Some(text))
    }

    /// A text that has to be there, with something in it.
    fn needed(self, name: &str, most: usize) -> Result<&'a str, Reason> {
        match self.text(name, most)? {
            None => Err(format!("{name} is missing")),
            Some(text) if text.trim().is_empty() => Err(format!("{name} is empty")),
            Some(text) => Ok(text),
        }
    }

    /// An id that has to be there: it becomes part of addresses, so it holds nothing that could lead astray.
    fn id(self, name: &str) -> Result<&'a str, Reason> {
        let id = self.needed(name, 128)?;
        if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            Ok(id)
        } else {
            Err(format!("{name} holds something else than letters, digits, - and _"))
        }
    }

    /// A point in time, if there is one.
    fn time(self, name: &str) -> Result<Option<jiff::Timestamp>, Reason> {
        let Some(text) = self.text(name, 64)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| format!("{name} is not a time such as 2027-02-10T09:30:00.000Z"))
    }
}
