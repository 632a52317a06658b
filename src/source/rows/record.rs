//! A course as it is kept of its row: without people and without what stands in the row as it is.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;

use super::standing::Standing;
use super::words::Words;
use crate::base::codec::{Reader, Writer};
use crate::model::course::{Course, CourseId, Level, Marks};
use crate::model::moment::Moment;
use crate::model::people::People;
use crate::model::text::Text;

/// How a description is kept.
const NONE: u8 = 0;
const THERE: u8 = 1;
const HERE: u8 = 2;

/// Writes what a row says of its course. `description` is where in the row its description stands as it is.
pub(super) fn write(out: &mut Writer, course: &Course, description: Option<Range<usize>>) {
    // Taken apart in full: a field that is added later cannot be forgotten here.
    let Course {
        id,
        title,
        slug,
        code,
        level,
        start,
        end,
        participant_count,
        description: text,
        price,
        currency,
        location,
        instructor,
        image,
        updated_at,
        participants,
        // Rows have none of these.
        materials: _,
        details_at: _,
        archived_at: _,
        marks: _,
    } = course;
    out.u64(course.summary_fingerprint());
    out.u64(course.description_mark());
    out.text(id.as_str());
    out.text(title);
    out.text(slug);
    out.bytes(&[*level as u8]);
    moment(out, *start);
    moment(out, *end);
    out.length(*participant_count as usize);
    out.u64(price.map_or(u64::MAX, f64::to_bits));
    for text in [code, currency, location, instructor, image] {
        // An empty one and none are different things.
        out.length(text.as_ref().map_or(0, |text| text.len() + 1));
        out.bytes(text.as_deref().unwrap_or_default().as_bytes());
    }
    moment(out, updated_at.map(Moment::Instant));
    match (text, description) {
        (None, _) => out.bytes(&[NONE]),
        (Some(_), Some(place)) => {
            out.bytes(&[THERE]);
            out.length(place.start);
            out.length(place.len());
        }
        (Some(text), None) => {
            out.bytes(&[HERE]);
            out.text(text);
        }
    }
    out.length(participants.as_ref().map_or(0, |people| people.len() + 1));
    if let Some(people) = participants {
        out.u64(people.fingerprint());
        out.u64(people.pictures_mark());
    }
}

/// Reads it again, for the row that is at this place of the file now.
pub(super) fn read(
    reader: &mut Reader<'_>,
    row: Range<usize>,
    standing: &Standing,
    words: &mut Words,
) -> Option<Course> {
    let marks = Marks { summary: Some(reader.u64()?), description: Some(reader.u64()?) };
    let id = CourseId::new(reader.text()?);
    let (title, slug) = (reader.text()?.into(), reader.text()?.into());
    let level = *Level::ALL.get(usize::from(reader.byte()?))?;
    let (start, end) = (read_moment(reader)?, read_moment(reader)?);
    let participant_count = u32::try_from(reader.length()?).ok()?;
    let price = Some(reader.u64()?).filter(|bits| *bits != u64::MAX).map(f64::from_bits);
    let mut word = || {
        let Some(length) = reader.length()?.checked_sub(1) else { return Some(None) };
        let text = std::str::from_utf8(reader.bytes(length)?).ok()?;
        Some(Some(words.get(text)))
    };
    let (code, currency, location, instructor, image) = (word()?, word()?, word()?, word()?, word()?);
    let updated_at = match read_moment(reader)? {
        Some(Moment::Instant(at)) => Some(at),
        _ => None,
    };
    let description = match reader.byte()? {
        THERE => {
            let (from, length) = (reader.length()?, reader.length()?);
            Some(Text::unread(
                standing.texts.clone(),
                row.start.checked_add(from)?,
                u32::try_from(length).ok()?,
            ))
        }
        HERE => Some(reader.text()?.into()),
        _ => None,
    };
    let participants = match reader.length()?.checked_sub(1) {
        None => None,
        Some(0) => Some(People::default()),
        Some(count) => {
            let marks = [reader.u64()?, reader.u64()?];
            Some(People::unread(u32::try_from(count).ok()?, marks, row, standing.rows.clone()))
        }
    };
    Some(Course {
        id,
        title,
        slug,
        code,
        level,
        start,
        end,
        participant_count,
        description,
        price,
        currency,
        location,
        instructor,
        image,
        updated_at,
        participants,
        materials: None,
        details_at: None,
        archived_at: None,
        marks,
    })
}

fn moment(out: &mut Writer, moment: Option<Moment>) {
    match moment {
        None => out.bytes(&[0]),
        Some(Moment::Day(date)) => {
            out.bytes(&[1]);
            out.bytes(&date.year().to_le_bytes());
            out.bytes(&[date.month() as u8, date.day() as u8]);
        }
        Some(Moment::Instant(at)) => {
            out.bytes(&[2]);
            out.u64(at.as_second() as u64);
            out.length(at.subsec_nanosecond().unsigned_abs() as usize);
            out.bytes(&[u8::from(at.subsec_nanosecond() < 0)]);
        }
    }
}

fn read_moment(reader: &mut Reader<'_>) -> Option<Option<Moment>> {
    Some(match reader.byte()? {
        0 => None,
        1 => {
            let &[low, high, month, day] = reader.bytes(4)? else { return None };
            let year = i16::from_le_bytes([low, high]);
            Some(Moment::Day(Date::new(year, month as i8, day as i8).ok()?))
        }
        _ => {
            let (second, part) = (reader.u64()? as i64, i32::try_from(reader.length()?).ok()?);
            let part = if reader.byte()? == 0 { part } else { -part };
            Some(Moment::Instant(Timestamp::new(second, part).ok()?))
        }
    })
}
