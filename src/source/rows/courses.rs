//! Makes courses of rows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::calendar::Calendar;
use super::known::Known;
use super::quick;
use super::scan::{Bounds, Broken};
use super::standing::Standing;
use super::wire::{Booked, Reason, Row, Scalar};
use super::words::Words;
use crate::base::mistakes::shown;
use crate::base::text::slugify;
use crate::model::change::Refused;
use crate::model::course::{Course, CourseId, Level, Marks};
use crate::model::moment::Moment;
use crate::model::people::{Facts, Packer, People};

/// A course with the place of its description in its row, if it stands there as it is.
pub(super) struct Made {
    pub(super) course: Arc<Course>,
    pub(super) description: Option<Range<usize>>,
}

/// Where rows are, and what is known of them.
pub(super) struct Source<'a> {
    pub(super) bytes: &'a [u8],
    /// The same as text, if it is all text.
    pub(super) text: Option<&'a str>,
    pub(super) calendar: &'a Calendar,
    pub(super) known: Option<(&'a Known, &'a Standing)>,
}

/// Reads the rows at `spans`; the first of them is row `first` of the file, counted from zero.
pub(super) fn courses(
    source: &Source<'_>,
    spans: &[Bounds],
    first: usize,
) -> Result<Vec<Result<Made, Box<Refused>>>, Broken> {
    let mut reader = Reader::new(source.calendar);
    let row = |span: &Range<usize>| match source.text.and_then(|text| text.get(span.clone())) {
        Some(text) => quick::row(text).map_or_else(|| serde_json::from_str::<Row<'_>>(text), Ok),
        None => serde_json::from_slice(&source.bytes[span.clone()]),
    };
    spans
        .iter()
        .enumerate()
        .map(|(index, (span, known))| {
            if let (Some(at), Some((known, standing))) = (known, source.known)
                && let Some(course) = known.course(*at, span.start, standing, &mut reader.words)
            {
                return Ok(Ok(Made { course: course.into(), description: None }));
            }
            if known.is_some() && source.known.is_some_and(|(_, standing)| !standing.rows.are_here()) {
                return Err(Broken { at: 0, message: "what is kept of a row is no course".into() });
            }
            let refused = |id, reason| Ok(Err(Refused { entity: "course", id, reason }.into()));
            let number = || format!("row {}", first + index + 1);
            match row(span) {
                Ok(row) => {
                    let id = row.id.as_id();
                    let description = row.description.plain().map(str::trim).map(str::as_bytes);
                    let place = description.and_then(|text| place(&source.bytes[span.clone()], text));
                    match reader.course(row) {
                        Ok(course) => {
                            let is_as_there = |place: &Range<usize>| {
                                let there =
                                    source.bytes.get(span.start + place.start..span.start + place.end);
                                there == course.description.as_ref().map(|text| text.as_bytes())
                            };
                            let description = place.filter(is_as_there);
                            Ok(Ok(Made { course: course.into(), description }))
                        }
                        Err(reason) => refused(id.map_or_else(number, Cow::into_owned), reason),
                    }
                }
                // The message would repeat values of the row.
                Err(e) if e.is_data() => refused(number(), "does not have the shape of a course".into()),
                Err(e) => {
                    let inside = offset(&source.bytes[span.clone()], e.line(), e.column());
                    Err(Broken { at: span.start + inside, message: "this is no JSON".into() })
                }
            }
        })
        .collect()
}

/// Where a part of some bytes lies in them, if it is one.
fn place(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let from = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    (from + part.len() <= whole.len()).then(|| from..from + part.len())
}

/// The people in a row that was read before.
pub(super) fn people_of(text: &str, calendar: &Calendar) -> Option<People> {
    let row = quick::row(text).or_else(|| serde_json::from_str::<Row<'_>>(text).ok())?;
    let people = row.participants.as_deref()?;
    Reader::new(calendar).participants(people, row.participations.as_deref().unwrap_or_default()).ok()
}

/// The byte at a line and column that the parser tells.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let lines: usize =
        bytes.split_inclusive(|&b| b == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (lines + column.saturating_sub(1)).min(bytes.len())
}

/// Makes courses of rows. Words that come again and again (statuses, places, currencies) are kept once.
struct Reader<'c> {
    calendar: &'c Calendar,
    words: Words,
    /// The ids of those who have none, by their place in their course.
    numbers: Vec<String>,
    packer: Packer,
}

impl<'c> Reader<'c> {
    fn new(calendar: &'c Calendar) -> Self {
        Self { calendar, words: Words::default(), numbers: Vec::new(), packer: Packer::default() }
    }

    fn course(&mut self, row: Row<'_>) -> Result<Course, Reason> {
        let id = row.id.as_id().ok_or("`id` must be a text or a whole number")?;
        let title = printable(row.title.text("title")?.ok_or("`title` is missing")?);
        let title = &*title;
        let slug = match row.slug.text("slug")? {
            Some(slug) => Cow::Borrowed(slug),
            None => Cow::Owned(slugify(title)),
        };
        let level = row.level.text("level")?.ok_or("`level` is missing")?;
        let level: Level = level.parse().map_err(|_| {
            format!("`level` must be BEGINNER, INTERMEDIATE or ADVANCED, not `{}`", shown(level))
        })?;
        let (start, end) =
            (self.moment("startDate", &row.start_date)?, self.moment("endDate", &row.end_date)?);
        if let (Some(start), Some(end)) = (start, end)
            && end.sort_key() < start.sort_key()
        {
            return Err("`endDate` lies before `startDate`".into());
        }
        let participants = row
            .participants
            .as_deref()
            .map(|people| self.participants(people, row.participations.as_deref().unwrap_or_default()))
            .transpose()?;
        let booked = participants.as_ref().map_or(0, People::len);
        let participant_count = match row.participant_count {
            Scalar::Absent => u32::try_from(booked).unwrap_or(u32::MAX),
            Scalar::Whole(count) => {
                u32::try_from(count).map_err(|_| format!("`participantCount` cannot be {count}"))?
            }
            other => return Err(other.instead_of("participantCount", "a whole number")),
        };
        Ok(Course {
            materials: None,
            id: CourseId::new(&*id),
            title: title.into(),
            slug: (&*slug).into(),
            code: row.code.text("code")?.map(|word| self.word(word)),
            level,
            start,
            end,
            participant_count,
            description: row.description.text("description")?.map(|text| (&*printable(text)).into()),
            price: price(&row.price)?,
            currency: currency(&row.currency)?.map(|word| self.word(word)),
            location: row.location.text("location")?.map(|word| self.word(&printable(word))),
            instructor: row.instructor.text("instructor")?.map(|word| self.word(&printable(word))),
            image: image(&row.image)?.map(Arc::from),
            updated_at: self.timestamp("updatedAt", &row.updated_at)?,
            participants,
            details_at: None,
            archived_at: None,
            marks: Marks::default(),
        })
    }

    fn participants(
        &mut self,
        people: &[Booked<'_>],
        participations: &[Booked<'_>],
    ) -> Result<People, Reason> {
        let more: HashMap<&str, &Booked<'_>> =
            participations.iter().filter_map(|more| Some((more.booking_id.plain()?, more))).collect();
        let nothing = Booked::default();
        self.number_up_to(people.len());
        let mut participants = Vec::with_capacity(people.len());
        for (index, person) in people.iter().enumerate() {
            let more = person.booking_id.plain().and_then(|id| more.get(id).copied()).unwrap_or(&nothing);
            let booking = person.booking_id.as_id().unwrap_or_else(|| self.numbers[index].as_str().into());
            participants.push((booking, self.participant(person, more)?));
        }
        participants.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (booking, facts) in &participants {
            let mut facts = *facts;
            let [id, _, user, ..] = &mut facts.texts;
            *id = Some(&**booking);
            *user = user.or(*id);
            self.packer.add(&facts);
        }
        Ok(self.packer.finish())
    }

    /// What is told of a person besides the booking.
    fn participant<'p>(&self, person: &'p Booked<'_>, more: &'p Booked<'_>) -> Result<Facts<'p>, Reason> {
        let or = |name, first: &'p Scalar<'_>, second: &'p Scalar<'_>| {
            if *first == Scalar::Absent { second.text(name) } else { first.text(name) }
        };
        let status =
            person.status.text("participants.status")?.or(more.status.text("participations.status")?);
        let participation = or("participants.participationId", &person.participation_id, &more.id)?;
        let user = or("participants.userId", &person.user_id, &more.user_id)?;
        let name = person.name.text("participants.name")?;
        let picture = person.image_url.text("participants.imageUrl")?;
        let intent = person.preparation_intent.text("participants.preparationIntent")?;
        let results = person.desired_results.text("participants.desiredResults")?;
        let manager = person.line_manager_profile.text("participants.lineManagerProfile")?;
        let prepared =
            self.timestamp("participants.preparationCompletedAt", &person.preparation_completed_at)?;
        let outcome = or("participations.resultOutcome", &person.result_outcome, &more.result_outcome)?;
        let notes = or("participations.resultNotes", &person.result_notes, &more.result_notes)?;
        let time = |name, first: &Scalar<'_>, second: &Scalar<'_>| {
            Ok::<_, Reason>(self.timestamp(name, first)?.or(self.timestamp(name, second)?))
        };
        let completed =
            time("participations.resultCompletedAt", &person.result_completed_at, &more.result_completed_at)?;
        let created = time("participations.createdAt", &person.created_at, &more.created_at)?;
        Ok(Facts {
            texts: [None, participation, user, name, status, intent, results, manager, outcome, notes],
            times: [prepared, completed, created],
            picture,
        })
    }

    fn moment(&self, name: &str, value: &Scalar<'_>) -> Result<Option<Moment>, Reason> {
        let Some(text) = value.text(name)? else { return Ok(None) };
        self.calendar
            .moment(text)
            .map(Some)
            .ok_or_else(|| format!("`{name}` must be {}, not `{}`", self.calendar.expected(), shown(text)))
    }

    fn timestamp(&self, name: &str, value: &Scalar<'_>) -> Result<Option<Timestamp>, Reason> {
        let Some(text) = value.text(name)? else { return Ok(None) };
        self.calendar
            .timestamp(text)
            .map(Some)
            .ok_or_else(|| format!("`{name}` must be {}", self.calendar.expected()))
    }

    /// Six digits, so that the order of the ids is the order of the file.
    fn number_up_to(&mut self, count: usize) {
        while self.numbers.len() < count {
            self.numbers.push(format!("{:06}", self.numbers.len() + 1));
        }
    }

    fn word(&mut self, word: &str) -> Arc<str> {
        self.words.get(word)
    }
}

/// A text without the control characters that HTML cannot hold (WHATWG HTML, 13.1.4), each a space instead: word
/// processors leave some in what is copied out of them.
fn printable(text: &str) -> Cow<'_, str> {
    let is_forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match text.contains(is_forbidden) {
        true => text.replace(is_forbidden, " ").into(),
        false => text.into(),
    }
}

fn price(value: &Scalar<'_>) -> Result<Option<f64>, Reason> {
    let price = match value {
        Scalar::Absent => return Ok(None),
        Scalar::Whole(number) => *number as f64,
        Scalar::Number(number) => *number,
        other => return Err(other.instead_of("price", "a number")),
    };
    if price >= 0.0 { Ok(Some(price)) } else { Err(format!("`price` cannot be {price}")) }
}

fn currency<'v>(value: &'v Scalar<'_>) -> Result<Option<&'v str>, Reason> {
    let Some(code) = value.text("currency")? else { return Ok(None) };
    if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        return Ok(Some(code));
    }
    Err(format!("`currency` must be a code of three capital letters such as EUR, not `{}`", shown(code)))
}

/// An image is shown and linked to: only addresses of the web and paths of the site itself will do.
fn image<'v>(value: &'v Scalar<'_>) -> Result<Option<&'v str>, Reason> {
    let Some(address) = value.text("image")? else { return Ok(None) };
    let scheme =
        address.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| !scheme.contains(['/', '?', '#']));
    let is_web = scheme.is_none_or(|s| s.eq_ignore_ascii_case("https") || s.eq_ignore_ascii_case("http"));
    if is_web && !address.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Ok(Some(address));
    }
    Err("`image` must be an address that begins with https://, or a path".into())
}
