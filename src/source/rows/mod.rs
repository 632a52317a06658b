//! A JSON file of courses: a list, or an object that holds one. The rows are found first and then read one by one, on
//! all cores: a row of the wrong shape is set aside and says why, and only a file that is no JSON is an error.

mod calendar;
mod courses;
mod quick;
mod scan;
mod stretch;
mod wire;

use std::collections::HashMap;

use rayon::prelude::*;

pub(super) use calendar::Calendar;

use crate::error::{Error, Kind, Result};
use crate::model::change::{Change, Pull, Refused};
use crate::model::course::CourseId;

/// Reads all courses in `bytes`, the content of the file that messages call `file`.
pub(super) fn read(file: &str, bytes: &[u8], calendar: &Calendar) -> Result<Pull> {
    const CHUNK: usize = 256;
    let broken = |broken: scan::Broken| {
        let (line, column) = scan::line_and_column(bytes, broken.at);
        Error::new(Kind::Refused, format!("{file}:{line}:{column}: {}", broken.message))
    };
    // Looked at once as a whole it need not be looked at text by text.
    let (spans, text) = rayon::join(|| scan::rows(bytes), || std::str::from_utf8(bytes).ok());
    let spans = spans.map_err(broken)?;
    let chunks: Vec<_> = spans
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, spans)| courses::courses(bytes, text, spans, chunk * CHUNK, calendar))
        .collect::<Result<_, _>>()
        .map_err(broken)?;

    let mut pull = Pull { complete: true, ..Pull::default() };
    pull.changes.reserve(spans.len());
    let mut rows: HashMap<CourseId, usize> = HashMap::with_capacity(spans.len());
    for (row, course) in chunks.into_iter().flatten().enumerate() {
        let row = row + 1;
        let course = match course {
            Ok(course) => course,
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
    }
    Ok(pull)
}
