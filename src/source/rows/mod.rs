//! A JSON file of courses: a list, or an object that holds one. The rows are found first and then read one by one, on
//! all cores: a row of the wrong shape is set aside and says why, and only a file that is no JSON is an error.

mod calendar;
mod courses;
mod known;
mod pieces;
mod quick;
mod record;
mod scan;
mod standing;
mod stretch;
mod wire;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

pub(super) use calendar::Calendar;
use courses::{Made, Source};
pub(super) use known::Known;
use known::Seen;
use pieces::Pieces;
use scan::Bounds;
use standing::Standing;

use crate::base::files::Reread;
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
    let standing = match String::from_utf8(bytes) {
        Ok(text) => Standing::in_text(text, calendar.clone()),
        Err(e) => return read(file, e.as_bytes(), calendar),
    };
    let text = standing.rows.text();
    let spans = scan::rows(text.as_bytes(), Some(known.finder()));
    pull_again(file, text, calendar, (known, &standing), spans)
}

/// The same without the whole of the file in memory. Nothing where most rows are new, or something is wrong: what that is shows
/// when the file is read as a whole.
pub(super) fn read_in_parts(
    name: &str,
    file: &Arc<Reread>,
    calendar: &Calendar,
    known: &Known,
) -> Option<Pull> {
    let Pieces { rows: spans, new } = pieces::read(file.begin(), known)?;
    let standing = Standing::in_file(file.clone(), &spans, known, calendar.clone());
    pull_again(name, &new, calendar, (known, &standing), Ok(spans)).ok()
}

/// Makes courses of rows, and keeps what is new of them.
fn pull_again(
    file: &str,
    text: &str,
    calendar: &Calendar,
    (known, standing): (&Known, &Standing),
    spans: Result<Vec<Bounds>, scan::Broken>,
) -> Result<Pull> {
    let source =
        Source { bytes: text.as_bytes(), text: Some(text), calendar, known: Some((known, standing)) };
    let (pull, seen) = pull(file, &source, spans)?;
    known.keep(text, &seen, pull.changes.iter().filter_map(Change::course));
    Ok(pull)
}

/// All courses of a source, and for each what is known of its row.
fn pull(
    file: &str,
    source: &Source<'_>,
    spans: Result<Vec<Bounds>, scan::Broken>,
) -> Result<(Pull, Vec<Seen>)> {
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
    pull.changes.reserve_exact(spans.len());
    let mut seen = Vec::with_capacity(spans.len());
    let mut rows = (!are_told_apart(source, &spans, &chunks)).then(|| HashMap::with_capacity(spans.len()));
    for (row, ((span, known), made)) in spans.into_iter().zip(chunks.into_iter().flatten()).enumerate() {
        let row = row + 1;
        let Made { course, description } = match made {
            Ok(made) => made,
            Err(refused) => {
                pull.refused.push(*refused);
                continue;
            }
        };
        if let Some(first) = rows.as_mut().and_then(|rows| rows.insert(course.id.clone(), row)) {
            rows.as_mut().and_then(|rows| rows.insert(course.id.clone(), first));
            let reason = format!("row {row} has the id of row {first}");
            pull.refused.push(Refused { entity: "course", id: course.id.to_string(), reason });
            continue;
        }
        if let Some(participants) = &course.participants {
            pull.details_read += 1;
            pull.participants_read += participants.len();
        }
        pull.changes.push(Change::Upsert(course));
        seen.push(known.map_or_else(|| Seen::New(Box::new((span, description))), Seen::Known));
    }
    Ok((pull, seen))
}

/// Whether no two rows have one id, as far as that shows at once: rows that are known had different ones, so where few are new
/// only theirs are to be looked for.
fn are_told_apart(
    source: &Source<'_>,
    spans: &[Bounds],
    made: &[Vec<std::result::Result<Made, Box<Refused>>>],
) -> bool {
    const FEW: usize = 8;
    let Some((known, _)) = source.known else { return false };
    let mut is_there = vec![false; known.number()];
    let mut new = Vec::with_capacity(FEW);
    for (number, (_, known)) in spans.iter().enumerate() {
        match known.and_then(|at| is_there.get_mut(at)) {
            Some(is_there) if *is_there => return false,
            Some(is_there) => *is_there = true,
            None if new.len() < FEW => new.push(number),
            None => return false,
        }
    }
    let ids = || made.iter().flatten().map(|made| made.as_ref().map(|made| &made.course.id).ok());
    let all: Vec<Option<&CourseId>> = if new.is_empty() { Vec::new() } else { ids().collect() };
    new.iter().all(|number| match all.get(*number) {
        Some(Some(id)) => all.iter().filter(|other| **other == Some(*id)).count() == 1,
        _ => true,
    })
}
