//! A course's bookings and their participations. All of it is personal data: reasons name fields, never values.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::envelope::data;
use super::{Reason, Record};
use crate::error::{Error, Kind, Result};
use crate::model::participant::{Participant, Personal};

/// The longest of the texts that people write about themselves.
const PROSE: usize = 2000;

/// The bookings of a course.
#[derive(Debug, Default)]
pub(crate) struct Bookings {
    /// One a booking, in the order of their ids: the answer is in none.
    pub(crate) participants: Vec<Participant>,
    /// Bookings that do not validate.
    pub(crate) refused: Vec<RefusedBooking>,
}

/// A booking that does not validate.
#[derive(Debug)]
pub(crate) struct RefusedBooking {
    /// Its place in the answer: `participants 3`.
    pub(crate) place: String,
    /// Its id, where that much can be read.
    pub(crate) booking: Option<Personal>,
    /// Why.
    pub(crate) reason: Reason,
}

/// Reads an answer to a request for one course: the course itself, or `{course}`.
pub(crate) fn bookings(asked: &str, course: &str, body: &[u8]) -> Result<Bookings> {
    let data = data(asked, body)?;
    let record = unwrapped(asked, &data, "course", course)?;
    let list = |name: &str| -> Result<&[Value]> {
        let array = record.field(name).and_then(Value::as_array);
        array
            .map(Vec::as_slice)
            .ok_or_else(|| Error::new(Kind::Refused, format!("{asked}: the answer holds no list of {name}")))
    };
    let (mut participants, mut refused) = (BTreeMap::new(), Vec::new());
    for (name, read) in [("participants", participant as Reader), ("participations", participation)] {
        for (index, value) in list(name)?.iter().enumerate() {
            let entry = Record::new(value);
            let booking = entry.as_ref().ok().and_then(|entry| entry.id("bookingId").ok());
            let read = entry.and_then(|entry| read(entry, &mut participants));
            if let Err(reason) = read {
                let place = format!("{name} {}", index + 1);
                refused.push(RefusedBooking { place, booking: booking.map(Personal::new), reason });
            }
        }
    }
    // A booking one half of which was refused is refused: the other half would be shown as if it were all.
    for refused in refused.iter().filter_map(|refused| refused.booking.as_ref()) {
        participants.remove(&**refused.reveal());
    }
    Ok(Bookings { participants: participants.into_values().collect(), refused })
}

type Reader = fn(Record<'_>, &mut BTreeMap<String, Participant>) -> Result<(), Reason>;

/// An entry of `participants`.
fn participant(entry: Record<'_>, all: &mut BTreeMap<String, Participant>) -> Result<(), Reason> {
    let booking = entry.id("bookingId")?;
    let prose = |name| Ok::<_, Reason>(entry.text(name, PROSE)?.map(Personal::new));
    let user = Personal::new(entry.needed("userId", 256)?);
    let participant = Participant {
        participation_id: optional_id(entry, "participationId")?,
        name: entry.text("name", 500)?.map(Personal::new),
        // It changes at will and decides nothing: one that cannot be used is no reason to refuse a person.
        image_url: entry.text("imageUrl", 4096).ok().flatten().filter(|url| is_web(url)).map(Personal::new),
        status: status(entry)?,
        preparation_intent: prose("preparationIntent")?,
        desired_results: prose("desiredResults")?,
        line_manager_profile: prose("lineManagerProfile")?,
        preparation_completed_at: entry.time("preparationCompletedAt")?,
        ..Participant::bare(Personal::new(booking), user)
    };
    match all.get(booking) {
        // Which of the two holds cannot be known.
        Some(other) if *other != participant => {
            Err("the booking is there twice, with differences".to_owned())
        }
        _ => {
            all.insert(booking.to_owned(), participant);
            Ok(())
        }
    }
}

/// An entry of `participations`: adds what `participants` does not tell of the same booking.
fn participation(entry: Record<'_>, all: &mut BTreeMap<String, Participant>) -> Result<(), Reason> {
    let booking = entry.id("bookingId")?;
    let user = Personal::new(entry.needed("userId", 256)?);
    let id = optional_id(entry, "id")?;
    let (status, created_at) = (status(entry)?, entry.time("createdAt")?);
    let bare = || Participant::bare(Personal::new(booking), user);
    let participant = all.entry(booking.to_owned()).or_insert_with(bare);
    participant.participation_id = participant.participation_id.take().or(id);
    participant.status = participant.status.take().or(status);
    participant.created_at = created_at;
    Ok(())
}

fn optional_id(entry: Record<'_>, name: &str) -> Result<Option<Personal>, Reason> {
    match entry.field(name) {
        None => Ok(None),
        Some(_) => entry.id(name).map(|id| Some(Personal::new(id))),
    }
}

/// A status is a word in capitals; a new one is no reason to refuse a person.
fn status(entry: Record<'_>) -> Result<Option<Personal>, Reason> {
    let Some(status) = entry.text("status", 40)? else { return Ok(None) };
    if status.is_empty() || !status.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
        return Err("status is not a word in capitals".to_owned());
    }
    Ok(Some(Personal::new(status)))
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// What came out of one participation.
#[derive(Debug)]
pub(crate) struct Outcome {
    outcome: Option<Personal>,
    notes: Option<Personal>,
    completed_at: Option<Timestamp>,
}

impl Outcome {
    /// What the texts say, and whether the result is complete.
    pub(crate) fn texts(&self) -> (Option<&str>, Option<&str>, bool) {
        let outcome = self.outcome.as_ref().map(|text| &**text.reveal());
        let notes = self.notes.as_ref().map(|text| &**text.reveal());
        (outcome, notes, self.completed_at.is_some())
    }

    /// Writes it down with the participant that it belongs to.
    pub(crate) fn note(self, participant: &mut Participant) {
        participant.result_outcome = self.outcome;
        participant.result_notes = self.notes;
        participant.result_completed_at = self.completed_at;
    }
}

/// Reads an answer to a request for one participation: itself, or `{participation}`.
pub(crate) fn outcome(asked: &str, id: &str, body: &[u8]) -> Result<Outcome> {
    let data = data(asked, body)?;
    let record = unwrapped(asked, &data, "participation", id)?;
    let read = || {
        Ok::<_, Reason>(Outcome {
            outcome: record.text("resultOutcome", PROSE)?.map(Personal::new),
            notes: record.text("resultNotes", PROSE)?.map(Personal::new),
            completed_at: record.time("resultCompletedAt")?,
        })
    };
    read().map_err(|reason| Error::new(Kind::Refused, format!("{asked}: {reason}")))
}

/// The record with this id, in a wrapper or without one.
fn unwrapped<'a>(asked: &str, data: &'a Value, wrapper: &str, id: &str) -> Result<Record<'a>> {
    let refused = |what: String| Error::new(Kind::Refused, format!("{asked}: {what}"));
    let record = data.get(wrapper).filter(|inner| inner.is_object()).unwrap_or(data);
    let record = Record::new(record).map_err(|_| refused(format!("the answer holds no {wrapper}")))?;
    match record.id("id") {
        Ok(found) if found == id => Ok(record),
        Ok(_) => Err(refused(format!("the answer is about another {wrapper}"))),
        Err(reason) => Err(refused(format!("the answer holds no {wrapper}: {reason}"))),
    }
}
