//! An event from outside: something changed over there. It is a hint, not the news: the news are read from the source.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::digest::Digest;

/// What an event may be about.
pub const TYPES: [&str; 9] = [
    "enrollment.created",
    "enrollment.updated",
    "enrollment.deleted",
    "profile.updated",
    "user.updated",
    "progress.updated",
    "course.created",
    "course.updated",
    "course.deleted",
];

/// The longest id, in bytes.
const LONGEST: usize = 200;

/// An event, as far as it is of use: what it says of people is left out, and a person's id is a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The sender's id of it.
    pub id: String,
    /// One of [`TYPES`].
    pub kind: String,
    /// The course that it is about.
    pub course: Option<String>,
    /// The hash of the id of the person that it is about: see [`person`].
    pub person: Option<Digest>,
}

/// The hash that stands for a person's id.
pub fn person(id: &str) -> Digest {
    Digest::of(format!("person {id}").as_bytes())
}

impl Event {
    /// Reads the body of a webhook, or says what is wrong with it, in words without anything personal.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let value: Value =
            serde_json::from_slice(body).map_err(|_| "the body is not valid JSON".to_owned())?;
        let fields = value.as_object().ok_or("the body must be a JSON object")?;
        let id = id(fields, "id")?;
        // It stands in addresses: what has a meaning there has no place in it.
        if matches!(id, "." | "..")
            || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:~@+=".contains(&byte))
        {
            return Err("`id` may hold letters, digits and any of -_.:~@+= only".to_owned());
        }
        let kind = text(fields, "type")?;
        let kind = TYPES
            .into_iter()
            .find(|known| *known == kind)
            .ok_or_else(|| format!("`type` must be one of {}", TYPES.join(", ")))?;
        let resource = self::id(fields, "resourceId")?;
        let resource_type = text(fields, "resourceType")?;
        text(fields, "timestamp")?
            .parse::<Timestamp>()
            .map_err(|_| "`timestamp` must be a moment such as 2026-11-21T10:00:00Z".to_owned())?;
        let none = Map::new();
        let data = match fields.get("data") {
            None | Some(Value::Null) => &none,
            Some(data) => data.as_object().ok_or("`data` must be an object")?,
        };
        // `2.0` is a whole number in JSON as well.
        let is_count = |value: &Value| {
            value.as_f64().is_some_and(|n| n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&n))
        };
        optional(fields, "retryCount", is_count, "a count")?;
        optional(fields, "status", Value::is_string, "a text")?;
        let within = |names: &[&str]| {
            let found = names.iter().find_map(|name| data.get(*name)).and_then(Value::as_str);
            found.filter(|id| is_id(id)).map(str::to_owned)
        };
        let is_course = kind.starts_with("course.") || resource_type == "course";
        let is_person = matches!(kind, "profile.updated" | "user.updated") || resource_type == "user";
        let course = if is_course { Some(resource.to_owned()) } else { within(&["courseId", "course_id"]) };
        let user = if is_person { Some(resource.to_owned()) } else { within(&["userId", "user_id"]) };
        Ok(Self {
            id: id.to_owned(),
            kind: kind.to_owned(),
            person: user.filter(|_| course.is_none()).map(|user| person(&user)),
            course,
        })
    }

    /// What it is about, for people.
    pub fn subject(&self) -> String {
        match (&self.course, &self.person) {
            (Some(course), _) => format!("course:{course}"),
            (None, Some(_)) => "a person".to_owned(),
            (None, None) => "the catalogue".to_owned(),
        }
    }
}

/// What a sync is to read: no more than what some events name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Courses by their ids.
    pub courses: std::collections::BTreeSet<String>,
    /// People by the hashes of their ids: the courses that they have booked are meant.
    pub people: std::collections::BTreeSet<Digest>,
    /// Whether anything may have changed, so that everything is read.
    pub everything: bool,
}

