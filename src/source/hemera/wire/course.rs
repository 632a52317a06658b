//! The list of courses and its rows.

use std::sync::Arc;

use serde_json::Value;

use super::envelope::{data, quoted};
use super::{Bookings, Reason, Record, bookings};
use crate::base::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::model::course::{Course, CourseId, Level};
use crate::model::moment::Moment;

/// One answer to a request for a part of the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// The rows in the order of the answer.
    pub(crate) rows: Vec<Row>,
    /// How many courses there are altogether, where the answer says so.
    pub(crate) total: Option<usize>,
}

/// One row of the list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What tells this row from all others: its id, or a digest of a row without a usable one.
    pub(crate) key: Arc<str>,
    /// The start date as it was sent: the list is in the order of it.
    pub(crate) date: Arc<str>,
    /// The course, or why it is none.
    pub(crate) course: Result<Course, Reason>,
}

/// Reads an answer to a request for courses: a bare list, or `{courses, total}`.
pub(crate) fn page(asked: &str, body: &[u8]) -> Result<Page> {
    let data = data(asked, body)?;
    let rows = data
        .as_array()
        .or_else(|| data.get("courses")?.as_array())
        .ok_or_else(|| Error::new(Kind::Refused, format!("{asked}: the answer holds no list of courses")))?;
    let total = match data.get("total") {
        None | Some(Value::Null) => None,
        Some(total) => {
            Some(total.as_u64().and_then(|total| usize::try_from(total).ok()).ok_or_else(|| {
                Error::new(Kind::Refused, format!("{asked}: `total` is not a number of courses"))
            })?)
        }
    };
    Ok(Page { rows: rows.iter().map(row).collect(), total })
}

/// Reads an answer to a request for one course: the course as it would stand in the list, and its bookings.
pub(crate) fn detail(asked: &str, id: &str, body: &[u8]) -> Result<(Course, Bookings)> {
    let bookings = bookings(asked, id, body)?;
    let mut data = data(asked, body)?;
    let mut value = match data.get_mut("course") {
        Some(inner) if inner.is_object() => inner.take(),
        _ => data,
    };
    // The list counts every booking, and here is one entry for each.
    let count = value.get("participants").and_then(Value::as_array).map_or(0, Vec::len);
    if value.get("participantCount").is_none() {
        value["participantCount"] = count.into();
    }
    let course = course(&value).map_err(|reason| Error::new(Kind::Refused, format!("{asked}: {reason}")))?;
    Ok((course, bookings))
}

fn row(value: &Value) -> Row {
    let id = Record::new(value).and_then(|record| record.id("id"));
    let key = match id {
        Ok(id) => id.into(),
        Err(_) => format!("row {}", Digest::of(value.to_string().as_bytes())).into(),
    };
    let date = value.get("startDate").and_then(Value::as_str).unwrap_or_default().into();
    Row { key, date, course: course(value) }
}

fn course(value: &Value) -> Result<Course, Reason> {
    let record = Record::new(value)?;
    let id = record.id("id")?;
    let level = record.needed("level", 64)?;
    let level: Level = Level::ALL.into_iter().find(|known| known.name() == level).ok_or_else(|| {
        format!("level is “{}”: expected BEGINNER, INTERMEDIATE or ADVANCED", quoted(level))
    })?;
    let count = record.field("participantCount").ok_or("participantCount is missing")?;
    let title = line(record.needed("title", 500)?, "title")?;
    Ok(Course {
        slug: line(record.needed("slug", 500)?, "slug")?.into(),
        start: moment(record, "startDate")?,
        end: moment(record, "endDate")?,
        participant_count: count
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .ok_or("participantCount is not a count")?,
        ..Course::new(CourseId::new(id), title, level)
    })
}

/// A text of one line. Line breaks and tabs become spaces; other control characters have no place in a page or a
/// feed, and where they come from something is wrong.
fn line(text: &str, name: &str) -> Result<String, Reason> {
    let text: String =
        text.trim().chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    if text.chars().any(char::is_control) {
        return Err(format!("{name} holds control characters"));
    }
    Ok(text)
}

fn moment(record: Record<'_>, name: &str) -> Result<Option<Moment>, Reason> {
    let Some(text) = record.text(name, 64)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error| format!("{name} is “{}”: {error}", quoted(text)))
}
