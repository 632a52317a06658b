//! What OneRoster sends, as it is on the wire, turned into records. The only place that knows its JSON and its columns.
//!
//! The same fields come in two shapes: JSON with references, and CSV with ids in columns. [`Fields`] is what both have in
//! common, so that a rule for a field stands here once.

mod csv;
mod gradebook;
mod json;

use jiff::Timestamp;
use jiff::civil::Date;

pub(super) use self::csv::{Mode, manifest, rows};
pub(super) use self::gradebook::{line_body, line_mark, result_body, result_mark};
pub(super) use self::json::{link_next, page, problem, single};
use super::records::{Class, Collection, Course, Enrollment, Org, People, Roster, Session, User};
use crate::model::participant::Personal;

/// One record, whatever it is written in.
pub(super) trait Fields {
    /// A text; empty ones and nothing are the same.
    fn text(&self, name: &str) -> Option<String>;
    /// A list of texts.
    fn list(&self, name: &str) -> Vec<String>;
    /// The `sourcedId` of another record.
    fn link(&self, name: &str) -> Option<String>;
    /// The `sourcedId`s of other records; `name` in the singular.
    fn links(&self, name: &str) -> Vec<String>;
    /// A field of `metadata`, by its path with dots.
    fn metadata(&self, path: &str) -> Vec<String>;
}

/// What is common to all records.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) id: String,
    pub(super) is_gone: bool,
    pub(super) modified: Option<Timestamp>,
}

/// What the reading of records depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    /// The field of `metadata` that tells the level.
    pub(super) level_field: Option<&'a str>,
    /// Whether people are wanted by name.
    pub(super) named: bool,
}

/// Why a record cannot be used, in words without personal data.
pub(super) type Reason = &'static str;

/// Reads what is common to all records.
pub(super) fn header(fields: &dyn Fields) -> Result<Header, Reason> {
    let id = fields.text("sourcedId").ok_or("`sourcedId` is missing")?;
    if id.chars().any(char::is_control) || id.len() > 256 {
        return Err("`sourcedId` is too long, or holds control characters");
    }
    let status = fields.text("status").unwrap_or_default();
    // 1.1 knows `inactive` as well: it is still there, but it is not for use.
    let is_gone = ["tobedeleted", "inactive"].iter().any(|gone| status.eq_ignore_ascii_case(gone));
    Ok(Header { id, is_gone, modified: fields.text("dateLastModified").and_then(|text| moment(&text)) })
}

/// Puts a record into its table, or takes it out where it is gone.
pub(super) fn put(
    collection: Collection,
    fields: &dyn Fields,
    header: &Header,
    rules: Rules<'_>,
    roster: &mut Roster,
    people: &mut People,
) -> Result<(), Reason> {
    let id = header.id.clone();
    macro_rules! keep {
        ($table:expr, $record:expr) => {{
            let record = if header.is_gone { None } else { $record };
            match record {
                Some(record) => drop($table.insert(id, record)),
                None => drop($table.remove(&id)),
            }
        }};
    }
    match collection {
        Collection::Sessions => keep!(roster.sessions, Some(session(fields, header)?)),
        Collection::Orgs => keep!(roster.orgs, Some(Org { name: fields.text("name") })),
        Collection::Courses => keep!(roster.courses, Some(course(fields, header, rules))),
        Collection::Classes => keep!(roster.classes, Some(class(fields, header, rules))),
        Collection::Enrollments if header.is_gone => drop(people.enrollments.remove(&id)),
        Collection::Enrollments => keep!(people.enrollments, enrollment(fields, rules)?),
        Collection::Users => keep!(people.users, user(fields)),
    }
    Ok(())
}

