//! Texts of courses to an Ed-Fi server: a full replacement, against the version that was read.

use super::records::Records;
use super::wire::{Discovery, Whole};
use crate::base::retry::Deadline;
use crate::error::{Kind, Result};
use crate::model::push::{CourseText, Push, Pushed};
use crate::source::rest::{Call, Fault, Rest};

/// Sends the texts of one course.
pub(super) fn send(
    rest: &mut Rest,
    found: &Discovery,
    records: &Records,
    push: &Push,
    deadline: Deadline,
) -> Result<Pushed> {
    let Push::Text(text) = push else {
        return Ok(Pushed::Refused("Ed-Fi takes texts of courses alone".into()));
    };
    let section = records.sections.get(&text.course);
    let Some((id, _)) = section.and_then(|section| records.course_of(section)) else {
        return Ok(Pushed::Refused("the course that it is a section of is not known".into()));
    };
    let url = format!("{}/ed-fi/courses/{id}", found.data.trim_end_matches('/'));
    match replace(rest, &url, text, deadline) {
        Ok(pushed) => Ok(pushed),
        Err(Fault { error, .. }) if error.kind() == Kind::Credentials => Err(error),
        Err(Fault { status: Some(429 | 500..600) | None, error }) => {
            Ok(Pushed::Later(error.message().into()))
        }
        Err(Fault { error, .. }) => Ok(Pushed::Refused(error.message().into())),
    }
}

fn replace(rest: &mut Rest, url: &str, text: &CourseText, deadline: Deadline) -> Result<Pushed, Fault> {
    let told = "GET /ed-fi/courses/{id}";
    let read = |rest: &mut Rest| -> Result<(Whole, Option<String>), Fault> {
        let response = rest.send(&Call::get(url.to_owned(), told), deadline)?;
        let etag = response.headers.get("etag").map(str::to_owned);
        let whole = Whole::read(told, &response.body).map_err(|error| Fault { status: Some(200), error })?;
        let etag = etag.or_else(|| whole.etag().map(|etag| format!("\"{}\"", etag.trim_matches('"'))));
        Ok((whole, etag))
    };
    let (whole, etag) = read(rest)?;
    let now = whole.texts();
    if text.texts.iter().all(|(field, text)| now.get(field) == Some(text)) {
        return Ok(Pushed::Accepted);
    }
    // What was agreed on is not what the server has: somebody changed it after it was pulled.
    let overlaps = |field| {
        let agreed = text.expected.get(field).map(|text| words(text));
        agreed != now.get(field).map(|text| words(text)) && now.get(field) != text.texts.get(field)
    };
    if text.texts.keys().any(overlaps) {
        return Ok(Pushed::Conflict(now));
    }
    let mut call = Call::put(url.to_owned(), "PUT /ed-fi/courses/{id}", whole.with(&text.texts));
    call.headers.extend(etag.map(|etag| ("If-Match", etag)));
    call.expected = &[409, 412];
    let response = rest.send(&call, deadline)?;
    match response.status {
        412 => Ok(Pushed::Conflict(read(rest)?.0.texts())),
        409 => Ok(Pushed::Refused("a record that it refers to is missing (status 409)".into())),
        _ => Ok(Pushed::Accepted),
    }
}

/// A text by its words: line breaks and spaces are none of its meaning.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}