impl Named {
    /// What these events name. A course that came or went is looked for in the whole list: whether it is published, only
    /// that can tell.
    pub fn by<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut named = Self::default();
        for event in events {
            let came_or_went = matches!(event.kind.as_str(), "course.created" | "course.deleted");
            named.everything |= came_or_went || (event.course.is_none() && event.person.is_none());
            named.courses.extend(event.course.clone());
            named.people.extend(event.person);
        }
        named
    }
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn text<'v>(fields: &'v Map<String, Value>, name: &str) -> Result<&'v str, String> {
    fields.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` must be a text"))
}

fn id<'v>(fields: &'v Map<String, Value>, name: &str) -> Result<&'v str, String> {
    let id = text(fields, name)?;
    let trouble = || format!("`{name}` must have 1 to {LONGEST} printable ASCII characters without spaces");
    if is_id(id) { Ok(id) } else { Err(trouble()) }
}

fn optional(
    fields: &Map<String, Value>,
    name: &str,
    fits: fn(&Value) -> bool,
    what: &str,
) -> Result<(), String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(()),
        Some(value) if fits(value) => Ok(()),
        Some(_) => Err(format!("`{name}` must be {what}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, resource: &str, resource_type: &str, data: Value) -> Event {
        let body = json!({
            "id": "event-123", "type": kind, "resourceId": resource, "resourceType": resource_type, "data": data,
            "timestamp": "2024-01-31T12:00:00.000Z", "retryCount": 0, "status": "pending",
        });
        Event::parse(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_event_names_a_course_or_a_person_and_nothing_else_of_it_is_kept() {
        let personal =
            json!({ "courseId": "ck9zz", "userId": "user_1", "name": "Eva Muster", "email": "e@x.example" });
        let enrolled = event("enrollment.created", "booking-7", "enrollment", personal);
        assert_eq!((enrolled.course.as_deref(), enrolled.person), (Some("ck9zz"), None));
        let kept = serde_json::to_string(&enrolled).unwrap();
        assert!(!kept.contains("Eva") && !kept.contains("user_1") && !kept.contains("booking-7"), "{kept}");
        let profile = event("profile.updated", "user-123", "user", json!({}));
        assert_eq!((profile.course.clone(), profile.person), (None, Some(person("user-123"))));
        assert_eq!(event("course.updated", "c1", "course", Value::Null).subject(), "course:c1");
        let vague = event("progress.updated", "p1", "progress", json!({}));
        assert!(
            Named::by([&enrolled, &profile])
                == Named {
                    courses: ["ck9zz".to_owned()].into(),
                    people: [person("user-123")].into(),
                    everything: false,
                }
        );
        assert!(
            Named::by([&vague]).everything
                && Named::by([&event("course.deleted", "c", "course", json!({}))]).everything
        );
    }

    #[test]
    fn what_is_no_event_is_told_without_its_content() {
        let good = json!({
            "id": "e", "type": "user.updated", "resourceId": "Eva", "resourceType": "user", "data": {},
            "timestamp": "2024-01-31T12:00:00Z",
        });
        let told = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            Event::parse(body.to_string().as_bytes()).unwrap_err()
        };
        for (name, value) in [
            ("id", json!("")),
            ("id", json!("a b")),
            ("id", json!("a/b")),
            ("id", json!(7)),
            ("id", json!("x".repeat(201))),
            ("type", json!("user.exploded")),
            ("resourceId", json!(["Eva"])),
            ("resourceType", Value::Null),
            ("timestamp", json!("yesterday")),
            ("timestamp", json!(12)),
            ("data", json!("Eva")),
            ("retryCount", json!(-1)),
            ("status", json!(1)),
        ] {
            let told = told(name, value.clone());
            assert!(told.contains(&format!("`{name}`")) && !told.contains("Eva"), "{name} {value}: {told}");
        }
        for body in ["", "{", "[]", "null", "\"x\""] {
            assert!(Event::parse(body.as_bytes()).is_err(), "{body}");
        }
    }
}