fn session(fields: &dyn Fields, header: &Header) -> Result<Session, Reason> {
    let first = fields.text("startDate").and_then(|text| day(&text));
    let end = fields.text("endDate").and_then(|text| day(&text));
    // The end is exclusive: the session is over when that day begins. One that ends where it begins is that day.
    let last = end.map(|end| end.yesterday().unwrap_or(end)).map(|last| first.map_or(last, |f| last.max(f)));
    if let (Some(first), Some(end)) = (first, end)
        && end < first
    {
        return Err("`endDate` lies before `startDate`");
    }
    Ok(Session { title: fields.text("title"), first, last, modified: header.modified })
}

fn words(fields: &dyn Fields, rules: Rules<'_>) -> Vec<String> {
    match rules.level_field {
        Some(path) => fields.metadata(path),
        None => [fields.list("grades"), fields.list("subjects"), fields.list("subjectCodes")].concat(),
    }
}

fn course(fields: &dyn Fields, header: &Header, rules: Rules<'_>) -> Course {
    Course {
        title: fields.text("title"),
        code: fields.text("courseCode"),
        words: words(fields, rules),
        modified: header.modified,
    }
}

fn class(fields: &dyn Fields, header: &Header, rules: Rules<'_>) -> Class {
    Class {
        title: fields.text("title"),
        code: fields.text("classCode"),
        course: fields.link("course"),
        school: fields.link("school"),
        terms: fields.links("term"),
        location: fields.text("location"),
        words: words(fields, rules),
        modified: header.modified,
    }
}

fn enrollment(fields: &dyn Fields, rules: Rules<'_>) -> Result<Option<Enrollment>, Reason> {
    let role = fields.text("role").unwrap_or_default();
    if !role.eq_ignore_ascii_case("student") {
        return Ok(None);
    }
    let class = fields.link("class").ok_or("it names no class")?;
    let named = |text: Option<String>| text.filter(|_| rules.named).map(Personal::new);
    let begin = fields.text("beginDate").filter(|_| rules.named).and_then(|text| day(&text));
    Ok(Some(Enrollment { class, user: named(fields.link("user")), begin }))
}

fn user(fields: &dyn Fields) -> Option<User> {
    // Of an account that is switched off nothing is kept; the person still counts as enrolled.
    let enabled = fields.text("enabledUser").is_none_or(|text| is_true(&text));
    let given = fields.text("preferredGivenName").or_else(|| fields.text("givenName"));
    let family = fields.text("preferredFamilyName").or_else(|| fields.text("familyName"));
    let name: Vec<String> = [given, family].into_iter().flatten().collect();
    let name = (!name.is_empty()).then(|| Personal::new(name.join(" ")));
    enabled.then_some(User { name })
}

/// The specification says "true"; servers also say 1, true without quotes, TRUE.
fn is_true(text: &str) -> bool {
    text == "1" || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("yes")
}

/// A day, from a date or from a moment.
fn day(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

/// A moment; a day counts as its midnight, and a time without an offset as UTC.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let utc = jiff::tz::TimeZone::UTC;
        let wall: jiff::civil::DateTime =
            text.parse().ok().or_else(|| Some(day(text)?.at(0, 0, 0, 0))).filter(|_| text.len() >= 10)?;
        wall.to_zoned(utc).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_with_and_without_times() {
        for (text, read) in [
            ("2026-11-21T01:26:31.420Z", Some("2026-11-21T01:26:31.42Z")),
            ("2023-05-01", Some("2023-05-01T00:00:00Z")),
            ("2023-05-01T10:00:00", Some("2023-05-01T10:00:00Z")),
            ("2023-05-01T10:00:00+02:00", Some("2023-05-01T08:00:00Z")),
            ("gestern", None),
            ("", None),
        ] {
            assert_eq!(moment(text).map(|m| m.to_string()).as_deref(), read, "{text}");
        }
        assert_eq!(day("2022-12-24T00:00:00Z").map(|d| d.to_string()).as_deref(), Some("2022-12-24"));
        assert_eq!(day("24.12.2022"), None);
        assert!(["true", "TRUE", "1", "True"].into_iter().all(is_true));
        assert!(!["false", "0", "", "no"].into_iter().any(is_true));
    }
}
