//! A JSON file of courses: a list, or an object that holds one. The rows are found first and then read one by one, on
//! all cores: a row of the wrong shape is set aside and says why, and only a file that is no JSON is an error.

mod calendar;
mod courses;
mod known;
mod quick;
mod record;
mod scan;
mod stretch;
mod wire;
mod words;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

pub(super) use calendar::Calendar;
use courses::{Made, Source};
pub(super) use known::Known;
use known::{Rows, Seen};
use scan::Bounds;

use crate::error::{Error, Kind, Result};
use crate::model::change::{Change, Pull, Refused};
use crate::model::course::CourseId;

/// Reads all courses in `bytes`, the content of the file that messages call `file`.
pub(super) fn read(file: &str, bytes: &[u8], calendar: &Calendar) -> Result<Pull> {
    // Looked at once as a whole it need not be looked at text by text.
    let (spans, text) = rayon::join(|| scan::rows(bytes, None), || std::str::from_utf8(bytes).ok());
    let source = Source { bytes, text, calendar, known: None };
    pull(file, &source, spans).map(|(pull, _)| pull)
}

/// The same for a file of which `known` is kept: rows that were read before are not read once more.
pub(super) fn read_again(file: &str, bytes: Vec<u8>, calendar: &Calendar, known: &Known) -> Result<Pull> {
    let rows = match String::from_utf8(bytes) {
        Ok(text) => Arc::new(Rows { text: Arc::new(text), calendar: calendar.clone() }),
        Err(e) => return read(file, e.as_bytes(), calendar),
    };
    let text = rows.text.as_str();
    let spans = scan::rows(text.as_bytes(), Some(known.finder()));
    let source = Source { bytes: text.as_bytes(), text: Some(text), calendar, known: Some((known, &rows)) };
    let (pull, seen) = pull(file, &source, spans)?;
    let mut kept = Vec::with_capacity(seen.len());
    for (((span, known), description), course) in
        seen.iter().zip(pull.changes.iter().filter_map(Change::course))
    {
        kept.push(match known {
            Some(at) => Seen::Known(*at),
            None => {
                let row = text.as_bytes().get(span.clone()).unwrap_or_default();
                Seen::New { row, course, description: description.clone() }
            }
        });
    }
    known.keep(&kept);
    Ok(pull)
}

/// Where the row of a course is, and where in it its description.
type Place = (Bounds, Option<Range<usize>>);

/// All courses of a source, and for each where its row is and where its description.
fn pull(
    file: &str,
    source: &Source<'_>,
    spans: Result<Vec<Bounds>, scan::Broken>,
) -> Result<(Pull, Vec<Place>)> {
    const CHUNK: usize = 256;
    let broken = |broken: scan::Broken| {
        let (line, column) = scan::line_and_column(source.bytes, broken.at);
        Error::new(Kind::Refused, format!("{file}:{line}:{column}: {}", broken.message))
    };
    let spans = spans.map_err(broken)?;
    let chunks: Vec<_> = spans
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, spans)| courses::courses(source, spans, chunk * CHUNK))
        .collect::<Result<_, _>>()
        .map_err(broken)?;

    let mut pull = Pull { complete: true, ..Pull::default() };
    pull.changes.reserve(spans.len());
    let mut seen = Vec::with_capacity(spans.len());
    let mut rows: HashMap<CourseId, usize> = HashMap::with_capacity(spans.len());
    for (row, (span, made)) in spans.into_iter().zip(chunks.into_iter().flatten()).enumerate() {
        let row = row + 1;
        let Made { course, description } = match made {
            Ok(made) => made,
            Err(refused) => {
                pull.refused.push(refused);
                continue;
            }
        };
        if let Some(first) = rows.get(&course.id) {
            let reason = format!("row {row} has the id of row {first}");
            pull.refused.push(Refused { entity: "course", id: course.id.to_string(), reason });
            continue;
        }
        rows.insert(course.id.clone(), row);
        if let Some(participants) = &course.participants {
            pull.details_read += 1;
            pull.participants_read += participants.len();
        }
        pull.changes.push(Change::Upsert(course));
        seen.push((span, description));
    }
    Ok((pull, seen))
}
